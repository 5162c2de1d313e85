//! A filter in the words of one block: pure.

use super::form::{Block, Garbled, Kind, Row};
use crate::store::calls::{Bounds, CallFilter};

/// What of a block passes.
pub(in crate::store) struct Sieve<'f> {
    filter: &'f CallFilter,
    /// By kind: whether it passes, and whether its status, model, provider and key do.
    kinds: Vec<bool>,
    own: Vec<bool>,
    sets: Vec<bool>,
    bounded: bool,
    from: i64,
    until: i64,
}

impl<'f> Sieve<'f> {
    /// Whether blocks know all that the filter asks for.
    pub(super) fn fits(filter: &CallFilter) -> bool {
        filter.trace.is_none()
            && filter.span.is_none()
            && filter.span_name.is_none()
            && filter.weighted == Bounds::default()
    }

    /// `told` is whether status, model, provider and key count. `None`: nothing in the block passes.
    pub(in crate::store) fn of(filter: &'f CallFilter, block: &Block<'_>, told: bool) -> Option<Self> {
        let admits = |kind: &Kind| {
            let words = [kind.provider, kind.model, kind.key].map(|word| block.word(word));
            filter.admits_who(kind.status, words)
        };
        let own: Vec<bool> = block.kinds.iter().map(admits).collect();
        let rest = |(kind, own): (&Kind, &bool)| (*own || !told) && passes_rest(filter, block, kind);
        let kinds: Vec<bool> = block.kinds.iter().zip(&own).map(rest).collect();
        let sets = sets(filter, block)?;
        if !kinds.contains(&true) || !sets.contains(&true) {
            return None;
        }
        let unbound = Bounds::default();
        Some(Self {
            filter,
            kinds,
            own,
            sets,
            bounded: [filter.tokens, filter.tokens_in, filter.tokens_out, filter.cost]
                .iter()
                .any(|bounds| *bounds != unbound),
            from: filter.from.unwrap_or(i64::MIN),
            until: filter.until.unwrap_or(i64::MAX),
        })
    }

    /// Whether a call passes; its figures are read only where they are asked for.
    pub(in crate::store) fn passes(&self, row: &Row<'_>) -> Result<bool, Garbled> {
        let passes =
            is(&self.kinds, row.kind) && is(&self.sets, row.set) && (self.from..self.until).contains(&row.at());
        Ok(passes && (!self.bounded || self.within(row)?))
    }

    /// Whether the status, model, provider and key of a kind pass.
    pub(in crate::store) fn admits(&self, kind: usize) -> bool {
        is(&self.own, kind)
    }

    fn within(&self, row: &Row<'_>) -> Result<bool, Garbled> {
        let (filter, tail) = (self.filter, row.tail()?);
        let cost = tail.cost.and_then(|cost| i64::try_from(cost).ok());
        let count = |figure: u64| i64::try_from(figure).ok();
        Ok(filter.tokens.hold(count(tail.tokens_in + tail.tokens_out))
            && filter.tokens_in.hold(count(tail.tokens_in))
            && filter.tokens_out.hold(count(tail.tokens_out))
            && filter.cost.hold(cost))
    }
}

fn is(places: &[bool], place: usize) -> bool {
    places.get(place).copied().unwrap_or(false)
}

fn passes_rest(filter: &CallFilter, block: &Block<'_>, kind: &Kind) -> bool {
    let any = |wanted: &[String], word: u32| wanted.is_empty() || wanted.iter().any(|one| one == block.word(word));
    let (vendor, model) = (block.word(kind.vendor), block.word(kind.model));
    let wanted = &filter.vendor_models;
    any(&filter.configs, kind.config)
        && any(&filter.caches, kind.cache)
        && (wanted.is_empty() || wanted.iter().any(|(one, served)| one == vendor && served == model))
}

/// By set of pairs: whether all that are asked for are in it, and one that holds the text. `None`: some pair is nowhere.
fn sets(filter: &CallFilter, block: &Block<'_>) -> Option<Vec<bool>> {
    if filter.metadata.is_empty() && filter.text.is_none() {
        return Some(vec![true; block.sets()]);
    }
    let place = |word: &str| {
        let place = block.words.iter().position(|known| *known == word);
        place.and_then(|place| u32::try_from(place).ok())
    };
    let pairs = filter.metadata.iter().map(|(key, value)| place(&format!("{key}\u{0}{value}")));
    let pairs: Vec<u32> = pairs.collect::<Option<_>>()?;
    let holding = filter.text.as_deref().map(|text| holding(block, text));
    if holding.as_ref().is_some_and(|holding| !holding.contains(&true)) {
        return None;
    }
    let holds = |pair: &u32| {
        let place = usize::try_from(*pair).unwrap_or(usize::MAX);
        holding.as_ref().is_none_or(|holding| is(holding, place))
    };
    let passes =
        |set: &[u32]| pairs.iter().all(|pair| set.contains(pair)) && (holding.is_none() || set.iter().any(holds));
    Some((0..block.sets()).map(|place| passes(block.set(place))).collect())
}

/// By word: whether it is a pair of metadata whose key or value holds `text`, whatever its case.
fn holding(block: &Block<'_>, text: &str) -> Vec<bool> {
    let text = text.to_lowercase();
    let holds = |word: &&str| word.contains('\u{0}') && contains(word, &text);
    block.words.iter().map(holds).collect()
}

/// Whether `word` holds `text`, which is in small letters. Most words are ASCII, and need no copy.
fn contains(word: &str, text: &str) -> bool {
    if !word.is_ascii() {
        return word.to_lowercase().contains(text);
    }
    let text = text.as_bytes();
    text.is_empty() || word.as_bytes().windows(text.len()).any(|part| part.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn a_text_is_found_whatever_its_case() {
        for (word, text, found) in [
            ("_user\u{0}ACCT_0042", "acct_00", true),
            ("_user\u{0}acct_0042", "user", true),
            ("env\u{0}prod", "prods", false),
            ("stadt\u{0}KÖLN", "köln", true),
            ("env\u{0}prod", "ö", false),
            ("env\u{0}prod", "", true),
        ] {
            assert_eq!(contains(word, text), found, "{word} {text}");
        }
    }
}
