//! Texts that must have a form.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Anything but nothing.
    Plain,
    /// `http://` or `https://` and a host. Where a call may go is judged when it goes there.
    Url,
    /// A field of the body, to be taken out.
    DropPath,
    /// A value of the call.
    CallPath,
    /// Name of a header that may be passed on.
    Header,
}

impl Form {
    pub fn fits(self, text: &str) -> bool {
        match self {
            Self::Plain => !text.is_empty(),
            Self::Url => url(text),
            Self::DropPath => text.split('.').all(step),
            Self::CallPath => {
                let rest = text.strip_prefix("metadata.").or_else(|| text.strip_prefix("params."));
                rest.is_some_and(|rest| rest.split('.').all(|key| !key.is_empty()))
            }
            Self::Header => header(text),
        }
    }

    /// What is allowed, to follow the word "Use".
    pub fn allowed(self) -> &'static str {
        match self {
            Self::Plain => "a text that is not empty",
            Self::Url => "an address such as https://api.example.com/v1, without a user name",
            Self::DropPath => "a path such as a, a.b, tools[0].x or tools[*].x",
            Self::CallPath => "a path such as metadata.user_id or params.user",
            Self::Header => "the name of a header",
        }
    }

    /// A regular expression of JSON Schema for it: it lets through all that fits, and little else.
    pub fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Url => Some(r"^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@\s\\]+([/?#][!-~]*)?$"),
            Self::DropPath => Some(r"^[^.\[\]]+(\[(\d{1,9}|\*)\])*(\.[^.\[\]]+(\[(\d{1,9}|\*)\])*)*$"),
            Self::CallPath => Some(r"^(metadata|params)(\.[^.]+)+$"),
            Self::Header => Some(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"),
        }
    }
}

fn url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = &rest[..end];
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        && !host.is_empty()
        && !host.contains(|letter: char| letter == '@' || letter == '\\' || letter.is_whitespace())
        && rest[end..].bytes().all(|byte| byte.is_ascii_graphic())
}

/// A key, and any indexes after it.
fn step(text: &str) -> bool {
    let (key, mut indexes) = text.find('[').map_or((text, ""), |at| text.split_at(at));
    while let Some((index, rest)) = indexes.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let number = (1..=9).contains(&index.len()) && index.bytes().all(|byte| byte.is_ascii_digit());
        if index != "*" && !number {
            return false;
        }
        indexes = rest;
    }
    !key.is_empty() && !key.contains(']') && indexes.is_empty()
}

fn header(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(token)
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn each_form_tells_good_from_bad() {
        for (form, good, bad) in [
            (Form::Plain, &["a", " "][..], &[""][..]),
            (
                Form::Url,
                &["https://a", "http://127.0.0.1:9100/v1", "HTTPS://A/v1?x=1", "http://[::1]:80/"],
                &["", "a", "ftp://a", "http://", "http:///v1", "https://u:p@a/v1", "https://a b", "https://a/\n"],
            ),
            (
                Form::DropPath,
                &["a", "a.b", "tools[0].x", "tools[*].function.strict", "a[0][1]"],
                &["", ".a", "a.", "a..b", "a[", "a[]", "a[x]", "a[-1]", "[0]", "a[0]b", "a]", "a[9999999999]"],
            ),
            (
                Form::CallPath,
                &["metadata.user", "params.a.b"],
                &["metadata", "metadata.", "params.a..b", "url.pathname", "user"],
            ),
            (
                Form::Header,
                &["X-Foo", "x_foo", "authorization", "Cookie", "x-portkey-config"],
                &["", "a b", "a:b", "é"],
            ),
        ] {
            good.iter().for_each(|text| assert!(form.fits(text), "{form:?} {text}"));
            bad.iter().for_each(|text| assert!(!form.fits(text), "{form:?} {text}"));
        }
    }
}
