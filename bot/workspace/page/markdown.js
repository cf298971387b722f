// Markdown as Slack's markdown block takes it: headings, lists, tables, code, quotes and rules.

import { make } from "./dom.js";
import { EMOJI, emojiNamed } from "./emoji.js";
import { link } from "./links.js";
import { byRules, isToken, plain, slackToken } from "./text.js";

const RULES = [
  [/\\([\\`*_{}[\]()#+.!|~>-])/, ([, sign]) => sign],
  [/(`+)([^]+?)\1(?!`)/, ([, , inside]) => make("code", {}, plain(inside.trim()))],
  [/!\[([^\]\n]*)\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/, ([, label, address]) => link(plain(address), `[image: ${label}]`)],
  [/\[((?:[^[\]\n]|\[[^\]\n]*\])*)\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/, ([, label, address]) => link(plain(address), plain(label))],
  [/<([^<>\n]+)>/, ([whole, inside]) => (isToken(whole) ? slackToken(inside) : plain(whole))],
  [/\*\*(?=\S)([^]*?\S)\*\*/, ([, inside]) => make("b", {}, inline(inside))],
  [/(?<!\w)__(?=\S)([^]*?\S)__(?!\w)/, ([, inside]) => make("b", {}, inline(inside))],
  [/\*(?=[^\s*])([^*]*?[^\s*])\*/, ([, inside]) => make("i", {}, inline(inside))],
  [/(?<!\w)_(?=[^\s_])([^_]*?[^\s_])_(?!\w)/, ([, inside]) => make("i", {}, inline(inside))],
  [/~~(?=\S)([^]*?\S)~~/, ([, inside]) => make("s", {}, inline(inside))],
  [/:([a-z0-9_+'-]+):/, ([whole, name]) => (EMOJI.has(name) ? emojiNamed(name) : whole)],
  [/https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)"'*_~`]/, ([address]) => link(plain(address))],
];

export const inline = (text) => byRules(text, RULES, plain);

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^ {0,3}(?:>|&gt;) ?(.*)$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

export const markdown = (text) => make("div", { class: "text markdown" }, blocks(text.split("\n")));

// Each reader takes lines from the front and returns an element.
function blocks(lines) {
  const parts = [];
  while (lines.length) {
    if (!lines[0].trim()) lines.shift();
    else parts.push(next(lines));
  }
  return parts;
}

function next(lines) {
  if (FENCE.test(lines[0])) return fence(lines);
  const heading = HEADING.exec(lines[0]);
  if (heading) {
    lines.shift();
    return make("div", { class: `heading level-${heading[1].length}`, role: "heading", "aria-level": String(heading[1].length + 2) }, inline(heading[2]));
  }
  if (RULE.test(lines[0])) { lines.shift(); return make("hr"); }
  if (QUOTE.test(lines[0])) return make("blockquote", {}, blocks(takeWhile(lines, (line) => QUOTE.test(line)).map((line) => QUOTE.exec(line)[1])));
  if (ITEM.test(lines[0])) return list(lines);
  if (lines.length > 1 && lines[0].includes("|") && TABLE_RULE.test(lines[1])) return table(lines);
  return paragraph(lines);
}

function takeWhile(lines, fits) {
  const taken = [];
  while (lines.length && fits(lines[0])) taken.push(lines.shift());
  return taken;
}

function fence(lines) {
  const [, marks] = FENCE.exec(lines.shift());
  const inside = takeWhile(lines, (line) => !line.trim().startsWith(marks));
  lines.shift();
  return make("pre", { tabindex: "0" }, make("code", {}, plain(inside.join("\n"))));
}

function list(lines) {
  const [, indent, marker] = ITEM.exec(lines[0]);
  const isOrdered = /\d/.test(marker);
  const items = [];
  while (lines.length) {
    const found = ITEM.exec(lines[0]);
    if (!found || found[1].length !== indent.length || /\d/.test(found[2]) !== isOrdered) break;
    lines.shift();
    const inner = [found[3]];
    while (lines.length && (goesOn(lines[0], indent.length) || (!lines[0].trim() && lines[1] && goesOn(lines[1], indent.length)))) {
      inner.push(lines.shift().slice(indent.length + 2));
    }
    items.push(item(inner));
  }
  return make(isOrdered ? "ol" : "ul", isOrdered ? { start: marker.replace(/\D/g, "") } : {}, items);
}

const goesOn = (line, indent) => line.trim() && line.length - line.trimStart().length >= indent + 2;

function item(lines) {
  const task = /^\[([ xX])\]\s+(.*)$/.exec(lines[0]);
  const first = task ? task[2] : lines[0];
  const box = task ? make("input", { type: "checkbox", disabled: true, checked: task[1] !== " ", "aria-label": "task" }) : null;
  return make("li", {}, box, inline(first), blocks(lines.slice(1)));
}

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));

function table(lines) {
  const head = cells(lines.shift());
  lines.shift();
  const rows = takeWhile(lines, (line) => line.includes("|")).map(cells);
  return make("div", { class: "table-frame", tabindex: "0", role: "group", "aria-label": "Table" }, make("table", {},
    make("thead", {}, make("tr", {}, head.map((cell) => make("th", { scope: "col" }, inline(cell))))),
    make("tbody", {}, rows.map((row) => make("tr", {}, row.map((cell) => make("td", {}, inline(cell))))))));
}

const begins = (line) => !line.trim() || FENCE.test(line) || HEADING.test(line) || QUOTE.test(line) || ITEM.test(line) || RULE.test(line);

function paragraph(lines) {
  const taken = [lines.shift(), ...takeWhile(lines, (line) => !begins(line))];
  return make("p", {}, inline(taken.join("\n")));
}
