//! Answers kept for calls that ask the same again.

pub mod flight;
pub mod key;
