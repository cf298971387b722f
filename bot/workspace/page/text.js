// Slack's mrkdwn as elements: bold, italic, strike, code, quotes, links, mentions and emoji.

import { make } from "./dom.js";
import { EMOJI, emojiNamed } from "./emoji.js";
import { link } from "./links.js";
import { channelName, groupName, person, personName, store } from "./store.js";

export const plain = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

export const userMention = (id) =>
  make("span", { class: id === store.person ? "mention me" : "mention" }, `@${person(id) ? personName(id) : id}`);
export const channelMention = (id, label) => make("span", { class: "mention" }, `#${label || channelName(id)}`);
export const broadcast = (range) =>
  make("span", { class: "mention loud", title: "In Slack this notifies everybody here" }, `@${range}`);

// What stands between < and > in Slack's texts.
export function slackToken(inside) {
  const [target, label] = inside.split("|");
  if (target.startsWith("@")) return userMention(target.slice(1));
  if (target.startsWith("#")) return channelMention(target.slice(1), label && plain(label));
  if (target.startsWith("!date^")) return make("time", {}, dateWords(target, label));
  if (target.startsWith("!subteam^")) return make("span", { class: "mention" }, `@${groupName(target.slice(9))}`);
  if (target.startsWith("!")) return broadcast(target.slice(1));
  return link(plain(target), label && plain(label));
}

export const isToken = (part) => /^<([@!#]|[a-z][a-z0-9+.-]*:)[^]*>$/i.test(part);

export function dateWords(target, label) {
  const [, seconds, format] = target.split("^");
  return formatDate(Number(seconds), format) || plain(label ?? "");
}

const DATE_FORMS = {
  date_num: { dateStyle: "short" }, date: { dateStyle: "long" }, date_short: { day: "numeric", month: "short", year: "numeric" },
  date_long: { dateStyle: "full" }, date_pretty: { dateStyle: "long" }, date_short_pretty: { dateStyle: "medium" },
  date_long_pretty: { dateStyle: "full" }, day_divider_pretty: { dateStyle: "full" },
  time: { timeStyle: "short" }, time_secs: { timeStyle: "medium" },
};

export function formatDate(seconds, format) {
  if (!Number.isFinite(seconds) || !format) return "";
  const moment = new Date(seconds * 1000);
  return format.replace(/\{(\w+)\}/g, (whole, name) =>
    (name in DATE_FORMS ? new Intl.DateTimeFormat(undefined, DATE_FORMS[name]).format(moment) : whole));
}

const RULES = [
  [/`([^`\n]+)`/, ([, inside]) => make("code", {}, plain(inside))],
  [/<([^<>\n]+)>/, ([whole, inside]) => (isToken(whole) ? slackToken(inside) : plain(whole))],
  [/(?<![\w*])\*(?=\S)([^*\n]*?\S)\*(?![\w*])/, ([, inside]) => make("b", {}, inline(inside))],
  [/(?<![\w_])_(?=\S)([^_\n]*?\S)_(?![\w_])/, ([, inside]) => make("i", {}, inline(inside))],
  [/(?<![\w~])~(?=\S)([^~\n]*?\S)~(?![\w~])/, ([, inside]) => make("s", {}, inline(inside))],
  [/:([a-z0-9_+'-]+):/, ([whole, name]) => (EMOJI.has(name) ? emojiNamed(name) : whole)],
  [/https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)"'*_~`]/, ([address]) => link(plain(address))],
];

// Cuts text at whichever rule matches first, again and again.
export function byRules(text, rules, leaf) {
  const parts = [];
  let rest = text;
  while (rest) {
    let first = null;
    for (const [pattern, draw] of rules) {
      const found = pattern.exec(rest);
      if (found && (!first || found.index < first.found.index)) first = { found, draw };
    }
    if (!first) break;
    if (first.found.index) parts.push(leaf(rest.slice(0, first.found.index)));
    parts.push(first.draw(first.found));
    rest = rest.slice(first.found.index + first.found[0].length);
  }
  if (rest) parts.push(leaf(rest));
  return parts;
}

const inline = (text) => byRules(text, RULES, plain);

function quoted(text) {
  const parts = [];
  let lines = [];
  let isQuote = false;
  const flush = () => {
    if (lines.length) parts.push(make(isQuote ? "blockquote" : "span", {}, inline(lines.join("\n"))));
    lines = [];
  };
  for (const line of text.split("\n")) {
    const found = /^(?:>|&gt;) ?(.*)$/.exec(line);
    if (Boolean(found) !== isQuote) flush();
    isQuote = Boolean(found);
    lines.push(found ? found[1] : line);
  }
  flush();
  return parts;
}

export function mrkdwn(text) {
  const parts = text.split(/```\n?([^]*?)\n?```/);
  return make("div", { class: "text" }, parts.map((part, place) =>
    (place % 2 ? make("pre", {}, make("code", {}, plain(part))) : quoted(part))));
}

const withEmoji = (text) => text.replace(/:([a-z0-9_+'-]+):/g, (whole, name) => (EMOJI.has(name) ? emojiNamed(name) : whole));

// A text object of Block Kit. plain_text knows emoji unless told otherwise, and nothing else.
export function words(object) {
  if (!object) return null;
  if (object.type === "mrkdwn") return mrkdwn(object.text);
  return make("div", { class: "text" }, plainWords(object));
}

export const plainWords = (object) => (object ? (object.emoji === false ? object.text : withEmoji(object.text)) : "");
