// Makes elements. Whatever a person or a bot wrote goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

// Attributes: on… is a listener, true and false are properties, undefined is left out, the rest is an attribute.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SHAPES = {
  thread: "M4 5h16v11H9l-5 4z",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 9.5v.5M15 9.5v.5M8.5 14c1 1.6 2.2 2.3 3.5 2.3s2.5-.7 3.5-2.3",
  pencil: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10.500 11v5M13.500 11v5",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  close: "M6 6l12 12M18 6L6 18",
  back: "M14 6l-6 6 6 6",
  send: "M4 12l16-8-5 16-3-7z",
  menu: "M4 7h16M4 12h16M4 17h16",
  theme: "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z",
  code: "M8 7l-5 5 5 5M16 7l5 5-5 5",
  book: "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11",
  home: "M4 11l8-7 8 7M6 10v10h12V10",
  lock: "M7 11h10v9H7zM9 11V8a3 3 0 0 1 6 0v3",
  hash: "M9 4L7 20M17 4l-2 16M4 9h16M4 15h16",
  up: "M7 20V10l5-7 1 1v5h6l-2 11zM3 10h4v10H3z",
  down: "M7 4v10l5 7 1-1v-5h6L17 4zM3 4h4v10H3z",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name] ?? SHAPES.more);
  svg.append(path);
  return svg;
}

export function iconButton(name, label, onclick, attributes = {}) {
  return make("button", { type: "button", class: "quiet", "aria-label": label, title: label, onclick, ...attributes }, icon(name));
}

// Replaces the children of list so that those with an unchanged signature stay as they are, focus and all.
export function reconcile(list, wanted) {
  const before = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const after = wanted.map(({ key, signature, draw }) => {
    const known = before.get(key);
    if (known && known.signature === signature) return known;
    const fresh = draw(known);
    fresh.dataset.key = key;
    fresh.signature = signature;
    if (known) keepOpen(known, fresh);
    return fresh;
  });
  const kept = new Set(after);
  for (const child of [...list.children]) if (!kept.has(child)) child.remove();
  after.forEach((child, place) => {
    if (list.children[place] !== child) list.insertBefore(child, list.children[place] ?? null);
  });
}

// What a person opened stays open when the message around it is drawn anew, and focus stays where it was.
function keepOpen(before, after) {
  for (const details of before.querySelectorAll("details[data-keep]")) {
    const same = after.querySelector(`details[data-keep="${CSS.escape(details.dataset.keep)}"]`);
    if (same) same.open = details.open;
  }
  const focused = before.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  if (focused) queueMicrotask(() => after.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus());
}

// Closes a dialog. Chromium gives the focus back without a caret where something in the dialog was selected, and keys would be lost.
export function closeDialog(dialog) {
  dialog.close();
  const back = document.activeElement;
  back?.blur();
  back?.focus();
}
