// What the page knows, and its line to the workspace.
//
//   server ──parts──► store ──► onChange ──► drawing
//   server ◄──deeds── act ◄── clicks

export const token = new URLSearchParams(location.search).get("token") ?? "";
const KEPT = "footnote-place";

export const store = {
  parts: new Map(), // the name of a part to what the server sent of it
  person: "", place: "", thread: "", // the id of a channel, or "home"; the ts of a thread
  isConnected: false, hasLog: false, trouble: "",
  log: new Map(),
  seen: new Map(), // channel to the newest ts that was looked at
};

const listeners = new Set();
let socket = null;
let isTold = false;

export const onChange = (listener) => listeners.add(listener);
export const part = (name, otherwise = null) => store.parts.get(name) ?? otherwise;

export function change(patch) {
  Object.assign(store, patch);
  sessionStorage.setItem(KEPT, JSON.stringify({ person: store.person, place: store.place, thread: store.thread }));
  tell();
}

// Draws once for all that changed in this turn.
function tell() {
  if (isTold) return;
  isTold = true;
  queueMicrotask(() => {
    isTold = false;
    for (const listener of listeners) listener();
  });
}

export function connect() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  Object.assign(store, { person: kept.person || "maya", place: kept.place || "", thread: kept.thread || "" });
  dial();
}

function dial() {
  socket = new WebSocket(`ws://${location.host}/control/live?token=${encodeURIComponent(token)}`);
  socket.addEventListener("open", () => { store.isConnected = true; look(); });
  socket.addEventListener("message", ({ data }) => take(JSON.parse(data)));
  socket.addEventListener("close", () => {
    store.isConnected = false;
    tell();
    setTimeout(dial, 1000);
  });
}

// Says whom the page shows, and whether it shows the developer's log.
function look() {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ person: store.person, log: store.hasLog }));
}

function take(update) {
  if (update.error) {
    change({ person: "maya" }); // kept from a workspace with other people
    look();
    return;
  }
  if (update.fresh) { store.parts.clear(); store.log.clear(); }
  for (const [name, value] of Object.entries(update.parts)) {
    const [kept, key] = name.startsWith("log/") ? [store.log, name.slice(4)] : [store.parts, name];
    if (value === null) kept.delete(key);
    else kept.set(key, value);
  }
  store.person = part("you", store.person);
  tell();
}

export function become(person) {
  change({ person, thread: "" });
  look();
}

export function showLog(hasLog) {
  change({ hasLog });
  look();
}

export async function act(deed, body = {}) {
  let result = { ok: false, error: "The workspace does not answer; is it still running?" };
  try {
    const answer = await fetch(`/control/${deed}?token=${encodeURIComponent(token)}`, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ person: store.person, ...body }),
    });
    result = await answer.json();
  } catch (error) {
    console.warn(error);
  }
  change({ trouble: result.ok ? "" : result.error });
  return result.ok;
}

// Who and where

export const people = () => part("people", []);
export const channels = () => part("channels", []);
export const person = (id) => people().find((each) => each.id === id);
export const personName = (id) => person(id)?.name ?? id;
export const channelNamed = (id) => channels().find((each) => each.id === id);
export const channelName = (id) => channelNamed(id)?.name ?? id;
export const groupName = (id) => part("groups", []).find((each) => each.id === id)?.handle ?? id;
export const messagesOf = (channel) => part(`messages/${channel}`, []);
export const bot = () => people().find((each) => each.handle === "footnote");
export const notesOf = (channel, thread) =>
  part("notes", []).find((each) => each.channel === channel && each.thread_ts === thread);
