// The blocks of Block Kit. A context says where they stand: the place a press is sent with, and the surface.

import { icon, make } from "./dom.js";
import { draw, image } from "./elements.js";
import { link } from "./links.js";
import { inline, markdown } from "./markdown.js";
import { richParts, richText } from "./richtext.js";
import { plainWords, words } from "./text.js";

const row = (block, elements, context, className = "row") =>
  make("div", { class: className }, elements.map((element) => draw(element, block, context)));

function section(block, context) {
  return make("div", { class: block.accessory ? "section with-accessory" : "section" },
    make("div", { class: "section-words" }, words(block.text),
      block.fields ? make("div", { class: "fields" }, block.fields.map(words)) : null),
    block.accessory ? make("div", { class: "accessory" }, draw(block.accessory, block, context, block.text ? plainWords(block.text) : "")) : null);
}

const contextLine = (block) => make("div", { class: "context" }, block.elements.map((each) => (each.type === "image" ? image(each) : words(each))));

function container(block, context) {
  const title = [make("span", { class: "container-title" }, block.icon ? image(block.icon) : null,
    block.rich_text_title ? block.rich_text_title.elements.flatMap((each) => richParts(each.elements)) : plainWords(block.title)),
  block.subtitle ? make("span", { class: "note" }, words(block.subtitle)) : null];
  const inside = make("div", { class: "container-body" }, block.child_blocks.map((child) => drawBlock(child, context)));
  const className = `container width-${block.width ?? "standard"}`;
  if (!block.is_collapsible) {
    const head = make("div", { class: block.has_header_divider ? "container-head divided" : "container-head" }, title);
    return make("div", { class: className }, head, inside);
  }
  return make("details", { class: className, open: !block.default_collapsed, "data-keep": block.block_id }, make("summary", {}, title), inside);
}

const cell = (each, tag) => make(tag, tag === "th" ? { scope: "col" } : {},
  each.type === "rich_text" ? richText(each) : String(each.text ?? each.value ?? ""));

function table(block) {
  const settings = block.column_settings ?? [];
  const drawn = (cells, tag) => make("tr", {}, cells.map((each, place) => {
    const shown = cell(each, tag);
    const { align, is_wrapped: isWrapped } = settings[place] ?? {};
    if (align) shown.classList.add(`align-${align}`);
    if (isWrapped) shown.classList.add("wraps");
    return shown;
  }));
  const [head, ...rows] = block.rows;
  return make("div", { class: "table-frame", tabindex: "0", role: "group", "aria-label": "Table" },
    make("table", {}, make("thead", {}, drawn(head, "th")), make("tbody", {}, rows.map((cells) => drawn(cells, "td")))));
}

const STATUS = { pending: ["○", "waiting"], in_progress: ["◐", "in progress"], complete: ["✓", "done"], error: ["✕", "failed"] };

const richOrWords = (value) => (value ? (typeof value === "string" ? make("div", { class: "text" }, inline(value)) : richText(value)) : null);

// A task_card block, and the task_update chunk of a stream, which look the same.
function task(block) {
  const [sign, said] = STATUS[block.status] ?? STATUS.pending;
  const sources = (block.sources ?? []).map((source) => link(source.url, source.text));
  const hasMore = block.details || block.output || sources.length;
  const head = [make("span", { class: `task-sign ${block.status}`, role: "img", "aria-label": said }, sign), " ", block.title];
  const inside = [richOrWords(block.details), richOrWords(block.output), sources.length ? make("div", { class: "row" }, sources) : null];
  if (!hasMore) return make("div", { class: "task" }, head);
  return make("details", { class: "task", "data-keep": block.task_id ?? block.id }, make("summary", {}, head), inside);
}

const plan = (block) => make("div", { class: "plan" },
  make("div", { class: "plan-title" }, typeof block.title === "string" ? block.title : plainWords(block.title)), (block.tasks ?? []).map(task));

const card = (block, context) => make("div", { class: "card" }, block.hero_image ? image(block.hero_image) : null,
  make("div", { class: "card-head" }, block.icon ? image(block.icon) : null,
    make("div", {}, make("b", {}, words(block.title)), make("span", { class: "note" }, words(block.subtitle)))),
  words(block.body), block.actions ? row(block, block.actions, context) : null);

function picture(block) {
  return make("figure", {}, block.title ? make("figcaption", { class: "note" }, plainWords(block.title)) : null, image(block));
}

const video = (block) => make("figure", { class: "video" }, make("figcaption", {},
  block.title_url ? link(block.title_url, plainWords(block.title)) : plainWords(block.title),
  block.description ? make("div", { class: "note" }, plainWords(block.description)) : null), link(block.video_url, "Open the video"));

function input(block, context) {
  const label = plainWords(block.label);
  const id = `hint-${block.block_id}`;
  const field = draw(block.element, block, context, label);
  field.setAttribute("aria-describedby", id);
  if (!block.optional) field.setAttribute("aria-required", "true");
  return make("div", { class: "input" },
    make("div", { class: "input-label" }, label, block.optional ? make("span", { class: "note" }, " (optional)") : null), field,
    make("div", { id }, block.hint ? make("div", { class: "note" }, plainWords(block.hint)) : null,
      make("div", { class: "error", role: "alert", "data-error": block.block_id })));
}

const BLOCKS = {
  section, container, table, card, video, input, plan,
  header: (block) => make("div", { class: "header", role: "heading", "aria-level": "3" }, plainWords(block.text)),
  divider: () => make("hr"),
  context: contextLine,
  markdown: (block) => markdown(block.text),
  rich_text: richText,
  actions: (block, context) => row(block, block.elements, context),
  context_actions: (block, context) => row(block, block.elements, context, "row context-actions"),
  carousel: (block, context) => make("div", { class: "carousel", tabindex: "0", role: "group", "aria-label": "Cards" }, block.elements.map((each) => card(each, context))),
  task_card: task, task_update: task, plan_update: plan,
  alert: (block) => make("div", { class: `alert ${block.level ?? "default"}`, role: "note" }, words(block.text)),
  image: picture,
  file: (block) => make("div", { class: "file" }, icon("book"), ` ${block.external_id}`),
};

export function drawBlock(block, context) {
  const known = BLOCKS[block.type];
  if (known) return known(block, context);
  return make("details", { class: "unknown" }, make("summary", {}, `A block this workspace does not know: ${block.type}`),
    make("pre", {}, make("code", {}, JSON.stringify(block, null, 2))));
}
