//! The console: pages, parts and the types they share with the server.

pub mod api;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod failure;
pub mod model;

#[cfg(not(erase_components))]
compile_error!("build through `cargo xtask`, or keep --cfg erase_components in RUSTFLAGS: both halves must agree on it");
