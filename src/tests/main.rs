//! Tests that talk to the program as its users do.

mod admin;
mod caching;
mod catalogue;
mod chaos;
mod corpora;
mod edges;
mod figures;
mod gateway;
mod journal;
mod keys;
mod limits;
mod live;
mod publications;
mod realtime;
mod recompute;
mod records;
mod refusals;
mod rig;
mod routing;
mod streaming;
mod tidy;
mod transfer;
