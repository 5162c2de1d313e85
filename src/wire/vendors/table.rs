//! The rows. Unless a row says otherwise: a bearer key, chat and a model list right under the base URL, `developer`
//! turned into `system`.

use super::Endpoint::{
    Batches, Files, FineTune, Image, Moderate, Realtime, Rerank, Respond, Speech, Transcribe, Translate,
};
use super::Quirk::{DeveloperToSystem, Drop, MapValue, Rename};
use super::{Auth, Base, Endpoint, Kind, Paths, Quirk, Vendor};

/// Every vendor we can call, in the order of the catalogue.
pub static VENDORS: &[Vendor] = &[
    Vendor::cloud("cerebras", "Cerebras", "Ce", "https://api.cerebras.ai/v1")
        .quirks(&[DeveloperToSystem, CEREBRAS])
        .variable("CEREBRAS_API_KEY")
        .prices("cerebras"),
    Vendor::cloud("openai", "OpenAI", "OA", "https://api.openai.com/v1")
        .paths(ALL)
        .also(OPENAI)
        .quirks(&[])
        .variable("OPENAI_API_KEY")
        .prices("openai"),
    Vendor::cloud("groq", "Groq", "Gq", "https://api.groq.com/openai/v1")
        .also(&[Respond, Speech, Transcribe, Translate, Files, Batches])
        .quirks(&[DeveloperToSystem, Drop(&["logprobs", "top_logprobs"])])
        .variable("GROQ_API_KEY")
        .prices("groq"),
    Vendor::cloud("deepseek", "DeepSeek", "DS", "https://api.deepseek.com")
        .paths(V1_CHAT)
        .variable("DEEPSEEK_API_KEY")
        .prices("deepseek"),
    Vendor::cloud("mistral-ai", "Mistral AI", "Mi", "https://api.mistral.ai/v1")
        .paths(CHAT_EMBED)
        .also(&[Moderate, Transcribe, Files, FineTune])
        .quirks(MISTRAL)
        .variable("MISTRAL_API_KEY")
        .prices("mistral"),
    Vendor::cloud("x-ai", "xAI", "xA", "https://api.x.ai/v1")
        .paths(ALL)
        .also(&[Respond, Image, Files])
        .variable("XAI_API_KEY")
        .prices("x-ai"),
    Vendor::cloud("openrouter", "OpenRouter", "OR", "https://openrouter.ai/api")
        .paths(V1_CHAT)
        .also(&[Respond])
        .variable("OPENROUTER_API_KEY")
        .prices("openrouter"),
    Vendor::cloud("together-ai", "Together AI", "To", "https://api.together.xyz")
        .paths(V1_ALL)
        .also(&[Image, Speech, Transcribe, Translate, Rerank, Files, Batches])
        .variable("TOGETHER_API_KEY")
        .prices("together"),
    Vendor::cloud("fireworks-ai", "Fireworks AI", "Fw", "https://api.fireworks.ai/inference/v1")
        .paths(ALL)
        .also(&[Respond, Rerank])
        .variable("FIREWORKS_API_KEY")
        .prices("fireworks"),
    Vendor::cloud("perplexity-ai", "Perplexity", "Px", "https://api.perplexity.ai")
        .paths(CHAT_ONLY)
        .variable("PERPLEXITY_API_KEY")
        .prices("perplexity"),
    Vendor::cloud("deepinfra", "DeepInfra", "DI", "https://api.deepinfra.com/v1/openai")
        .also(&[Image, Speech, Transcribe, Translate, Files, Batches])
        .variable("DEEPINFRA_API_KEY"),
    Vendor::cloud("huggingface", "Hugging Face", "HF", "https://router.huggingface.co/v1").variable("HF_TOKEN"),
    Vendor::cloud("sambanova", "SambaNova", "SN", "https://api.sambanova.ai")
        .paths(V1_CHAT)
        .also(&[Transcribe, Translate])
        .variable("SAMBANOVA_API_KEY"),
    Vendor::cloud("nebius", "Nebius", "Ne", "https://api.studio.nebius.ai/v1")
        .paths(ALL)
        .also(&[Image, Files, Batches, FineTune])
        .variable("NEBIUS_API_KEY"),
    Vendor::cloud("novita-ai", "Novita AI", "No", "https://api.novita.ai/v3/openai")
        .paths(V1_TEXT)
        .variable("NOVITA_API_KEY")
        .prices("novita"),
    Vendor::cloud("dashscope", "DashScope", "Da", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1")
        .paths(CHAT_EMBED)
        .also(&[Files, Batches])
        .variable("DASHSCOPE_API_KEY"),
    Vendor::cloud("moonshot", "Moonshot AI", "MS", "https://api.moonshot.cn")
        .paths(V1_CHAT)
        .also(&[Files])
        .variable("MOONSHOT_API_KEY")
        .prices("moonshotai"),
    Vendor::cloud("zhipu", "Zhipu AI", "Zh", "https://open.bigmodel.cn/api/paas/v4")
        .paths(CHAT_EMBED)
        .also(&[Image, Speech, Transcribe, Moderate, Rerank, Files, Batches])
        .variable("ZHIPUAI_API_KEY")
        .prices("zhipuai"),
    Vendor::cloud("z-ai", "Z.AI", "ZA", "https://api.z.ai/api/paas/v4")
        .also(&[Image])
        .variable("ZAI_API_KEY")
        .prices("zai"),
    Vendor::own("ollama", "Ollama", "Ol").paths(V1_CHAT_EMBED).local(),
    Vendor::cloud("anyscale", "Anyscale", "An", "https://api.endpoints.anyscale.com/v1")
        .paths(ALL)
        .variable("ANYSCALE_API_KEY"),
    Vendor::cloud("github", "GitHub Models", "GH", "https://models.inference.ai.azure.com").paths(ALL_UNLISTED),
    Vendor::cloud("nscale", "Nscale", "Ns", "https://inference.api.nscale.com/v1")
        .also(&[Image])
        .quirks(&[DeveloperToSystem, Drop(&["seed", "stream_options", "tools", "user"])])
        .variable("NSCALE_API_KEY"),
    Vendor::cloud("hyperbolic", "Hyperbolic", "Hy", "https://api.hyperbolic.xyz")
        .paths(V1_CHAT)
        .variable("HYPERBOLIC_API_KEY"),
    Vendor::cloud("lepton", "Lepton AI", "Le", "https://api.lepton.ai")
        .paths(LEPTON)
        .also(&[Transcribe])
        .variable("LEPTON_API_KEY"),
    Vendor::cloud("lambda", "Lambda", "La", "https://api.lambdalabs.com/v1").paths(TEXT).variable("LAMBDA_API_KEY"),
    Vendor::cloud("inference-net", "Inference.net", "In", "https://api.inference.net/v1").variable("INFERENCE_API_KEY"),
    Vendor::cloud("featherless-ai", "Featherless AI", "Fe", "https://api.featherless.ai/v1")
        .paths(TEXT)
        .variable("FEATHERLESS_API_KEY"),
    Vendor::cloud("kluster-ai", "kluster.ai", "Kl", "https://api.kluster.ai/v1")
        .paths(CHAT_EMBED)
        .also(&[Files, Batches])
        .variable("KLUSTER_API_KEY"),
    Vendor::cloud("upstage", "Upstage", "Up", "https://api.upstage.ai/v1/solar")
        .paths(CHAT_EMBED)
        .variable("UPSTAGE_API_KEY"),
    Vendor::cloud("lingyi", "01.AI", "01", "https://api.lingyiwanwu.com").paths(V1_CHAT),
    Vendor::cloud("siliconflow", "SiliconFlow", "SF", "https://api.siliconflow.cn/v1")
        .paths(CHAT_EMBED)
        .also(&[Image, Speech, Transcribe, Rerank, Files, Batches])
        .variable("SILICONFLOW_API_KEY"),
    Vendor::cloud("monsterapi", "MonsterAPI", "Mo", "https://llm.monsterapi.ai/v1"),
    Vendor::cloud("ncompass", "nCompass", "nC", "https://api.ncompass.tech/v1").variable("NCOMPASS_API_KEY"),
    Vendor::cloud("krutrim", "Krutrim", "Kr", "https://cloud.olakrutrim.com/v1"),
    Vendor::cloud("deepbricks", "DeepBricks", "DB", "https://api.deepbricks.ai/v1").also(&[Image]),
    Vendor::cloud("lemonfox-ai", "Lemonfox.ai", "Lf", "https://api.lemonfox.ai/v1")
        .also(&[Image, Speech, Transcribe])
        .variable("LEMONFOX_API_KEY"),
    Vendor::cloud("nextbit", "NextBit", "NB", "https://api.nextbit256.com/v1").paths(TEXT).variable("NEXTBIT_API_KEY"),
    Vendor::cloud("iointelligence", "io.net Intelligence", "io", "https://api.intelligence.io.solutions/api/v1")
        .paths(CHAT_EMBED),
    Vendor::cloud("ovhcloud", "OVHcloud AI Endpoints", "OV", "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1")
        .prices("ovhcloud"),
    Vendor::cloud("cometapi", "CometAPI", "Co", "https://api.cometapi.com/v1")
        .paths(CHAT_EMBED)
        .variable("COMETAPI_KEY"),
    Vendor::cloud("302ai", "302.AI", "30", "https://api.302.ai").paths(V1_CHAT),
    Vendor::cloud("aibadgr", "AI Badgr", "AB", "https://aibadgr.com/api/v1"),
    Vendor::cloud("matterai", "Matter AI", "MA", "https://api.matterai.so/v1"),
    Vendor::own("modal", "Modal", "Ml").prices("modal"),
    Vendor::own("predibase", "Predibase", "Pb").paths(CHAT_ONLY),
    Vendor::own("cortex", "Snowflake Cortex", "Sf")
        .paths(CORTEX)
        .headers(&[("x-snowflake-authorization-token-type", "KEYPAIR_JWT")]),
    Vendor::cloud("jina", "Jina AI", "Ji", "https://api.jina.ai/v1")
        .paths(EMBED)
        .also(&[Rerank])
        .variable("JINA_API_KEY"),
    Vendor::cloud("voyage", "Voyage AI", "Vo", "https://api.voyageai.com/v1")
        .paths(EMBED)
        .also(&[Rerank])
        .variable("VOYAGE_API_KEY")
        .prices("voyageai"),
    Vendor::own("sandbox", "Sandbox", "Sb").paths(ALL).also(SANDBOX).simulated(),
];

const CHAT_ONLY: Paths =
    Paths { under: "", chat: Some("/chat/completions"), complete: None, embed: None, models: None };
const CHAT: Paths = Paths { models: Some("/models"), ..CHAT_ONLY };
const TEXT: Paths = Paths { complete: Some("/completions"), ..CHAT };
const CHAT_EMBED: Paths = Paths { embed: Some("/embeddings"), ..CHAT };
const ALL: Paths = Paths { embed: Some("/embeddings"), ..TEXT };
/// GitHub's list of models is not OpenAI's.
const ALL_UNLISTED: Paths = Paths { models: None, ..ALL };
const EMBED: Paths = Paths { chat: None, models: None, ..CHAT_EMBED };

const V1_CHAT: Paths =
    Paths { under: "/v1", chat: Some("/v1/chat/completions"), complete: None, embed: None, models: Some("/v1/models") };
const V1_TEXT: Paths = Paths { complete: Some("/v1/completions"), ..V1_CHAT };
const V1_CHAT_EMBED: Paths = Paths { embed: Some("/v1/embeddings"), ..V1_CHAT };
const V1_ALL: Paths = Paths { embed: Some("/v1/embeddings"), ..V1_TEXT };

const LEPTON: Paths = Paths {
    under: "/api/v1",
    chat: Some("/api/v1/chat/completions"),
    complete: Some("/api/v1/completions"),
    embed: None,
    models: Some("/api/v1/models"),
};
const CORTEX: Paths = Paths { chat: Some("/cortex/inference:complete"), ..CHAT_ONLY };

const OPENAI: &[Endpoint] =
    &[Respond, Image, Speech, Transcribe, Translate, Moderate, Files, Batches, FineTune, Realtime];
const SANDBOX: &[Endpoint] = &[Respond, Image, Speech, Transcribe, Translate, Moderate, Rerank, Files, Batches];

const CEREBRAS: Quirk =
    Drop(&["frequency_penalty", "logit_bias", "logprobs", "parallel_tool_calls", "presence_penalty", "service_tier"]);

/// Usage comes with the last chunk there in any case, and asking for it is refused.
const MISTRAL: &[Quirk] = &[
    DeveloperToSystem,
    Rename("seed", "random_seed"),
    Rename("safe_mode", "safe_prompt"),
    MapValue { field: "tool_choice", from: "required", to: "any" },
    Drop(&["stream_options"]),
];

impl Vendor {
    const fn cloud(slug: &'static str, name: &'static str, tile: &'static str, base: &'static str) -> Self {
        Self {
            slug,
            name,
            tile,
            kind: Kind::Cloud,
            base: Base::Url(base),
            auth: Auth::Bearer,
            paths: CHAT,
            also: &[],
            headers: &[],
            quirks: &[DeveloperToSystem],
            variable: None,
            prices: None,
        }
    }

    /// A vendor whose address is everybody's own.
    const fn own(slug: &'static str, name: &'static str, tile: &'static str) -> Self {
        Self { base: Base::Required, ..Self::cloud(slug, name, tile, "") }
    }

    const fn local(self) -> Self {
        Self { kind: Kind::Local, auth: Auth::None, ..self }
    }

    const fn simulated(self) -> Self {
        Self { kind: Kind::Simulated, base: Base::Sandbox, auth: Auth::None, quirks: &[], ..self }
    }

    const fn paths(self, paths: Paths) -> Self {
        Self { paths, ..self }
    }

    const fn also(self, also: &'static [Endpoint]) -> Self {
        Self { also, ..self }
    }

    const fn quirks(self, quirks: &'static [Quirk]) -> Self {
        Self { quirks, ..self }
    }

    const fn headers(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }

    const fn variable(self, variable: &'static str) -> Self {
        Self { variable: Some(variable), ..self }
    }

    const fn prices(self, prices: &'static str) -> Self {
        Self { prices: Some(prices), ..self }
    }
}
