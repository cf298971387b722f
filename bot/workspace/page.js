// The local workspace in a browser. Everything a person or a bot wrote is set as text, never as markup.
"use strict";

const token = new URLSearchParams(location.search).get("token");
const view = { person: "", channel: "", thread: "", state: null, modal: "" };
const find = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element[name] = value;
    else if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

async function act(deed, body) {
  const answer = await fetch(`/control/${deed}?token=${encodeURIComponent(token)}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ person: view.person, ...body }),
  });
  const result = await answer.json();
  find("trouble").hidden = result.ok;
  find("trouble").textContent = result.ok ? "" : result.error;
  await refresh();
  return result.ok;
}

// What Slack would make of a text

const personName = (id) => view.state.people.find((person) => person.id === id)?.name ?? id;
const plain = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

function link(url, label) {
  const target = plain(url);
  if (!/^https?:\/\//i.test(target)) return document.createTextNode(`${label} (${target})`);
  return make("a", { href: target, target: "_blank", rel: "noopener noreferrer" }, label || target);
}

function slackToken(inside) {
  const [target, label] = inside.split("|");
  if (target.startsWith("@")) return make("b", {}, `@${personName(target.slice(1))}`);
  if (target.startsWith("!date^")) return document.createTextNode(plain(label ?? ""));
  if (target.startsWith("!")) return make("b", { class: "error" }, `@${target.slice(1)}`);
  if (target.startsWith("#")) return make("b", {}, `#${label || target.slice(1)}`);
  return link(target, plain(label ?? ""));
}

const isToken = (part) => /^<([@!#]|[a-z][a-z0-9+.-]*:)[^]*>$/i.test(part);

function mrkdwn(text) {
  const parts = text.split(/(<[^<>\n]+>)/);
  return make("div", { class: "text" }, ...parts.map((part) => (isToken(part) ? slackToken(part.slice(1, -1)) : plain(part))));
}

function markdown(text) {
  const parts = text.split(/(\[[^\]\n]*\]\([^)\s]+\)|<[^<>\n]+>|\*\*[^*\n]+\*\*|`[^`\n]+`)/);
  return make("div", { class: "text" }, ...parts.map((part) => {
    const found = part.match(/^\[([^\]]*)\]\(([^)]+)\)$/);
    if (found) return link(found[2], found[1]);
    if (/^\*\*[^]+\*\*$/.test(part)) return make("b", {}, plain(part.slice(2, -2)));
    if (/^`[^]+`$/.test(part)) return make("code", {}, plain(part.slice(1, -1)));
    return isToken(part) ? slackToken(part.slice(1, -1)) : plain(part);
  }));
}

function words(object) {
  if (!object) return null;
  return object.type === "mrkdwn" ? mrkdwn(object.text) : make("div", { class: "text" }, object.text);
}

// Blocks

function richPart(part) {
  const style = part.style ?? {};
  const kinds = {
    text: () => document.createTextNode(part.text), link: () => link(part.url, part.text ?? part.url), emoji: () => `:${part.name}:`,
    user: () => make("b", {}, `@${personName(part.user_id)}`), broadcast: () => make("b", { class: "error" }, `@${part.range}`),
    channel: () => make("b", {}, `#${part.channel_id}`),
  };
  let shown = (kinds[part.type] ?? (() => `[${part.type}]`))();
  for (const [name, tag] of [["code", "code"], ["bold", "b"], ["italic", "i"], ["strike", "s"]]) if (style[name]) shown = make(tag, {}, shown);
  return shown;
}

function richElement(element) {
  if (element.type === "rich_text_list") {
    return make(element.style === "ordered" ? "ol" : "ul", {}, ...element.elements.map((item) => make("li", {}, ...item.elements.map(richPart))));
  }
  const parts = element.elements.map(richPart);
  if (element.type === "rich_text_preformatted") return make("pre", {}, ...parts);
  return make("div", { class: element.type === "rich_text_quote" ? "text quote" : "text" }, ...parts);
}

function control(element, block, place) {
  const press = (value) => act("press", { ...place, action_id: element.action_id, block_id: block.block_id, value });
  const hidden = element.visible_to_user_ids && !element.visible_to_user_ids.includes(view.person);
  if (hidden) return null;
  switch (element.type) {
    case "button": {
      if (element.url) return link(element.url, element.text.text);
      const sure = () => !element.confirm || confirm(`${element.confirm.title.text}\n\n${element.confirm.text.text}`);
      return make("button", { type: "button", class: element.style, onclick: () => sure() && press() }, element.text.text);
    }
    case "icon_button": return make("button", { type: "button", onclick: () => press() }, element.text.text);
    case "feedback_buttons":
      return make("span", { class: "row" }, ...["positive", "negative"].map((side) =>
        make("button", { type: "button", onclick: () => press(side) }, element[`${side}_button`].text.text)));
    case "image": return make("span", { class: "note" }, `[image: ${element.alt_text}]`);
    default: {
      const options = choices(element);
      if (!options.length) return make("span", { class: "note" }, `[${element.type}]`);
      const menu = make("select", { onchange: () => press(element.type.startsWith("multi") ? [menu.value] : menu.value) },
        make("option", { value: "" }, element.placeholder?.text ?? "Choose…"), ...options.map(([value, label]) => make("option", { value }, label)));
      return menu;
    }
  }
}

function choices(element) {
  if (element.type.includes("users_select")) return view.state.people.filter((p) => !p.is_bot).map((p) => [p.id, p.name]);
  if (/(channels|conversations)_select/.test(element.type)) return view.state.channels.filter((c) => c.kind !== "im").map((c) => [c.id, `#${c.name}`]);
  const grouped = (element.option_groups ?? []).flatMap((group) => group.options);
  return [...(element.options ?? []), ...grouped].map((option) => [option.value, option.text.text]);
}

function shown(block, place) {
  const row = (elements) => make("div", { class: "row" }, ...elements.map((element) => control(element, block, place)));
  switch (block.type) {
    case "section":
      return make("div", {}, words(block.text), ...(block.fields ?? []).map(words), block.accessory ? control(block.accessory, block, place) : null);
    case "header": return make("div", { class: "header" }, block.text.text);
    case "divider": return make("hr");
    case "context":
      return make("div", { class: "context row" }, ...block.elements.map((each) => (each.type === "image" ? `[${each.alt_text}]` : words(each))));
    case "markdown": return markdown(block.text);
    case "rich_text": return make("div", {}, ...block.elements.map(richElement));
    case "actions": case "context_actions": return row(block.elements);
    case "container":
      return make("details", { open: !block.default_collapsed }, make("summary", {}, block.title?.text ?? "", " ",
        make("span", { class: "note" }, block.subtitle?.text ?? "")), ...block.child_blocks.map((child) => shown(child, place)));
    case "table":
      return make("table", {}, ...block.rows.map((cells) => make("tr", {}, ...cells.map((cell) =>
        make("td", {}, cell.type === "rich_text" ? make("span", {}, ...cell.elements.map(richElement)) : String(cell.text ?? cell.value ?? ""))))));
    case "card": return make("details", { open: true }, make("summary", {}, words(block.title)), words(block.body), row(block.actions ?? []));
    case "carousel": return make("div", {}, ...block.elements.map((card) => shown(card, place)));
    case "task_update": case "task_card": return make("div", { class: "note" }, `${block.status}: ${block.title}`);
    case "alert": return make("div", { class: "error" }, words(block.text));
    case "input": return question(block);
    default: return make("div", { class: "note" }, `[${block.type}${block.title?.text ? `: ${block.title.text}` : ""}]`);
  }
}

// Messages

function message(each, inThread) {
  const place = { channel: view.channel, ts: each.ts };
  const time = new Date(Number(each.ts) * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const replies = view.state.messages[view.channel].filter((other) => other.thread_ts === each.ts).length;
  const marks = [each.is_edited && "edited", each.is_streaming && "writing…", each.is_ephemeral && "only you can see this"].filter(Boolean);
  const body = each.is_markdown ? [markdown(each.text)] : each.blocks.length ? [] : [mrkdwn(each.text)];
  return make("article", { class: each.is_ephemeral ? "ephemeral" : "" },
    make("span", { class: "who" }, personName(each.user), " "),
    make("span", { class: "when" }, [time, ...marks].join(" · ")),
    ...body, ...each.blocks.map((block) => shown(block, place)),
    each.reactions.length ? make("div", { class: "note" }, each.reactions.map((reaction) => `:${reaction.name}: ${reaction.count}`).join("  ")) : null,
    inThread || each.is_ephemeral ? null : make("button", { type: "button", onclick: () => openThread(each.ts) }, replies ? `${replies} ${replies === 1 ? "reply" : "replies"}` : "Reply"));
}

function openThread(ts) {
  view.thread = ts;
  draw();
  find("reply").elements.text.focus();
}

function fill(list, articles) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  const open = new Set([...list.querySelectorAll("details")].map((each, place) => (each.open ? place : -1)));
  const had = list.querySelectorAll("details").length;
  list.replaceChildren(...articles);
  [...list.querySelectorAll("details")].slice(0, had).forEach((each, place) => { each.open = open.has(place); });
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function statuses(thread) {
  return view.state.notes.filter((note) => note.channel === view.channel && note.thread_ts === thread && note.status)
    .map((note) => make("p", { class: "note" }, `Footnote ${note.status}`));
}

function prompts() {
  return view.state.notes.filter((note) => note.channel === view.channel && !note.thread_ts).flatMap((note) => note.prompts)
    .map((prompt) => make("button", { type: "button", onclick: () => act("say", { channel: view.channel, text: prompt.message }) }, prompt.title));
}

function draw() {
  const { state } = view;
  const channel = state.channels.find((each) => each.id === view.channel);
  const name = (each) => (each.kind === "im" ? "Footnote" : `#${each.name}`);
  find("connection").textContent = state.connections ? "the bot is connected" : "no bot is connected";
  find("channels").replaceChildren(
    ...state.channels.map((each) => make("li", {}, make("button", {
      type: "button", "aria-current": each.id === view.channel ? "true" : undefined, onclick: () => go(each.id) }, name(each)))),
    make("li", {}, make("button", { type: "button", "aria-current": view.channel === "home" ? "true" : undefined, onclick: () => go("home") }, "Footnote: Home")));
  find("title").textContent = channel ? name(channel) : "Footnote: Home";
  find("composer").hidden = !channel;
  if (!channel) {
    find("hint").textContent = state.home ? "" : "The bot has published nothing here.";
    fill(find("messages"), (state.home?.blocks ?? []).map((block) => shown(block, { view_id: state.home.id })));
  } else {
    find("hint").textContent = channel.kind === "im" ? "Write to the bot." : "Mention @Footnote to ask, or begin with / for a command.";
    const all = state.messages[view.channel];
    fill(find("messages"), [...all.filter((each) => !each.thread_ts).map((each) => message(each, false)), ...statuses(""),
      make("div", { class: "row" }, ...prompts())]);
    fill(find("replies"), [...all.filter((each) => [each.ts, each.thread_ts].includes(view.thread)).map((each) => message(each, true)), ...statuses(view.thread)]);
  }
  find("thread").hidden = !channel || !view.thread;
  drawModal(state.modals.at(-1));
}

// Modals

function question(block) {
  const { element } = block;
  const first = element.initial_value ?? element.initial_option?.value ?? element.initial_user ?? element.initial_conversation ?? element.initial_channel ?? "";
  const marked = (element.initial_options ?? []).map((option) => option.value)
    .concat(element.initial_users ?? [], element.initial_channels ?? [], element.initial_conversations ?? []);
  const hint = block.hint ? make("div", { class: "note" }, block.hint.text) : null;
  const error = make("div", { class: "error", "data-error": block.block_id });
  const named = { name: block.block_id, required: !block.optional };
  const box = (type) => choices(element).map(([value, label]) => make("label", {},
    make("input", { type, name: block.block_id, value, checked: value === first || marked.includes(value) }), " ", label));
  if (element.type === "radio_buttons") return make("fieldset", {}, make("legend", {}, block.label.text), ...box("radio"), hint, error);
  if (element.type === "checkboxes") return make("fieldset", { "data-many": "yes" }, make("legend", {}, block.label.text), ...box("checkbox"), hint, error);
  let field;
  if (choices(element).length) {
    const many = element.type.startsWith("multi_");
    field = make("select", { ...named, multiple: many }, ...(block.optional && !many ? [make("option", { value: "" }, "–")] : []),
      ...choices(element).map(([value, label]) => make("option", { value, selected: value === first || marked.includes(value) }, label)));
  } else {
    const kinds = { datepicker: "date", timepicker: "time", number_input: "number", email_text_input: "email", url_text_input: "url" };
    field = element.multiline ? make("textarea", { ...named, rows: "4" }) : make("input", { ...named, type: kinds[element.type] ?? "text" });
    field.value = first || element.initial_date || element.initial_time || "";
  }
  return make("label", {}, block.label.text, field, hint, error);
}

function answers(form, modal) {
  const values = {};
  for (const block of modal.blocks.filter((each) => each.type === "input")) {
    const all = new FormData(form).getAll(block.block_id);
    const many = block.element.type === "checkboxes" || block.element.type.startsWith("multi_");
    if (many) values[block.block_id] = all;
    else if (all[0] || /_input$/.test(block.element.type)) values[block.block_id] = all[0] ?? "";
  }
  return values;
}

function drawModal(modal) {
  const dialog = find("modal");
  const key = modal ? modal.id + JSON.stringify(modal.blocks) : "";
  if (key !== view.modal) {
    view.modal = key;
    dialog.close();
    if (modal) {
      const form = make("form", { onsubmit: (event) => { event.preventDefault(); act("submit", { view_id: modal.id, values: answers(form, modal) }); } },
        make("h2", {}, modal.title.text), ...modal.blocks.map((block) => shown(block, { view_id: modal.id })),
        make("div", { class: "error", "data-error": "" }),
        make("div", { class: "row" }, make("button", { type: "button", onclick: () => act("close", { view_id: modal.id }) }, modal.close?.text ?? "Close"),
          modal.submit ? make("button", { class: "primary" }, modal.submit.text) : null));
      dialog.replaceChildren(form);
      dialog.showModal();
    }
  }
  if (modal) for (const place of dialog.querySelectorAll("[data-error]")) place.textContent = modal.errors[place.dataset.error] ?? "";
}

// Looking and moving

async function refresh() {
  const known = view.state?.you === view.person ? view.state.version : "";
  const query = new URLSearchParams({ token, version: known, ...(view.person ? { person: view.person } : {}) });
  const answer = await fetch(`/control/state?${query}`);
  if (answer.status !== 200) return;
  view.state = await answer.json();
  if (!view.person) begin();
  draw();
}

function begin() {
  view.person = view.state.you;
  view.channel = view.state.channels[0].id;
  const people = view.state.people.filter((person) => !person.is_bot);
  find("person").replaceChildren(...people.map((person) => make("option", { value: person.id }, person.name + (person.is_admin ? " (admin)" : ""))));
  find("person").value = view.person;
}

function go(channel) {
  Object.assign(view, { channel, thread: "" });
  if (channel === "home") act("open_home", { tab: "home" });
  else if (view.state.channels.find((each) => each.id === channel).kind === "im") act("open_home", { tab: "messages" });
  draw();
}

function compose(form, thread) {
  const { text } = form.elements;
  const send = async () => {
    const said = text.value.trim();
    if (said && (await act("say", { channel: view.channel, text: said, ...(thread() ? { thread_ts: thread() } : {}) }))) text.value = "";
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
  });
}

compose(find("composer"), () => "");
compose(find("reply"), () => view.thread);
find("leave").addEventListener("click", () => { view.thread = ""; draw(); });
find("modal").addEventListener("cancel", (event) => {
  event.preventDefault();
  act("close", { view_id: view.state.modals.at(-1).id });
});
find("person").addEventListener("change", async () => {
  view.person = find("person").value;
  await refresh();
  go(view.state.channels[0].id);
});

async function keepLooking() {
  try { await refresh(); } catch { find("connection").textContent = "the workspace has stopped"; }
  setTimeout(keepLooking, 700);
}
keepLooking();
