//! The pages, one file each: query → resource → parts. The URL is the state.

pub mod analytics;
pub mod budgets;
pub mod configs;
pub mod first_steps;
pub mod keys;
pub mod log;
pub mod logs;
pub mod members;
pub mod missing;
pub mod models;
pub mod overview;
pub mod playground;
pub mod providers;
pub mod reference;
pub mod sign_in;
pub mod sign_up;
pub mod traces;
pub mod transfer;
