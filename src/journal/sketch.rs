//! Percentiles that add up.
//!
//! `sketches-ddsketch` keeps its bins private and writes them beside four floats, which do not add up to the same bits
//! in every order; here a merge is integer addition, and two encodings laid end to end are the encoding of a merge, so
//! that SQL can gather them.

/// How many microseconds how many calls took, in logarithmic bins.
///
/// Values below 128 are exact; above, each power of two has 64 bins, and an answer is the middle of its bin: off by at
/// most 1/128 (0.8 %). A sketch of a few values is a few bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Bin and count, ascending by bin; no count is zero.
    bins: Vec<(u16, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored sketch is cut short or garbled")]
pub struct Garbled;

impl Sketch {
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one value, in microseconds.
    pub fn add(&mut self, us: u64) {
        self.count_in(bin_of(us), 1);
    }

    pub fn merge(&mut self, other: &Self) {
        if other.bins.len() < ONE_BY_ONE {
            return other.bins.iter().for_each(|(bin, count)| self.count_in(*bin, *count));
        }
        self.bins.extend_from_slice(&other.bins);
        // Two sorted runs, which this sort takes as such.
        self.bins.sort_by_key(|(bin, _)| *bin);
        self.bins.dedup_by(|(bin, count), (kept, sum)| {
            if bin != kept {
                return false;
            }
            *sum = sum.saturating_add(*count);
            true
        });
    }

    /// How many values were added.
    pub fn count(&self) -> u64 {
        self.bins.iter().map(|(_, count)| count).sum()
    }

    /// The value, in microseconds, that the share `q` (0 to 1) of all values does not exceed; `None` without values.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let rank = q.clamp(0.0, 1.0) * self.count() as f64;
        let mut seen = 0;
        let reached = |&&(_, count): &&(u16, u64)| {
            seen += count;
            seen as f64 >= rank
        };
        self.bins.iter().find(reached).map(|(bin, _)| middle_of(*bin))
    }

    /// Appends this sketch to `out`: the number of bins, then for each the distance from the bin before and the count,
    /// all as LEB128. Without values nothing is written.
    pub fn encode(&self, out: &mut Vec<u8>) {
        if self.bins.is_empty() {
            return;
        }
        let mut before = 0;
        write(out, self.bins.len() as u64);
        for &(bin, count) in &self.bins {
            write(out, u64::from(bin - before));
            write(out, count);
            before = bin;
        }
    }

    /// Reads any number of encodings laid end to end, as one sketch.
    pub fn decode(bytes: &[u8]) -> Result<Self, Garbled> {
        let mut sketch = Self::new();
        sketch.gather(bytes)?;
        Ok(sketch)
    }

    /// Adds what `bytes` encode.
    pub fn gather(&mut self, bytes: &[u8]) -> Result<(), Garbled> {
        if bytes.len() < LONG {
            return each(bytes, |bin, count| self.count_in(bin, count));
        }
        // Many encodings share their bins: to look for each of them would take longer than to go through all there are.
        let mut counts = vec![0_u64; usize::from(LAST) + 1];
        let mut count_in = |bin: u16, count: u64| {
            let known = &mut counts[usize::from(bin)];
            *known = known.saturating_add(count);
        };
        self.bins.iter().for_each(|(bin, count)| count_in(*bin, *count));
        each(bytes, count_in)?;
        self.bins = (0..).zip(counts).filter(|(_, count)| *count > 0).collect();
        Ok(())
    }

    fn count_in(&mut self, bin: u16, count: u64) {
        // Bins of an encoding come in their order.
        if count > 0 && self.bins.last().is_none_or(|(last, _)| *last < bin) {
            return self.bins.push((bin, count));
        }
        match self.bins.binary_search_by_key(&bin, |(bin, _)| *bin) {
            Ok(at) => self.bins[at].1 = self.bins[at].1.saturating_add(count),
            Err(at) if count > 0 => self.bins.insert(at, (bin, count)),
            Err(_) => {}
        }
    }
}

