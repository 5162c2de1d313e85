//! One made-up call.

use super::cast::{KEYS, Key, MODELS, Model, PLACES, QUESTIONS, USERS};
use crate::journal::frame::{Gathered, Parts};
use crate::journal::record::{AttemptRow, CallRow, Outcome, Record};
use crate::price::Tariff;
use crate::secret;
use crate::store::rollups::DAY;
use crate::wire::openai::Usage;
use crate::wire::vendors::vendor;
use app::model::money::Nanos;
use rand::Rng;
use serde_json::json;
use std::collections::HashMap;

/// Milliseconds of the bad half hour that one vendor has every nine days.
const TROUBLE: i64 = 32 * 60_000;

/// Makes calls; it remembers what their like have cost.
pub struct Maker<'t> {
    tariff: &'t Tariff,
    workspace: &'static str,
    frames: Vec<Vec<u8>>,
    prices: HashMap<(usize, [u64; 3]), Option<Nanos>>,
}

/// How a call went.
struct Fate {
    status: u16,
    hit: bool,
    error: Option<&'static str>,
}

impl<'t> Maker<'t> {
    pub fn new(tariff: &'t Tariff, workspace: &'static str) -> Self {
        let frames = QUESTIONS.iter().map(|question| frame(question)).collect();
        Self { tariff, workspace, frames, prices: HashMap::new() }
    }

    pub fn make(&mut self, at: i64, dice: &mut impl Rng) -> Record {
        let key = key(at, dice);
        let first = chosen(key.models, dice);
        let troubled = troubled(MODELS[first].provider, at) && dice.random_bool(0.34);
        let rescued = troubled && key.config.is_some() && dice.random_bool(0.9);
        let place = if rescued { chosen(&key.models[1..], dice) } else { first };
        let model = &MODELS[place];
        let fate = fate(key, troubled && !rescued, dice);
        let tokens = tokens(key, &fate, dice);
        let id = secret::id(at);
        let mut call = CallRow {
            trace_id: id.clone(),
            id,
            workspace: self.workspace.into(),
            key_id: key.id.into(),
            key_name: key.name.into(),
            at,
            kind: "chat",
            method: "POST".into(),
            path: "/v1/chat/completions".into(),
            status: fate.status,
            outcome: outcome(fate.status),
            error: fate.error.map(str::to_owned),
            stream: dice.random_ratio(key.streams, 100),
            provider: model.provider.into(),
            vendor: model.provider.into(),
            model_asked: format!("@{}/{}", MODELS[first].provider, MODELS[first].name),
            model_served: model.name.into(),
            tokens_in: tokens[0],
            tokens_cached: tokens[1],
            tokens_out: tokens[2],
            overhead_us: dice.random_range(180..900),
            span_id: format!("{:016x}", dice.random::<u64>()),
            span_name: "POST /v1/chat/completions".into(),
            metadata: metadata(key, dice),
            config: key.config.map(str::to_owned),
            config_version: key.config.map(|config| format!("{config}-v1")),
            cache_status: cache(key, &fate),
            mode: if key.config.is_some() { "fallback" } else { "single" },
            target: target(key, rescued),
            retries: i64::from(dice.random_ratio(1, 90)),
            runtime: r#"{"sdk_version":"sample"}"#.into(),
            ..CallRow::default()
        };
        time(&mut call, model, &fate, dice);
        self.price(&mut call, place, &fate);
        let attempts = if fate.hit { Vec::new() } else { attempts(&call, first, rescued) };
        let frame = Some(self.frames[dice.random_range(0..self.frames.len())].clone());
        Record { call, attempts, frame, ..Record::default() }
    }

    fn price(&mut self, call: &mut CallRow, place: usize, fate: &Fate) {
        let usage = [call.tokens_in, call.tokens_cached, call.tokens_out];
        let tariff = self.tariff;
        let cost = *self.prices.entry((place, usage)).or_insert_with(|| {
            let usage = Usage { input: usage[0], cached: usage[1], output: usage[2], ..Usage::default() };
            let vendor = vendor(MODELS[place].provider)?;
            tariff.cost(vendor, MODELS[place].name, &usage, call.at).map(|cost| cost.total)
        });
        if self.prices.len() > 50_000 {
            self.prices.clear();
        }
        if fate.hit {
            call.saved_cost = cost;
            (call.tokens_in, call.tokens_cached, call.tokens_out) = (0, 0, 0);
        }
        call.cost = if fate.hit || fate.status >= 400 { Some(Nanos::ZERO) } else { cost };
    }
}

fn key(at: i64, dice: &mut impl Rng) -> &'static Key {
    let hour = at.rem_euclid(DAY) / 3_600_000;
    let night = !(6..20).contains(&hour);
    loop {
        let mut place: u32 = dice.random_range(0..100);
        let found = KEYS.iter().find(|key| match place.checked_sub(key.share) {
            Some(rest) => {
                place = rest;
                false
            }
            None => true,
        });
        match found {
            Some(key) if key.batch == night || dice.random_bool(0.35) => return key,
            _ => {}
        }
    }
}

/// The first most often, then the second, and so on.
fn chosen(models: &[usize], dice: &mut impl Rng) -> usize {
    let place = models.iter().position(|_| dice.random_bool(0.64)).unwrap_or(0);
    models.get(place).copied().unwrap_or(0)
}

