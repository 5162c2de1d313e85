//! The form of a block: an hour of calls, narrow, so that any filter over a month is a walk over a few dozen megabytes.
//!
//! Words first, each once; then the kinds of calls and the sets of pairs, each once, so that a filter is asked of them
//! and not of every call. Then the calls, oldest first: sixteen bytes of the id, kind, set, and the figures after their
//! length. Numbers are LEB128.

use crate::store::leb;
use std::collections::HashMap;

/// What calls are told apart by, but for their metadata. Words are numbers within the block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kind {
    pub status: u16,
    pub provider: u32,
    pub vendor: u32,
    /// As served, else as asked for.
    pub model: u32,
    pub key: u32,
    pub config: u32,
    pub cache: u32,
}

/// What is counted of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    pub tokens_in: u64,
    pub tokens_cached: u64,
    pub tokens_out: u64,
    /// Nano-dollars; `None`: unpriced.
    pub cost: Option<u64>,
    pub latency_us: u64,
    pub first_token_us: Option<u64>,
    pub saved_cost: u64,
    pub saved_us: u64,
}

/// Words, each once, in the making.
#[derive(Debug, Default)]
pub struct Words {
    numbers: HashMap<String, u32>,
    lengths: Vec<u8>,
    text: String,
}

/// A block in the making.
#[derive(Debug, Default)]
pub struct Maker {
    pub words: Words,
    kinds: HashMap<Kind, u64>,
    sets: HashMap<Vec<u32>, u64>,
    kind_bytes: Vec<u8>,
    set_bytes: Vec<u8>,
    calls: Vec<u8>,
}

/// A block that is read.
#[derive(Debug)]
pub struct Block<'b> {
    /// In the order of their numbers.
    pub words: Vec<&'b str>,
    pub kinds: Vec<Kind>,
    /// All sets end to end, and where each ends.
    pairs: Vec<u32>,
    ends: Vec<usize>,
    calls: &'b [u8],
}

/// One call of a block: places of its kind and its set.
#[derive(Clone, Copy, Debug)]
pub struct Row<'b> {
    pub id: &'b [u8; 16],
    pub kind: usize,
    pub set: usize,
    figures: &'b [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbled;

impl Words {
    /// The number of a word.
    pub fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(word.to_owned(), number);
        leb::write(&mut self.lengths, word.len() as u64);
        self.text.push_str(word);
        number
    }

    /// Their number, the length of each, and all of them as one text.
    pub fn write(&self, out: &mut Vec<u8>) {
        leb::write(out, self.numbers.len() as u64);
        out.extend_from_slice(&self.lengths);
        leb::write_slice(out, self.text.as_bytes());
    }

    pub fn read<'b>(bytes: &mut &'b [u8]) -> Result<Vec<&'b str>, Garbled> {
        let mut lengths = Vec::new();
        for _ in 0..number(bytes)? {
            lengths.push(place(bytes)?);
        }
        let mut text = std::str::from_utf8(leb::slice(bytes).ok_or(Garbled)?).map_err(|_| Garbled)?;
        let mut words = Vec::with_capacity(lengths.len());
        for length in lengths {
            let (word, rest) = text.split_at_checked(length).ok_or(Garbled)?;
            words.push(word);
            text = rest;
        }
        Ok(words)
    }
}

impl Maker {
    /// `pairs` are the numbers of words, each `key`, a zero byte and `value`.
    pub fn add(&mut self, id: &[u8; 16], kind: Kind, pairs: Vec<u32>, tail: &Tail) {
        let next = self.kinds.len() as u64;
        let kind_place = *self.kinds.entry(kind).or_insert_with(|| {
            let Kind { status, provider, vendor, model, key, config, cache } = kind;
            for word in [u32::from(status), provider, vendor, model, key, config, cache] {
                leb::write(&mut self.kind_bytes, u64::from(word));
            }
            next
        });
        let next = self.sets.len() as u64;
        let set_place = *self.sets.entry(pairs).or_insert_with_key(|pairs| {
            leb::write(&mut self.set_bytes, pairs.len() as u64);
            pairs.iter().for_each(|pair| leb::write(&mut self.set_bytes, u64::from(*pair)));
            next
        });
        self.calls.extend_from_slice(id);
        leb::write(&mut self.calls, kind_place);
        leb::write(&mut self.calls, set_place);
        leb::write_slice(&mut self.calls, &figures(tail));
    }

