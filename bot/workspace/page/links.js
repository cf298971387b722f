// Links: only to the web, always in a tab of their own; the wiki's own pages open as the person who looks.

import { make } from "./dom.js";
import { store } from "./store.js";

export const isWeb = (address) => /^https?:\/\//i.test(address);

// The browser hides a text fragment from the page it opens, so our own wiki is told in the query what to mark.
function asReader(address) {
  const [page, fragment = ""] = address.split("#");
  const [anchor, directive] = fragment.split(":~:text=");
  const there = new URL(page);
  there.searchParams.set("as", store.person);
  if (directive) there.searchParams.set("quote", directive);
  if (anchor) there.hash = anchor;
  return there.href;
}

export function addressFor(address) {
  return address.startsWith(`${location.origin}/wiki/`) ? asReader(address) : address;
}

export function link(address, label, attributes = {}) {
  const words = label || address;
  if (/^mailto:/i.test(address)) return make("a", { href: address, ...attributes }, words);
  if (!isWeb(address)) return make("span", { class: "dead-link", title: "not a web address" }, `${words} (${address})`);
  return make("a", { href: addressFor(address), target: "_blank", rel: "noopener noreferrer", ...attributes }, words);
}
