//! Conditions as rows: field, operator, value, and groups of such.

use super::Form;
use super::control::{Choice, Wrong};
use super::targets::{SHOWN_MOST, more};
use crate::model::routing::field::{GROUPS, OPERATORS, Operand};
use crate::pages::configs::asked::{others, retested};
use crate::pages::configs::path::{Path, push, rename, set, within};
use crate::pages::configs::words::{operand_of, operand_text};
use crate::parts::icon::Icon;
use crate::parts::route::say;
use icondata_lu::{LuArrowRight, LuPlus, LuX};
use leptos::prelude::*;
use serde_json::{Map, Value, json};

/// What a new row asks.
fn blank() -> Value {
    json!({"metadata.plan": {"$eq": ""}})
}

/// The conditions of a group, in order, and where all other calls go.
#[component]
pub fn Conditions(form: Form, path: Path) -> impl IntoView {
    let list = path.key("strategy").key("conditions");
    let count = form.work.count(list.clone());
    let targets = path.key("targets");
    let names = Memo::new(move |_| {
        form.work.good.with(|root| {
            let targets = targets.list(root).iter().take(SHOWN_MOST);
            let names = targets.filter_map(|target| target.get("name")?.as_str());
            names.map(|name| (name.to_owned(), name.to_owned())).collect::<Vec<_>>()
        })
    });
    let names = Signal::derive(move || names.get());
    let each = {
        let list = list.clone();
        move |at: usize| condition(form, &list, at, names)
    };
    let otherwise = path.key("strategy").key("default");
    let id = format!("f-{otherwise}");
    let value = form.work.text_at(otherwise.clone());
    let wrong = form.work.wrong(&otherwise, true);
    let choose = Callback::new(move |name: String| form.work.set(&otherwise, Some(name.into())));
    let wrong_list = form.work.wrong(&list, false);
    let add = move |_| {
        form.work.edit(|root| {
            let then = names.with_untracked(|names| names.first().map(|(name, _)| name.clone()).unwrap_or_default());
            push(root, &list, json!({"query": blank(), "then": then}))
        });
    };
    view! {
        <ol class="conds">
            <For each=move || 0..count.get().min(SHOWN_MOST) key=|at| *at children=each />
            <li class="else">
                <span class="no">"–"</span>
                <label for=id.clone()>"otherwise"</label>
                <Icon icon=LuArrowRight />
                <Choice id=id.clone() value=Signal::derive(move || value.get()) options=names on=choose />
                <Wrong lines=wrong id=format!("e-{id}") />
            </li>
        </ol>
        {move || more(count.get())}
        <Wrong lines=wrong_list id=format!("w-{id}") />
        <button type="button" class="btn quiet sm add" on:click=add>
            <Icon icon=LuPlus />
            "Condition"
        </button>
    }
}

fn condition(form: Form, list: &Path, at: usize, names: Signal<Vec<(String, String)>>) -> AnyView {
    let place = list.index(at);
    let then = place.key("then");
    let value = form.work.text_at(then.clone());
    let wrong = form.work.wrong(&then, true);
    let choose = {
        let then = then.clone();
        Callback::new(move |name: String| form.work.set(&then, Some(name.into())))
    };
    let remove = {
        let place = place.clone();
        move |_| form.work.set(&place, None)
    };
    view! {
        <li>
            <span class="no">{at + 1}</span>
            {query(form, place.key("query"), format!("condition {}", at + 1))}
            <Icon icon=LuArrowRight />
            <Choice
                id=format!("f-{then}")
                label=format!("Target of condition {}", at + 1)
                value=Signal::derive(move || value.get())
                options=names
                on=choose
            />
            <button type="button" class="btn quiet icon sm" aria-label=format!("Remove condition {}", at + 1) on:click=remove>
                <Icon icon=LuX />
            </button>
            <Wrong lines=wrong id=format!("e-{then}") />
        </li>
    }
    .into_any()
}

/// An object of the query: each key is a group or what is asked of one value.
fn query(form: Form, path: Path, what: String) -> AnyView {
    let place = path.clone();
    let count =
        Memo::new(move |_| form.work.good.with(|root| place.of(root).and_then(Value::as_object).map_or(0, Map::len)));
    let (inner, named) = (path.clone(), what.clone());
    let each = move |at: usize| entry(form, inner.clone(), at, named.clone());
    let (all, any) = (path.clone(), path.clone());
    let wrong = form.work.wrong(&path, false);
    view! {
        <div class="query">
            <For each=move || 0..count.get() key=|at| *at children=each />
            <Wrong lines=wrong id=format!("e-{path}") />
            <p class="row">
                <button
                    type="button"
                    class="btn quiet sm"
                    aria-label=format!("and, in {what}")
                    on:click=move |_| also(form, &all, "$and")
                >
                    "and"
                </button>
                <button
                    type="button"
                    class="btn quiet sm"
                    aria-label=format!("or, in {what}")
                    on:click=move |_| also(form, &any, "$or")
                >
                    "or"
                </button>
            </p>
        </div>
    }
    .into_any()
}

