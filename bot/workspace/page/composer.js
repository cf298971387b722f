// The box to write in, with its list of completions, which the keyboard moves through while the box keeps the focus.

import { byId, make } from "./dom.js";
import { completions } from "./completion.js";
import { act, store } from "./store.js";

let lists = 0;

export function compose(form, { thread }) {
  const box = form.elements.text;
  lists += 1;
  const list = make("ul", { class: "completions", role: "listbox", id: `completions-${lists}`, "aria-label": "Completions", hidden: true });
  form.prepend(list);
  for (const [name, value] of Object.entries({ "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": list.id })) box.setAttribute(name, value);
  let open = null; // { start, offers, chosen }

  const close = () => {
    open = null;
    list.hidden = true;
    box.removeAttribute("aria-activedescendant");
  };
  const show = () => {
    list.replaceChildren(...open.offers.map((offer, place) => make("li", {
      role: "option", id: `${list.id}-${place}`, "aria-selected": String(place === open.chosen),
      onmousedown: (event) => { event.preventDefault(); open.chosen = place; take(); },
    }, make("span", {}, offer.label), make("span", { class: "note" }, offer.note))));
    list.hidden = false;
    box.setAttribute("aria-activedescendant", `${list.id}-${open.chosen}`);
  };
  const look = () => {
    const found = completions(box.value, box.selectionStart, Boolean(thread()));
    if (!found) { close(); return; }
    open = { ...found, chosen: 0 };
    show();
  };
  const take = () => {
    const { insert } = open.offers[open.chosen];
    box.setRangeText(insert, open.start, box.selectionStart, "end");
    close();
    box.focus();
    grow();
  };
  const grow = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 240)}px`;
  };
  const send = async () => {
    const said = box.value.trim();
    if (!said || form.classList.contains("sending")) return;
    form.classList.add("sending");
    const isSent = await act("say", { channel: store.place, text: said, ...(thread() ? { thread_ts: thread() } : {}) });
    form.classList.remove("sending");
    if (isSent) { box.value = ""; grow(); }
  };
  const move = (by) => {
    open.chosen = (open.chosen + by + open.offers.length) % open.offers.length;
    show();
  };
  const KEYS = {
    ArrowDown: () => open && (move(1), true), ArrowUp: () => open && (move(-1), true), Tab: () => open && (take(), true),
    Escape: () => open && (close(), true), Enter: (event) => !event.shiftKey && !event.isComposing && (open ? take() : send(), true),
  };

  box.addEventListener("input", () => { grow(); look(); });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => { if (KEYS[event.key]?.(event)) { event.preventDefault(); event.stopPropagation(); } });
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
}

export const focusComposer = () => byId("composer-text").focus();
