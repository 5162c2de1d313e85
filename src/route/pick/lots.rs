//! Weights: drawn by lot, or served in turn.

/// Numbers in 0..1 from one: the first is it, the others follow from it.
pub struct Lots {
    first: Option<f64>,
    state: u64,
}

/// Rounds after which the turns of unequal weights begin again, at most.
const LONGEST_CYCLE: u64 = 1000;

impl Lots {
    pub const fn new() -> Self {
        Self { first: None, state: 0 }
    }

    /// Begins with `draw`, which it gives back within 0..1.
    pub fn open(&mut self, draw: f64) -> f64 {
        let draw = if draw.is_finite() { draw.clamp(0.0, 1.0 - f64::EPSILON) } else { 0.0 };
        self.first = Some(draw);
        self.state = draw.to_bits();
        draw
    }

    /// Brings the first `count` of them into a drawn order, each time by weight among those that remain.
    pub fn order(&mut self, items: &mut [usize], weight: impl Fn(usize) -> f64, count: usize) {
        for start in 0..count.min(items.len().saturating_sub(1)) {
            let rest = &mut items[start..];
            let weights: Vec<f64> = rest.iter().map(|item| weight(*item)).collect();
            let place = drawn(&weights, self.next());
            rest[..=place].rotate_right(1);
        }
    }

