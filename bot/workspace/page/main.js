// The local workspace in a browser: starts everything and draws whenever something changed.

import { startTheme } from "./theme.js";
import { compose } from "./composer.js";
import { byId, icon } from "./dom.js";
import { startDrawer } from "./drawer.js";
import { drawHome } from "./home.js";
import { drawChannel, drawPrompts, drawThread } from "./messages.js";
import { drawModals, startModals } from "./modal.js";
import { drawSidebar, startSidebar } from "./sidebar.js";
import { bot, change, channelNamed, channels, connect, onChange, part, store } from "./store.js";

const title = (channel) => (channel.kind === "im" ? bot()?.name ?? "The bot" : `#${channel.name}`);

function hint(channel) {
  if (channel.is_archived) return "This channel is archived.";
  if (channel.kind === "im") return "Write to the bot; no mention is needed.";
  if (!channel.members.includes(bot()?.id)) return "The bot is not in this channel.";
  return `Mention @${bot()?.name} to ask. / for commands, : for emoji.`;
}

function draw() {
  if (!part("you")) return;
  if (store.place !== "home" && !channelNamed(store.place)) { change({ place: channels()[0].id, thread: "" }); return; }
  const channel = channelNamed(store.place);
  drawSidebar();
  byId("title").textContent = channel ? title(channel) : `${bot()?.name} home`;
  byId("hint").textContent = channel ? hint(channel) : "What the bot publishes for you alone";
  byId("home").hidden = Boolean(channel);
  byId("conversation").hidden = !channel;
  if (channel) {
    drawChannel(channel.id);
    drawThread(channel.id, store.thread);
    drawPrompts(channel.id, "", byId("prompts"));
    drawPrompts(channel.id, store.thread, byId("thread-prompts"));
    byId("composer-text").placeholder = `Message ${title(channel)}`;
  } else {
    drawThread("", "");
    drawHome();
  }
  drawModals();
  for (const each of document.querySelectorAll("details.chooser")) each.dispatchEvent(new Event("suggestions"));
  byId("trouble").hidden = !store.trouble;
  if (byId("trouble-words").textContent !== store.trouble) byId("trouble-words").textContent = store.trouble;
  document.title = `${byId("title").textContent} · ${part("team")} (local workspace)`;
}

function start() {
  for (const place of document.querySelectorAll("[data-icon]")) place.prepend(icon(place.dataset.icon));
  startTheme(byId("theme"));
  startSidebar();
  startModals();
  compose(byId("composer"), { thread: () => "" });
  compose(byId("reply"), { thread: () => store.thread });
  byId("close-thread").addEventListener("click", () => change({ thread: "" }));
  byId("close-trouble").addEventListener("click", () => change({ trouble: "" }));
  document.addEventListener("click", closeMenus);
  onChange(draw);
  connect();
  startDrawer();
}

// A menu that is open closes when something else is clicked.
function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.overflow[open], details.chooser[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
}

start();