/// Every bin of encodings laid end to end, and its count.
fn each(mut bytes: &[u8], mut told: impl FnMut(u16, u64)) -> Result<(), Garbled> {
    while !bytes.is_empty() {
        let mut bin = 0;
        for _ in 0..read(&mut bytes)? {
            bin = read(&mut bytes)?.checked_add(bin).ok_or(Garbled)?;
            let known = u16::try_from(bin).ok().filter(|bin| *bin <= LAST).ok_or(Garbled)?;
            told(known, read(&mut bytes)?);
        }
    }
    Ok(())
}

/// Bytes of encodings from which on they are counted in all bins at once.
const LONG: usize = 2_048;

/// A sketch that many values are added to before it is read.
#[derive(Clone, Debug, Default)]
pub struct Rough {
    /// The first ones, as they came.
    bins: Vec<u16>,
    /// How many there are in each bin, once there are many.
    counts: Vec<u64>,
}

impl Rough {
    /// Counts one value, in microseconds.
    pub fn add(&mut self, us: u64) {
        if self.bins.capacity() == 0 {
            self.bins.reserve(FEW);
        }
        self.bins.push(bin_of(us));
        if self.bins.len() >= HEAP {
            self.count();
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.bins.extend_from_slice(&other.bins);
        if self.bins.len() >= HEAP || !other.counts.is_empty() {
            self.count();
            self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        }
    }

    pub fn sketch(&self) -> Sketch {
        if self.counts.is_empty() && self.bins.len() <= SORTED {
            let mut bins = self.bins.clone();
            bins.sort_unstable();
            return Sketch { bins: bins.chunk_by(u16::eq).map(|same| (same[0], same.len() as u64)).collect() };
        }
        let mut all = self.clone();
        all.count();
        Sketch { bins: (0..).zip(all.counts).filter(|(_, count)| *count > 0).collect() }
    }

    fn count(&mut self) {
        self.counts.resize(usize::from(LAST) + 1, 0);
        self.bins.drain(..).for_each(|bin| self.counts[usize::from(bin)] += 1);
    }
}

/// Fewer bins than these are put where they belong one by one.
const ONE_BY_ONE: usize = 16;

/// Values that a rough sketch has room for from its first one on.
const FEW: usize = 16;
/// Values of a rough sketch that lie as they came, at most: more of them would take more room than all bins.
const HEAP: usize = 15_000;
/// Values that are sorted sooner than counted.
const SORTED: usize = 512;

/// Each power of two is cut into 2^6 bins.
const CUT: u32 = 6;

/// The bin of `u64::MAX`.
const LAST: u16 = 3775;

fn bin_of(us: u64) -> u16 {
    let shift = us.max(1).ilog2().saturating_sub(CUT);
    u16::try_from((u64::from(shift) << CUT) + (us >> shift)).unwrap_or(LAST)
}

fn middle_of(bin: u16) -> u64 {
    let bin = u64::from(bin);
    let shift = (bin >> CUT).saturating_sub(1);
    let least = (bin - (shift << CUT)) << shift;
    least + ((1 << shift) >> 1)
}

fn write(out: &mut Vec<u8>, mut figure: u64) {
    loop {
        let [low, ..] = figure.to_le_bytes();
        figure >>= 7;
        if figure == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

fn read(bytes: &mut &[u8]) -> Result<u64, Garbled> {
    let mut figure = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or(Garbled)?;
        *bytes = rest;
        let part = u64::from(first & 0x7f);
        if part > u64::MAX >> shift {
            return Err(Garbled);
        }
        figure |= part << shift;
        if first & 0x80 == 0 {
            return Ok(figure);
        }
    }
    Err(Garbled)
}

#[cfg(test)]
mod tests {
    use super::{Garbled, HEAP, LAST, LONG, Rough, Sketch, bin_of, middle_of};

    /// A plain xorshift, so that the same values come in every run.
    fn values(count: usize) -> Vec<u64> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        (0..count).map(|_| (next() >> (next() % 44 + 20)) + 1).collect()
    }

    fn sketch(values: &[u64]) -> Sketch {
        let mut sketch = Sketch::new();
        values.iter().for_each(|value| sketch.add(*value));
        sketch
    }

    fn encoded(sketch: &Sketch) -> Vec<u8> {
        let mut bytes = Vec::new();
        sketch.encode(&mut bytes);
        bytes
    }

    #[test]
    fn a_quantile_is_off_by_less_than_one_percent() {
        for count in [1, 2, 10, 1_000, 20_000] {
            let mut sorted = values(count);
            let sketch = sketch(&sorted);
            sorted.sort_unstable();
            for (q, rank) in
                [(0.5, count.div_ceil(2)), (0.95, (count * 95).div_ceil(100)), (0.99, (count * 99).div_ceil(100))]
            {
                let exact = sorted[rank - 1];
                let told = sketch.quantile(q).unwrap();
                assert!(told.abs_diff(exact) * 100 <= exact, "{count} values, {q}: {told} is far from {exact}");
            }
        }
    }

    #[test]
    fn every_value_has_a_bin_and_the_bin_its_middle() {
        for value in [0, 1, 63, 64, 127, 128, 129, 1_000_000, 59_999_999, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let bin = bin_of(value);
            assert!(bin <= LAST, "{value}");
            assert!(middle_of(bin).abs_diff(value) <= value / 128, "{value} became {}", middle_of(bin));
        }
        assert_eq!(bin_of(u64::MAX), LAST);
    }

    #[test]
    fn an_empty_sketch_has_no_quantile_and_no_bytes() {
        assert_eq!(Sketch::new().quantile(0.5), None);
        assert!(encoded(&Sketch::new()).is_empty());
        assert_eq!(Sketch::decode(&[]), Ok(Sketch::new()));
    }

    #[test]
    fn merging_equals_adding_all_in_any_order() {
        let all = values(3_000);
        let (left, right) = all.split_at(1_234);
        let mut merged = sketch(right);
        merged.merge(&sketch(left));
        assert_eq!(merged, sketch(&all));
        assert_eq!(merged.count(), 3_000);
    }

    #[test]
    fn encodings_end_to_end_decode_to_their_merge() {
        let all = values(2_000);
        let mut bytes = Vec::new();
        all.chunks(7).for_each(|chunk| sketch(chunk).encode(&mut bytes));
        assert_eq!(Sketch::decode(&bytes), Ok(sketch(&all)));
        assert_eq!(Sketch::decode(&encoded(&sketch(&all))), Ok(sketch(&all)));
        let (few, many) = bytes.split_at(encoded(&sketch(&all[..7])).len());
        assert!(few.len() < LONG && many.len() > LONG, "one of each way");
        for parts in [[few, many], [many, few]] {
            let mut sketch = Sketch::new();
            parts.iter().for_each(|part| sketch.gather(part).unwrap());
            assert_eq!(Ok(sketch), Sketch::decode(&bytes));
        }
    }

    #[test]
    fn values_put_in_order_together_are_the_same_sketch() {
        for count in [0, 1, 700, HEAP, 3 * HEAP + 5] {
            let all = values(count);
            let mut rough = Rough::default();
            all.iter().for_each(|value| rough.add(*value));
            let mut twice = rough.clone();
            twice.merge(&rough);
            assert_eq!(twice.sketch().count(), 2 * count as u64);
            assert_eq!(rough.sketch(), sketch(&all), "{count}");
        }
    }

    #[test]
    fn one_call_is_four_bytes() {
        assert_eq!(encoded(&sketch(&[1_234_567])).len(), 4);
    }

    #[test]
    fn garbled_bytes_are_refused() {
        for bytes in [&[1][..], &[1, 5], &[0x80], &[0xff; 12], &[1, 0xff, 0xff, 0x03, 1], &[2, 1, 1, 0xff]] {
            assert_eq!(Sketch::decode(bytes), Err(Garbled), "{bytes:?}");
        }
    }
}
