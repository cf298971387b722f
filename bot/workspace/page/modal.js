// Modals: the topmost of a stack is shown; what was written in the ones below is kept.

import { byId, closeDialog, iconButton, make } from "./dom.js";
import { drawBlock } from "./blocks.js";
import { valuesIn } from "./fields.js";
import { act, part } from "./store.js";
import { plainWords } from "./text.js";

const forms = new Map(); // the id of a view to its form

export function drawModals() {
  const stack = part("modals", []);
  for (const id of forms.keys()) if (!stack.some((each) => each.id === id)) forms.delete(id);
  const dialog = byId("modal");
  const top = stack.at(-1);
  if (!top) {
    if (dialog.open) closeDialog(dialog);
    dialog.replaceChildren();
    return;
  }
  const form = formOf(top, stack.length);
  if (dialog.firstElementChild !== form) dialog.replaceChildren(form);
  if (!dialog.open) {
    dialog.showModal();
    form.querySelector(".field")?.focus();
  }
  showErrors(form, top.errors);
}

function formOf(view, depth) {
  const before = forms.get(view.id);
  const signature = JSON.stringify([view.hash, view.blocks]);
  if (before?.signature === signature) return before;
  const form = draw(view, depth);
  form.signature = signature;
  if (before) refill(form, before);
  forms.set(view.id, form);
  return form;
}

function draw(view, depth) {
  const close = () => act("close", { view_id: view.id });
  const context = { place: { view_id: view.id }, surface: "modal" };
  const form = make("form", { "data-surface": "modal", novalidate: "", onsubmit: (event) => { event.preventDefault(); submit(form, view); } },
    make("header", {}, depth > 1 ? iconButton("back", "Back", close) : null,
      make("h2", { id: "modal-title" }, plainWords(view.title)), iconButton("close", "Close", close)),
    make("div", { class: "modal-body", tabindex: "-1" }, make("div", { class: "error", role: "alert", "data-error": "" }),
      view.blocks.map((block) => drawBlock(block, context))),
    make("footer", { class: "row end" }, make("button", { type: "button", onclick: close }, plainWords(view.close) || (view.submit ? "Cancel" : "Close")),
      view.submit ? make("button", { class: "primary", disabled: Boolean(view.submit_disabled) }, plainWords(view.submit)) : null));
  return form;
}

// A view that the bot updates keeps what was written, as far as its fields are still there.
function refill(form, before) {
  for (const shown of form.querySelectorAll("input.field, textarea.field, select.field")) {
    const same = before.querySelector(`.field[data-block="${CSS.escape(shown.dataset.block)}"][data-action="${CSS.escape(shown.dataset.action)}"]`);
    if (same && same.value !== undefined) shown.value = same.value;
  }
  for (const shown of form.querySelectorAll(".boxes input")) {
    const same = [...before.querySelectorAll(".boxes input")].find((each) => each.name === shown.name && each.value === shown.value);
    if (same) shown.checked = same.checked;
  }
  const focused = document.activeElement?.closest(".field");
  if (focused && before.contains(focused)) {
    queueMicrotask(() => form.querySelector(`.field[data-action="${CSS.escape(focused.dataset.action)}"]`)?.focus());
  }
}

async function submit(form, view) {
  const missing = {};
  const values = {};
  const written = valuesIn(form);
  for (const block of view.blocks.filter((each) => each.type === "input")) {
    const value = written[block.block_id]?.[block.element.action_id] ?? null;
    const isEmpty = value === null || value === "" || (Array.isArray(value) && !value.length);
    if (isEmpty && !block.optional) missing[block.block_id] = "Please fill this in.";
    if (value !== null) values[block.block_id] = value;
  }
  showErrors(form, missing);
  if (!Object.keys(missing).length) await act("submit", { view_id: view.id, values });
}

function showErrors(form, errors) {
  for (const place of form.querySelectorAll("[data-error]")) {
    const words = errors[place.dataset.error] ?? "";
    if (place.textContent !== words) place.textContent = words;
    const field = place.closest(".input")?.querySelector(".field");
    if (field) field.setAttribute("aria-invalid", String(Boolean(words)));
  }
  if (Object.keys(errors).length) form.querySelector('.field[aria-invalid="true"]')?.focus();
}

export function startModals() {
  byId("modal").addEventListener("cancel", (event) => {
    event.preventDefault();
    const top = part("modals", []).at(-1);
    if (top) act("close", { view_id: top.id });
  });
}
