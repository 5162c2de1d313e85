//! Tests that talk to the program as its users do.

mod corpora;
mod gateway;
mod journal;
mod rig;
mod streaming;
mod tidy;
