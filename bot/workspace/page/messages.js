// Messages: the list of a channel, the replies of a thread, and what can be done to one message.

import { byId, icon, iconButton, make, reconcile } from "./dom.js";
import { drawBlock } from "./blocks.js";
import { fileAddress } from "./elements.js";
import { QUICK, emojiNamed } from "./emoji.js";
import { markdown } from "./markdown.js";
import { act, bot, change, messagesOf, notesOf, part, person, personName, store } from "./store.js";
import { mrkdwn } from "./text.js";

const SAME_SPEAKER_SECONDS = 300; // a message soon after another of the same person needs no name again

const momentOf = (ts) => new Date(Number(ts) * 1000);
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const initials = (name) => name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("").toUpperCase();

export function avatar(id) {
  const who = person(id);
  if (who?.is_bot && who.handle === "footnote") return make("img", { class: "avatar", src: "/page/mark.svg", alt: "" });
  const tone = [...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 6;
  return make("span", { class: `avatar tone-${tone}`, "aria-hidden": "true" }, initials(who?.name ?? id));
}

function body(each) {
  const context = { place: { channel: store.place, ts: each.ts }, surface: "message" };
  const isTyped = !person(each.user)?.is_bot; // what a person types is kept as it was typed, and shown as Slack's composer would
  const blocks = isTyped ? [] : each.blocks;
  const text = each.is_markdown ? markdown(each.text) : blocks.length ? null : mrkdwn(each.text);
  const attachments = each.attachments.map((one) => make("div", { class: "attachment" },
    one.pretext ? mrkdwn(one.pretext) : null, mrkdwn(one.text ?? one.fallback ?? ""),
    (one.blocks ?? []).map((block) => drawBlock(block, context))));
  return make("div", { class: "message-body", "data-surface": "message" },
    text && each.text ? text : null, blocks.map((block) => drawBlock(block, context)), attachments, each.files.map(file),
    each.is_streaming ? make("span", { class: "caret", role: "img", "aria-label": "writing" }) : null);
}

function file(each) {
  if (/\.(png|jpe?g|gif|webp)$/i.test(each.name)) return make("img", { class: "upload", src: fileAddress(each.id), alt: each.title });
  return make("div", { class: "file" }, icon("book"), ` ${each.title} `, make("span", { class: "note" }, `${Math.ceil(each.size / 1024)} kB`));
}

function reactions(each) {
  if (!each.reactions.length) return null;
  return make("div", { class: "reactions" }, each.reactions.map((one) => {
    const names = one.people.map(personName).join(", ");
    return make("button", {
      type: "button", "aria-pressed": String(one.people.includes(store.person)), title: names,
      "aria-label": `${one.name}, ${one.people.length}, from ${names}`, onclick: () => react(each, one.name),
    }, emojiNamed(one.name), " ", String(one.people.length));
  }));
}

const react = (each, name) => act("react", { channel: store.place, ts: each.ts, name });

function tools(each, isInThread) {
  if (each.is_ephemeral || each.is_deleted) return null;
  const isOwn = each.user === store.person;
  const quick = make("details", { class: "overflow" }, make("summary", { "aria-label": "Add a reaction", title: "Add a reaction" }, icon("smile")),
    make("div", { class: "choices across" }, QUICK.map((name) => make("button", {
      type: "button", class: "quiet", "aria-label": name.replaceAll("_", " "), onclick: () => { quick.open = false; react(each, name); },
    }, emojiNamed(name)))));
  const shortcuts = part("shortcuts", []).map((one) => make("button", {
    type: "button", class: "quiet", onclick: () => act("shortcut", { channel: store.place, ts: each.ts, callback_id: one.callback_id }),
  }, one.name));
  return make("div", { class: "tools", role: "group", "aria-label": "Message actions" }, quick,
    isInThread ? null : iconButton("thread", "Reply in thread", () => openThread(each.ts)),
    isOwn ? iconButton("pencil", "Edit", () => edit(each)) : null,
    isOwn ? iconButton("trash", "Delete", () => act("delete", { channel: store.place, ts: each.ts })) : null,
    shortcuts.length ? make("details", { class: "overflow" }, make("summary", { "aria-label": "More actions" }, icon("more")), make("div", { class: "choices" }, shortcuts)) : null);
}

// The message's own place becomes a box to write in, until it is saved or left with Escape.
function edit(each) {
  const shown = document.querySelector(`[data-key="${CSS.escape(each.ts)}"] .message-body`);
  const text = each.text.replace(/<@(\w+)>/g, (_, id) => `@${person(id)?.handle ?? id}`).replace(/<#\w+\|([^>]+)>/g, "#$1")
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  const box = make("textarea", { rows: "3", "aria-label": "Edit the message" });
  box.value = text;
  const leave = () => form.replaceWith(shown);
  const form = make("form", {
    class: "edit-message", onkeydown: (event) => { if (event.key === "Escape") leave(); },
    onsubmit: async (event) => {
      event.preventDefault();
      if (await act("edit", { channel: store.place, ts: each.ts, text: box.value })) leave();
    },
  }, box, make("div", { class: "row end" }, make("button", { type: "button", onclick: leave }, "Cancel"), make("button", { class: "primary" }, "Save")));
  shown.replaceWith(form);
  box.focus();
}

export function openThread(ts) {
  change({ thread: ts });
  queueMicrotask(() => queueMicrotask(() => byId("reply-text").focus()));
}

function repliesLine(each, replies) {
  if (!replies.length) return null;
  const speakers = [...new Set(replies.map((reply) => reply.user))].slice(0, 4);
  return make("button", { type: "button", class: "replies quiet", "data-focus": `replies/${each.ts}`, onclick: () => openThread(each.ts) },
    make("span", { class: "faces" }, speakers.map(avatar)), make("b", {}, `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`),
    make("span", { class: "note" }, ` ${clock.format(momentOf(replies.at(-1).ts))}`));
}

function article(each, { isInThread, isSameSpeaker, replies }) {
  const who = person(each.user);
  const marks = [each.is_edited && "edited"].filter(Boolean);
  const classes = ["message", isSameSpeaker && "goes-on", each.is_ephemeral && "ephemeral", each.user === "USLACKBOT" && "from-slackbot"].filter(Boolean);
  return make("article", { class: classes.join(" "), "aria-busy": String(each.is_streaming), tabindex: "-1" },
    make("div", { class: "gutter" }, isSameSpeaker ? make("time", { class: "when", "aria-hidden": "true" }, clock.format(momentOf(each.ts))) : avatar(each.user)),
    make("div", { class: "content" },
      each.is_ephemeral ? make("div", { class: "only-you" }, icon("lock"), " Only visible to you") : null,
      make("div", { class: isSameSpeaker ? "who heard-only" : "who" }, make("b", {}, who?.name ?? each.user), who?.is_bot ? make("span", { class: "badge" }, "app") : null,
        make("time", { class: "when", datetime: momentOf(each.ts).toISOString() }, clock.format(momentOf(each.ts))), marks.map((mark) => make("span", { class: "note" }, mark))),
      body(each), reactions(each), isInThread ? null : repliesLine(each, replies)),
    tools(each, isInThread));
}

function statusLine(channel, thread) {
  const note = notesOf(channel, thread);
  if (!note?.status) return [];
  const name = bot()?.name ?? "The bot";
  return [{
    key: "status", signature: note.status,
    draw: () => make("p", { class: "status-line", role: "status" }, make("span", { class: "dots", "aria-hidden": "true" }), `${name} ${note.status}`,
      note.loading.length ? make("span", { class: "note" }, ` ${note.loading[0]}`) : null),
  }];
}

function rows(messages, isInThread, replyMap) {
  let last = null;
  return messages.flatMap((each) => {
    const before = last;
    last = each;
    const isNewDay = !isInThread && (!before || day.format(momentOf(before.ts)) !== day.format(momentOf(each.ts)));
    const isSameSpeaker = !isNewDay && before !== null && before.user === each.user && !each.is_ephemeral && !before.is_ephemeral
      && Number(each.ts) - Number(before.ts) < SAME_SPEAKER_SECONDS && !(replyMap.get(before.ts)?.length);
    const replies = replyMap.get(each.ts) ?? [];
    const signature = JSON.stringify([each, isSameSpeaker, replies.map((reply) => [reply.ts, reply.user]), store.person, part("shortcuts", []).length]);
    const row = { key: each.ts, signature, draw: () => article(each, { isInThread, isSameSpeaker, replies }) };
    if (!isNewDay) return [row];
    const words = day.format(momentOf(each.ts));
    return [{ key: `day-${words}`, signature: words, draw: () => make("div", { class: "day", role: "separator" }, make("span", {}, words)) }, row];
  });
}

// Keeps the newest message in sight if it was in sight before.
function fill(list, wanted, isNewPlace) {
  const wasAtEnd = isNewPlace || list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  reconcile(list, wanted);
  if (!wasAtEnd) return;
  const goToEnd = () => { list.scrollTop = list.scrollHeight; };
  goToEnd();
  for (const each of list.querySelectorAll("img")) if (!each.complete) each.addEventListener("load", goToEnd, { once: true });
}

const lastPlaces = new Map();

export function drawChannel(channel) {
  const all = messagesOf(channel);
  const replyMap = new Map();
  for (const each of all) if (each.thread_ts) replyMap.set(each.thread_ts, [...(replyMap.get(each.thread_ts) ?? []), each]);
  const list = byId("messages");
  const isNewPlace = lastPlaces.get("channel") !== channel + store.person;
  lastPlaces.set("channel", channel + store.person);
  if (isNewPlace) list.replaceChildren();
  fill(list, [...rows(all.filter((each) => !each.thread_ts), false, replyMap), ...statusLine(channel, "")], isNewPlace);
  byId("nothing").hidden = all.length > 0;
}

export function drawThread(channel, thread) {
  const pane = byId("thread");
  const all = thread ? messagesOf(channel).filter((each) => [each.ts, each.thread_ts].includes(thread)) : [];
  pane.hidden = !all.length;
  const isNewPlace = lastPlaces.get("thread") !== thread + store.person;
  lastPlaces.set("thread", thread + store.person);
  if (isNewPlace) byId("replies").replaceChildren();
  const title = notesOf(channel, thread)?.title;
  byId("thread-title").textContent = title || "Thread";
  fill(byId("replies"), [...rows(all, true, new Map()), ...(all.length ? statusLine(channel, thread) : [])], isNewPlace);
}

export function drawPrompts(channel, thread, list) {
  const prompts = (notesOf(channel, thread)?.prompts ?? []);
  const title = prompts.length ? "Suggestions" : "";
  reconcile(list, prompts.map((prompt) => ({
    key: prompt.title, signature: prompt.message,
    draw: () => make("button", {
      type: "button", class: "prompt", title: prompt.message,
      onclick: () => act("say", { channel, text: prompt.message, ...(thread ? { thread_ts: thread } : {}) }),
    }, prompt.title),
  })));
  list.hidden = !prompts.length;
  if (title) list.setAttribute("aria-label", title);
}
