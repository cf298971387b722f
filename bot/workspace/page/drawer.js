// The developer's drawer: every call of the bot and every event to it, with payloads, and faults to try.

import { byId, make, reconcile } from "./dom.js";
import { act, onChange, part, showLog, store } from "./store.js";

const KEPT = "footnote-drawer";
const FOR_EVER = 1_000_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });

// What a button does: its name, the deed, the deed's body, and what it means.
const FAULTS = [
  ["429", "inject", { kind: "rate_limited", seconds: 2 }, "The next call is refused with Retry-After: 2"],
  ["500", "inject", { kind: "server_error" }, "The next call meets a broken server"],
  ["Lost reply", "inject", { kind: "dropped_after" }, "The next call is done, but its reply is lost"],
  ["Slow network", "inject", { kind: "slow", seconds: 1.5, times: FOR_EVER }, "Every reply takes 1.5 s, until calm"],
  ["Lost ack", "inject", { kind: "ignored_ack" }, "The next ack is lost, so Slack delivers again"],
  ["Twin event", "inject", { kind: "duplicate_event" }, "The next event arrives twice"],
  ["Redeliver", "redeliver", {}, "The newest message's events come once more"],
  ["Refresh", "disconnect", {}, "Slack asks every connection to reconnect"],
  ["Cut line", "sever", {}, "Every connection breaks without a word"],
  ["+2 min", "advance", { seconds: 120 }, "Two minutes pass at once: a status ends"],
  ["+5 min", "advance", { seconds: 300 }, "Five minutes pass at once: a stream ends"],
  ["Calm", "calm", {}, "Forget the faults that still wait"],
];

const FILTERS = {
  all: () => true,
  calls: (entry) => entry.kind === "call",
  events: (entry) => entry.kind === "event",
  trouble: (entry) => outcome(entry).isBad,
};

const view = { filter: "all", chosen: "", isOpen: false };

function outcome(entry) {
  if (entry.kind === "event") {
    if (entry.is_acked) return { words: entry.attempt ? `acked, try ${entry.attempt + 1}` : "acked", isBad: false };
    return { words: entry.attempt ? `no ack, try ${entry.attempt + 1}` : "no ack yet", isBad: true };
  }
  if (entry.status === 0) return { words: "line cut", isBad: true };
  if (entry.error) return { words: entry.error, isBad: true };
  return { words: "ok", isBad: false };
}

function row(key, entry) {
  const { words, isBad } = outcome(entry);
  const isChosen = key === view.chosen;
  const way = entry.kind === "call" ? ["→", "call from the bot"] : ["←", "event to the bot"];
  return {
    key, signature: JSON.stringify([entry.milliseconds, words, isChosen]),
    draw: () => make("li", {}, make("button", {
      type: "button", "aria-pressed": String(isChosen), class: isBad ? "entry bad" : "entry", "data-focus": key,
      onclick: () => { view.chosen = isChosen ? "" : key; drawDrawer(); },
    }, make("time", {}, clock.format(new Date(entry.at * 1000))), make("span", { class: "way", role: "img", "aria-label": way[1] }, way[0]),
    make("span", { class: "name" }, entry.name), make("span", { class: "outcome" }, words),
    make("span", { class: "latency" }, entry.milliseconds === null ? "–" : `${entry.milliseconds} ms`))),
  };
}

function detail(entry) {
  const json = (value) => make("pre", { tabindex: "0" }, make("code", {}, JSON.stringify(value, null, 2)));
  const [sent, answer] = entry.kind === "call" ? ["The bot sent", "Slack answered"] : ["Slack sent", "The bot answered"];
  const why = entry.answer?.response_metadata?.messages ?? [];
  return [
    make("h3", {}, entry.name), why.length ? make("ul", { class: "error" }, why.map((each) => make("li", {}, each))) : null,
    make("h4", {}, sent), json(entry.sent), make("h4", {}, answer), json(entry.answer),
  ].filter(Boolean);
}

function drawDrawer() {
  byId("drawer").hidden = !view.isOpen;
  byId("show-drawer").setAttribute("aria-expanded", String(view.isOpen));
  if (!view.isOpen) return;
  const all = [...store.log].sort(([, a], [, b]) => a.at - b.at).filter(([, entry]) => FILTERS[view.filter](entry));
  const list = byId("log");
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  reconcile(list, all.map(([key, entry]) => row(key, entry)));
  if (isAtEnd) list.scrollTop = list.scrollHeight;
  drawDetail();
  const waiting = part("faults", []);
  byId("waiting").textContent = waiting.length
    ? `Waiting: ${waiting.map((each) => `${each.kind.replaceAll("_", " ")}${each.times >= FOR_EVER / 2 ? "" : ` ×${each.times}`}`).join(", ")}` : "No fault waits.";
}

function drawDetail() {
  const entry = store.log.get(view.chosen);
  const place = byId("detail");
  const signature = JSON.stringify(entry ?? null);
  if (place.signature === signature) return;
  place.signature = signature;
  place.replaceChildren(...(entry ? detail(entry) : [make("p", { class: "note" }, "Choose an entry to see what went over the wire.")]));
}

function open(isOpen) {
  view.isOpen = isOpen;
  sessionStorage.setItem(KEPT, isOpen ? "open" : "");
  showLog(isOpen);
  drawDrawer();
}

export function startDrawer() {
  byId("faults").append(...FAULTS.map(([name, deed, body, meaning]) =>
    make("button", { type: "button", title: meaning, onclick: () => act(deed, body) }, name)));
  byId("filters").append(...Object.keys(FILTERS).map((name) => make("label", {}, make("input", {
    type: "radio", name: "filter", value: name, checked: name === view.filter, onchange: () => { view.filter = name; drawDrawer(); },
  }), name)));
  byId("show-drawer").addEventListener("click", () => open(!view.isOpen));
  byId("close-drawer").addEventListener("click", () => { open(false); byId("show-drawer").focus(); });
  onChange(drawDrawer);
  if (sessionStorage.getItem(KEPT)) open(true);
}
