//! The form of a block: an hour of calls, narrow, so that any filter over a month is a walk over a few dozen megabytes.
//!
//! Words first, each once: their number, then length and bytes of each. Then the calls, oldest first: sixteen bytes of
//! the id, what filters ask for, the length of the figures, and the figures. Numbers are LEB128.

/// What a call is told apart by. Words are numbers within the block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub id: [u8; 16],
    pub status: u16,
    pub provider: u32,
    pub vendor: u32,
    /// As served, else as asked for.
    pub model: u32,
    pub key: u32,
    pub config: u32,
    pub cache: u32,
    /// Each `key`, a zero byte and `value`.
    pub pairs: Vec<u32>,
}

/// What is counted of it.
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

/// A block in the making.
#[derive(Debug, Default)]
pub struct Maker {
    numbers: std::collections::HashMap<String, u32>,
    words: Vec<u8>,
    calls: Vec<u8>,
}

/// A block that is read.
#[derive(Debug)]
pub struct Block<'b> {
    /// In the order of their numbers.
    pub words: Vec<&'b str>,
    calls: &'b [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbled;

impl Maker {
    /// The number of a word.
    pub fn word(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(word.to_owned(), number);
        write(&mut self.words, word.len() as u64);
        self.words.extend_from_slice(word.as_bytes());
        number
    }

    pub fn add(&mut self, head: &Head, tail: &Tail) {
        let calls = &mut self.calls;
        calls.extend_from_slice(&head.id);
        write(calls, u64::from(head.status));
        for word in [head.provider, head.vendor, head.model, head.key, head.config, head.cache] {
            write(calls, u64::from(word));
        }
        write(calls, head.pairs.len() as u64);
        head.pairs.iter().for_each(|pair| write(calls, u64::from(*pair)));
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
            write(&mut figures, figure);
        }
        write(calls, figures.len() as u64);
        calls.extend_from_slice(&figures);
    }

    pub fn finish(self) -> Vec<u8> {
        let mut block = Vec::with_capacity(self.words.len() + self.calls.len() + 4);
        write(&mut block, self.numbers.len() as u64);
        block.extend_from_slice(&self.words);
        block.extend_from_slice(&self.calls);
        block
    }
}

impl<'b> Block<'b> {
    pub fn read(mut bytes: &'b [u8]) -> Result<Self, Garbled> {
        let count = number(&mut bytes)?;
        let mut words = Vec::new();
        for _ in 0..count {
            let length = usize::try_from(number(&mut bytes)?).map_err(|_| Garbled)?;
            let (word, rest) = bytes.split_at_checked(length).ok_or(Garbled)?;
            words.push(std::str::from_utf8(word).map_err(|_| Garbled)?);
            bytes = rest;
        }
        Ok(Self { words, calls: bytes })
    }

    /// Tells every call, oldest first; `tail` is read only where it is asked for.
    pub fn each(
        &self,
        mut told: impl FnMut(&Head, &mut dyn FnMut() -> Result<Tail, Garbled>) -> Result<(), Garbled>,
    ) -> Result<(), Garbled> {
        let mut bytes = self.calls;
        let mut head = Head::default();
        while !bytes.is_empty() {
            let (id, rest) = bytes.split_first_chunk::<16>().ok_or(Garbled)?;
            bytes = rest;
            head.id = *id;
            head.status = u16::try_from(number(&mut bytes)?).map_err(|_| Garbled)?;
            for word in [
                &mut head.provider,
                &mut head.vendor,
                &mut head.model,
                &mut head.key,
                &mut head.config,
                &mut head.cache,
            ] {
                *word = short(&mut bytes)?;
            }
            head.pairs.clear();
            for _ in 0..number(&mut bytes)? {
                head.pairs.push(short(&mut bytes)?);
            }
            let length = usize::try_from(number(&mut bytes)?).map_err(|_| Garbled)?;
            let (figures, rest) = bytes.split_at_checked(length).ok_or(Garbled)?;
            bytes = rest;
            told(&head, &mut || tail(figures))?;
        }
        Ok(())
    }

    pub fn word(&self, number: u32) -> &'b str {
        usize::try_from(number).ok().and_then(|number| self.words.get(number)).copied().unwrap_or_default()
    }
}

fn tail(mut bytes: &[u8]) -> Result<Tail, Garbled> {
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

fn write(out: &mut Vec<u8>, mut figure: u64) {
    while figure >= 0x80 {
        let [low, ..] = figure.to_le_bytes();
        out.push(low | 0x80);
        figure >>= 7;
    }
    let [low, ..] = figure.to_le_bytes();
    out.push(low);
}

fn short(bytes: &mut &[u8]) -> Result<u32, Garbled> {
    u32::try_from(number(bytes)?).map_err(|_| Garbled)
}

fn number(bytes: &mut &[u8]) -> Result<u64, Garbled> {
    let mut figure = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or(Garbled)?;
        *bytes = rest;
        figure |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(figure);
        }
    }
    Err(Garbled)
}

#[cfg(test)]
mod tests {
    use super::{Block, Garbled, Head, Maker, Tail};

    fn block() -> (Vec<u8>, Vec<(Head, Tail)>) {
        let mut maker = Maker::default();
        let mut calls = Vec::new();
        for number in 0..200_u16 {
            let mut word = |text: String| maker.word(&text);
            let head = Head {
                id: [number.to_le_bytes()[0]; 16],
                status: number * 3,
                provider: word(format!("p{}", number % 3)),
                vendor: word("v".into()),
                model: word(format!("model-{}", number % 150)),
                key: word("k".into()),
                config: word(String::new()),
                cache: word("HIT".into()),
                pairs: (0..number % 4).map(|pair| word(format!("key{pair}\u{0}ü{number}"))).collect(),
            };
            let big = u64::from(number) << (number % 50);
            let tail =
                Tail { tokens_in: big, cost: (number % 2 == 0).then_some(big), latency_us: 7, ..Tail::default() };
            maker.add(&head, &tail);
            calls.push((head, tail));
        }
        (maker.finish(), calls)
    }

    #[test]
    fn what_is_written_is_read() {
        let (bytes, calls) = block();
        let block = Block::read(&bytes).unwrap();
        let mut told = Vec::new();
        block
            .each(|head, tail| {
                told.push((head.clone(), tail()?));
                Ok(())
            })
            .unwrap();
        assert_eq!(told, calls);
        assert_eq!(block.word(calls[4].0.model), "model-4");
        assert_eq!(block.word(u32::MAX), "");
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let (bytes, _) = block();
        let whole = |bytes: &[u8]| Block::read(bytes)?.each(|_, tail| tail().map(drop));
        assert_eq!(whole(&bytes), Ok(()));
        assert_eq!(whole(&bytes[..bytes.len() - 1]), Err(Garbled));
        assert_eq!(whole(&[0x80]), Err(Garbled));
        assert_eq!(whole(&[1, 5, b'a']), Err(Garbled));
    }
}
