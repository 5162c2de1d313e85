//! A filter in the words of one block: pure.

use super::form::{Block, Garbled, Head, Tail};
use crate::store::calls::{Bounds, CallFilter};

/// What of a block passes.
pub(super) struct Sieve<'f> {
    filter: &'f CallFilter,
    providers: Words,
    models: Words,
    keys: Words,
    configs: Words,
    caches: Words,
    /// Vendor and model.
    vendor_models: Option<Vec<(u32, u32)>>,
    /// All of them must be there.
    pairs: Vec<u32>,
    /// One of them must be there.
    texts: Words,
    bounded: bool,
    from: i64,
    until: i64,
}

/// Numbers of the words that pass; `None`: any.
type Words = Option<Vec<u32>>;

impl<'f> Sieve<'f> {
    /// Whether blocks know all that the filter asks for.
    pub(super) fn fits(filter: &CallFilter) -> bool {
        filter.trace.is_none()
            && filter.span.is_none()
            && filter.span_name.is_none()
            && filter.weighted == Bounds::default()
    }

    /// `None`: nothing in the block passes.
    pub(super) fn of(filter: &'f CallFilter, block: &Block<'_>, told: bool) -> Option<Self> {
        let place = |word: &str| {
            block.words.iter().position(|known| *known == word).and_then(|place| u32::try_from(place).ok())
        };
        let words = |wanted: &[String]| -> Option<Words> {
            let found: Vec<u32> = wanted.iter().filter_map(|word| place(word)).collect();
            match (wanted.is_empty(), found.is_empty()) {
                (true, _) => Some(None),
                (false, true) => None,
                (false, false) => Some(Some(found)),
            }
        };
        let own = |wanted: &[String]| if told { words(wanted) } else { Some(None) };
        let pairs = filter.metadata.iter().map(|(key, value)| place(&format!("{key}\u{0}{value}")));
        let vendor_models =
            filter.vendor_models.iter().filter_map(|(vendor, model)| Some((place(vendor)?, place(model)?)));
        let vendor_models: Vec<_> = vendor_models.collect();
        if !filter.vendor_models.is_empty() && vendor_models.is_empty() {
            return None;
        }
        let texts = match filter.text.as_deref() {
            None => None,
            Some(text) => Some(holding(block, text)).filter(|found| !found.is_empty()).map(Some)?,
        };
        let unbound = Bounds::default();
        Some(Self {
            filter,
            providers: own(&filter.providers)?,
            models: own(&filter.models)?,
            keys: own(&filter.keys)?,
            configs: own(&filter.configs)?,
            caches: words(&filter.caches)?,
            vendor_models: (!vendor_models.is_empty()).then_some(vendor_models),
            pairs: pairs.collect::<Option<_>>()?,
            texts,
            bounded: [filter.tokens, filter.tokens_in, filter.tokens_out, filter.cost]
                .iter()
                .any(|bounds| *bounds != unbound),
            from: filter.from.unwrap_or(i64::MIN),
            until: filter.until.unwrap_or(i64::MAX),
        })
    }

    /// Whether a call passes; its figures are read only where they are asked for. `told` is whether status, model,
    /// provider, key and config count too.
    pub(super) fn passes(
        &self,
        head: &Head,
        at: i64,
        tail: &mut dyn FnMut() -> Result<Tail, Garbled>,
        told: bool,
    ) -> Result<bool, Garbled> {
        let any = |words: &Words, word: u32| words.as_ref().is_none_or(|words| words.contains(&word));
        let own = !told
            || (any(&self.models, head.model)
                && any(&self.providers, head.provider)
                && any(&self.keys, head.key)
                && any(&self.configs, head.config)
                && self.filter.admits_status(head.status));
        let passes = own
            && (self.from..self.until).contains(&at)
            && any(&self.caches, head.cache)
            && self.pairs.iter().all(|pair| head.pairs.contains(pair))
            && self.texts.as_ref().is_none_or(|texts| head.pairs.iter().any(|pair| texts.contains(pair)))
            && self.vendor_models.as_ref().is_none_or(|wanted| wanted.contains(&(head.vendor, head.model)));
        Ok(passes && (!self.bounded || self.within(&tail()?)))
    }

    fn within(&self, tail: &Tail) -> bool {
        let filter = self.filter;
        let cost = tail.cost.and_then(|cost| i64::try_from(cost).ok());
        let count = |figure: u64| i64::try_from(figure).ok();
        filter.tokens.hold(count(tail.tokens_in + tail.tokens_out))
            && filter.tokens_in.hold(count(tail.tokens_in))
            && filter.tokens_out.hold(count(tail.tokens_out))
            && filter.cost.hold(cost)
    }
}

/// Pairs of metadata whose key or value holds `text`, whatever its case.
fn holding(block: &Block<'_>, text: &str) -> Vec<u32> {
    let text = text.to_lowercase();
    let words = block.words.iter().zip(0..).filter(|(word, _)| word.contains('\u{0}'));
    words.filter(|(word, _)| word.to_lowercase().contains(&text)).map(|(_, number)| number).collect()
}
