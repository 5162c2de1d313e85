//! Tests that talk to the program as its users do.

mod admin;
mod gateway;
mod journal;
mod publications;
mod realtime;
mod rig;
mod streaming;
mod tidy;
