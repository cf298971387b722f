// What can stand at the cursor of a composer: a person after @, a channel after #, an emoji after :, a command after /.

import { EMOJI } from "./emoji.js";
import { channels, part, people } from "./store.js";

const MOST = 8;

const SOURCES = {
  "@": (typed) => people().filter((each) => each.handle !== "slackbot" && fits([each.handle, each.name], typed))
    .map((each) => ({ label: each.name, note: each.is_bot ? "app" : `@${each.handle}`, insert: `@${each.is_bot ? each.name : each.handle} ` })),
  "#": (typed) => channels().filter((each) => each.kind !== "im" && fits([each.name], typed))
    .map((each) => ({ label: `#${each.name}`, note: each.kind === "group" ? "private" : "", insert: `#${each.name} ` })),
  ":": (typed) => (typed.length < 2 ? [] : [...EMOJI].filter(([name]) => name.includes(typed))
    .sort(([a], [b]) => Number(b.startsWith(typed)) - Number(a.startsWith(typed)))
    .map(([name, sign]) => ({ label: `${sign} :${name}:`, note: "", insert: `${sign} ` }))),
  "/": (typed) => part("commands", []).filter((each) => each.name.slice(1).startsWith(typed))
    .map((each) => ({ label: each.name, note: `${each.hint ? `${each.hint} · ` : ""}${each.description}`, insert: `${each.name} ` })),
};

const fits = (names, typed) => names.some((name) => name.toLowerCase().split(/[\s.-]/).some((word) => word.startsWith(typed)) || name.toLowerCase().startsWith(typed));

// Returns what could complete the word before the cursor, and where that word begins; null if nothing could.
export function completions(text, cursor, isInThread) {
  const before = text.slice(0, cursor);
  const found = /(^|[\s(])([@#:])([\w+.-]*)$/.exec(before) ?? (isInThread ? null : /^()(\/)([\w-]*)$/.exec(before));
  if (!found) return null;
  const offers = SOURCES[found[2]](found[3].toLowerCase()).slice(0, MOST);
  return offers.length ? { start: found.index + found[1].length, offers } : null;
}
