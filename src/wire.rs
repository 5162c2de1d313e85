//! Wire: what vendors speak. A vendor is a row of a table, a dialect is a file; everything here is pure.

pub mod body;
pub mod bound;
pub mod chat;
pub mod count;
pub mod form;
pub mod openai;
pub mod replay;
pub mod sse;
pub mod vendors;
