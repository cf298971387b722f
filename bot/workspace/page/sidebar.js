// The sidebar: channels, the direct message, the Home tab, the wiki, and who one is.

import { byId, icon, make, reconcile } from "./dom.js";
import { avatar } from "./messages.js";
import { act, become, bot, change, channels, messagesOf, part, people, person, store } from "./store.js";

export function go(place) {
  change({ place, thread: "" });
  document.body.classList.remove("shows-sidebar");
  if (place === "home") act("open_home", { tab: "home" });
  else if (channels().find((each) => each.id === place)?.kind === "im") act("open_home", { tab: "messages" });
}

const newest = (channel) => messagesOf(channel).at(-1)?.ts ?? "";

function hasNews(channel) {
  if (channel === store.place) store.seen.set(store.person + channel, newest(channel));
  if (!store.seen.has(store.person + channel)) store.seen.set(store.person + channel, newest(channel));
  return newest(channel) > store.seen.get(store.person + channel);
}

function entry(key, picture, name, isNew) {
  const isHere = key === store.place;
  return {
    key, signature: JSON.stringify([name, isHere, isNew]),
    draw: () => make("li", {}, make("button", {
      type: "button", "aria-current": isHere ? "page" : undefined, class: isNew ? "news" : undefined, "data-focus": key, onclick: () => go(key),
    }, picture(), make("span", {}, name), isNew ? make("span", { class: "dot", role: "img", "aria-label": "new messages" }) : null)),
  };
}

export function drawSidebar() {
  const all = channels();
  const name = bot()?.name ?? "The bot";
  const rooms = all.filter((each) => each.kind !== "im");
  reconcile(byId("channels"), rooms.map((each) => entry(each.id, () => icon(each.kind === "group" ? "lock" : "hash"), each.name, hasNews(each.id))));
  const direct = all.find((each) => each.kind === "im" && each.members.includes(bot()?.id));
  reconcile(byId("apps"), [
    ...(direct ? [entry(direct.id, () => avatar(bot().id), name, hasNews(direct.id))] : []),
    entry("home", () => icon("home"), `${name} home`, false),
  ]);
  byId("team").textContent = part("team", "");
  byId("wiki").hidden = !part("has_wiki", false);
  byId("wiki-link").href = `/wiki/?as=${encodeURIComponent(store.person)}`;
  drawConnection();
  drawPeople();
}

function drawConnection() {
  const count = part("connections", 0);
  const words = !store.isConnected ? "the workspace has stopped" : count ? "the bot is connected" : "no bot is connected";
  const shown = byId("connection");
  if (shown.textContent !== words) shown.textContent = words;
  shown.className = store.isConnected && count ? "good" : "bad";
}

function drawPeople() {
  const select = byId("person");
  const everybody = people().filter((each) => !each.is_bot);
  const signature = JSON.stringify(everybody);
  if (select.signature !== signature) {
    select.signature = signature;
    select.replaceChildren(...everybody.map((each) => make("option", { value: each.id }, each.name + (each.is_admin ? " (admin)" : ""))));
  }
  select.value = store.person;
  const face = byId("face");
  if (face.dataset.person !== store.person && person(store.person)) {
    face.dataset.person = store.person;
    face.replaceChildren(avatar(store.person));
  }
}

export function startSidebar() {
  byId("person").addEventListener("change", (event) => become(event.target.value));
  byId("show-sidebar").addEventListener("click", () => document.body.classList.toggle("shows-sidebar"));
}
