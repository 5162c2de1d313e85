// Keeps lists where they were scrolled to, then loads the wasm half, which gives the page its hands, and wakes its
// islands. Where anything fails, the page goes on working without it.

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

const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
const app = await import(js);
await app.default({ module_or_path: wasm });
await painted();
app.hydrate();
for (const island of document.querySelectorAll("leptos-island")) {
  app[island.dataset.component](island);
}
document.documentElement.dataset.ready = "";

/** The page is seen before anything measures it. A page in the background is not painted, and does not wait for that. */
function painted() {
  const frame = new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
  return Promise.race([frame, new Promise((go) => setTimeout(go, 100))]);
}
