// Keeps lists where they were scrolled to, leaves what is out of sight for after the first paint, then loads the wasm
// half, which gives the page its hands, and wakes its islands. Where anything fails, the page goes on working without it.

// A list is the same list while one opens what stands in it: neither its room nor its filters change.
const search = new URLSearchParams(location.search);
search.delete("tab");
const list = `${location.pathname.split("/")[1]}?${search}`;
const REGION = '[role="region"][aria-label]';
const before = JSON.parse(sessionStorage.getItem("scrolled") ?? "{}");
const tops = before.list === list ? before.tops : {};
for (const region of document.querySelectorAll(REGION)) {
  const top = tops[region.ariaLabel];
  if (top) region.scrollTop = top;
}
// Noted while it happens: a page that is left would be laid out once more to tell, and the next one waits for that.
const note = ({ target }) => {
  if (target.matches?.(REGION)) tops[target.ariaLabel] = target.scrollTop;
};
addEventListener("scroll", note, { capture: true, passive: true });
addEventListener("pagehide", () => sessionStorage.setItem("scrolled", JSON.stringify({ list, tops })));

// A style sheet says what is out of sight. It is needed at once where one comes back to it, or where a link leads.
const root = document.documentElement;
const coming = !document.hidden && performance.getEntriesByType("paint").length === 0;
if (coming && !location.hash && Object.values(tops).every((top) => top === 0)) root.dataset.unpainted = "";
const seen = painted()
  .catch(() => {})
  .then(() => delete root.dataset.unpainted);

const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
const app = await import(js);
await app.default({ module_or_path: wasm });
await seen;
app.hydrate();
for (const island of document.querySelectorAll("leptos-island")) {
  app[island.dataset.component](island);
}
root.dataset.ready = "";

/**
 * The page is seen before anything measures it: something was painted, and since then what came with the end of the
 * page. A page in the background is not painted, and does not wait for that.
 */
function painted() {
  const some = new Promise((go) => new PerformanceObserver(go).observe({ type: "paint", buffered: true }));
  const all = new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
  const late = new Promise((go) => setTimeout(go, document.hidden ? 0 : 300));
  return Promise.race([Promise.all([some, all]), late]);
}
