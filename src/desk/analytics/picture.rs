//! The drawings of a page: pure.

use crate::chart::{self, Ink, Series};
use app::model::analytics::{Analytics, Graph, Strand};

/// One for each graph, in their order.
pub(super) fn draw(told: &Analytics) -> Vec<String> {
    told.graphs.iter().map(|graph| one(graph, told.cells_a_bar())).collect()
}

fn one(graph: &Graph, gather: usize) -> String {
    if graph.stacked {
        let series = graph.strands.iter().map(|strand| {
            let ink = if strand.colour == 0 { Ink::Before } else { Ink::Bar(strand.colour) };
            Series { ink, values: Graph::bars(&strand.values, gather) }
        });
        return chart::stack(graph.scale(gather), &series.collect::<Vec<_>>());
    }
    let line = |strand: &Strand| {
        let ink = if strand.colour == 0 { Ink::Before } else { Ink::Line(strand.colour) };
        Series { ink, values: strand.values.clone() }
    };
    chart::lines(graph.scale(gather), &graph.strands.iter().rev().map(line).collect::<Vec<_>>())
}
