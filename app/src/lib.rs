//! The console: pages, parts and the types they share with the server.

pub mod api;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod failure;
#[cfg(feature = "hydrate")]
mod hands;
pub mod model;
mod pages;
mod parts;
mod routes;
#[cfg(feature = "ssr")]
mod shell;

#[cfg(feature = "ssr")]
pub use pages::analytics::url::read as analytics_query;
#[cfg(feature = "ssr")]
pub use parts::diff::unified as diff;
pub use routes::App;
#[cfg(feature = "ssr")]
pub use shell::{Front, shell};

#[cfg(not(erase_components))]
compile_error!(
    "build through `cargo xtask`, or keep --cfg erase_components in RUSTFLAGS: both halves must agree on it"
);

/// Gives the page that the server has rendered its hands. Called by `public/boot.js`, which then wakes the islands.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
    hands::attend();
}
