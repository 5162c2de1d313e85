//! The document around every page, and the policy it is served under.

use crate::parts::theme::Theme;
use crate::routes::App;
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;
use http::request::Parts;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;

/// Where the browser finds the front: paths on this server, hashed where they never change under their name.
/// Provided as a context to every page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Front {
    pub js: String,
    pub wasm: String,
    pub css: String,
    pub boot: String,
    /// Plain scripts that every page has: they act on what the server has rendered.
    pub scripts: Vec<String>,
    pub favicon: String,
    /// Fonts that may be loaded early, named exactly as `style/base.css` names them.
    pub fonts: Vec<String>,
}

/// Pages are dead HTML but for their islands, so that what the server knew of them need not travel.
pub fn shell() -> impl IntoView {
    if let Some(shared) = Owner::current_shared_context() {
        shared.set_is_hydrating(false);
    }
    let front = use_context::<Front>().unwrap_or_default();
    let nonce = use_nonce();
    send_policy(nonce.as_deref().unwrap_or_default());
    let wanted = fonts_of(use_context::<Parts>().map(|parts| parts.uri.path().to_owned()).as_deref());
    let fonts = front.fonts.into_iter().filter(|font| wanted(font)).map(|font| {
        view! { <link rel="preload" href=font r#as="font" r#type="font/woff2" crossorigin="" /> }
    });
    let scripts = front.scripts.into_iter().map(|script| {
        let nonce = nonce.clone();
        view! { <script type="module" src=script nonce=nonce></script> }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=Theme::of_request().attribute()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=front.css />
                {fonts.collect_view()}
                <link rel="icon" href=front.favicon r#type="image/svg+xml" />
                <link rel="modulepreload" href=front.js.clone() />
                <link rel="preload" href=front.wasm.clone() r#as="fetch" r#type="application/wasm" crossorigin="" fetchpriority="low" />
                <script type="module" src=front.boot data-js=front.js data-wasm=front.wasm nonce=nonce.clone()></script>
                {scripts.collect_view()}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Which fonts a page loads early: a browser holds the first paint back for them a while. Pages of words and figures do
/// without that of code, which takes its place when it has come.
fn fonts_of(path: Option<&str>) -> impl Fn(&str) -> bool + use<> {
    let words = path.is_some_and(|path| ["/", "/analytics", "/logs"].contains(&path));
    move |font| !(words && font.contains("-mono."))
}

/// Scripts run from this server or under this page's nonce; styles only from this server, geometry attributes aside.
fn send_policy(nonce: &str) {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         style-src-attr 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
    );
    if let (Some(options), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(&policy)) {
        options.insert_header(CONTENT_SECURITY_POLICY, value);
    }
}

#[cfg(test)]
mod tests {
    use super::fonts_of;

    #[test]
    fn the_font_of_code_is_not_waited_for_where_there_are_words() {
        for (path, expected) in [("/logs", false), ("/", false), ("/analytics", false), ("/logs/1", true)] {
            assert_eq!(fonts_of(Some(path))("/pkg/fonts/geist-mono.0123.woff2"), expected, "{path:?}");
            assert!(fonts_of(Some(path))("/pkg/fonts/geist.0123.woff2"), "{path:?}");
        }
    }
}
