//! Who calls what: keys, models, people and places of the made-up history.

/// A model and how it behaves.
pub struct Model {
    /// Slug of the provider, which is its vendor's.
    pub provider: &'static str,
    pub name: &'static str,
    /// Usual milliseconds to the first token, and tokens a second after it.
    pub first_ms: f64,
    pub pace: f64,
}

/// A key and its habits.
pub struct Key {
    pub id: &'static str,
    pub name: &'static str,
    pub team: &'static str,
    /// Of a hundred calls of the whole.
    pub share: u32,
    /// Slug of its config; `None`: it names its model.
    pub config: Option<&'static str>,
    /// Models by place in [`MODELS`], the first most often.
    pub models: &'static [usize],
    /// Usual tokens in and out.
    pub tokens: [f64; 2],
    /// Of a hundred calls: streams, and those that the cache answers where it is asked.
    pub streams: u32,
    pub hits: Option<u32>,
    /// It works at night as well.
    pub batch: bool,
}

const fn model(provider: &'static str, name: &'static str, first_ms: f64, pace: f64) -> Model {
    Model { provider, name, first_ms, pace }
}

pub const MODELS: [Model; 9] = [
    model("openai", "gpt-5", 1_450.0, 70.0),
    model("deepseek", "deepseek-chat", 900.0, 45.0),
    model("cerebras", "gpt-oss-120b", 190.0, 1_500.0),
    model("mistral-ai", "mistral-large-latest", 520.0, 75.0),
    model("cerebras", "zai-glm-4.7", 240.0, 900.0),
    model("openai", "gpt-4.1-mini", 390.0, 95.0),
    model("groq", "llama-3.3-70b-versatile", 210.0, 280.0),
    model("openai", "gpt-4o", 560.0, 80.0),
    model("openai", "house-tuned-7b", 300.0, 120.0),
];

pub const KEYS: [Key; 7] = [
    Key {
        id: "sample-support-prod",
        name: "support-prod · sample",
        team: "support",
        share: 34,
        config: Some("pc-support-router"),
        models: &[0, 3, 2],
        tokens: [2_400.0, 320.0],
        streams: 85,
        hits: Some(22),
        batch: false,
    },
    Key {
        id: "sample-search-prod",
        name: "search-prod · sample",
        team: "search",
        share: 27,
        config: Some("pc-search"),
        models: &[2, 6],
        tokens: [1_100.0, 90.0],
        streams: 10,
        hits: Some(38),
        batch: false,
    },
    Key {
        id: "sample-web-app",
        name: "web-app · sample",
        team: "web",
        share: 16,
        config: None,
        models: &[1, 5],
        tokens: [900.0, 410.0],
        streams: 92,
        hits: None,
        batch: false,
    },
    Key {
        id: "sample-batch-nightly",
        name: "batch-nightly · sample",
        team: "data",
        share: 12,
        config: Some("pc-batch"),
        models: &[5, 4],
        tokens: [5_200.0, 700.0],
        streams: 0,
        hits: None,
        batch: true,
    },
    Key {
        id: "sample-agents",
        name: "agents · sample",
        team: "agents",
        share: 7,
        config: None,
        models: &[0, 1, 4],
        tokens: [11_000.0, 850.0],
        streams: 60,
        hits: None,
        batch: false,
    },
    Key {
        id: "sample-research",
        name: "research · sample",
        team: "research",
        share: 3,
        config: None,
        models: &[7, 1, 8],
        tokens: [3_000.0, 900.0],
        streams: 40,
        hits: None,
        batch: false,
    },
    Key {
        id: "sample-intern",
        name: "intern · sample",
        team: "web",
        share: 1,
        config: None,
        models: &[8],
        tokens: [400.0, 200.0],
        streams: 20,
        hits: None,
        batch: false,
    },
];

/// People who use the products; the first are the busiest.
pub const USERS: u32 = 1_400;
pub const PLACES: [(&str, u32); 3] = [("prod", 82), ("staging", 12), ("dev", 6)];
pub const QUESTIONS: [&str; 8] = [
    "Where is my parcel? The page says it left the depot on Tuesday.",
    "Summarise the incident of last night in three sentences.",
    "Which of these invoices are past due, and by how much?",
    "Rewrite this answer for somebody who has never seen our product.",
    "Find every clause about notice periods in the contract below.",
    "Name the platform and the time of the next train to the coast.",
    "Translate the release notes into French, keep the headings.",
    "Is this review about delivery, quality or price?",
];
