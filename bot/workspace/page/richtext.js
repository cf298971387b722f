// rich_text blocks as elements. Their texts hold no markup.

import { make } from "./dom.js";
import { emojiFromCodes, emojiNamed } from "./emoji.js";
import { link } from "./links.js";
import { broadcast, channelMention, formatDate, userMention } from "./text.js";
import { groupName, part as known } from "./store.js";

const PARTS = {
  text: (part) => document.createTextNode(part.text),
  link: (part) => link(part.url, part.text),
  user: (part) => userMention(part.user_id),
  usergroup: (part) => make("span", { class: "mention" }, `@${groupName(part.usergroup_id)}`),
  channel: (part) => channelMention(part.channel_id),
  broadcast: (part) => broadcast(part.range),
  emoji: (part) => document.createTextNode((part.unicode && emojiFromCodes(part.unicode)) || emojiNamed(part.name)),
  date: (part) => make("time", {}, formatDate(part.timestamp, part.format) || part.fallback || ""),
  color: (part) => make("span", { class: "color" }, part.value),
  team: () => document.createTextNode(known("team", "this workspace")),
};
const STYLES = [["code", "code"], ["bold", "b"], ["italic", "i"], ["strike", "s"], ["underline", "u"], ["highlight", "mark"], ["client_highlight", "mark"]];

function styled(part) {
  const draw = PARTS[part.type];
  let shown = draw ? draw(part) : make("span", { class: "unknown" }, `[${part.type}]`);
  for (const [name, tag] of STYLES) if (part.style?.[name]) shown = make(tag, {}, shown);
  return shown;
}

export const richParts = (elements) => elements.map(styled);

function list(element) {
  const tag = element.style === "ordered" ? "ol" : "ul";
  const attributes = { class: `indent-${Math.min(element.indent ?? 0, 8)}${element.border ? " bordered" : ""}` };
  if (tag === "ol" && element.offset) attributes.start = String(element.offset + 1);
  return make(tag, attributes, element.elements.map((item) => make("li", {}, richParts(item.elements))));
}

const ELEMENTS = {
  rich_text_section: (element) => make("div", {}, richParts(element.elements)),
  rich_text_list: list,
  rich_text_quote: (element) => make("blockquote", {}, richParts(element.elements)),
  rich_text_preformatted: (element) => make("pre", { tabindex: "0" }, make("code", {}, richParts(element.elements))),
};

export const richText = (block) => make("div", { class: "text rich" }, block.elements.map((element) =>
  (ELEMENTS[element.type] ?? ((other) => make("div", { class: "unknown" }, `[${other.type}]`)))(element)));
