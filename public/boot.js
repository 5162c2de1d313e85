// Loads the wasm half and lets it take over the page. Where anything fails, the page goes on working without it.
const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
const app = await import(js);
await app.default({ module_or_path: wasm });
app.hydrate();
document.documentElement.dataset.ready = "";
