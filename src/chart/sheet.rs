//! A plotters backend that writes SVG whose colours are classes.

use plotters::style::RGBColor;
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind};
use std::convert::Infallible;
use std::fmt::Write;

/// What a stroke is for; the style sheet says how it looks in either theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// A line of the grid.
    Grid,
    /// The zero line.
    Zero,
    /// A series, `--c1` to `--c8`.
    Line(u8),
    Wash(u8),
    Bar(u8),
    /// The previous period.
    Before,
    /// Errors.
    BadLine,
    BadWash,
    BadBar,
}

impl Ink {
    /// Plotters knows colours only, so the ink travels as one.
    pub fn paint(self) -> RGBColor {
        match self {
            Self::Grid => RGBColor(0, 0, 0),
            Self::Zero => RGBColor(1, 0, 0),
            Self::Line(series) => RGBColor(2, series, 0),
            Self::Wash(series) => RGBColor(3, series, 0),
            Self::Bar(series) => RGBColor(4, series, 0),
            Self::Before => RGBColor(5, 0, 0),
            Self::BadLine => RGBColor(6, 0, 0),
            Self::BadWash => RGBColor(7, 0, 0),
            Self::BadBar => RGBColor(8, 0, 0),
        }
    }

    fn class(colour: BackendColor) -> String {
        match colour.rgb {
            (0, ..) => "g".into(),
            (1, ..) => "g0".into(),
            (2, series, _) => format!("ln k{series}"),
            (3, series, _) => format!("wash k{series}"),
            (4, series, _) => format!("bar k{series}"),
            (5, ..) => "prev".into(),
            (6, ..) => "ln kbad".into(),
            (7, ..) => "wash kbad".into(),
            _ => "bar kbad".into(),
        }
    }
}

/// The drawing so far: one path a run of the same ink.
#[derive(Debug, Default)]
pub struct Sheet {
    paths: Vec<(String, String)>,
}

impl Sheet {
    /// The far corner. The drawing is stretched to its place, so that these are parts of its width and height.
    pub const SIZE: (u32, u32) = (2000, 600);

    /// The whole as one element. Words stand beside it, in HTML.
    pub fn svg(&self) -> String {
        let (width, height) = Self::SIZE;
        let mut svg = format!(r#"<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">"#);
        for (class, data) in &self.paths {
            let _ = write!(svg, r#"<path class="{class}" d="{data}"/>"#);
        }
        svg.push_str("</svg>");
        svg
    }

    fn data(&mut self, colour: BackendColor) -> &mut String {
        let class = Ink::class(colour);
        if self.paths.last().is_none_or(|(last, _)| *last != class) {
            self.paths.push((class, String::new()));
        }
        let last = self.paths.len() - 1;
        &mut self.paths[last].1
    }

    fn trace(&mut self, points: impl IntoIterator<Item = BackendCoord>, colour: BackendColor, end: &str) {
        let mut points = points.into_iter();
        let (true, Some(start)) = (colour.alpha > 0.0, points.next()) else {
            return;
        };
        let data = self.data(colour);
        let _ = write!(data, "M{} {}", start.0, start.1);
        let mut before = start;
        let mut apart = "l";
        for (x, y) in points {
            let (right, down) = (x - before.0, y - before.1);
            let _ = write!(data, "{}{right}{}{down}", lead(apart, right), lead(" ", down));
            before = (x, y);
            apart = " ";
        }
        data.push_str(end);
    }
}

/// A minus sign keeps two figures apart by itself.
fn lead(apart: &'static str, figure: i32) -> &'static str {
    if figure < 0 && apart == " " { "" } else { apart }
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for &mut Sheet {
    type ErrorType = Infallible;

    /// One more than the far corner: plotters counts pixels, this counts the edges between them.
    fn get_size(&self) -> (u32, u32) {
        (Sheet::SIZE.0 + 1, Sheet::SIZE.1 + 1)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, colour: BackendColor) -> Drawn {
        self.trace([point, (point.0 + 1, point.1)], colour, "");
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.trace([from, to], style.color(), "");
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, _fill: bool) -> Drawn {
        if style.color().alpha > 0.0 {
            let (width, height) = (to.0 - from.0, to.1 - from.1);
            let _ = write!(self.data(style.color()), "M{} {}h{width}v{height}h-{width}z", from.0, from.1);
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.trace(path, style.color(), "");
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.trace(path, style.color(), "z");
        Ok(())
    }
}
