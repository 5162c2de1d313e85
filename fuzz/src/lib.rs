//! The rooms that read what strangers send, as both crates have them, and what must hold of them.

extern crate self as app;
extern crate self as switchyard;

#[path = "../../app/src"]
mod shared {
    pub mod model;
}

#[path = "../../src"]
mod rooms {
    pub mod route;
    pub mod wire;
}

#[path = "../targets"]
mod targets {
    pub mod config;
    pub mod response;
    pub mod sse;
}

pub use rooms::{route, wire};
pub use shared::model;
pub use targets::{config, response, sse};