/// One more row beside what the query asks, in a group of that word.
fn also(form: Form, path: &Path, word: &str) {
    form.work.edit(|root| {
        let asked = path.of(root).cloned().unwrap_or_else(|| json!({}));
        let same = asked.as_object().is_some_and(|map| map.len() == 1 && map.get(word).is_some_and(Value::is_array));
        if same {
            push(root, &path.key(word), blank());
        } else {
            set(root, path, Some(json!({ word: [asked, blank()] })));
        }
    });
}

/// The key and value that stand at a place of an object.
fn at(root: &Value, path: &Path, number: usize) -> Option<(String, Value)> {
    path.of(root)?.as_object()?.iter().nth(number).map(|(key, value)| (key.clone(), value.clone()))
}

fn entry(form: Form, path: Path, number: usize, what: String) -> AnyView {
    let place = path.clone();
    let group = Memo::new(move |_| {
        let found = form.work.good.with(|root| at(root, &place, number));
        found.filter(|(key, value)| GROUPS.contains(&key.as_str()) && value.is_array()).map(|(key, _)| key)
    });
    (move || match group.get() {
        Some(word) => several(form, path.clone(), word, what.clone()),
        None => row(form, path.clone(), number, what.clone()),
    })
    .into_any()
}

/// A group: all of its queries, or any.
fn several(form: Form, path: Path, word: String, what: String) -> AnyView {
    let list = path.key(&word);
    let count = form.work.count(list.clone());
    let inner = list.clone();
    let named = what;
    let each = move |at: usize| {
        let place = inner.index(at);
        let (holder, list, word) = (path.clone(), inner.clone(), word.clone());
        let remove = {
            let place = place.clone();
            move |_| {
                form.work.edit(|root| {
                    set(root, &place, None);
                    let left = list.list(root).first().cloned().filter(|_| list.list(root).len() == 1);
                    let alone = holder.of(root).and_then(Value::as_object).is_some_and(|map| map.len() == 1);
                    if let (Some(left), true, false) = (left, alone, word.is_empty()) {
                        set(root, &holder, Some(left));
                    }
                });
            }
        };
        view! {
            <li>
                {query(form, place, format!("{named}, part {}", at + 1))}
                <button
                    type="button"
                    class="btn quiet icon sm"
                    aria-label=format!("Remove part {} of {named}", at + 1)
                    on:click=remove
                >
                    <Icon icon=LuX />
                </button>
            </li>
        }
    };
    let words = if list.to_string().ends_with("$or") { "any of" } else { "all of" };
    view! {
        <fieldset class="several">
            <legend>{words}</legend>
            <ol>
                <For each=move || 0..count.get() key=|at| *at children=each />
            </ol>
            <Wrong lines=form.work.wrong(&list, false) id=format!("e-{list}") />
        </fieldset>
    }
    .into_any()
}

/// A row: what is asked of one value of the call.
#[derive(Clone)]
struct Row {
    form: Form,
    /// The object that it stands in, and its place there.
    path: Path,
    number: usize,
    /// What it is called.
    what: String,
    /// Its key and value.
    found: Memo<(String, Value)>,
    /// Its operator, empty where a bare value is compared, and operand.
    test: Memo<(String, Value)>,
    /// The key as it is while another name is typed that a row beside it has, and that name.
    taken: RwSignal<Option<(String, String)>>,
}

impl Row {
    fn key(&self, root: &Value) -> Option<String> {
        at(root, &self.path, self.number).map(|(key, _)| key)
    }

    fn wrong(&self) -> Memo<Vec<String>> {
        let Self { form, path, found, .. } = self.clone();
        let row = self.clone();
        Memo::new(move |_| {
            let place = path.key(&found.with(|(key, _)| key.clone())).to_string();
            let clash = row.typed().map(|name| {
                format!("A row beside this one asks for {name} already. Name another field, or ask for both by “and”.")
            });
            form.work.mistakes.with(|all| {
                let here = all.iter().filter(|mistake| within(&mistake.path, &place));
                clash.into_iter().chain(here.map(|mistake| mistake.message.clone())).collect::<Vec<_>>()
            })
        })
    }

