// The playground: columns that stream side by side. Without it the form asks one column, and the page shows the answer.

const KEPT = "playground";
const FIELDS = ["system", "temperature", "max_tokens", "tools", "more"];
const QUIET = 250; // ms without typing after which the code is written anew
const runs = new Map(); // a pane and what stops its call

const theForm = () => document.querySelector("[data-play]");
const panesOf = (form) => [...form.querySelectorAll(".pane")];
const shownOf = (form) => panesOf(form).filter((pane) => !pane.hidden);
const say = (form, text) => (form.querySelector("[data-told]").textContent = text);

addEventListener("submit", (event) => {
  const form = event.target.closest("[data-play]");
  if (form) {
    event.preventDefault();
    event.stopImmediatePropagation();
    runAll(form);
  }
}, true);

addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  const form = theForm();
  if (button && form) ACTS[button.dataset.act]?.(form, button);
});

addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-play]");
  if (form && event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
    event.preventDefault();
    runAll(form);
  }
});

addEventListener("input", (event) => {
  const form = event.target.closest("[data-play]");
  if (form && event.target.name !== "client") keep(form);
});

addEventListener("toggle", (event) => {
  const form = event.target.closest?.("[data-play]");
  if (form && event.target.matches("[data-code]")) codeLater(form, 0);
}, true);

begin();

const ACTS = {
  add(form) {
    const next = panesOf(form).find((pane) => pane.hidden);
    if (!next) return say(form, "There are four columns already.");
    next.hidden = false;
    next.querySelector("input").focus();
    count(form);
    keep(form);
  },
  close(form, button) {
    const pane = button.closest(".pane");
    runs.get(pane)?.abort();
    for (const field of pane.querySelectorAll("input, select")) field.value = "";
    for (const place of pane.querySelectorAll(".out, footer")) place.replaceChildren();
    // The first one stays: something has to be asked.
    if (shownOf(form).length > 1) pane.hidden = true;
    shownOf(form)[0].querySelector("input").focus();
    count(form);
    keep(form);
  },
  turn(form) {
    const last = [...form.querySelectorAll("[data-turn]")].at(-1);
    const role = last?.querySelector("select").value === "user" ? "assistant" : "user";
    addTurn(form, { role, text: "" }).querySelector("textarea").focus();
    keep(form);
  },
  drop(form, button) {
    const turn = button.closest("[data-turn]");
    if (form.querySelectorAll("[data-turn]").length > 1) turn.remove();
    else turn.querySelector("textarea").value = "";
    form.querySelector("[data-turn] textarea").focus();
    keep(form);
  },
  stop: () => runs.forEach((run) => run.abort()),
  "stop-one": (form, button) => runs.get(button.closest(".pane"))?.abort(),
  copy: (form, button) => copy(form, button.parentElement.querySelector("code").textContent),
  "copy-answer": (form, button) => copy(form, button.closest(".pane").querySelector(".out").innerText),
};

/** Puts back what was typed before in this tab, unless the page came with something of its own. */
function begin() {
  const form = theForm();
  if (!form || form.dataset.begun) return;
  form.dataset.begun = "yes";
  const kept = location.search ? undefined : parsed(sessionStorage.getItem(KEPT));
  if (kept?.turns && kept.columns) fill(form, kept);
  count(form);
}

function sheetOf(form) {
  return {
    ...Object.fromEntries(FIELDS.map((name) => [name, form.elements[`form[${name}]`].value])),
    turns: [...form.querySelectorAll("[data-turn]")].map((turn) => ({ role: turn.querySelector("select").value, text: turn.querySelector("textarea").value })),
    columns: panesOf(form).map((pane) => ({ model: pane.querySelector("input").value, config: pane.querySelector("select").value })),
  };
}

function fill(form, sheet) {
  for (const name of FIELDS) form.elements[`form[${name}]`].value = sheet[name];
  const [first, ...others] = form.querySelectorAll("[data-turn]");
  others.forEach((turn) => turn.remove());
  sheet.turns.forEach((said, at) => (at ? addTurn(form, said) : setTurn(first, said)));
  panesOf(form).forEach((pane, at) => {
    const column = sheet.columns[at];
    pane.querySelector("input").value = column.model;
    pane.querySelector("select").value = column.config;
    pane.hidden = at > 0 && !column.model && !column.config;
  });
}

function setTurn(turn, said) {
  [turn.querySelector("select").value, turn.querySelector("textarea").value] = [said.role, said.text];
}

function addTurn(form, said) {
  const list = form.querySelector("[data-turns]");
  const turn = list.firstElementChild.cloneNode(true);
  for (const field of turn.querySelectorAll("[name]")) field.name = field.name.replace(/\[\d+\]/, `[${list.children.length}]`);
  setTurn(turn, said);
  list.append(turn);
  return turn;
}

