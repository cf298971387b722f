// The wiki: marks what a citation quotes, saves an edited page, reindexes, and shows how the index is doing.

import { startTheme } from "./theme.js";
import { byId, icon, make } from "./dom.js";
import { markQuote } from "./marking.js";

const { wiki, path, revision, reader } = document.body.dataset;

async function ask(deed, body) {
  const wishes = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  try {
    return await (await fetch(`/wiki/-/${deed}`, wishes)).json();
  } catch {
    return { ok: false, error: "The workspace does not answer; is it still running?" };
  }
}

// Health

const NAMES = { pages: "Pages", passages: "Passages", generation: "Generation" };
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

function drawHealth(health) {
  if (!health.ok) { byId("refreshed").textContent = health.error; return; }
  const facts = Object.entries(NAMES).map(([key, name]) => [name, health[key].toLocaleString()]);
  facts.push(["Refreshed", health.refreshed_at ? moment.format(new Date(health.refreshed_at)) : "not yet"]);
  byId("health").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  byId("problems").replaceChildren(...health.problems.map((each) => make("li", {}, each)));
}

async function refresh() {
  const button = byId("refresh");
  button.disabled = true;
  byId("refreshed").textContent = "Reindexing…";
  const result = await ask("refresh", {});
  button.disabled = false;
  byId("refreshed").textContent = result.ok ? result.said : result.error;
  if (result.ok) { drawHealth(result); say(""); }
}

// Editing

function say(words, isBad = false) {
  byId("said").hidden = !words;
  byId("said").textContent = words;
  byId("said").className = isBad ? "bad" : "";
}

function edit(isOpen) {
  byId("editor").hidden = !isOpen;
  byId("page").hidden = isOpen;
  byId("edit").hidden = isOpen;
  scrollTo(0, 0);
  if (isOpen) byId("source").focus();
  else byId("edit").focus();
}

async function save(event) {
  event.preventDefault();
  const result = await ask("save", { wiki, path, revision, person: reader, source: byId("source").value });
  if (!result.ok) { say(result.error, true); return; }
  sessionStorage.setItem("footnote-saved", `${wiki}/${path}`);
  location.reload();
}

// Reading

function filterPages() {
  const wanted = byId("filter").value.trim().toLowerCase();
  for (const folder of document.querySelectorAll("#pages details")) {
    const items = [...folder.querySelectorAll("li")];
    for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
    folder.hidden = items.every((item) => item.hidden);
    if (wanted) folder.open = true;
  }
}

// Marks what the address quotes; returns whether all that it quotes, if anything, is on the page.
function showQuote() {
  const directive = new URLSearchParams(location.search).get("quote");
  if (!directive) return true;
  const start = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  const marks = markQuote(byId("page"), directive, start);
  marks[0]?.scrollIntoView({ block: "center" });
  return marks.length > 0;
}

// Who has just saved knows why quoted words are gone; to anybody else it is said.
function greet(isQuoteThere) {
  const isSaved = sessionStorage.getItem("footnote-saved") === `${wiki}/${path}`;
  sessionStorage.removeItem("footnote-saved");
  if (isSaved) say("Saved. The bot answers from it after the next reindex.");
  else if (!isQuoteThere) say("The quoted words are not on the page any more; it was edited since the index read it.");
}

function start() {
  for (const place of document.querySelectorAll("[data-icon]")) place.prepend(icon(place.dataset.icon));
  startTheme(byId("theme"));
  byId("edit").addEventListener("click", () => edit(true));
  byId("leave").addEventListener("click", () => edit(false));
  byId("editor").addEventListener("submit", save);
  byId("refresh").addEventListener("click", refresh);
  byId("filter").addEventListener("input", filterPages);
  greet(showQuote());
  document.querySelector("#pages [aria-current]")?.scrollIntoView({ block: "nearest" });
  ask("health").then(drawHealth);
}

start();
