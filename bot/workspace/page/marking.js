// Finds the words of a text fragment on a page and marks them: "first words,last words", or one run of words.

import { make } from "./dom.js";

const wordsOf = (text) => text.replace(/\s+/g, " ").trim().toLowerCase();

// All text of the page in one line, and for each of its characters where it stands.
function flatten(root, from) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let line = "";
  const places = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (from && !(from.compareDocumentPosition(node) & (Node.DOCUMENT_POSITION_FOLLOWING | Node.DOCUMENT_POSITION_CONTAINED_BY))) continue;
    for (let at = 0; at < node.data.length; at += 1) {
      const letter = /\s/.test(node.data[at]) ? " " : node.data[at].toLowerCase();
      if (letter === " " && (line.endsWith(" ") || !line)) continue;
      line += letter[0];
      places.push([node, at]);
    }
    if (line && !line.endsWith(" ") && isAtEnd(node)) { line += " "; places.push([node, node.data.length]); }
  }
  return { line, places };
}

// Whether a block ends after this text: the next words begin a new one.
function isAtEnd(node) {
  const block = node.parentElement.closest("p, li, td, th, pre, h1, h2, h3, h4, h5, h6, blockquote");
  return block !== null && block.textContent.trimEnd().endsWith(node.data.trimEnd());
}

function findRun({ line }, directive) {
  const [first, last] = directive.split(",").map((part) => wordsOf(decodeURIComponent(part)));
  const start = line.indexOf(first);
  if (start < 0) return null;
  if (last === undefined) return [start, start + first.length];
  const end = line.indexOf(last, start + first.length);
  return end < 0 ? [start, start + first.length] : [start, end + last.length];
}

// Marks what directive names, after the heading from if it is there, else anywhere; returns the marks.
export function markQuote(root, directive, from) {
  for (const start of from ? [from, null] : [null]) {
    const flat = flatten(root, start);
    const run = findRun(flat, directive);
    if (run) return wrap(flat.places.slice(...run));
  }
  return [];
}

function wrap(places) {
  const spans = new Map();
  for (const [node, at] of places) {
    const [first] = spans.get(node) ?? [at];
    spans.set(node, [first, Math.min(at + 1, node.data.length)]);
  }
  return [...spans].filter(([node, [first, end]]) => node.data.slice(first, end).trim()).map(([node, [first, end]]) => {
    const range = document.createRange();
    range.setStart(node, first);
    range.setEnd(node, end);
    const mark = make("mark");
    range.surroundContents(mark);
    return mark;
  });
}
