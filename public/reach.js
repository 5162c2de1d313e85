// The keyboard's reach: a palette over pages, acts and ids, a sheet of keys, and jumps. Every page has it.

const JUMPS = {
  o: "/", l: "/logs", t: "/traces", a: "/analytics", d: "/dashboards", c: "/configs", p: "/providers", m: "/models", k: "/keys",
  b: "/budgets", r: "/prompts", y: "/playground", e: "/members", u: "/audit", s: "/settings",
};
const ACTS = [
  ["New config", "/configs/new", "/configs"],
  ["New API key", "/keys?new=1", "/keys"],
  ["Connect a provider", "/providers", "/providers"],
  ["Calls that failed", "/logs?status=error", "/logs"],
  ["Calls of the last hour", "/logs?range=1h", "/logs"],
  ["Try a model in the playground", "/playground", "/playground"],
  ["Invite somebody", "/members", "/members"],
  ["Send a first request", "/first-steps", "/"],
  ["Use the light theme", () => press("[name=theme][value=light]")],
  ["Use the dark theme", () => press("[name=theme][value=dark]")],
];
const SHEET = [
  ["Anywhere", [["⌘K Ctrl+K", "Search pages, acts and ids"], ["/", "Search this page"], ["?", "This sheet"], ["Esc", "Close what is open"]]],
  ["An open log", [["j", "Older call"], ["k", "Newer call"]]],
  ["Playground", [["⌘↵ Ctrl+↵", "Run"]]],
];
const ICONS = { Configs: "/configs", "Calls of an API key": "/keys", Providers: "/providers", "Try a model": "/playground", Logs: "/logs", Traces: "/traces" };

const lines = () => [...document.querySelectorAll(".rail .lines a")];
const line = (path) => lines().find((link) => link.getAttribute("href") === path);
const press = (selector) => document.querySelector(selector)?.click();
const typing = (target) => target instanceof Element && target.closest("input, textarea, select, [contenteditable=true]");

let jumping = 0; // until when a letter is a jump

addEventListener("keydown", (event) => {
  if (!document.querySelector(".rail") || event.isComposing) return;
  const key = event.key.toLowerCase();
  if (key === "k" && (event.metaKey || event.ctrlKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    return openPalette();
  }
  if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.timeStamp < jumping && JUMPS[key]) {
    jumping = 0;
    taken(event);
    return line(JUMPS[key])?.click();
  }
  jumping = 0;
  if (key === "g") jumping = event.timeStamp + 1500;
  else if (event.key === "/") search(event);
  else if (event.key === "?") {
    taken(event);
    openSheet();
  }
}, true);

addEventListener("click", (event) => {
  if (event.target.closest("[data-palette]")) openPalette();
});

