//! Texts that can be gone back to, and forth again.

/// How many texts are kept each way, and their bytes in all.
const MOST: usize = 200;
const BYTES_MOST: usize = 4 * 1024 * 1024;

/// Newest last, each way.
#[derive(Clone, Debug, Default)]
pub struct Past {
    before: Vec<String>,
    after: Vec<String>,
}

impl Past {
    /// `text` is about to be another; what had been gone back from is over.
    pub fn remember(&mut self, text: String) {
        self.go_on();
        push(&mut self.before, text);
    }

    /// What had been gone back from is over.
    pub fn go_on(&mut self) {
        self.after.clear();
    }

    /// The text before `now`, which can be gone forth to.
    pub fn back(&mut self, now: String) -> Option<String> {
        let text = self.before.pop()?;
        push(&mut self.after, now);
        Some(text)
    }

    /// The text that was gone back from.
    pub fn forth(&mut self, now: String) -> Option<String> {
        let text = self.after.pop()?;
        push(&mut self.before, now);
        Some(text)
    }

    pub fn can_go_back(&self) -> bool {
        !self.before.is_empty()
    }

    pub fn can_go_forth(&self) -> bool {
        !self.after.is_empty()
    }
}

fn push(texts: &mut Vec<String>, text: String) {
    texts.push(text);
    let bytes = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
    while texts.len() > MOST || bytes(texts) > BYTES_MOST {
        texts.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_forgets_the_oldest() {
        let mut past = Past::default();
        (0..300).for_each(|number| past.remember(number.to_string()));
        let mut now = "now".to_owned();
        let mut steps = 0;
        while let Some(text) = past.back(now.clone()) {
            (now, steps) = (text, steps + 1);
        }
        assert_eq!((now.as_str(), steps), ("100", MOST));
        past.remember("x".repeat(BYTES_MOST + 1));
        assert!(!past.can_go_back() && !past.can_go_forth());
    }
}
