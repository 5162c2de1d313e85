//! Moments of the page become distances from now.

use super::all;
use crate::parts::time::{now, relative};

pub fn attend() {
    let now = now();
    for time in all("time[data-at]") {
        let at = time.get_attribute("data-at").and_then(|at| at.parse().ok());
        // The node stays, for it may be an island's.
        if let Some((at, text)) = at.zip(time.first_child()) {
            text.set_node_value(Some(&relative(at, now)));
        }
    }
}