function keep(form) {
  codeLater(form, QUIET);
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(sheetOf(form)));
  } catch {
    // Too long to be kept: then a reload begins anew.
  }
}

function count(form) {
  const add = document.querySelector("[data-act=add]");
  const shown = shownOf(form).length;
  if (!add) return;
  add.disabled = shown === panesOf(form).length;
  add.querySelector(".muted").textContent = `${shown} of ${panesOf(form).length}`;
}

async function runAll(form) {
  clear(form);
  const sheet = sheetOf(form);
  const panes = shownOf(form);
  const asked = panes.filter((pane) => panes.length === 1 || pane.querySelector("input").value || pane.querySelector("select").value);
  runs.forEach((run) => run.abort());
  form.querySelector("[data-act=stop]").disabled = false;
  say(form, "");
  const answers = await Promise.all(asked.map((pane) => run(form, pane, sheet)));
  if ([...runs.keys()].every((pane) => !form.contains(pane))) form.querySelector("[data-act=stop]").disabled = true;
  say(form, answers.join(" "));
}

/** Asks one column, and shows what comes as it comes. Gives the outcome in words. */
async function run(form, pane, sheet) {
  const column = panesOf(form).indexOf(pane);
  const name = `Column ${column + 1}`;
  const trace = crypto.getRandomValues(new Uint32Array(4)).reduce((id, part) => id + part.toString(16).padStart(8, "0"), "");
  const stop = new AbortController();
  const view = new View(pane);
  runs.set(pane, stop);
  let log, told, begun;
  try {
    const response = await post("/playground/run", { sheet, column, trace }, stop.signal);
    begun = true;
    log = response.headers.get("x-portkey-request-id");
    if (!response.ok) throw await refusal(response, form);
    for await (const event of events(response)) view.take(event);
    told = view.failed ? `${name} broke off.` : `${name} has answered.`;
  } catch (error) {
    const stopped = stop.signal.aborted;
    // The pane may have been asked anew meanwhile.
    view.failed ||= !stopped;
    const kept = view.first ? "Stopped. What had come is kept." : "Stopped. Nothing had come yet.";
    if (runs.get(pane) === stop) view.alert(stopped ? kept : error.words ?? "The connection was lost. The log has what is known of the call.", !stopped);
    told = stopped ? `${name} was stopped.` : `${name} failed.`;
  }
  clearInterval(view.clock);
  if (runs.get(pane) !== stop) return "";
  runs.delete(pane);
  view.end();
  if (log) await settle(view, `/playground/runs/${log}`, log);
  // Its id comes with the answer's head: without one it is found by its trace.
  else if (!begun) await settle(view, `/playground/traces/${trace}`);
  return told;
}

/** The server's figures stand for those that were measured here, and its cleaned Markdown for the plain text. */
async function settle(view, address, log) {
  const found = await once(address);
  if (runs.has(view.pane)) return;
  if (!found) return log && view.link(log);
  if (found.parts.length && !view.json()) view.parts(found.parts);
  if (found.error && !view.failed) view.alert(`Status ${found.status}. ${found.error}`, found.status !== 499);
  view.figures(found.figures);
  view.link(found.log);
}

/** A call that was stopped is written down a moment later. */
async function once(address) {
  for (let wait = 50; wait < 2000; wait *= 2) {
    const response = await fetch(address);
    if (response.ok) return response.json();
    await new Promise((go) => setTimeout(go, wait));
  }
}

class View {
  constructor(pane) {
    [this.pane, this.out, this.feet] = [pane, pane.querySelector(".out"), pane.querySelector("footer")];
    this.began = performance.now();
    this.text = make("p", "plain", "");
    this.calls = [];
    this.pieces = 0;
    this.out.replaceChildren(this.text);
    this.out.setAttribute("aria-busy", "true");
    pane.dataset.busy = "";
    this.clock = setInterval(() => this.tick(), 100);
    this.tick();
  }

  take(event) {
    if (event.error) {
      this.failed = true;
      return this.alert(event.error.message ?? String(event.error), true);
    }
    for (const choice of event.choices ?? []) {
      const said = choice.delta ?? choice.message ?? {};
      const thought = said.reasoning_content ?? said.reasoning;
      if (thought || said.content || said.tool_calls?.length) this.first ??= performance.now();
      if (typeof thought === "string" && thought) this.think(thought);
      if (typeof said.content === "string" && said.content) this.write(said.content);
      for (const call of said.tool_calls ?? []) this.call(call);
    }
  }

  write(words) {
    this.pieces += 1;
    const below = this.out.scrollHeight - this.out.scrollTop - this.out.clientHeight < 40;
    this.text.append(words);
    if (below) this.out.scrollTop = this.out.scrollHeight;
  }

  think(words) {
    this.thought ??= this.out.insertBefore(make("p", "muted plain", "Reasoning: "), this.text);
    this.thought.append(words);
  }

