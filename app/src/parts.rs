//! What pages are made of. Parts take values and callbacks; none knows a page or asks the server.

pub mod badge;
pub mod chart;
pub mod copy;
pub mod dialog;
pub mod diff;
pub mod door;
pub mod field;
pub mod frame;
pub mod icon;
pub mod page;
pub mod pop;
pub mod problem;
pub mod route;
pub mod scale;
pub mod snippets;
pub mod table;
pub mod theme;
pub mod time;
pub mod toast;
