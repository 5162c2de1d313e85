//! What past calls would cost by other prices: a look first, then the act.

use crate::api;
use crate::model::money::grouped;
use crate::model::recompute::{By, Recompute as Answer, RecomputeForm, RecomputeLine, RecomputeSum};
use crate::parts::field::Submit;
use crate::parts::icon::Icon;
use crate::parts::page::{Empty, Page, Waiting, Wide};
use crate::parts::problem::{Problem, failure_of, shown};
use icondata_lu::LuCircleCheck;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

#[component]
pub fn Recompute() -> impl IntoView {
    let params = use_query_map();
    let form = Memo::new(move |_| params.with(read));
    let done = move || params.with(|params| params.get("done"));
    let apply = ServerAction::<api::Recompute>::new();
    let looked = Resource::new(move || form.get(), api::recompute_preview);
    view! {
        <Page
            title="Recompute costs"
            acts=|| {
                view! {
                    <a class="btn" href="/models">
                        "Models"
                    </a>
                }
            }
        >
            <Problem failure=failure_of(apply) />
            {move || done().map(told)}
            <Transition fallback=|| {
                view! { <Waiting /> }
            }>
                {move || Suspend::new(async move {
                    let answer = looked.await;
                    let asked = answer.as_ref().map_or_else(|_| form.get_untracked(), |answer| answer.form.clone());
                    view! {
                        <Ask form=asked />
                        {shown(answer, move |answer| preview(answer, apply))}
                    }
                })}
            </Transition>
        </Page>
    }
}

/// A bad value means the default.
fn read(params: &ParamsMap) -> RecomputeForm {
    let text = |name: &str| params.get_str(name).unwrap_or_default().trim().chars().take(20).collect::<String>();
    RecomputeForm { from: text("from"), to: text("to"), by: By::from_word(&text("by")) }
}

/// What was done before.
fn told(calls: String) -> impl IntoView {
    let calls = calls.parse().map_or(calls, grouped);
    view! {
        <div class="alert ok" role="status">
            <Icon icon=LuCircleCheck />
            <p>{format!("The costs of {calls} calls are changed, and so are the figures of their days.")}</p>
        </div>
    }
}

#[component]
fn Ask(form: RecomputeForm) -> impl IntoView {
    let by = |by: By, words: &'static str| {
        view! {
            <option value=by.word() selected=by == form.by>
                {words}
            </option>
        }
    };
    view! {
        <section class="card" aria-labelledby="ask">
            <header>
                <h2 id="ask">"Which calls, by which prices"</h2>
                <p>
                    "A new price never changes what was called before it. This does, once, for the days that you choose."
                </p>
            </header>
            <form class="body recompute" method="get" action="/models/recompute">
                <div class="field">
                    <label for="from">"First day, UTC"</label>
                    <input class="input" id="from" type="date" name="from" value=form.from.clone() />
                </div>
                <div class="field">
                    <label for="to">"Last day, UTC"</label>
                    <input class="input" id="to" type="date" name="to" value=form.to.clone() />
                </div>
                <div class="field">
                    <label for="by">"Prices"</label>
                    <select class="input" id="by" name="by">
                        {by(By::Today, "of today")}
                        {by(By::Then, "of each call's time, as they are known now")}
                    </select>
                </div>
                <div>
                    <button type="submit" class="btn">
                        "Show what would change"
                    </button>
                </div>
            </form>
        </section>
    }
}

fn preview(answer: Answer, apply: ServerAction<api::Recompute>) -> AnyView {
    let Answer { form, looked, lines, all, editable } = answer;
    if !looked {
        return ().into_any();
    }
    if all.calls == 0 {
        return view! {
            <Empty title="No calls to price" text="In these days no provider answered a call that used tokens." />
        }
        .into_any();
    }
    let span = format!("{} to {}", form.from, form.to);
    let act = (editable && all.changed > 0).then(|| view! { <Act form apply /> });
    let rows = lines.into_iter().map(row).collect_view();
    view! {
        <section class="card" aria-labelledby="changes">
            <header>
                <h2 id="changes">"What would change"</h2>
                <p>{summary(&all, &span)}</p>
            </header>
            <Wide label="Costs by model, before and after">
                <table class="table">
                    <caption>"Costs by model, before and after"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Model"</th>
                            <th scope="col" class="num">
                                "Calls"
                            </th>
                            <th scope="col" class="num">
                                "Changed"
                            </th>
                            <th scope="col" class="num">
                                "Newly priced"
                            </th>
                            <th scope="col" class="num">
                                "Still unpriced"
                            </th>
                            <th scope="col" class="num">
                                "Before"
                            </th>
                            <th scope="col" class="num">
                                "After"
                            </th>
                            <th scope="col" class="num">
                                "Change"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                    <tfoot>
                        <tr>
                            <th scope="row">"All"</th>
                            {figures(&all)}
                        </tr>
                    </tfoot>
                </table>
            </Wide>
            {act}
        </section>
    }
    .into_any()
}

fn summary(all: &RecomputeSum, span: &str) -> String {
    match all.changed {
        0 => format!("Nothing: {} calls from {span} cost what they did.", grouped(all.calls)),
        changed => format!(
            "{} of {} calls from {span}: {} in place of {}.",
            grouped(changed),
            grouped(all.calls),
            all.after.total_text(),
            all.before.total_text()
        ),
    }
}

fn row(line: RecomputeLine) -> impl IntoView {
    let RecomputeLine { provider, model, sum } = line;
    view! {
        <tr>
            <th scope="row">
                <code>{format!("@{provider}/{model}")}</code>
            </th>
            {figures(&sum)}
        </tr>
    }
}

fn figures(sum: &RecomputeSum) -> impl IntoView + use<> {
    let counts = [sum.calls, sum.changed, sum.priced, sum.unpriced].map(grouped);
    let change = sum.change();
    let sign = if change.0 > 0 { "+" } else { "" };
    let sums = [sum.before.total_text(), sum.after.total_text(), format!("{sign}{}", change.total_text())];
    counts.into_iter().chain(sums).map(|text| view! { <td class="num">{text}</td> }).collect_view()
}

#[component]
fn Act(form: RecomputeForm, apply: ServerAction<api::Recompute>) -> impl IntoView {
    view! {
        <ActionForm action=apply>
            <input type="hidden" name="form[from]" value=form.from />
            <input type="hidden" name="form[to]" value=form.to />
            <input type="hidden" name="form[by]" value=form.by.word() />
            <footer>
                <p>
                    "The log and all charts will tell the new costs. Budgets keep what was spent of them, and what the cache saved stays as it was told. It cannot be undone, only done again by other prices."
                </p>
                <span class="push">
                    <Submit label="Change these costs" pending=apply.pending() />
                </span>
            </footer>
        </ActionForm>
    }
}
