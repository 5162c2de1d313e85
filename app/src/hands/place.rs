//! Where the pointer is.

use super::around;
use leptos::web_sys::MouseEvent;

/// Whether it is in the lower half of the nearest such element around it.
pub fn lower(event: &MouseEvent, selector: &str) -> bool {
    around(event, selector).is_some_and(|element| {
        let place = element.get_bounding_client_rect();
        f64::from(event.client_y()) > place.top() + place.height() / 2.0
    })
}
