// Fields that hold a value: every menu, picker and text box of Block Kit, each with a way to read it.

import { make } from "./dom.js";
import { plainWords, words } from "./text.js";
import { act, channels, part, people, store } from "./store.js";

const readers = new WeakMap(); // a field's element to the function that reads its value

// A field says who it is, so that its value can be sent with a press or a submitted form.
export function field(shown, element, block, read) {
  shown.dataset.block = block.block_id;
  shown.dataset.action = element.action_id;
  shown.classList.add("field");
  readers.set(shown, read);
  return shown;
}

// What stands in all fields below root: block_id to action_id to value.
export function valuesIn(root) {
  const values = {};
  for (const shown of root.querySelectorAll(".field")) {
    const value = readers.get(shown)?.();
    if (value !== undefined) (values[shown.dataset.block] ??= {})[shown.dataset.action] = value;
  }
  return values;
}

export function optionsOf(element) {
  const { type } = element;
  if (type.includes("users_select")) return people().filter((each) => !each.is_bot).map((each) => option(each.id, each.name));
  if (/(channels|conversations)_select/.test(type)) return conversations(element);
  return [];
}

const option = (value, text, description) => ({ value, label: text, description });
const optionOf = (each) => option(each.value, plainWords(each.text), plainWords(each.description));
export const groupsOf = (element) => [
  { label: "", options: [...(element.options ?? []).map(optionOf), ...optionsOf(element)] },
  ...(element.option_groups ?? []).map((group) => ({ label: plainWords(group.label), options: group.options.map(optionOf) })),
].filter((group) => group.options.length);

function conversations(element) {
  const kinds = element.filter?.include ?? ["public", "private", ...(element.type.includes("conversations") ? ["im"] : [])];
  const kindOf = { channel: "public", group: "private", im: "im" };
  return channels().filter((each) => kinds.includes(kindOf[each.kind]))
    .map((each) => option(each.id, each.kind === "im" ? "Footnote (direct message)" : `#${each.name}`));
}

const FIRST = ["initial_user", "initial_channel", "initial_conversation"];
const firstOne = (element) => element.initial_option?.value ?? FIRST.map((name) => element[name]).find(Boolean)
  ?? (element.default_to_current_conversation ? store.place : "");
const firstMany = (element) => (element.initial_options?.map((each) => each.value)
  ?? element.initial_users ?? element.initial_channels ?? element.initial_conversations ?? []);

// A menu for one choice is the browser's own: keyboard, screen readers and phones know it.
export function menu(element, block, label, changed) {
  const first = firstOne(element);
  const draw = (each) => make("option", { value: each.value, selected: each.value === first }, each.label);
  const shown = make("select", { "aria-label": label || undefined, onchange: () => changed(shown.value) },
    make("option", { value: "" }, plainWords(element.placeholder) || "Choose an option"),
    groupsOf(element).map((group) => (group.label ? make("optgroup", { label: group.label }, group.options.map(draw)) : group.options.map(draw))));
  return field(shown, element, block, () => shown.value || null);
}

// A list of boxes that opens below its summary: for many choices, and for options that the bot looks up.
export function chooser(element, block, label, changed, place) {
  const isMany = element.type.startsWith("multi_");
  const isExternal = element.type.includes("external");
  const chosen = new Map(known(element, isMany).map((each) => [each.value, each.label]));
  const summary = make("summary", { "aria-label": label || undefined });
  const list = make("div", { class: "choices", role: "group", "aria-label": label || "Options" });
  const filter = make("input", { type: "search", placeholder: isExternal ? "Write to search" : "Filter", "aria-label": `${label || "Options"}: filter` });
  const most = element.max_selected_items ?? 100;
  const shown = make("details", { class: "chooser", "data-keep": `${block.block_id}/${element.action_id}` }, summary, filter, list);

  const choose = (each, isOn) => {
    if (!isMany) chosen.clear();
    if (isOn) chosen.set(each.value, each.label);
    else chosen.delete(each.value);
    if (!isMany) shown.open = false;
    draw();
    changed(read());
  };
  const box = (each) => make("label", {}, make("input", {
    type: isMany ? "checkbox" : "radio", name: `${block.block_id}/${element.action_id}`, checked: chosen.has(each.value),
    disabled: isMany && !chosen.has(each.value) && chosen.size >= most,
    onchange: (event) => { event.stopPropagation(); choose(each, event.target.checked); },
  }), " ", each.label);
  const draw = () => {
    summary.textContent = [...chosen.values()].join(", ") || plainWords(element.placeholder) || "Choose";
    const wanted = filter.value.trim().toLowerCase();
    const offers = isExternal ? suggested(element, block) : groupsOf(element).flatMap((group) => group.options);
    const fitting = offers.filter((each) => isExternal || each.label.toLowerCase().includes(wanted));
    list.replaceChildren(...(fitting.length ? fitting.map(box) : [make("p", { class: "note" }, isExternal ? "Nothing offered yet." : "Nothing fits.")]));
  };
  const look = () => act("suggest", { ...place, action_id: element.action_id, block_id: block.block_id, typed: filter.value });
  filter.addEventListener("input", () => {
    if (isExternal && filter.value.length >= (element.min_query_length ?? 3)) look();
    else draw();
  });
  shown.addEventListener("toggle", () => { if (shown.open && isExternal && element.min_query_length === 0) look(); });
  shown.addEventListener("suggestions", draw);
  const read = () => (isMany ? [...chosen.keys()] : [...chosen.keys()][0] ?? null);
  draw();
  return field(shown, element, block, read);
}

