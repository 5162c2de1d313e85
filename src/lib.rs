//! Switchyard: a self-hosted AI gateway with a web console.
//!
//! Rooms stand on floors and import only downwards: `app::model`, then `store` (all SQL), then the rooms that decide
//! (`wire`, `price`: pure, no clock, no I/O), the rooms that remember (`book`, `journal`), and the doors (`gateway`,
//! `desk`, `auth`, `server`). `ARCHITECTURE.md` draws the map; `tests/tidy.rs` holds the tree to it.

pub mod admin;
pub mod alert;
pub mod assets;
pub mod auth;
pub mod book;
pub mod cache;
pub mod chart;
pub mod clock;
pub mod desk;
pub mod errand;
pub mod gateway;
pub mod health;
pub mod house;
pub mod journal;
pub mod limit;
pub mod price;
pub mod recompute;
pub mod route;
pub mod sample;
pub mod sandbox;
pub mod secret;
pub mod server;
pub mod settings;
pub mod setup;
pub mod store;
pub mod tasks;
pub mod wire;
