//! The mode conditional (contract §2.6): operators, groups, places, quirks.

use super::row::{Row, row};

const META: &[(&str, &str)] = &[("x-portkey-metadata", r#"{"plan":"paid","n":"10","city":"Köln"}"#)];
const BODY: &str = r#"{"model":"gpt-4o","temperature":0.5,"n":2,"user":"u1","stop":["a"],"flag":true}"#;
const FORM: &str = "--x\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nabc\r\n--x--\r\n";
const FIRST: &str = r#"{"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.plan":"paid"},"then":"one"},{"query":{"metadata.n":"10"},"then":"two"}],"default":"two"},"targets":[{"name":"one","provider":"@alpha"},{"name":"two","provider":"@beta"}]}"#;
const GROUP: &str = r#"{"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.plan":"paid"},"then":"chain"}],"default":"plain"},"targets":[{"name":"plain","provider":"@gamma"},{"name":"chain","strategy":{"mode":"fallback"},"targets":[$alpha,$beta]}]}"#;
const ORIGINAL: &str = r#"{"override_params":{"temperature":2},"strategy":{"mode":"conditional","conditions":[{"query":{"params.temperature":{"$lt":1}},"then":"b"}],"default":"a"},"targets":[{"name":"a","provider":"@alpha"},{"name":"b","provider":"@beta"}]}"#;
const WITHIN: &str = r#"{"strategy":{"mode":"fallback"},"targets":[{"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.plan":"paid"},"then":"b"}],"default":"b"},"targets":[{"name":"b","provider":"@beta"}]},$gamma]}"#;
const TWINS: &str = r#"{"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.plan":"paid"},"then":"t"}],"default":"t"},"targets":[{"name":"t","provider":"@alpha"},{"name":"t","provider":"@beta"}]}"#;

/// Beta where the query holds of [`META`] and [`BODY`], else alpha.
const fn holds(name: &'static str, config: &'static str) -> Row {
    row(name, config, "beta:200", "beta", "200 config.targets[1]").headers(META).body(BODY)
}

const fn fails(name: &'static str, config: &'static str) -> Row {
    row(name, config, "alpha:200", "alpha", "200 config.targets[0]").headers(META).body(BODY)
}

pub const ROWS: &[Row] = &[
    holds("a plain value is equality", r#"when {"metadata.plan":"paid"}"#),
    fails("a plain value that differs", r#"when {"metadata.plan":"free"}"#),
    fails("a plain value of what is missing", r#"when {"metadata.none":"x"}"#),
    holds("$eq", r#"when {"metadata.plan":{"$eq":"paid"}}"#),
    holds("$eq of more than ASCII", r#"when {"metadata.city":{"$eq":"Köln"}}"#),
    fails("$eq does not turn text into a number", r#"when {"metadata.n":{"$eq":10}}"#),
    holds("$eq of a number", r#"when {"params.n":{"$eq":2}}"#),
    holds("$eq of a number in another spelling", r#"when {"params.n":{"$eq":2.0}}"#),
    holds("$eq of a truth", r#"when {"params.flag":{"$eq":true}}"#),
    fails("$eq of a list is never true", r#"when {"params.stop":{"$eq":"a"}}"#),
    holds("$ne", r#"when {"metadata.plan":{"$ne":"free"}}"#),
    fails("$ne of the same", r#"when {"metadata.plan":{"$ne":"paid"}}"#),
    holds("$ne of what is missing", r#"when {"metadata.none":{"$ne":"x"}}"#),
    holds("$gt of text that is a number", r#"when {"metadata.n":{"$gt":9}}"#),
    fails("$gt of an equal", r#"when {"metadata.n":{"$gt":10}}"#),
    holds("$gte of an equal", r#"when {"metadata.n":{"$gte":"10"}}"#),
    holds("$lt", r#"when {"params.temperature":{"$lt":0.6}}"#),
    fails("$lt of an equal", r#"when {"params.temperature":{"$lt":0.5}}"#),
    holds("$lte of an equal", r#"when {"params.temperature":{"$lte":0.5}}"#),
    holds("two operators must both hold", r#"when {"params.temperature":{"$gte":0.1,"$lte":0.9}}"#),
    fails("two operators of which one fails", r#"when {"params.temperature":{"$gte":0.1,"$lte":0.2}}"#),
    fails("what is no number is not larger", r#"when {"metadata.plan":{"$gt":1}}"#),
    fails("what is no number is not smaller", r#"when {"metadata.plan":{"$lte":1}}"#),
    fails("what is missing is not smaller", r#"when {"metadata.none":{"$lt":1}}"#),
    holds("$in", r#"when {"metadata.plan":{"$in":["paid","team"]}}"#),
    fails("$in without it", r#"when {"metadata.plan":{"$in":["free"]}}"#),
    fails("$in of what is missing", r#"when {"metadata.none":{"$in":["free"]}}"#),
    holds("$nin", r#"when {"metadata.plan":{"$nin":["free"]}}"#),
    fails("$nin with it", r#"when {"metadata.plan":{"$nin":["paid"]}}"#),
    holds("$nin of what is missing", r#"when {"metadata.none":{"$nin":["paid"]}}"#),
    holds("$regex is not anchored", r#"when {"metadata.plan":{"$regex":"ai"}}"#),
    fails("$regex minds case", r#"when {"metadata.plan":{"$regex":"^PAID$"}}"#),
    holds("$regex may look around", r#"when {"metadata.plan":{"$regex":"^(?!free).*d$"}}"#),
    holds("$regex may refer back", r#"when {"metadata.n":{"$regex":"^(1)0$|(.)\\2"}}"#),
    holds("$regex reads what is missing as undefined", r#"when {"metadata.none":{"$regex":"^undefined$"}}"#),
    holds("$regex decides alone", r#"when {"metadata.plan":{"$regex":"^p","$eq":"never"}}"#),
    fails("$regex that would burn a core ends", r#"when {"metadata.plan":{"$regex":"^(?=(a|aa)+$)(\\w+)+!\\2$"}}"#),
    holds("$and", r#"when {"$and":[{"metadata.plan":"paid"},{"params.n":2}]}"#),
    fails("$and of which one fails", r#"when {"$and":[{"metadata.plan":"paid"},{"params.n":3}]}"#),
    holds("$or", r#"when {"$or":[{"metadata.plan":"free"},{"params.n":2}]}"#),
    fails("$or of which none holds", r#"when {"$or":[{"metadata.plan":"free"},{"params.n":3}]}"#),
    holds("groups within groups", r#"when {"$and":[{"$or":[{"params.n":9},{"params.n":2}]},{"$and":[{"metadata.plan":"paid"}]}]}"#),
    holds("several keys must all hold", r#"when {"metadata.plan":"paid","params.n":2}"#),
    fails("several keys of which one fails", r#"when {"metadata.plan":"paid","params.n":3}"#),
    holds("a group decides, and later keys are left aside", r#"when {"$or":[{"metadata.plan":"paid"}],"params.n":3}"#),
    fails("keys before a group still count", r#"when {"params.n":3,"$or":[{"metadata.plan":"paid"}]}"#),
    holds("the path of the call", r#"when {"url.pathname":"/v1/chat/completions"}"#),
    holds("the path of the call by pattern", r#"when {"url.pathname":{"$regex":"completions$"}}"#),
    holds("the model is a parameter", r#"when {"params.model":{"$regex":"^gpt-4"}}"#),
    holds("parameters are those of the caller, before any override", ORIGINAL),
    fails("a form has no parameters", r#"when {"params.model":{"$eq":"whisper-1"}}"#)
        .path("/v1/audio/transcriptions")
        .headers(&[("content-type", "multipart/form-data; boundary=x")])
        .body(FORM),
    row("the first condition that holds counts", FIRST, "alpha:200", "alpha", "200 config.targets[0]").headers(META),
    row("the second counts where the first fails", FIRST, "beta:200", "beta", "200 config.targets[1]").headers(&[("x-portkey-metadata", r#"{"n":"10"}"#)]),
    row("metadata that is no JSON is none", FIRST, "beta:200", "beta", "200 config.targets[1]").headers(&[("x-portkey-metadata", "{'plan':'paid'}")]),
    row("a condition may lead to a group", GROUP, "alpha:500 beta:200", "alpha beta", "200 config.targets[1].targets[1]").headers(META),
    row("the default beside a group", GROUP, "gamma:200", "gamma", "200 config.targets[0]"),
    row("a conditional does not go on", GROUP, "gamma:500", "gamma", "500 config.targets[0]"),
    row("a conditional within a fallback", WITHIN, "beta:500 gamma:200", "beta gamma", "200 config.targets[1]").headers(META),
    row("of two targets of one name the first counts", TWINS, "alpha:200", "alpha", "200 config.targets[0]").headers(META),
    row("an unknown operator is named", r#"when {"metadata.plan":{"$like":"p"}}"#, "", "", "400").says("Unsupported operator used in the query router: $like"),
    row("an unknown group is named", r#"when {"$nor":[]}"#, "", "", "400").says("Unsupported operator used in the query router: $nor"),
    row("$in takes a list", r#"when {"metadata.plan":{"$in":"paid"}}"#, "", "", "400").says("strategy.conditions[0].query.metadata.plan.$in"),
    row("a pattern that is none is refused", r#"when {"metadata.plan":{"$regex":"("}}"#, "", "", "400").says("strategy.conditions[0].query.metadata.plan.$regex"),
    row("a query asks for what there is", r#"when {"headers.plan":"paid"}"#, "", "", "400").says("strategy.conditions[0].query.headers.plan"),
    row("a conditional needs conditions", r#"{"strategy":{"mode":"conditional","default":"a"},"targets":[{"name":"a","provider":"@alpha"}]}"#, "", "", "400")
        .says("No conditions passed in the query router"),
    row("a conditional needs a default", r#"{"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.plan":"x"},"then":"a"}]},"targets":[{"name":"a","provider":"@alpha"}]}"#, "", "", "400")
        .says("Query router did not resolve to any valid target"),
    row("a target that nobody is called is named", r#"{"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.plan":"x"},"then":"zed"}],"default":"a"},"targets":[{"name":"a","provider":"@alpha"}]}"#, "", "", "400")
        .says("Invalid target name found in the query router: zed"),
    row("a default that nobody is called is named", r#"{"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.plan":"x"},"then":"a"}],"default":"zed"},"targets":[{"name":"a","provider":"@alpha"}]}"#, "", "", "400")
        .says("Invalid target name found in the query router: zed"),
];
