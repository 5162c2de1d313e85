//! Which charts the overview has, and what each shows.

use crate::chart::{self, Ink, Series};
use app::model::usage::{Overview, Point, Totals};

/// Every chart by its name: what `app`'s overview looks up.
pub(super) fn draw(overview: &Overview) -> Vec<(String, String)> {
    let canvas = Canvas(overview);
    [
        ("requests", canvas.requests()),
        ("errors", canvas.errors()),
        ("cost", canvas.cost()),
        ("latency", canvas.latency()),
        ("first_token", canvas.first_token()),
        ("spark_requests", canvas.spark(|totals| whole(totals.requests))),
        ("spark_errors", canvas.spark_bad(error_rate)),
        ("spark_cost", canvas.spark(|totals| Some(totals.cost.0))),
        ("spark_tokens", canvas.spark(|totals| whole(totals.tokens_in + totals.tokens_out))),
        ("spark_cache", canvas.spark(hit_rate)),
        ("spark_latency", canvas.spark(|totals| totals.p95_us.and_then(whole))),
        ("spark_first_token", canvas.spark(|totals| totals.first_token_p50_us.and_then(whole))),
    ]
    .map(|(name, svg)| (name.to_owned(), svg))
    .into()
}

struct Canvas<'a>(&'a Overview);

impl Canvas<'_> {
    fn requests(&self) -> String {
        let now = self.now(|totals| whole(totals.requests));
        let before = self.before(|totals| whole(totals.requests));
        let series = [series(Ink::Wash(1), &now), series(Ink::Before, &before), series(Ink::Line(1), &now)];
        chart::lines(self.0.scale_of_requests(), &series)
    }

    fn errors(&self) -> String {
        let now = self.now(|totals| whole(totals.errors));
        chart::strip(self.0.scale_of_errors(), &series(Ink::BadBar, &now))
    }

    fn cost(&self) -> String {
        let layers = self.0.layers();
        let bars = layers.iter().map(|layer| Series {
            ink: Ink::Bar(layer.colour),
            values: layer.bars.iter().map(|cost| Some(cost.0)).collect(),
        });
        chart::stack(self.0.scale_of_cost(), &bars.collect::<Vec<_>>())
    }

    fn latency(&self) -> String {
        let lines = [
            (4, self.now(|totals| totals.p99_us.and_then(whole))),
            (2, self.now(|totals| totals.p95_us.and_then(whole))),
            (1, self.now(|totals| totals.p50_us.and_then(whole))),
        ];
        chart::lines(self.0.scale_of_latency(), &lines.map(|(colour, values)| series(Ink::Line(colour), &values)))
    }

    fn first_token(&self) -> String {
        let lines = [
            (2, self.now(|totals| totals.first_token_p95_us.and_then(whole))),
            (1, self.now(|totals| totals.first_token_p50_us.and_then(whole))),
        ];
        chart::lines(self.0.scale_of_first_token(), &lines.map(|(colour, values)| series(Ink::Line(colour), &values)))
    }

    fn spark(&self, figure: impl Fn(&Totals) -> Option<i64>) -> String {
        let (now, before) = (self.now(&figure), self.before(&figure));
        chart::spark(&[series(Ink::Wash(1), &now), series(Ink::Before, &before), series(Ink::Line(1), &now)])
    }

    fn spark_bad(&self, figure: impl Fn(&Totals) -> Option<i64>) -> String {
        let now = self.now(figure);
        chart::spark(&[series(Ink::BadWash, &now), series(Ink::BadLine, &now)])
    }

    fn now(&self, figure: impl Fn(&Totals) -> Option<i64>) -> Vec<Option<i64>> {
        self.place(&self.0.points, 0, figure)
    }

    /// The period before, laid over the present one.
    fn before(&self, figure: impl Fn(&Totals) -> Option<i64>) -> Vec<Option<i64>> {
        self.place(&self.0.points_before, self.0.window.length(), figure)
    }

    fn place(&self, points: &[Point], later: i64, figure: impl Fn(&Totals) -> Option<i64>) -> Vec<Option<i64>> {
        let mut cells = vec![None; self.0.cells()];
        for point in points {
            if let Some(cell) = cells.get_mut(self.0.cell(point.at + later)) {
                *cell = figure(&point.totals);
            }
        }
        cells
    }
}

fn series(ink: Ink, values: &[Option<i64>]) -> Series {
    Series { ink, values: values.to_vec() }
}

/// Errors of ten thousand calls; nothing without calls.
fn error_rate(totals: &Totals) -> Option<i64> {
    (totals.errors * 10_000).checked_div(totals.requests).and_then(whole)
}

/// Hits of ten thousand calls that asked the cache.
fn hit_rate(totals: &Totals) -> Option<i64> {
    (totals.cache_hits * 10_000).checked_div(totals.cache_asked).and_then(whole)
}

fn whole(figure: u64) -> Option<i64> {
    i64::try_from(figure).ok()
}
