// The question that stands before a press: Block Kit's confirm object.

import { byId, closeDialog, make } from "./dom.js";
import { plainWords, words } from "./text.js";

export function confirmed({ title, text, confirm, deny, style }) {
  const dialog = byId("confirm");
  return new Promise((resolve) => {
    const answer = (isYes) => { closeDialog(dialog); resolve(isYes); };
    dialog.replaceChildren(make("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); answer(true); } },
      make("h2", { id: "confirm-title" }, plainWords(title)), words(text),
      make("div", { class: "row end" },
        make("button", { type: "button", onclick: () => answer(false) }, plainWords(deny)),
        make("button", { class: style === "danger" ? "danger" : "primary" }, plainWords(confirm)))));
    dialog.oncancel = (event) => { event.preventDefault(); answer(false); };
    dialog.showModal();
  });
}
