//! What charts tell about their cells, and how it gets from the server to the script: names once, then a line a cell.

use std::borrow::Cow;
use std::fmt::Write;

/// The figures of one cell, as the tooltip lists them: top of the chart first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    pub when: String,
    pub note: String,
    pub rows: Vec<Row>,
    /// Dots on the first drawing: class of the colour, thousandths from the top.
    pub dots: Vec<(Cow<'static, str>, i64)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Classes of the key: `k1`, `k2 line`, `dash`; empty for a total.
    pub key: String,
    pub label: String,
    pub figure: String,
}

/// All readings of a chart, as an attribute carries them. Fields end with tabs: a row is the number of its name and its
/// figure, a dot its class behind an `@` and its place.
pub fn pack(readings: &[Option<Reading>]) -> String {
    let (mut names, mut cells) = (Vec::new(), String::new());
    for reading in readings {
        cells.push('\n');
        let Some(Reading { when, note, rows, dots }) = reading else { continue };
        _ = write!(cells, "{}\t{}", flat(when), flat(note));
        for Row { key, label, figure } in rows {
            let name = (key.as_str(), label.as_str());
            let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            _ = write!(cells, "\t{place}:{}", flat(figure));
        }
        for (class, at) in dots {
            _ = write!(cells, "\t@{class}:{at}");
        }
    }
    let names = names.iter().map(|(key, label)| format!("{key}|{}", flat(label))).collect::<Vec<_>>();
    names.join("\t") + &cells
}

/// The same as the script holds them: a cell is read when it is looked at.
#[cfg(any(feature = "hydrate", test))]
#[derive(Debug, Default)]
pub struct Readings {
    /// Key and label of rows.
    names: Vec<(String, String)>,
    cells: Vec<String>,
}

#[cfg(any(feature = "hydrate", test))]
impl Readings {
    pub fn unpack(packed: &str) -> Self {
        let mut lines = packed.split('\n');
        let pair = |name: &str| name.split_once('|').map(|(key, label)| (key.to_owned(), label.to_owned()));
        let names = lines.next().unwrap_or_default().split('\t').filter_map(pair).collect();
        Self { names, cells: lines.map(str::to_owned).collect() }
    }

    /// What is known of a cell.
    pub fn at(&self, cell: usize) -> Option<Reading> {
        let mut fields = self.cells.get(cell).filter(|line| !line.is_empty())?.split('\t');
        let mut word = || fields.next().unwrap_or_default().to_owned();
        let mut reading = Reading { when: word(), note: word(), ..Reading::default() };
        for (name, figure) in fields.filter_map(|field| field.split_once(':')) {
            if let Some(class) = name.strip_prefix('@') {
                reading.dots.push((class.to_owned().into(), figure.parse().unwrap_or(0)));
            } else if let Some((key, label)) = name.parse().ok().and_then(|place: usize| self.names.get(place)) {
                let (key, label) = (key.clone(), label.clone());
                reading.rows.push(Row { key, label, figure: figure.to_owned() });
            }
        }
        Some(reading)
    }
}

/// Without what ends a field: names come from outside.
fn flat(text: &str) -> String {
    text.replace(['\t', '\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::{Reading, Readings, Row, pack};

    #[test]
    fn readings_come_back_as_they_were_packed() {
        let row =
            |key: &str, label: &str, figure: &str| Row { key: key.into(), label: label.into(), figure: figure.into() };
        let full = Reading {
            when: "6 Nov, 12:00 UTC".into(),
            note: "6 h".into(),
            rows: vec![row("k1", "a|b: \"c\" @d", "1:2"), row("", "", "$3"), row("k1", "a|b: \"c\" @d", "")],
            dots: vec![("k1".into(), 40), ("kbad".into(), -1)],
        };
        let bare = Reading { when: "now".into(), ..Reading::default() };
        let all = [Some(full), None, Some(bare), None];
        let read = Readings::unpack(&pack(&all));
        assert_eq!([0, 1, 2, 3].map(|cell| read.at(cell)), all);
        assert_eq!((read.at(4), Readings::unpack("").at(0)), (None, None));
    }

    #[test]
    fn what_ends_a_field_does_not_end_it_within_a_name() {
        let rows = vec![Row { key: "k1".into(), label: "a\tb\nc".into(), figure: "1".into() }];
        let packed = pack(&[Some(Reading { when: "now".into(), rows, ..Reading::default() })]);
        assert_eq!(Readings::unpack(&packed).at(0).map(|reading| reading.rows[0].label.clone()), Some("a b c".into()));
    }
}