function known(element, isMany) {
  const options = [...groupsOf(element).flatMap((group) => group.options),
    ...(element.initial_options ?? []).map(optionOf), ...(element.initial_option ? [optionOf(element.initial_option)] : [])];
  const values = isMany ? firstMany(element) : [firstOne(element)].filter(Boolean);
  return values.map((value) => options.find((each) => each.value === value) ?? option(value, value));
}

function suggested(element, block) {
  const answer = part("suggestions", {})[`${block.block_id}/${element.action_id}`] ?? {};
  return [...(answer.options ?? []), ...(answer.option_groups ?? []).flatMap((group) => group.options)].map(optionOf);
}

export function boxes(element, block, label, changed) {
  const isMany = element.type === "checkboxes";
  const first = isMany ? firstMany(element) : [firstOne(element)];
  const name = `${block.block_id}/${element.action_id}`;
  const shown = make("div", { class: "boxes", role: isMany ? "group" : "radiogroup", "aria-label": label || "Options", onchange: () => changed(read()) },
    element.options.map((each) => make("label", {},
      make("input", { type: isMany ? "checkbox" : "radio", name, value: each.value, checked: first.includes(each.value) }),
      make("span", {}, words(each.text), each.description ? make("span", { class: "note" }, words(each.description)) : null))));
  const read = () => {
    const checked = [...shown.querySelectorAll("input:checked")].map((input) => input.value);
    return isMany ? checked : checked[0] ?? null;
  };
  return field(shown, element, block, read);
}

const PICKERS = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local" };

export function picker(element, block, label, changed) {
  const shown = make("input", {
    type: PICKERS[element.type], "aria-label": label || plainWords(element.placeholder) || element.type,
    onchange: () => changed(read()),
  });
  shown.value = element.initial_date ?? element.initial_time ?? (element.initial_date_time ? localMoment(element.initial_date_time) : "");
  const read = () => (!shown.value ? null : element.type === "datetimepicker" ? String(Math.floor(new Date(shown.value) / 1000)) : shown.value);
  return field(shown, element, block, read);
}

const localMoment = (seconds) => {
  const moment = new Date(seconds * 1000);
  return new Date(moment - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

const BOXES = { number_input: "number", email_text_input: "email", url_text_input: "url" };

export function textBox(element, block, label, changed) {
  const isLong = element.multiline || element.type === "rich_text_input";
  const attributes = {
    "aria-label": label || undefined, placeholder: plainWords(element.placeholder) || undefined,
    maxlength: element.max_length && String(element.max_length), minlength: element.min_length && String(element.min_length),
    min: element.min_value, max: element.max_value, step: element.is_decimal_allowed ? "any" : undefined,
  };
  const shown = isLong ? make("textarea", { ...attributes, rows: "4" }) : make("input", { ...attributes, type: BOXES[element.type] ?? "text" });
  shown.value = element.type === "rich_text_input" ? textOf(element.initial_value) : element.initial_value ?? "";
  const when = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  if (when.includes("on_character_entered")) shown.addEventListener("input", () => changed(read()));
  shown.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || isLong || !block.dispatch_action) return;
    event.preventDefault();
    if (when.includes("on_enter_pressed")) changed(read());
  });
  const read = () => (element.type === "rich_text_input" ? richValue(shown.value) : shown.value);
  return field(shown, element, block, read);
}

const richValue = (text) => (text
  ? { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] } : null);
const textOf = (rich) => (rich?.elements ?? []).flatMap((each) => each.elements ?? []).map((each) => each.text ?? "").join("");

