// The App Home: the blocks that the bot published for this person.

import { byId, make, reconcile } from "./dom.js";
import { drawBlock } from "./blocks.js";
import { part } from "./store.js";

export function drawHome() {
  const home = part("home");
  const context = { place: { view_id: home?.id }, surface: "home" };
  const blocks = home?.blocks ?? [];
  const row = (block) => ({ key: block.block_id, signature: JSON.stringify(block), draw: () => make("div", { class: "home-block" }, drawBlock(block, context)) });
  const nothing = { key: "nothing", signature: "", draw: () => make("p", { class: "note" }, "The bot has published nothing here for you.") };
  reconcile(byId("home"), blocks.length ? blocks.map(row) : [nothing]);
}
