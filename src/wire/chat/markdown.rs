//! Markdown as models write it, made safe to show.

use ammonia::{Builder, UrlRelative};
use app::model::chat::Part;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use std::sync::LazyLock;

/// The text rendered; a very long one stays text.
pub(super) fn part(text: &str) -> Part {
    if text.len() > LONGEST_RENDERED { Part::Text(text.to_owned()) } else { Part::Html(rendered(text)) }
}

const LONGEST_RENDERED: usize = 100_000;

/// HTML in the text is shown as text: a prompt in tags must read as it was sent. A line break stays one.
fn rendered(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(text, options).flat_map(|event| match event {
        Event::Start(Tag::HtmlBlock) => [Some(Event::Start(Tag::Paragraph)), None],
        Event::End(TagEnd::HtmlBlock) => [Some(Event::End(TagEnd::Paragraph)), None],
        Event::Html(line) => [Some(Event::Text(line.trim_end().to_owned().into())), Some(Event::HardBreak)],
        Event::InlineHtml(html) => [Some(Event::Text(html)), None],
        Event::SoftBreak => [Some(Event::HardBreak), None],
        other => [Some(other), None],
    });
    let mut page = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut page, events.flatten());
    CLEANER.clean(&page).to_string()
}

/// No images: a logged answer must not make a browser call a third party.
static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder.rm_tags(["img"]).url_relative(UrlRelative::Deny).link_rel(Some("noopener noreferrer nofollow"));
    builder
});

#[cfg(test)]
mod tests {
    use super::rendered;

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
            assert_eq!(rendered(text), html, "{text}");
        }
    }
}
