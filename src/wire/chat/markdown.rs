//! Markdown as models write it, made safe to show.

use ammonia::{Builder, UrlRelative};
use app::model::chat::Part;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use std::sync::LazyLock;

/// The text rendered; one that is very long, or nested or split up beyond reason, stays text.
pub(super) fn part(text: &str) -> Part {
    rendered(text).map_or_else(|| Part::Text(text.to_owned()), Part::Html)
}

const LONGEST_RENDERED: usize = 100_000;
/// Blocks and spans within each other: the cleaner's work grows with the square of it.
const DEEPEST: usize = 64;
/// Of a table, a row of one sign has as many cells as its head.
const MOST_EVENTS: usize = 50_000;

/// HTML in the text is shown as text: a prompt in tags must read as it was sent. A line break stays one.
fn rendered(text: &str) -> Option<String> {
    if text.len() > LONGEST_RENDERED {
        return None;
    }
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let (mut events, mut depth) = (Vec::new(), 0_usize);
    for event in Parser::new_ext(text, options) {
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST || events.len() > MOST_EVENTS {
            return None;
        }
        events.extend(shown(event).into_iter().flatten());
    }
    let mut page = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut page, events.into_iter());
    Some(CLEANER.clean(&page).to_string())
}

fn shown(event: Event<'_>) -> [Option<Event<'_>>; 2] {
    match event {
        Event::Start(Tag::HtmlBlock) => [Some(Event::Start(Tag::Paragraph)), None],
        Event::End(TagEnd::HtmlBlock) => [Some(Event::End(TagEnd::Paragraph)), None],
        Event::Html(line) => [Some(Event::Text(line.trim_end().to_owned().into())), Some(Event::HardBreak)],
        Event::InlineHtml(html) => [Some(Event::Text(html)), None],
        Event::SoftBreak => [Some(Event::HardBreak), None],
        other => [Some(other), None],
    }
}

/// No images: a logged answer must not make a browser call a third party.
static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder.rm_tags(["img"]).url_relative(UrlRelative::Deny).link_rel(Some("noopener noreferrer nofollow"));
    builder
});

#[cfg(test)]
mod tests {
    use super::{part, rendered};
    use app::model::chat::Part;

    #[test]
    fn markdown_is_rendered_and_nothing_in_it_can_act() {
        for (text, html) in [
            ("a **b**", "<p>a <strong>b</strong></p>\n"),
            ("one\ntwo", "<p>one<br>\ntwo</p>\n"),
            ("<context>x</context>", "<p>&lt;context&gt;x&lt;/context&gt;</p>\n"),
            ("<div>\na\n</div>", "<p>&lt;div&gt;<br>\na<br>\n&lt;/div&gt;<br>\n</p>\n"),
            ("a <script>alert(1)</script>", "<p>a &lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
            ("[x](javascript:alert(1))", "<p><a rel=\"noopener noreferrer nofollow\">x</a></p>\n"),
            ("![x](https://tracker.example/p.png)", "<p></p>\n"),
            ("```rust\nlet a = 1 < 2;\n```", "<pre><code>let a = 1 &lt; 2;\n</code></pre>\n"),
        ] {
            assert_eq!(rendered(text).as_deref(), Some(html), "{text}");
        }
    }

    #[test]
    fn what_would_take_long_to_render_stays_text() {
        let table = format!("{}|\n{}|\n{}", "|a".repeat(500), "|-".repeat(500), "x\n".repeat(500));
        for text in [">".repeat(1000), "> ".repeat(65), "+ ".repeat(1000), "a".repeat(100_001), table] {
            assert_eq!(part(&text), Part::Text(text.clone()), "{}", &text[..8]);
        }
        assert!(matches!(part(&"> ".repeat(60)), Part::Html(_)));
    }
}
