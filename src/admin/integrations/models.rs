//! `/integrations/{slug}/models`: which models there are, what they cost, and those of one's own.

use super::{objects, one};
use crate::admin::answer::{Refused, Told};
use crate::admin::ask::Ask;
use crate::admin::form::Form;
use crate::desk::integrations::ModelWish;
use crate::price::Item;
use crate::wire::vendors::vendor;
use app::model::models::Prices;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What a model may ask for that does not exist yet.
const LATER: [&str; 3] = ["is_finetune", "base_model_slug", "configurations"];
/// Decimals of a cent a token that are kept: a picodollar.
const DECIMALS: i32 = 10;
/// Picodollars a token at most: a million dollars a million tokens.
const MOST: i64 = 1_000_000_000_000;
const CENTS: &str = "Use US cents a token, from 0 to 100 and with at most ten decimals, such as 0.00025.";

/// Every model that is known of the vendor, and what is said of others.
pub async fn models(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let stock = ask.seat.stock(&row).await?;
    let known = vendor(&row.vendor).map(|vendor| ask.seat.models(vendor)).unwrap_or_default();
    let said = stock.models().map(|(model, _)| model.to_owned());
    let now = ask.seat.house.clock.now();
    let model = |slug: &String| {
        let item = stock.find(slug);
        json!({
            "slug": slug,
            "enabled": stock.allows(slug),
            "is_custom": item.is_some_and(|item| item.custom),
            "is_finetune": false,
            "base_model_slug": null,
            "pricing_config": item.and_then(|item| pricing(item, now)),
        })
    };
    let all: BTreeSet<String> = known.into_iter().chain(said).collect();
    let models: Vec<Value> = all.iter().map(model).collect();
    let total = models.len();
    Ok(json!({ "object": "list", "total": total, "models": models, "allow_all_models": !stock.is_closed() }))
}

/// Says which models are on, adds some, prices some.
pub async fn allow_models(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let wishes = objects(&ask.body, "models")?.iter().map(wish).collect::<Result<Vec<_>, _>>()?;
    ask.seat.say_of_models(&row, wishes, ask.body.flag("allow_all_models")?).await?;
    Ok(json!({}))
}

/// Removes models of one's own: `?slugs=a,b`.
pub async fn remove_models(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let slugs = ask.query.must("slugs").or_else(|_| ask.body.must("slugs"))?;
    let slugs: BTreeSet<String> =
        slugs.split(',').map(str::trim).filter(|slug| !slug.is_empty()).map(str::to_owned).collect();
    if slugs.is_empty() {
        return Err(Refused::field("slugs", "Use names of custom models with commas between them."));
    }
    ask.seat.forget_models(&row, &slugs.into_iter().collect::<Vec<_>>()).await?;
    Ok(json!({}))
}

fn wish(form: &Form) -> Result<ModelWish, Refused> {
    form.without(&LATER)?;
    let prices = if form.sent("pricing_config") { priced(form)? } else { None };
    Ok(ModelWish {
        model: form.must("slug")?.to_owned(),
        enabled: form.flag("enabled")?.unwrap_or(true),
        custom: form.flag("is_custom")?,
        prices,
    })
}

/// Null: the list price again.
fn priced(form: &Form) -> Result<Option<Prices>, Refused> {
    let Some(config) = form.form("pricing_config")? else { return Ok(Some(Prices::default())) };
    config.only(&["type", "pay_as_you_go", "currency"])?;
    for (name, known) in [("type", "static"), ("currency", "USD")] {
        if config.text(name)?.is_some_and(|text| text != known) {
            return Err(Refused::field(name, format!("Use {known}.")));
        }
    }
    let Some(rates) = config.form("pay_as_you_go")? else { return Ok(None) };
    rates.only(&["request_token", "response_token", "cache_read_input_token"])?;
    let prices = Prices {
        input: rate(&rates, "request_token")?,
        cached: rate(&rates, "cache_read_input_token")?,
        output: rate(&rates, "response_token")?,
    };
    if !prices.any() {
        return Err(Refused::field("pay_as_you_go", "Add request_token, response_token, or both."));
    }
    Ok(Some(prices))
}

/// Picodollars a token.
fn rate(rates: &Form, name: &str) -> Result<Option<i64>, Refused> {
    let Some(rate) = rates.form(name)? else { return Ok(None) };
    match rate.get("price") {
        None => Ok(None),
        Some(Value::Number(number)) => picos(&number.to_string()).map(Some).ok_or_else(|| Refused::field(name, CENTS)),
        Some(_) => Err(Refused::field(name, CENTS)),
    }
}

/// Cents as picodollars, without rounding. An exponent is understood.
fn picos(cents: &str) -> Option<i64> {
    let (mantissa, exponent) = cents.split_once(['e', 'E']).unwrap_or((cents, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits: i64 = format!("{whole}{fraction}").parse().ok().filter(|digits| *digits >= 0)?;
    let shift = DECIMALS + exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
    let scale = 10_i64.checked_pow(shift.unsigned_abs())?;
    let picos = if shift < 0 { (digits % scale == 0).then(|| digits / scale) } else { digits.checked_mul(scale) };
    picos.filter(|picos| *picos < MOST)
}

/// The own price in force, as it would be sent.
fn pricing(item: &Item, now: i64) -> Option<Value> {
    let Prices { input, cached, output } = item.price(now)?;
    let mut rates = Map::new();
    for (name, picos) in [("request_token", input), ("response_token", output), ("cache_read_input_token", cached)] {
        if let Some(picos) = picos {
            rates.insert(name.to_owned(), json!({ "price": shown(picos) }));
        }
    }
    Some(json!({ "type": "static", "pay_as_you_go": rates }))
}

fn shown(picos: i64) -> Value {
    let text = format!("{}.{:010}", picos / 10_000_000_000, picos % 10_000_000_000);
    serde_json::from_str(text.trim_end_matches('0').trim_end_matches('.')).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{picos, shown};

    #[test]
    fn cents_a_token_are_read_to_the_last_picodollar() {
        for (cents, wanted) in [
            ("0.00025", Some(2_500_000)),
            ("3.5e-5", Some(350_000)),
            ("1e-10", Some(1)),
            ("0.00000000001", None),
            ("1e-11", None),
            ("1.0", Some(10_000_000_000)),
            ("0", Some(0)),
            ("-1", None),
            ("100", None),
            ("1e300", None),
        ] {
            assert_eq!(picos(cents), wanted, "{cents}");
        }
        for cents in ["0.00025", "3.5e-5", "1e-10", "1.0"] {
            let again = shown(picos(cents).expect(cents));
            assert_eq!(again.as_f64(), cents.parse().ok(), "{cents}");
        }
    }
}
