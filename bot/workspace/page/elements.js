// The interactive elements of Block Kit, and what a press on one sends.

import { icon, iconButton, make } from "./dom.js";
import { confirmed } from "./confirm.js";
import { boxes, chooser, menu, picker, textBox, valuesIn } from "./fields.js";
import { addressFor, isWeb } from "./links.js";
import { act, store } from "./store.js";
import { plainWords } from "./text.js";

const given = new Map(); // which side of feedback buttons was pressed, by message and action

// Presses element, after its confirmation if it has one, with what is filled in around it.
function presser(element, block, place) {
  return async (value, origin) => {
    if (element.confirm && !(await confirmed(element.confirm))) return false;
    const surface = origin?.closest("[data-surface]");
    return act("press", { ...place, action_id: element.action_id, block_id: block.block_id, value, state: surface ? valuesIn(surface) : {} });
  };
}

const styleOf = (element) => ["primary", "danger"].filter((style) => style === element.style).join("");

function button(element, block, { place }) {
  const press = presser(element, block, place);
  const label = element.accessibility_label;
  const focus = `${block.block_id}/${element.action_id}`;
  if (element.url && isWeb(element.url)) {
    return make("a", {
      class: `button ${styleOf(element)}`, href: addressFor(element.url), target: "_blank", rel: "noopener noreferrer", "aria-label": label,
      "data-focus": focus, onclick: (event) => press(undefined, event.currentTarget),
    }, plainWords(element.text), make("span", { class: "leads-out", "aria-hidden": "true" }, "↗"));
  }
  return make("button", {
    type: "button", class: styleOf(element), "aria-label": label, "data-focus": focus,
    onclick: (event) => press(undefined, event.currentTarget),
  }, plainWords(element.text));
}

function iconOnly(element, block, { place }) {
  const press = presser(element, block, place);
  const label = element.accessibility_label ?? plainWords(element.text);
  return iconButton(element.icon, label, (event) => press(undefined, event.currentTarget), { "data-focus": `${block.block_id}/${element.action_id}` });
}

function feedback(element, block, { place }) {
  const press = presser(element, block, place);
  const key = JSON.stringify([place, block.block_id, element.action_id, store.person]);
  const side = (name, picture) => {
    const { text, accessibility_label: label } = element[`${name}_button`];
    return make("button", {
      type: "button", class: "quiet feedback", "aria-label": label ?? plainWords(text), title: plainWords(text),
      "aria-pressed": String(given.get(key) === name), "data-side": name, "data-focus": `${element.action_id}/${name}`,
      onclick: async (event) => {
        const buttons = event.currentTarget.parentElement;
        if (!(await press(name, event.currentTarget))) return;
        given.set(key, name);
        for (const each of buttons.children) each.setAttribute("aria-pressed", String(each.dataset.side === name));
      },
    }, icon(picture));
  };
  return make("span", { class: "feedback-pair", role: "group", "aria-label": "Feedback" }, side("positive", "up"), side("negative", "down"));
}

function overflow(element, block, { place }) {
  const press = presser(element, block, place);
  const shown = make("details", { class: "overflow", "data-keep": `${block.block_id}/${element.action_id}` },
    make("summary", { "aria-label": "More actions" }, icon("more")),
    make("div", { class: "choices" }, element.options.map((each) => {
      const choose = (event) => { shown.open = false; press(each.value, event.currentTarget); };
      if (each.url && isWeb(each.url)) return make("a", { href: addressFor(each.url), target: "_blank", rel: "noopener noreferrer", onclick: choose }, plainWords(each.text));
      return make("button", { type: "button", class: "quiet", onclick: choose }, plainWords(each.text),
        each.description ? make("span", { class: "note" }, plainWords(each.description)) : null);
    })));
  return shown;
}

// An image of the workspace's own is shown; any other would make the browser call somebody.
export function image(element) {
  const own = element.image_url?.startsWith(`${location.origin}/`) || element.slack_file?.id;
  if (own) return make("img", { src: element.slack_file ? fileAddress(element.slack_file.id) : element.image_url, alt: element.alt_text });
  return make("span", { class: "no-image", role: "img", "aria-label": element.alt_text, title: "The local workspace loads nothing from elsewhere" }, element.alt_text);
}

export const fileAddress = (id) => `/control/file/${encodeURIComponent(id)}${location.search}`;

const FIELDS = {
  static_select: menu, users_select: menu, channels_select: menu, conversations_select: menu,
  multi_static_select: chooser, multi_users_select: chooser, multi_channels_select: chooser, multi_conversations_select: chooser,
  external_select: chooser, multi_external_select: chooser,
  checkboxes: boxes, radio_buttons: boxes,
  datepicker: picker, timepicker: picker, datetimepicker: picker,
  plain_text_input: textBox, email_text_input: textBox, url_text_input: textBox, number_input: textBox, rich_text_input: textBox,
};
const PRESSED = { button, icon_button: iconOnly, feedback_buttons: feedback, overflow, image };

// Draws one element; label is what a screen reader calls a field that has no label beside it.
export function draw(element, block, context, label = "") {
  if (element.visible_to_user_ids && !element.visible_to_user_ids.includes(store.person)) return null;
  if (PRESSED[element.type]) return PRESSED[element.type](element, block, context);
  const drawField = FIELDS[element.type];
  if (!drawField) return make("span", { class: "unknown" }, `[${element.type}]`);
  const press = presser(element, block, context.place);
  const sends = block.type !== "input" || block.dispatch_action;
  const shown = drawField(element, block, label || plainWords(element.placeholder), (value) => sends && press(value, shown), context.place);
  return shown;
}
