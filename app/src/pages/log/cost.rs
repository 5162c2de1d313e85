//! How the cost came about, to the last digit.

use crate::model::log::{CostLine, LogDetail};
use crate::model::money::{Nanos, grouped};
use crate::pages::logs::figures::model;
use crate::parts::icon::Icon;
use crate::parts::page::Wide;
use icondata_lu::LuInfo;
use leptos::prelude::*;

pub fn cost(detail: &LogDetail) -> AnyView {
    let row = &detail.row;
    let Some(total) = row.cost else {
        let text = format!(
            "No price is known for {} at {}. The call is counted, its cost is in no total.",
            model(row),
            row.provider
        );
        return view! {
            <div class="alert info block">
                <Icon icon=LuInfo />
                <p>{text}</p>
            </div>
        }
        .into_any();
    };
    if detail.cost_lines.is_empty() {
        return view! { <p class="muted block">{format!("{}: nothing was charged.", total.call_text())}</p> }
            .into_any();
    }
    view! {
        <section class="block">
            {ledger(detail, total)}
            {inside(detail)}
        </section>
    }
    .into_any()
}

/// The lines and their sum.
pub fn ledger(detail: &LogDetail, total: Nanos) -> impl IntoView + use<> {
    let lines = detail.cost_lines.iter().map(line).collect_view();
    view! {
            <Wide label="How the cost came about">
                <table class="table ledger">
                    <caption>"How the cost came about"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"What"</th>
                            <th scope="col" class="num">
                                "Count"
                            </th>
                            <th scope="col" class="num">
                                "$ a million"
                            </th>
                            <th scope="col" class="num">
                                "Cost"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                    <tfoot>
                        <tr>
                            <th scope="row" colspan="3">
                                "Total"
                            </th>
                            <td class="num">{total.call_text()}</td>
                        </tr>
                    </tfoot>
                </table>
            </Wide>
    }
}

fn line(line: &CostLine) -> impl IntoView + use<> {
    view! {
        <tr>
            <th scope="row">{line.what.clone()}</th>
            <td class="num">{grouped(line.count)}</td>
            <td class="num soft">{line.per_million.clone()}</td>
            <td class="num">{line.cost.call_text()}</td>
        </tr>
    }
}

/// Tokens that the lines hold without a line of their own.
fn inside(detail: &LogDetail) -> Option<impl IntoView + use<>> {
    let parts = [
        (detail.tokens_cached, "input tokens were read from the provider's cache"),
        (detail.tokens_reasoning, "output tokens were reasoning"),
    ];
    let told: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(*count)))
        .collect();
    (!told.is_empty()).then(|| view! { <p class="muted">{format!("{}.", told.join("; "))}</p> })
}
