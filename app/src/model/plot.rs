//! What a drawn chart and the words around it must agree on: scales, cells and layers.

use crate::model::money::Nanos;
use crate::model::usage::{Overview, Point, Share, Totals};

/// A vertical axis from zero to `top`, ruled every `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    pub top: i64,
    pub step: i64,
}

impl Scale {
    /// A ruled axis of two to four steps that holds `max`; a step is 1, 2, 3 or 5 times a power of ten, `least` or more.
    pub fn over(max: i64, least: i64) -> Self {
        let step = round_up(max.div_euclid(4) + i64::from(max.rem_euclid(4) > 0)).max(least);
        let steps = max.max(0) / step + i64::from(max % step > 0);
        Self { top: step * steps.max(2), step }
    }

    /// The same, no higher than `whole`: what would pass it is ruled by quarters of it.
    pub fn within(max: i64, whole: i64) -> Self {
        let scale = Self::over(max, 1);
        if scale.top <= whole { scale } else { Self { top: whole, step: whole / 4 } }
    }

    /// An axis with no line between zero and the top: for strips.
    pub fn plain(max: i64) -> Self {
        let top = round_up(max.max(1));
        Self { top, step: top }
    }

    /// From zero upwards, the top included.
    pub fn ticks(self) -> impl Iterator<Item = i64> {
        (0..=self.top / self.step).map(move |at| at * self.step)
    }

    /// How far below the top `value` stands, in thousandths of the height.
    pub fn depth(self, value: i64) -> i64 {
        let height = i128::from(value.clamp(0, self.top)) * 1000 / i128::from(self.top);
        1000 - i64::try_from(height).unwrap_or(1000)
    }
}

/// The least of 1, 2, 3 or 5 times a power of ten that is not below `figure`.
fn round_up(figure: i64) -> i64 {
    let figure = figure.max(1);
    let ten = 10_i64.saturating_pow(figure.ilog10());
    [1, 2, 3, 5].iter().map(|lead| lead * ten).find(|step| *step >= figure).unwrap_or(ten.saturating_mul(10))
}

impl Overview {
    /// How many buckets the window has, gaps included: the cells across a chart.
    pub fn cells(&self) -> usize {
        usize::try_from(self.window.length() / self.bucket.max(1)).unwrap_or(0)
    }

    /// The cell that a bucket stands in.
    pub fn cell(&self, at: i64) -> usize {
        usize::try_from((at - self.window.from) / self.bucket.max(1)).unwrap_or(0)
    }

    /// How many cells one bar of a stacked chart gathers: at most 30 bars stay apart to the eye.
    pub fn cells_a_bar(&self) -> usize {
        self.cells().div_ceil(30).max(1)
    }

    /// The layers of "cost by model", the fattest (bottom) first, at most five.
    pub fn layers(&self) -> Vec<Layer> {
        let (own, rest) = match self.models.len() {
            0..=5 => (self.models.as_slice(), &[][..]),
            _ => self.models.split_at(4),
        };
        let mut layers: Vec<Layer> = own.iter().zip(1..).map(|(share, colour)| self.layer(share, colour)).collect();
        let folded = rest.iter().map(|share| self.layer(share, 8)).reduce(|into, layer| into.with(&layer));
        if let Some(mut other) = folded {
            other.label = format!("Other ({})", rest.iter().map(|share| share.members).sum::<u64>());
            other.value = String::new();
            layers.push(other);
        }
        layers
    }

    pub fn scale_of_requests(&self) -> Scale {
        let both = self.points.iter().chain(&self.points_before);
        Scale::over(most(both, |totals| Some(totals.requests)), 1)
    }

    pub fn scale_of_errors(&self) -> Scale {
        Scale::plain(most(&self.points, |totals| Some(totals.errors)))
    }

    /// In nano-dollars, of the highest bar.
    pub fn scale_of_cost(&self) -> Scale {
        let layers = self.layers();
        let bars = layers.first().map_or(0, |layer| layer.bars.len());
        let sums = (0..bars).map(|bar| layers.iter().map(|layer| layer.bars[bar].0).sum());
        Scale::over(sums.max().unwrap_or(0), 1)
    }

    /// In microseconds.
    pub fn scale_of_latency(&self) -> Scale {
        Scale::over(most(&self.points, |totals| totals.p99_us), 1_000)
    }

    /// In microseconds.
    pub fn scale_of_first_token(&self) -> Scale {
        Scale::over(most(&self.points, |totals| totals.first_token_p95_us), 1_000)
    }

    fn layer(&self, share: &Share, colour: u8) -> Layer {
        let gather = self.cells_a_bar();
        let mut bars = vec![Nanos::ZERO; self.cells().div_ceil(gather)];
        for (point, cost) in self.points.iter().zip(&share.series) {
            if let Some(bar) = bars.get_mut(self.cell(point.at) / gather) {
                bar.0 += cost.0;
            }
        }
        Layer { label: share.label.clone(), value: share.value.clone(), colour, total: share.cost, bars }
    }
}

fn most<'a>(points: impl IntoIterator<Item = &'a Point>, figure: impl Fn(&Totals) -> Option<u64>) -> i64 {
    let most = points.into_iter().filter_map(|point| figure(&point.totals)).max();
    most.map_or(0, |most| i64::try_from(most).unwrap_or(i64::MAX))
}

/// One colour of a stacked chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    pub label: String,
    /// The model, or empty for all others.
    pub value: String,
    /// 1 to 8: the token `--c1` to `--c8`.
    pub colour: u8,
    pub total: Nanos,
    /// One a bar, from the left.
    pub bars: Vec<Nanos>,
}

impl Layer {
    fn with(mut self, other: &Self) -> Self {
        self.total.0 += other.total.0;
        self.bars.iter_mut().zip(&other.bars).for_each(|(bar, more)| bar.0 += more.0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn a_scale_holds_its_maximum_in_two_to_four_round_steps() {
        for (max, top, step) in [
            (0, 2, 1),
            (1, 2, 1),
            (3, 3, 1),
            (9, 9, 3),
            (13, 15, 5),
            (21, 30, 10),
            (2_870, 3_000, 1_000),
            (7_220_000, 8_000_000, 2_000_000),
            (i64::MAX / 8, 1_200_000_000_000_000_000, 300_000_000_000_000_000),
        ] {
            assert_eq!(Scale::over(max, 1), Scale { top, step }, "{max}");
        }
    }

    #[test]
    fn a_share_is_no_more_than_the_whole() {
        for (max, top, step) in
            [(0, 2, 1), (3_100, 4_000, 1_000), (8_100, 9_000, 3_000), (9_100, 10_000, 2_500), (10_000, 10_000, 2_500)]
        {
            assert_eq!(Scale::within(max, 10_000), Scale { top, step }, "{max}");
        }
    }

    #[test]
    fn a_step_is_never_finer_than_asked() {
        assert_eq!(Scale::over(3, 1_000), Scale { top: 2_000, step: 1_000 });
    }

    #[test]
    fn depth_is_measured_from_the_top() {
        let scale = Scale { top: 3_000, step: 1_000 };
        assert_eq!([0, 1_000, 3_000, 9_000].map(|value| scale.depth(value)), [1000, 667, 0, 0]);
    }
}