    pub fn finish(self) -> Vec<u8> {
        let mut block = Vec::with_capacity(self.words.text.len() + self.set_bytes.len() + self.calls.len() + 4096);
        self.words.write(&mut block);
        leb::write(&mut block, self.kinds.len() as u64);
        block.extend_from_slice(&self.kind_bytes);
        leb::write(&mut block, self.sets.len() as u64);
        block.extend_from_slice(&self.set_bytes);
        block.extend_from_slice(&self.calls);
        block
    }
}

impl<'b> Block<'b> {
    pub fn read(mut bytes: &'b [u8]) -> Result<Self, Garbled> {
        let words = Words::read(&mut bytes)?;
        let mut kinds = Vec::new();
        for _ in 0..number(&mut bytes)? {
            kinds.push(kind(&mut bytes)?);
        }
        let (mut pairs, mut ends) = (Vec::new(), Vec::new());
        for _ in 0..number(&mut bytes)? {
            for _ in 0..number(&mut bytes)? {
                pairs.push(short(&mut bytes)?);
            }
            ends.push(pairs.len());
        }
        Ok(Self { words, kinds, pairs, ends, calls: bytes })
    }

    /// Every call, oldest first.
    pub fn rows(&self) -> impl Iterator<Item = Result<Row<'b>, Garbled>> {
        let (kinds, sets) = (self.kinds.len(), self.ends.len());
        let mut bytes = self.calls;
        std::iter::from_fn(move || {
            if bytes.is_empty() {
                return None;
            }
            let next = row(&mut bytes).filter(|row| row.kind < kinds && row.set < sets);
            if next.is_none() {
                bytes = &[];
            }
            Some(next.ok_or(Garbled))
        })
    }

    /// How many sets there are.
    pub fn sets(&self) -> usize {
        self.ends.len()
    }

    /// The pairs of a set; none where there is no such set.
    pub fn set(&self, place: usize) -> &[u32] {
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(place).and_then(|end| self.pairs.get(start..*end)).unwrap_or_default()
    }

    pub fn word(&self, number: u32) -> &'b str {
        usize::try_from(number).ok().and_then(|number| self.words.get(number)).copied().unwrap_or_default()
    }
}

impl Row<'_> {
    /// When the call began, as its id tells: milliseconds since 1970 UTC.
    pub fn at(&self) -> i64 {
        let [a, b, c, d, e, f, ..] = *self.id;
        i64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    pub fn tail(&self) -> Result<Tail, Garbled> {
        let mut bytes = self.figures;
        let mut next = || number(&mut bytes);
        let some = |figure: u64| figure.checked_sub(1);
        Ok(Tail {
            tokens_in: next()?,
            tokens_cached: next()?,
            tokens_out: next()?,
            cost: some(next()?),
            latency_us: next()?,
            first_token_us: some(next()?),
            saved_cost: next()?,
            saved_us: next()?,
        })
    }

    /// Input and output tokens together, and the cost.
    pub fn amounts(&self) -> Result<(u64, Option<u64>), Garbled> {
        let mut bytes = self.figures;
        let mut next = || number(&mut bytes);
        let (tokens_in, _, tokens_out, cost) = (next()?, next()?, next()?, next()?);
        Ok((tokens_in.saturating_add(tokens_out), cost.checked_sub(1)))
    }
}

fn figures(tail: &Tail) -> Vec<u8> {
    let mut figures = Vec::with_capacity(24);
    let some = |figure: Option<u64>| figure.map_or(0, |figure| figure.saturating_add(1));
    for figure in [
        tail.tokens_in,
        tail.tokens_cached,
        tail.tokens_out,
        some(tail.cost),
        tail.latency_us,
        some(tail.first_token_us),
        tail.saved_cost,
        tail.saved_us,
    ] {
        leb::write(&mut figures, figure);
    }
    figures
}

