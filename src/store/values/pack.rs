//! The form of a pack: what each value of a key of metadata had in one stretch of time.
//!
//! The figures of all values together come first. Then for each value its bytes, its figures, and both sketches, each
//! after its length: so that what is not asked for is passed over. Numbers are LEB128.

use crate::journal::rollup::Figures;
use crate::store::leb;
use std::collections::BTreeMap;

/// What one value had.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'p> {
    pub value: &'p str,
    figures: &'p [u8],
    /// Sketches of microseconds, as `Sketch::decode` reads them.
    pub latency: &'p [u8],
    pub first_token: &'p [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbled;

pub fn pack(values: &BTreeMap<String, Figures>) -> Vec<u8> {
    let mut all = Figures::default();
    values.values().for_each(|figures| all.merge(figures));
    let (mut pack, mut part) = (Vec::new(), Vec::with_capacity(64));
    write_plain(&mut pack, &all);
    for (value, figures) in values {
        leb::write_slice(&mut pack, value.as_bytes());
        write_plain(&mut pack, figures);
        for sketch in [&figures.latency, &figures.first_token] {
            part.clear();
            sketch.encode(&mut part);
            leb::write_slice(&mut pack, &part);
        }
    }
    pack
}

/// Of all values together, without sketches; nothing packed is zero.
pub fn all(mut pack: &[u8]) -> Result<Figures, Garbled> {
    if pack.is_empty() { Ok(Figures::default()) } else { read_plain(leb::slice(&mut pack).ok_or(Garbled)?) }
}

/// In the order of their values.
pub fn entries(mut pack: &[u8]) -> impl Iterator<Item = Result<Entry<'_>, Garbled>> {
    let headed = pack.is_empty() || leb::slice(&mut pack).is_some();
    let mut broken = (!headed).then_some(Err(Garbled));
    std::iter::from_fn(move || {
        if let Some(broken) = broken.take() {
            pack = &[];
            return Some(broken);
        }
        if pack.is_empty() {
            return None;
        }
        let next = entry(&mut pack);
        if next.is_none() {
            pack = &[];
        }
        Some(next.ok_or(Garbled))
    })
}

fn entry<'p>(pack: &mut &'p [u8]) -> Option<Entry<'p>> {
    Some(Entry {
        value: std::str::from_utf8(leb::slice(pack)?).ok()?,
        figures: leb::slice(pack)?,
        latency: leb::slice(pack)?,
        first_token: leb::slice(pack)?,
    })
}

impl Entry<'_> {
    /// Without the sketches.
    pub fn figures(&self) -> Result<Figures, Garbled> {
        read_plain(self.figures)
    }

    /// With them.
    pub fn whole(&self) -> Result<Figures, Garbled> {
        let mut figures = self.figures()?;
        figures.gather(self.latency, self.first_token).map_err(|_| Garbled)?;
        Ok(figures)
    }
}

fn write_plain(pack: &mut Vec<u8>, figures: &Figures) {
    let mut part = Vec::with_capacity(64);
    for figure in [
        figures.calls,
        figures.errors,
        figures.tokens_in,
        figures.tokens_cached,
        figures.tokens_out,
        unsigned(figures.cost),
        figures.unpriced,
        figures.cache_hits,
        figures.cache_asked,
        unsigned(figures.saved_cost),
        figures.saved_us,
        figures.hit_us,
        figures.took_us,
    ] {
        leb::write(&mut part, figure);
    }
    leb::write_slice(pack, &part);
}

fn read_plain(mut bytes: &[u8]) -> Result<Figures, Garbled> {
    let mut next = || leb::read(&mut bytes).ok_or(Garbled);
    Ok(Figures {
        calls: next()?,
        errors: next()?,
        tokens_in: next()?,
        tokens_cached: next()?,
        tokens_out: next()?,
        cost: signed(next()?),
        unpriced: next()?,
        cache_hits: next()?,
        cache_asked: next()?,
        saved_cost: signed(next()?),
        saved_us: next()?,
        hit_us: next()?,
        took_us: next()?,
        ..Figures::default()
    })
}

/// Small ones of either sign stay small.
fn unsigned(figure: i64) -> u64 {
    ((figure << 1) ^ (figure >> 63)).cast_unsigned()
}

fn signed(figure: u64) -> i64 {
    (figure >> 1).cast_signed() ^ -(figure & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::{Garbled, all, entries, pack, signed, unsigned};
    use crate::journal::rollup::{Facts, Figures};
    use std::collections::BTreeMap;

    fn values() -> BTreeMap<String, Figures> {
        let value = |place: u64| {
            let mut figures = Figures::default();
            for call in 0..=place {
                figures.count(&Facts {
                    status: if call % 5 == 0 { 500 } else { 200 },
                    cache: if call % 3 == 0 { "HIT" } else { "MISS" },
                    reached: true,
                    tokens_in: call << (call % 40),
                    cost: Some(i64::try_from(call).unwrap() * 7_000),
                    latency_us: 900 * call,
                    first_token_us: (call % 2 == 0).then_some(call),
                    ..Facts::default()
                });
            }
            (format!("ü{place}"), figures)
        };
        (0..60).map(value).collect()
    }

    #[test]
    fn what_is_packed_is_read() {
        let values = values();
        let bytes = pack(&values);
        let read = entries(&bytes).map(|entry| entry.and_then(|entry| Ok((entry.value.to_owned(), entry.whole()?))));
        assert_eq!(read.collect::<Result<BTreeMap<_, _>, _>>(), Ok(values));
        assert_eq!(all(&bytes).map(|all| (all.calls, all.errors)), Ok((1_830, 390)));
        assert_eq!((entries(&[]).count(), all(&[])), (0, Ok(Figures::default())));
        for figure in [0, 1, -1, i64::MAX, i64::MIN] {
            assert_eq!(signed(unsigned(figure)), figure);
        }
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let bytes = pack(&values());
        let last = entries(&bytes[..bytes.len() - 1]).last().unwrap();
        assert_eq!(last.map(|entry| entry.value), Err(Garbled));
        assert_eq!(entries(&[0, 1, 0xff]).count(), 1, "the end of what cannot be read");
    }
}