/// Each vendor has its own bad half hour every nine days.
fn troubled(provider: &str, at: i64) -> bool {
    let own = i64::try_from(provider.len()).unwrap_or(0);
    let day = at.div_euclid(DAY);
    let start = (day * 7 + own * 3).rem_euclid(20) * 3_600_000;
    (day + own) % 9 == 0 && (start..start + TROUBLE).contains(&at.rem_euclid(DAY))
}

fn fate(key: &Key, troubled: bool, dice: &mut impl Rng) -> Fate {
    let failed = |status, error| Fate { status, hit: false, error: Some(error) };
    if troubled {
        return failed(529, "The provider is overloaded.");
    }
    match dice.random_range(0..10_000) {
        0..18 => failed(500, "The provider failed."),
        18..30 => failed(503, "The provider is not available."),
        30..62 => failed(429, "The provider's rate limit is reached."),
        62..84 => failed(400, "The provider refused the request."),
        84..112 => failed(499, "The caller left."),
        _ => Fate { status: 200, hit: key.hits.is_some_and(|hits| dice.random_ratio(hits, 100)), error: None },
    }
}

fn outcome(status: u16) -> Outcome {
    match status {
        499 => Outcome::Cancelled,
        400.. => Outcome::Failed,
        _ => Outcome::Finished,
    }
}

/// In, of them cached, and out. Most are near the usual, some are many times it.
fn tokens(key: &Key, fate: &Fate, dice: &mut impl Rng) -> [u64; 3] {
    if fate.status >= 400 && fate.status != 499 {
        return [0; 3];
    }
    let input = whole(key.tokens[0] * tail(dice, 0.7)).max(8);
    let cached = if dice.random_ratio(1, 4) { input * dice.random_range(3..8) / 10 / 64 * 64 } else { 0 };
    [input, cached, whole(key.tokens[1] * tail(dice, 0.8)).max(1)]
}

fn time(call: &mut CallRow, model: &Model, fate: &Fate, dice: &mut impl Rng) {
    let first = model.first_ms * 1_000.0 * tail(dice, 0.35);
    let written = call.tokens_out as f64 / model.pace * 1_000_000.0 * tail(dice, 0.2);
    let whole_us = whole(first + written);
    (call.latency_us, call.first_token_us) = match fate {
        Fate { hit: true, .. } => {
            call.saved_us = whole_us;
            (dice.random_range(700..4_500), call.stream.then_some(600))
        }
        Fate { status: 400.., .. } => (whole(first * 0.6), None),
        Fate { .. } => (whole_us, call.stream.then_some(whole(first))),
    };
}

/// Spread around 1 with a long tail to the right.
fn tail(dice: &mut impl Rng, spread: f64) -> f64 {
    let middling: f64 = (0..6).map(|_| dice.random_range(-1.0..1.0)).sum::<f64>() / 1.41;
    (middling * spread).exp()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and far below 2^53")]
fn whole(figure: f64) -> u64 {
    figure.max(0.0) as u64
}

fn metadata(key: &Key, dice: &mut impl Rng) -> String {
    let mut place: u32 = dice.random_range(0..100);
    let env = PLACES.iter().find(|(_, share)| match place.checked_sub(*share) {
        Some(rest) => {
            place = rest;
            false
        }
        None => true,
    });
    let busiest = dice.random_range(0.0..1.0_f64).powi(3) * f64::from(USERS);
    let env = env.map_or("dev", |(env, _)| *env);
    json!({ "_user": format!("acct_{:04}", whole(busiest)), "env": env, "team": key.team }).to_string()
}

fn cache(key: &Key, fate: &Fate) -> &'static str {
    match key.hits {
        None => "DISABLED",
        Some(_) if fate.hit => "HIT",
        Some(_) => "MISS",
    }
}

fn target(key: &Key, rescued: bool) -> String {
    match key.config {
        None => "config".into(),
        Some(_) => format!("config.targets[{}]", u8::from(rescued)),
    }
}

fn attempts(call: &CallRow, first: usize, rescued: bool) -> Vec<AttemptRow> {
    let last = AttemptRow {
        provider: call.provider.clone(),
        vendor: call.vendor.clone(),
        model: call.model_served.clone(),
        target: call.target.clone(),
        url: format!("https://api.{}.example/v1/chat/completions", call.provider),
        status: call.status,
        error: call.error.clone(),
        started_us: if rescued { 240_000 } else { 300 },
        latency_us: call.latency_us,
        first_token_us: call.first_token_us,
        tokens_in: call.tokens_in,
        tokens_out: call.tokens_out,
        cost: call.cost,
        ..AttemptRow::default()
    };
    if !rescued {
        return vec![last];
    }
    let failed = AttemptRow {
        provider: MODELS[first].provider.into(),
        vendor: MODELS[first].provider.into(),
        model: MODELS[first].name.into(),
        target: "config.targets[0]".into(),
        url: format!("https://api.{}.example/v1/chat/completions", MODELS[first].provider),
        status: 529,
        error: Some("The provider is overloaded.".into()),
        started_us: 300,
        latency_us: 239_000,
        ..AttemptRow::default()
    };
    vec![failed, last]
}

fn frame(question: &str) -> Vec<u8> {
    let parts = Parts {
        request_body: json!({ "messages": [{ "role": "user", "content": question }] }).to_string().into(),
        response_body: Gathered::Whole(r#"{"choices":[{"message":{"role":"assistant","content":"Sample."}}]}"#.into()),
        ..Parts::default()
    };
    parts.encode()
}