function taken(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** The page's own search takes the focus; a page without one has the palette. */
function search(event) {
  taken(event);
  const field = document.querySelector("main search input:not([type=hidden]), main input[type=search], main [data-search]");
  if (field) field.focus();
  else openPalette();
}

// ── the palette ──

let palette;
let asking;

function openPalette() {
  if (palette?.open) return;
  palette ??= drawPalette();
  const field = palette.querySelector("input");
  field.value = "";
  list("");
  palette.showModal();
  field.focus();
}

function drawPalette() {
  const dialog = modal("palette", "Search");
  const ask = make("div", { className: "ask" });
  const field = make("input", { type: "text", autocomplete: "off", spellcheck: false, placeholder: "Pages, acts, configs, keys, ids" });
  for (const [name, value] of Object.entries({ role: "combobox", "aria-label": "Search pages, acts and ids", "aria-expanded": "true", "aria-controls": "reach-list", "aria-autocomplete": "list" })) {
    field.setAttribute(name, value);
  }
  ask.append(field, make("kbd", { textContent: "Esc" }));
  const box = make("div", { className: "found", id: "reach-list" });
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", "Found");
  const status = make("p", { className: "unseen", id: "reach-told" });
  status.setAttribute("role", "status");
  dialog.append(ask, box, status);
  field.addEventListener("input", () => list(field.value));
  field.addEventListener("keydown", steer);
  box.addEventListener("click", (event) => choose(event, event.target.closest("[role=option]:not([aria-disabled])")));
  return dialog;
}

function steer(event) {
  const options = [...palette.querySelectorAll("[role=option]:not([aria-disabled])")];
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const to = { ArrowDown: (at + 1) % options.length, ArrowUp: (at - 1 + options.length) % options.length }[event.key];
  if (to !== undefined && options.length) {
    event.preventDefault();
    select(options[to]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    options[at]?.click();
  }
}

function select(option) {
  palette.querySelectorAll("[aria-selected=true]").forEach((other) => other.setAttribute("aria-selected", "false"));
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  const field = palette.querySelector("input");
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
}

/** Closed first, so that a page's own dialog may open. A link is followed by the router, as any other. */
function choose(event, option) {
  if (!option) return;
  const act = option.act;
  if (event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  event.stopPropagation();
  palette.close();
  if (act) return act();
  const link = make("a", { href: option.getAttribute("href"), hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
}

async function list(typed) {
  const words = typed.trim();
  asking?.abort();
  const pages = lines().map((link) => ({ label: link.textContent.trim(), href: link.getAttribute("href"), icon: link, hint: jump(link.getAttribute("href")) }));
  const acts = ACTS.filter(([, , page]) => !page || line(page)).map(([label, way, page]) => ({ label, icon: line(page), ...(typeof way === "string" ? { href: way } : { act: way }) }));
  const fits = ({ label }) => label.toLowerCase().includes(words.toLowerCase());
  const here = [["Pages", pages.filter(fits)], ["Do", acts.filter(fits)]];
  draw(here, words);
  if (!words) return;
  asking = new AbortController();
  const signal = asking.signal;
  try {
    await new Promise((go) => setTimeout(go, 120));
    const response = await fetch(`/find?q=${encodeURIComponent(words)}`, { signal });
    if (signal.aborted || !response.ok) return;
    const kinds = new Map();
    for (const found of await response.json()) {
      const group = kinds.get(found.kind) ?? kinds.set(found.kind, []).get(found.kind);
      group.push({ ...found, icon: line(ICONS[found.kind]) });
    }
    if (!signal.aborted) draw([...kinds, ...here], words, true);
  } catch {
    // Typed on, or the connection is gone: pages and acts are there.
  }
}

function draw(groups, words, whole) {
  const box = palette.querySelector(".found");
  const filled = groups.filter(([, items]) => items.length);
  let number = 0;
  box.replaceChildren(...filled.map(([name, items], at) => {
    const group = make("div", {});
    const title = make("div", { className: "title", id: `reach-group-${at}`, textContent: name });
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", title.id);
    title.setAttribute("role", "presentation");
    group.append(title, ...items.map((item) => option(item, words, number++)));
    return group;
  }));
  const told = number === 1 ? "1 found" : `${number} found`;
  if (!number) box.append(nothing(words, whole));
  palette.querySelector("#reach-told").textContent = number ? told : "";
  select(box.querySelector("[role=option]:not([aria-disabled])"));
}

function nothing(words, whole) {
  const text = whole ? `Nothing is called “${words}”. Ids are found by their beginning.` : "Searching";
  const line = make("div", { className: "nothing muted", textContent: text });
  line.setAttribute("role", "option");
  line.setAttribute("aria-disabled", "true");
  line.setAttribute("aria-selected", "false");
  return line;
}

function option({ label, hint, href, act, icon }, words, number) {
  const option = make(href ? "a" : "div", { id: `reach-${number}`, tabIndex: -1 });
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  if (href) option.href = href;
  option.act = act;
  const drawing = icon?.querySelector("svg")?.cloneNode(true);
  if (drawing) option.append(drawing);
  option.append(marked(label, words));
  if (hint) option.append(make("span", { className: "push trim", textContent: hint }));
  option.addEventListener("pointermove", () => select(option));
  return option;
}

function marked(label, words) {
  const text = make("span", { className: "trim" });
  const at = words ? label.toLowerCase().indexOf(words.toLowerCase()) : -1;
  if (at < 0) text.append(label);
  else text.append(label.slice(0, at), make("mark", { textContent: label.slice(at, at + words.length) }), label.slice(at + words.length));
  return text;
}

function jump(href) {
  const letter = Object.keys(JUMPS).find((letter) => JUMPS[letter] === href);
  return letter ? `g ${letter}` : "";
}

// ── the sheet of keys ──

let sheet;

function openSheet() {
  sheet ??= drawSheet();
  sheet.showModal();
}

function drawSheet() {
  const dialog = modal("dialog keys", "Keyboard");
  const head = make("header", {});
  const close = make("button", { type: "button", className: "btn sm", textContent: "Close", autofocus: true });
  close.addEventListener("click", () => dialog.close());
  head.append(make("h2", { textContent: "Keyboard" }), close);
  const body = make("div", { className: "body" });
  const pages = lines().map((link) => [jump(link.getAttribute("href")), link.textContent.trim()]).filter(([keys]) => keys);
  const groups = [...SHEET, ["Go to", pages]];
  body.append(...groups.map(([name, rows]) => {
    const group = make("section", {});
    const table = make("dl", {});
    table.append(...rows.map(([keys, what]) => {
      const row = make("div", {});
      const term = make("dt", {});
      term.append(...keys.split(" ").map((key) => make("kbd", { textContent: key })));
      row.append(term, make("dd", { textContent: what }));
      return row;
    }));
    group.append(make("h3", { textContent: name }), table);
    return group;
  }));
  dialog.append(head, body);
  return dialog;
}

/** A dialog gives the focus back by itself. What is typed in it is not the page's. */
function modal(className, name) {
  const dialog = make("dialog", { className });
  dialog.setAttribute("aria-label", name);
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  return dialog;
}

function make(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