    /// The name that is typed and cannot be given, for as long as the key is still the one that it was typed for.
    fn typed(&self) -> Option<String> {
        let key = self.found.with(|(key, _)| key.clone());
        self.taken.get().filter(|(of, _)| *of == key).map(|(_, name)| name)
    }
}

/// A value with several operators is shown by its first; the JSON has the rest.
fn row(form: Form, path: Path, number: usize, what: String) -> AnyView {
    let place = path.clone();
    let found = Memo::new(move |_| form.work.good.with(|root| at(root, &place, number)).unwrap_or_default());
    let test = Memo::new(move |_| {
        found.with(|(_, value)| match value {
            Value::Object(tests) => {
                tests.iter().next().map(|(name, value)| (name.clone(), value.clone())).unwrap_or_default()
            }
            plain => (String::new(), plain.clone()),
        })
    });
    let id = format!("e-{path}-{number}");
    let row = Row { form, path, number, what, found, test, taken: RwSignal::new(None) };
    view! {
        <p class="test">{subject(row.clone())} {operator(row.clone())} {compared(row.clone())}</p>
        <Wrong lines=row.wrong() id />
    }
    .into_any()
}

/// What is looked at.
fn subject(row: Row) -> AnyView {
    let found = row.found;
    let (shown, invalid) = (row.clone(), row.clone());
    let shown = move || shown.typed().unwrap_or_else(|| found.with(|(key, _)| key.clone()));
    let label = format!("Field of {}", row.what);
    let rename_to = move |event| {
        let to = event_target_value(&event);
        let refused = row.form.work.edit(|root| {
            let from = row.key(root)?;
            (!rename(root, &row.path, &from, &to)).then_some(from)
        });
        row.taken.set(refused.flatten().map(|from| (from, to)));
    };
    view! {
        <input
            class="input sm"
            aria-label=label
            aria-invalid=move || invalid.typed().map(|_| "true")
            list="subjects"
            autocomplete="off"
            spellcheck="false"
            prop:value=shown
            value=found.get_untracked().0
            on:input=rename_to
        />
    }
    .into_any()
}

fn operator(row: Row) -> AnyView {
    let found = row.found;
    // What is asked beside it cannot be asked twice.
    let free = Memo::new(move |_| {
        let free = |name: &str| {
            found.with(|(_, value)| value.as_object().is_none_or(|tests| others(tests).all(|other| other != name)))
        };
        OPERATORS.iter().map(|(name, _)| *name).filter(|name| free(name)).collect::<Vec<_>>()
    });
    let options = Signal::derive(move || {
        let option = |name: &str| (name.to_owned(), say::test(name).to_owned());
        free.get().into_iter().map(option).collect::<Vec<_>>()
    });
    let test = row.test;
    let named = move || {
        let name = test.with(|(name, _)| name.clone());
        if name.is_empty() { "$eq".to_owned() } else { name }
    };
    let (id, label) = (format!("o-{}-{}", row.path, row.number), format!("Test of {}", row.what));
    let choose = Callback::new(move |name: String| {
        let (old, value) = test.get_untracked();
        let value = operand_of(operand(&name), &operand_text(operand(&old), &value));
        row.form.work.edit(|root| {
            let place = row.path.key(&row.key(root)?);
            let tests = retested(place.of(root)?, &name, value);
            set(root, &place, Some(tests));
            Some(())
        });
    });
    view! { <Choice id label value=Signal::derive(named) options on=choose /> }.into_any()
}

/// What it is compared with.
fn compared(row: Row) -> AnyView {
    let typed = RwSignal::new(String::new());
    let test = row.test;
    let shown = move || {
        let ((name, value), text) = (test.get(), typed.get());
        if operand_of(operand(&name), &text) == value { text } else { operand_text(operand(&name), &value) }
    };
    let label = format!("Value of {}", row.what);
    let write = move |event| {
        let text = event_target_value(&event);
        typed.set(text.clone());
        let (name, _) = test.get_untracked();
        let value = operand_of(operand(&name), &text);
        row.form.work.edit(|root| {
            let place = row.path.key(&row.key(root)?);
            set(root, &if name.is_empty() { place } else { place.key(&name) }, Some(value));
            Some(())
        });
    };
    view! {
        <input
            class="input sm"
            aria-label=label
            autocomplete="off"
            spellcheck="false"
            prop:value=shown
            value=untrack(shown)
            on:input=write
        />
    }
    .into_any()
}

fn operand(name: &str) -> Operand {
    OPERATORS.iter().find(|(known, _)| *known == name).map_or(Operand::Single, |(_, operand)| *operand)
}
