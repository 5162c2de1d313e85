use super::{Answer, Usage, read_answer};

fn usage(input: u64, cached: u64, cache_write: u64, output: u64, reasoning: u64) -> Option<Usage> {
    Some(Usage { input, cached, cache_write, output, reasoning })
}

#[test]
fn usage_has_one_convention() {
    for (vendor, counts, expected) in [
        (
            "openai",
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":3}}"#,
            usage(10, 4, 0, 5, 3),
        ),
        (
            "deepseek",
            r#"{"prompt_tokens":10,"completion_tokens":5,"prompt_cache_hit_tokens":6,"prompt_cache_miss_tokens":4}"#,
            usage(10, 6, 0, 5, 0),
        ),
        ("moonshot", r#"{"prompt_tokens":10,"completion_tokens":5,"cached_tokens":6}"#, usage(10, 6, 0, 5, 0)),
        (
            "xai counts reasoning apart",
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,"completion_tokens_details":{"reasoning_tokens":100}}"#,
            usage(10, 0, 0, 105, 100),
        ),
        (
            "anthropic counts the cache apart",
            r#"{"input_tokens":10,"output_tokens":5,"cache_read_input_tokens":4,"cache_creation_input_tokens":2}"#,
            usage(16, 4, 2, 5, 0),
        ),
        (
            "a translator of anthropic",
            r#"{"prompt_tokens":1,"completion_tokens":5,"cache_read_input_tokens":400}"#,
            usage(401, 400, 0, 5, 0),
        ),
        (
            "openrouter",
            r#"{"prompt_tokens":10,"completion_tokens":5,"cost":0.1,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":7}}"#,
            usage(10, 0, 7, 5, 0),
        ),
        ("no count", r#"{"prompt_tokens":9223372036854775807,"completion_tokens":1}"#, None),
        ("no count", r#"{"prompt_tokens":1,"completion_tokens":1e18}"#, None),
        ("embeddings", r#"{"prompt_tokens":8,"total_tokens":8}"#, usage(8, 0, 0, 0, 0)),
        ("voyage", r#"{"total_tokens":8}"#, usage(8, 0, 0, 0, 0)),
        (
            "a gateway that has both spellings",
            r#"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3},"input_tokens_details":{"cached_tokens":9},"output_tokens_details":null}"#,
            usage(10, 4, 0, 5, 3),
        ),
        (
            "floats and nulls",
            r#"{"prompt_tokens":8.0,"completion_tokens":2,"total_tokens":null,"prompt_tokens_details":null,"queue_time":0.1}"#,
            usage(8, 0, 0, 2, 0),
        ),
        (
            "strange types",
            r#"{"prompt_tokens":8,"completion_tokens":{"a":[1]},"total_tokens":[2],"reasoning_tokens":"x"}"#,
            usage(8, 0, 0, 0, 0),
        ),
        ("nothing counted", "{}", None),
    ] {
        let body = format!(r#"{{"usage":{counts},"model":"m"}}"#);
        assert_eq!(read_answer(body.as_bytes()).usage, expected, "{vendor}");
    }
}

#[test]
fn groq_hides_usage_in_a_field_of_its_own() {
    let body = br#"{"choices":[{}],"x_groq":{"id":"r","usage":{"prompt_tokens":3,"completion_tokens":4}}}"#;
    assert_eq!(read_answer(body).usage, usage(3, 0, 0, 4, 0));
}

#[test]
fn errors_are_found_where_vendors_put_them() {
    for (body, words) in [
        (r#"{"error":{"message":"No such model","type":"x","code":null}}"#, Some("No such model")),
        (r#"{"error":"overloaded"}"#, Some("overloaded")),
        (r#"{"error":{"error":"inner"}}"#, Some("inner")),
        (r#"{"error":{"code":7}}"#, Some(r#"{"code":7}"#)),
        (r#"{"message":"quota \"used\" up"}"#, Some("quota \"used\" up")),
        (r#"{"detail":[{"loc":["body"],"msg":"x"}]}"#, Some(r#"[{"loc":["body"],"msg":"x"}]"#)),
        (r#"{"error":null,"choices":[],"message":"not an error"}"#, None),
        (r#"{"choices":[]}"#, None),
    ] {
        assert_eq!(read_answer(body.as_bytes()).error.as_deref(), words, "{body}");
    }
}

#[test]
fn of_a_field_that_comes_twice_the_last_one_counts() {
    let body = br#"{"model":"a","usage":null,"model":"b","choices":[],"usage":{"prompt_tokens":3},"choices":[{}]}"#;
    let answer = read_answer(body);
    assert_eq!((answer.model.as_deref(), answer.usage), (Some("b"), usage(3, 0, 0, 0, 0)));
    assert!(answer.well_formed);
}

#[test]
fn what_is_no_object_is_no_answer() {
    for body in [&b""[..], b"<html>", b"{\"model\":\"m\"", b"[]", b"\xff\xfe", b"null"] {
        assert_eq!(read_answer(body), Answer::default(), "{body:?}");
    }
    let odd = Answer { well_formed: true, ..Answer::default() };
    assert_eq!(read_answer(br#"{"model":7,"usage":"none","choices":3}"#), odd);
}