fn kind(bytes: &mut &[u8]) -> Result<Kind, Garbled> {
    Ok(Kind {
        status: u16::try_from(number(bytes)?).map_err(|_| Garbled)?,
        provider: short(bytes)?,
        vendor: short(bytes)?,
        model: short(bytes)?,
        key: short(bytes)?,
        config: short(bytes)?,
        cache: short(bytes)?,
    })
}

#[inline]
fn row<'b>(bytes: &mut &'b [u8]) -> Option<Row<'b>> {
    let (id, rest) = bytes.split_first_chunk::<16>()?;
    *bytes = rest;
    let kind = usize::try_from(leb::read(bytes)?).ok()?;
    let set = usize::try_from(leb::read(bytes)?).ok()?;
    Some(Row { id, kind, set, figures: leb::slice(bytes)? })
}

pub fn number(bytes: &mut &[u8]) -> Result<u64, Garbled> {
    leb::read(bytes).ok_or(Garbled)
}

pub fn short(bytes: &mut &[u8]) -> Result<u32, Garbled> {
    u32::try_from(number(bytes)?).map_err(|_| Garbled)
}

fn place(bytes: &mut &[u8]) -> Result<usize, Garbled> {
    usize::try_from(number(bytes)?).map_err(|_| Garbled)
}

#[cfg(test)]
mod tests {
    use super::{Block, Garbled, Kind, Maker, Tail};

    type Told = (u8, Kind, Vec<u32>, Tail);

    fn block() -> (Vec<u8>, Vec<Told>) {
        let mut maker = Maker::default();
        let mut calls = Vec::new();
        for number in 0..200_u16 {
            let mut word = |text: String| maker.words.number(&text);
            let kind = Kind {
                status: number % 7 * 90,
                provider: word(format!("p{}", number % 3)),
                vendor: word("v".into()),
                model: word(format!("model-{}", number % 150)),
                key: word("k".into()),
                config: word(String::new()),
                cache: word("HIT".into()),
            };
            let pairs: Vec<_> = (0..number % 4).map(|pair| word(format!("key{pair}\u{0}ü{}", number % 50))).collect();
            let big = u64::from(number) << (number % 50);
            let tail =
                Tail { tokens_in: big, cost: (number % 2 == 0).then_some(big), latency_us: 7, ..Tail::default() };
            let [low, _] = number.to_le_bytes();
            maker.add(&[low; 16], kind, pairs.clone(), &tail);
            calls.push((low, kind, pairs, tail));
        }
        (maker.finish(), calls)
    }

    fn told(bytes: &[u8]) -> Result<Vec<Told>, Garbled> {
        let block = Block::read(bytes)?;
        let told =
            |row: super::Row<'_>| Ok((row.id[0], block.kinds[row.kind], block.set(row.set).to_vec(), row.tail()?));
        block.rows().map(|row| row.and_then(told)).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let (bytes, calls) = block();
        assert_eq!(told(&bytes), Ok(calls.clone()));
        let block = Block::read(&bytes).unwrap();
        assert_eq!(block.word(calls[4].1.model), "model-4");
        assert_eq!(block.word(u32::MAX), "");
        assert!(block.sets() < 120, "equal sets are one");
        let third = block.rows().nth(3).unwrap().unwrap();
        assert_eq!(block.word(block.set(third.set)[1]), "key1\u{0}ü3");
        assert_eq!((third.at(), third.amounts()), (0x0303_0303_0303, Ok((24, None))));
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let (bytes, _) = block();
        assert_eq!(told(&bytes[..bytes.len() - 1]), Err(Garbled));
        assert_eq!(told(&[0x80]), Err(Garbled));
        assert_eq!(told(&[1, 5, 1, b'a']), Err(Garbled));
        let no_kind = [&[0, 0, 0, 0][..], &[7; 16], &[0, 0, 0]].concat();
        assert_eq!(told(&no_kind), Err(Garbled), "a call of a kind that is not there");
    }
}
