//! Parts of a page that change while it stands: the page is read again, and its living parts are taken over.
//!
//! While an element has `data-poll`, each with an id and `data-live` follows its namesake: with `place` its class alone,
//! with `whole` its contents too. A form with `data-quiet` is sent without leaving the page.

use super::{When, all, on};
use leptos::prelude::{document, set_interval_with_handle, window};
use leptos::task::spawn_local;
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::js_sys::{Object, Reflect};
use leptos::web_sys::{
    Document, DomParser, Element, FormData, HtmlFormElement, RequestInit, Response, SubmitEvent, SupportedType,
    UrlSearchParams,
};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen_futures::JsFuture;

const PAUSE: Duration = Duration::from_secs(1);

pub fn attend() {
    on("submit", When::Before, |event: SubmitEvent| {
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        if let Some(form) = form.filter(|form| form.has_attribute("data-quiet")) {
            event.prevent_default();
            _ = event.submitter().map(|button| button.set_attribute("aria-busy", "true"));
            spawn_local(async move {
                if send(&form).await != Some(true) {
                    _ = form.submit();
                }
            });
        }
    });
    if !all("[data-poll]").is_empty() {
        watch();
    }
}

/// One look at a time.
fn watch() {
    let looking = Rc::new(Cell::new(false));
    let look = move || {
        if document().hidden() || all("[data-poll]").is_empty() || looking.replace(true) {
            return;
        }
        let looking = looking.clone();
        spawn_local(async move {
            if let Some(page) = read().await {
                take_over(&page);
            }
            looking.set(false);
        });
    };
    _ = set_interval_with_handle(look, PAUSE);
}

async fn read() -> Option<Document> {
    let address = window().location().href().ok()?;
    let answer = fetch(&address, &RequestInit::new()).await?;
    let text = JsFuture::from(answer.text().ok()?).await.ok()?.as_string()?;
    DomParser::new().ok()?.parse_from_string(&text, SupportedType::TextHtml).ok()
}

fn take_over(page: &Document) {
    let living: Vec<(Element, Element)> = all("[data-live]")
        .into_iter()
        .filter_map(|here| Some((here.clone(), page.get_element_by_id(&here.id())?)))
        .collect();
    for (here, there) in living {
        for name in ["class", "aria-current"] {
            _ = match there.get_attribute(name) {
                Some(value) => here.set_attribute(name, &value),
                None => here.remove_attribute(name),
            };
        }
        let whole = here.get_attribute("data-live").as_deref() == Some("whole");
        let html = there.inner_html();
        if whole && html != here.inner_html() {
            here.set_inner_html(&html);
        }
    }
    if page.query_selector("[data-poll]").is_ok_and(|found| found.is_none()) {
        all("[data-poll]").iter().for_each(|root| _ = root.remove_attribute("data-poll"));
    }
}

/// Whether the server accepted it.
async fn send(form: &HtmlFormElement) -> Option<bool> {
    let fields = FormData::new_with_form(form).ok()?;
    let body = UrlSearchParams::new_with_record_from_str_to_str(fields.unchecked_ref()).ok()?;
    let how = RequestInit::new();
    how.set_method("POST");
    how.set_body(&JsValue::from(body));
    Some(fetch(&form.action(), &how).await?.ok())
}

/// A question asked as server functions are.
pub fn with_json(body: &str) -> RequestInit {
    let (how, headers) = (RequestInit::new(), Object::new());
    _ = Reflect::set(&headers, &"content-type".into(), &"application/json".into());
    how.set_method("POST");
    how.set_headers(&headers);
    how.set_body(&body.into());
    how
}

pub async fn fetch(address: &str, how: &RequestInit) -> Option<Response> {
    JsFuture::from(window().fetch_with_str_and_init(address, how)).await.ok()?.dyn_into().ok()
}
