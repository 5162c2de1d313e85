//! Light, dark, or as the system says. The choice is a cookie that the server reads, so that nothing flashes.

use crate::parts::icon::Icon;
use icondata_core::Icon as IconData;
use icondata_lu::{LuMonitor, LuMoon, LuSun};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Stored in the cookie `theme`, which the server alone reads and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    const CHOICES: [(Self, &'static str, IconData); 3] =
        [(Self::Light, "Light", LuSun), (Self::Dark, "Dark", LuMoon), (Self::System, "System", LuMonitor)];

    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn from_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// For `data-theme`; the system's choice is no attribute.
    pub fn attribute(self) -> Option<&'static str> {
        (self != Self::System).then(|| self.word())
    }

    #[cfg(feature = "ssr")]
    pub fn of_request() -> Self {
        let parts = use_context::<http::request::Parts>();
        let cookies = parts.as_ref().and_then(|parts| parts.headers.get(http::header::COOKIE)?.to_str().ok());
        cookies.map(Self::from_cookies).unwrap_or_default()
    }

    #[cfg(feature = "ssr")]
    fn from_cookies(cookies: &str) -> Self {
        let theme = cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix("theme="));
        theme.map(Self::from_word).unwrap_or_default()
    }

    #[cfg(feature = "ssr")]
    fn current() -> Self {
        Self::of_request()
    }

    /// Pages are not rendered here.
    #[cfg(not(feature = "ssr"))]
    fn current() -> Self {
        Self::default()
    }
}

/// Three buttons. Without scripts they post to `/theme`, which sets the cookie and leads back.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let theme = Theme::current();
    let place = use_location();
    let back = move || match place.search.get() {
        search if search.is_empty() => place.pathname.get(),
        search => format!("{}?{search}", place.pathname.get()),
    };
    let choice = move |(choice, label, icon): (Theme, &'static str, IconData)| {
        let pressed = if theme == choice { "true" } else { "false" };
        view! {
            <button type="submit" name="theme" value=choice.word() aria-pressed=pressed>
                <Icon icon=icon />
                {label}
            </button>
        }
    };
    view! {
        <form method="post" action="/theme">
            <input type="hidden" name="back" value=back />
            <div class="segments sm" role="group" aria-label="Theme">
                {Theme::CHOICES.map(choice).collect_view()}
            </div>
        </form>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::Theme;

    #[test]
    fn the_cookie_names_the_theme() {
        for (cookies, theme) in [
            ("", Theme::System),
            ("theme=dark", Theme::Dark),
            ("sy_session=1; theme=light", Theme::Light),
            ("theme=system", Theme::System),
            ("theme=<script>", Theme::System),
            ("mytheme=dark", Theme::System),
        ] {
            assert_eq!(Theme::from_cookies(cookies), theme, "{cookies}");
        }
    }
}
