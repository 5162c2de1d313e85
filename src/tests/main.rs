//! Tests that talk to the program as its users do.

mod edges;
mod gateway;
mod journal;
mod realtime;
mod records;
mod rig;
mod streaming;
mod tidy;