  call({ index = 0, function: asked = {} }) {
    const call = (this.calls[index] ??= this.out.appendChild(make("pre", "", "")));
    call.tabIndex = 0;
    call.append((asked.name ? `${asked.name} ` : "") + (asked.arguments ?? ""));
  }

  tick(word = "running") {
    const now = performance.now();
    const figures = [[word, seconds(now - this.began)]];
    if (this.first) figures.push(["first token", seconds(this.first - this.began)]);
    if (this.first && now - this.first > 300) figures.push(["speed", `about ${Math.round((this.pieces * 1000) / (now - this.first))} tok/s`]);
    this.figures(figures);
  }

  end() {
    if (!this.text.textContent) this.text.remove();
    this.tick("ended after");
    delete this.pane.dataset.busy;
    this.out.removeAttribute("aria-busy");
  }

  figures(pairs) {
    this.feet.replaceChildren(...pairs.map(([name, value]) => {
      const figure = make("span", "", "");
      figure.append(make("span", "muted", name), ` ${value}`);
      return figure;
    }));
  }

  link(log) {
    this.feet.append(Object.assign(make("a", "link", "Log"), { href: `/logs/${log}` }));
  }

  parts(parts) {
    const drawn = parts.map((part) => {
      const [kind, value] = Object.entries(part)[0];
      if (kind === "html") return Object.assign(make("div", "prose", ""), { innerHTML: value });
      if (kind === "tool_call") return make("pre", "", `${value.name} ${pretty(value.arguments) ?? value.arguments}`);
      if (kind === "tool_result") return make("pre", "", value.content);
      return make("p", kind === "note" ? "muted plain" : "plain", value);
    });
    drawn.filter((part) => part.tagName === "PRE").forEach((part) => (part.tabIndex = 0));
    this.out.replaceChildren(...drawn, ...this.out.querySelectorAll(".alert"));
  }

  /** An answer that is JSON is laid out as such. */
  json() {
    const laid = pretty(this.text.textContent);
    if (laid) this.text.replaceWith(Object.assign(make("pre", "", laid), { tabIndex: 0 }));
    return laid;
  }

  alert(words, bad) {
    this.out.appendChild(make("div", bad ? "alert bad" : "alert", "")).append(make("p", "", words));
  }
}

function pretty(text) {
  const value = parsed(text);
  return value && typeof value === "object" ? JSON.stringify(value, null, 2) : undefined;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const make = (name, className, text) => Object.assign(document.createElement(name), { className, textContent: text });
const seconds = (millis) => (millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(2)} s`);

const post = (address, body, signal) =>
  fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal });

/** What was refused, in words; a field that is named says so itself. */
async function refusal(response, form) {
  const text = await response.text();
  const told = parsed(text) ?? {};
  for (const [name, words] of told.fields ?? []) mark(form, name, words);
  const words = told.message ?? told.error?.message ?? "The server did not answer this.";
  if (response.status === 401 && !response.headers.has("x-portkey-request-id")) location.assign("/sign-in");
  return Object.assign(new Error(words), { words: told.fields ? words : `Status ${response.status}. ${words}` });
}

function mark(form, name, words) {
  const field = form.elements[`form[${name}]`];
  if (!field || form.querySelector(`#${name}-told`)) return;
  const error = Object.assign(make("p", "error", words), { id: `${name}-told` });
  field.after(error);
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", error.id);
  field.closest("details")?.setAttribute("open", "");
}

function clear(form) {
  form.querySelectorAll("[id$=-told]").forEach((error) => error.remove());
  form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
}

/** Events of a stream; an answer that is none is one event. */
async function* events(response) {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return yield await response.json();
  let rest = "";
  for await (const piece of texts(response.body)) {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      const data = line.startsWith("data:") && line.slice(5).trim();
      if (data && data !== "[DONE]") yield JSON.parse(data);
    }
  }
}

async function* texts(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
}

let writing; // the code that is to be written next

/** Where the code is shown, it is written for what stands in the form. */
function codeLater(form, wait) {
  clearTimeout(writing);
  if (form.querySelector("[data-code]")?.open) writing = setTimeout(() => writeCode(form, writing), wait);
}

async function writeCode(form, turn) {
  const response = await post("/playground/code", { sheet: sheetOf(form), column: 0 });
  const answer = await response.json();
  if (turn !== writing) return;
  if (!response.ok) say(form, answer.message);
  form.querySelectorAll("[data-code] code").forEach((code, at) => (code.textContent = response.ok ? (answer[at]?.text ?? "") : answer.message));
}

async function copy(form, text) {
  try {
    await navigator.clipboard.writeText(text);
    say(form, "Copied.");
  } catch {
    say(form, "The browser does not let this page copy. Select the text instead.");
  }
}
