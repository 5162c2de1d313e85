//! A page's figures as a file: the table, or one graph over time. Money is in dollars, time in milliseconds, shares in
//! percent.

use app::model::analytics::{Analytics, Unit};
use jiff::Timestamp;

/// The table of values; of a graph, one line a cell.
pub fn text(told: &Analytics, graph: Option<usize>) -> String {
    let rows = match graph.and_then(|place| told.graphs.get(place)) {
        Some(graph) => {
            let head =
                std::iter::once("start".to_owned()).chain(graph.strands.iter().map(|strand| strand.label.clone()));
            let cells = told.cells.iter().enumerate().map(|(cell, start)| {
                let figures =
                    graph.strands.iter().map(|strand| figure(strand.values.get(cell).copied().flatten(), graph.unit));
                std::iter::once(moment(*start)).chain(figures).collect()
            });
            std::iter::once(head.collect()).chain(cells).collect::<Vec<Vec<String>>>()
        }
        None => {
            let names = told.columns.iter().map(|(name, unit)| headed(name, *unit));
            let head = std::iter::once(told.query.group().title()).chain(names);
            let lines = told.lines.iter().map(|line| {
                let name = if line.linked { &line.value } else { &line.label };
                let figures = line.figures.iter().zip(&told.columns).map(|(value, (_, unit))| figure(*value, *unit));
                std::iter::once(name.clone()).chain(figures).collect()
            });
            std::iter::once(head.collect()).chain(lines).collect()
        }
    };
    rows.iter().map(|row| line(row)).collect()
}

fn headed(name: &str, unit: Unit) -> String {
    match unit {
        Unit::Count | Unit::Score => name.to_owned(),
        Unit::Money => format!("{name} ($)"),
        Unit::Time => format!("{name} (ms)"),
        Unit::Share => format!("{name} (%)"),
    }
}

/// To the last digit; nothing where there is none.
fn figure(value: Option<i64>, unit: Unit) -> String {
    let Some(value) = value else { return String::new() };
    match unit {
        Unit::Count => value.to_string(),
        Unit::Money => decimal(value, 9),
        Unit::Time => decimal(value, 3),
        Unit::Share | Unit::Score => decimal(value, 2),
    }
}

fn decimal(value: i64, digits: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let figures = format!("{:0>width$}", value.unsigned_abs(), width = digits + 1);
    let (whole, rest) = figures.split_at(figures.len() - digits);
    format!("{sign}{whole}.{rest}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn moment(at: i64) -> String {
    Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

fn line(row: &[String]) -> String {
    row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\r\n"
}

/// A cell that a spreadsheet would take for a formula is marked as text: its author may be a stranger.
fn quoted(cell: &str) -> String {
    let number = cell.parse::<f64>().is_ok();
    let formula = !number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::{Unit, decimal, figure, line};

    #[test]
    fn figures_are_exact() {
        for (value, digits, text) in
            [(0, 9, "0"), (1, 9, "0.000000001"), (312_480_000_000, 9, "312.48"), (-1_500, 3, "-1.5")]
        {
            assert_eq!(decimal(value, digits), text);
        }
        assert_eq!((figure(None, Unit::Money), figure(Some(12), Unit::Count)), (String::new(), "12".to_owned()));
    }

    #[test]
    fn a_cell_is_text_whatever_stands_in_it() {
        let row = ["a,b", "say \"hi\"", "=1+1", "-5", "-x", "plain"].map(str::to_owned);
        assert_eq!(line(&row), "\"a,b\",\"say \"\"hi\"\"\",'=1+1,-5,'-x,plain\r\n");
    }
}