    /// After the first, splitmix64.
    fn next(&mut self) -> f64 {
        if let Some(first) = self.first.take() {
            return first;
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(0);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }
}

/// Whether a child of that weight is ever taken.
pub fn counts(weight: f64) -> bool {
    weight.is_finite() && weight > 0.0
}

/// Of the weights' sum, which may be too large for a float.
pub fn shares(weights: &[f64]) -> Vec<f64> {
    let largest = weights.iter().copied().filter(|weight| counts(*weight)).fold(f64::MIN_POSITIVE, f64::max);
    let scaled = weights.iter().map(|weight| if counts(*weight) { weight / largest } else { 0.0 });
    let sum: f64 = scaled.clone().sum();
    if sum > 0.0 { scaled.map(|weight| weight / sum).collect() } else { vec![0.0; weights.len()] }
}

/// The place whose part of the line `draw` falls into.
fn drawn(weights: &[f64], draw: f64) -> usize {
    let mut left = draw;
    let shares = shares(weights);
    for (place, share) in shares.iter().enumerate() {
        if left < *share {
            return place;
        }
        left -= share;
    }
    shares.iter().rposition(|share| *share > 0.0).unwrap_or(0)
}

/// Whose turn it is: each as often as its weight says, spread as evenly as can be (smooth weighted round robin).
pub fn turn(weights: &[f64], turn: u64) -> usize {
    let counts = whole(weights);
    let cycle: u64 = counts.iter().sum();
    let equal = counts.windows(2).all(|pair| pair[0] == pair[1]);
    let rounds = turn % if equal { counts.len() as u64 } else { cycle }.max(1);
    if equal {
        return usize::try_from(rounds).unwrap_or(0);
    }
    let mut credit = vec![0_i64; counts.len()];
    let mut served = 0;
    for _ in 0..=rounds {
        for (credit, count) in credit.iter_mut().zip(&counts) {
            *credit = credit.saturating_add_unsigned(*count);
        }
        let most = credit.iter().copied().max().unwrap_or(0);
        served = credit.iter().position(|credit| *credit == most).unwrap_or(0);
        credit[served] = credit[served].saturating_sub_unsigned(cycle);
    }
    served
}

/// The weights as whole numbers of the same proportions; near ones where the cycle would be too long.
fn whole(weights: &[f64]) -> Vec<u64> {
    let exact = [1.0, 10.0, 100.0, 1000.0].into_iter().find_map(|scale| {
        let scaled: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        let whole = scaled.iter().all(|weight| (weight - weight.round()).abs() < 1e-6 && (0.5..1e9).contains(weight));
        whole.then(|| scaled.into_iter().map(rounded).collect::<Vec<_>>())
    });
    let reduced = exact.map(|counts| {
        let common = counts.iter().copied().fold(0, divisor).max(1);
        counts.into_iter().map(|count| count / common).collect::<Vec<_>>()
    });
    reduced.filter(|counts| counts.iter().sum::<u64>() <= LONGEST_CYCLE).unwrap_or_else(|| {
        let shares = shares(weights);
        shares.into_iter().map(|share| rounded(share * 1000.0).max(1)).collect()
    })
}

fn divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { divisor(other, one % other) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a weight below 1e9, and `as` saturates")]
fn rounded(weight: f64) -> u64 {
    weight.round() as u64
}

#[cfg(test)]
mod tests {
    use super::{Lots, drawn, shares, turn, whole};

    #[test]
    fn a_draw_falls_into_its_part_of_the_line() {
        for (weights, draw, place) in [
            (&[1.0][..], 0.999, 0),
            (&[0.7, 0.3], 0.0, 0),
            (&[0.7, 0.3], 0.699, 0),
            (&[0.7, 0.3], 0.701, 1),
            (&[0.0, 1.0], 0.0, 1),
            (&[1.0, 0.0], 0.999_999, 0),
            (&[3.0, 1.0, 4.0], 0.49, 1),
            (&[3.0, 1.0, 4.0], 0.5, 2),
            (&[f64::MAX, f64::MAX], 0.51, 1),
            (&[f64::NAN, -1.0, 2.0], 0.0, 2),
            (&[5e-324, 5e-324], 0.6, 1),
        ] {
            assert_eq!(drawn(weights, draw), place, "{weights:?} {draw}");
        }
    }

    #[test]
    fn draws_converge_to_the_weights() {
        let (mut lots, weights) = (Lots::new(), [5.0, 3.0, 0.0, 2.0]);
        lots.open(0.123);
        let mut counts = [0_u32; 4];
        for _ in 0..100_000 {
            counts[drawn(&weights, lots.next())] += 1;
        }
        for (count, share) in counts.into_iter().zip(shares(&weights)) {
            assert!((f64::from(count) / 100_000.0 - share).abs() < 0.01, "{counts:?}");
        }
    }

    #[test]
    fn an_order_has_each_once_and_begins_with_the_draw() {
        for at in 0..100_u32 {
            let mut items = [0, 1, 2, 3];
            let mut lots = Lots::new();
            let draw = lots.open(f64::from(at) / 100.0);
            lots.order(&mut items, |_| 1.0, 4);
            assert_eq!(items[0], drawn(&[1.0; 4], draw));
            items.sort_unstable();
            assert_eq!(items, [0, 1, 2, 3]);
        }
    }

    #[test]
    fn turns_are_exact_over_a_cycle_and_spread() {
        for weights in [&[1.0, 1.0, 1.0][..], &[5.0, 1.0, 1.0], &[0.95, 0.05], &[0.5, 0.25, 0.25], &[200.0, 100.0]] {
            let counts = whole(weights);
            let cycle: u64 = counts.iter().sum();
            let mut served = vec![0_u64; weights.len()];
            for at in 7 * cycle..8 * cycle {
                served[turn(weights, at)] += 1;
            }
            assert_eq!(served, counts, "{weights:?}");
        }
        let line: Vec<_> = (0..7).map(|at| turn(&[5.0, 1.0, 1.0], at)).collect();
        assert_eq!(line, [0, 0, 1, 0, 2, 0, 0]);
        assert_eq!((0..4).map(|at| turn(&[3.0; 3], at)).collect::<Vec<_>>(), [0, 1, 2, 0]);
    }

    #[test]
    fn odd_weights_have_a_bounded_cycle() {
        for weights in [&[0.123_456_7, 0.7][..], &[1e300, 1.0], &[1e-300, 1e-300], &[1.0, 100_000.0]] {
            let counts = whole(weights);
            assert!(counts.iter().all(|count| *count > 0) && counts.iter().sum::<u64>() <= 1002, "{counts:?}");
            turn(weights, u64::MAX);
        }
    }
}
