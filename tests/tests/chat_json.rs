//! The wire form of parts, messages, events and request bodies, as the original reads and writes it.

use codersdk::{ChatMessagePart, RawJson};
use serde_json::{Map, Value};
use tests::json::differences;
use tests::vectors::cases;
use tests::wire_types::find;

/// The catalogue's name of a type of the vectors.
fn wire_type(name: &str) -> &'static str {
    match name {
        "part" => "codersdk.ChatMessagePart",
        "message" => "codersdk.ChatMessage",
        "input_part" => "codersdk.ChatInputPart",
        "create_chat" => "codersdk.CreateChatRequest",
        "update_chat" => "codersdk.UpdateChatRequest",
        "chat_error" => "codersdk.ChatError",
        "tool_results" => "codersdk.SubmitToolResultsRequest",
        "stream_event" => "codersdk.ChatStreamEvent",
        "chat" => "codersdk.Chat",
        other => panic!("a type that the replay does not know: {other}"),
    }
}

/// Values of kinds that this version does not know are written as they were read, where the original writes the fields
/// that it knows: what it dropped may be there, and its zero values may be missing.
fn is_kept_whole(input: &Value) -> bool {
    let kind = input["type"].as_str().unwrap_or_default();
    let known = find("codersdk.ChatMessagePartType").expect("the type of types");
    let kinds = (known.schema)().to_value();
    let events = (find("codersdk.ChatStreamEventType").expect("the type of types").schema)().to_value();
    let lists = |schema: &Value| schema["enum"].as_array().is_some_and(|known| known.iter().any(|known| known == kind));
    !lists(&kinds) && !lists(&events)
}

fn same_but_for_zeros(expected: &Value, actual: &Value) -> Vec<String> {
    let nothing = |text: &str| {
        [": \"\"", ": 0", ": null", ": false", ": \"00000000-0000-0000-0000-000000000000\""]
            .iter()
            .any(|zero| text.ends_with(&format!("{zero} is missing")))
    };
    differences(expected, actual).into_iter().filter(|text| !nothing(text) && !text.ends_with(" is too much")).collect()
}

/// The same keys in lower case: servers read keys in any case, this SDK reads what servers write.
fn lower_keys(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let entries = object.iter().map(|(key, value)| (key.to_lowercase(), value.clone()));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[test]
fn json_is_read_and_written_as_the_original_does() {
    let Some(cases) = cases("chat_json.json") else { return };
    let mut failures = Vec::new();
    for case in &cases {
        let name = &case["name"];
        let kind = case["input"]["type"].as_str().expect("a type");
        let text = case["input"]["json"].as_str().expect("a text");
        // Lone surrogates are replaced by the original, and refused by what reads JSON here.
        let text = replace_surrogates(text);
        let wire = find(wire_type(kind)).expect("a known type");
        let input: Value = serde_json::from_str(&text).unwrap_or_default();
        let mut read = (wire.round_trip)(&text);
        let lower = lower_keys(&input);
        if lower != input {
            read = (wire.round_trip)(&lower.to_string());
        }
        match (case["output"]["json"].as_str(), read) {
            (Some(expected), Ok(written)) => {
                let expected: Value = serde_json::from_str(expected).expect("JSON");
                let tagged = matches!(kind, "part" | "stream_event");
                let found = if tagged && is_kept_whole(&lower) {
                    same_but_for_zeros(&expected, &written)
                } else {
                    differences(&expected, &written)
                };
                failures.extend(found.into_iter().map(|found| format!("{name} {found}")));
            }
            (Some(_), Err(error)) => failures.push(format!("{name}: {error}")),
            (None, Ok(written)) => failures.push(format!("{name}: {written} instead of an error")),
            (None, Err(_)) => {}
        }
    }
    println!("{} cases replayed", cases.len());
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn what_servers_keep_for_themselves_is_stripped() {
    let Some(cases) = cases("chat_json.json") else { return };
    let mut replayed = 0;
    for case in cases.iter().filter(|case| case["input"]["type"] == "part") {
        let text = replace_surrogates(case["input"]["json"].as_str().expect("a text"));
        let input = lower_keys(&serde_json::from_str(&text).unwrap_or_default());
        let Some(public) = case["output"]["public"].as_str().filter(|_| !is_kept_whole(&input)) else { continue };
        let mut part: ChatMessagePart = serde_json::from_str(&input.to_string()).expect("a part");
        part.strip_internal();
        let written = serde_json::to_value(&part).expect("JSON");
        let public: Value = serde_json::from_str(public).expect("JSON");
        assert_eq!(differences(&public, &written), Vec::<String>::new(), "{}", case["name"]);
        replayed += 1;
    }
    println!("{replayed} cases replayed");
}

/// Arguments and results keep their digits and the order of their keys.
#[test]
fn tool_values_are_written_as_they_were_read() {
    let text = r#"{"type":"tool-call","args":{"z":1.0,"a":[2e2,12345678901234567890.50]}}"#;
    let part: ChatMessagePart = serde_json::from_str(text).unwrap();
    let args = part.as_tool_call().and_then(|call| call.args.as_ref()).map(RawJson::get);
    assert_eq!(args, Some(r#"{"z":1.0,"a":[2e2,12345678901234567890.50]}"#));
    assert!(serde_json::to_string(&part).unwrap().contains(r#""args":{"z":1.0,"a":[2e2,12345678901234567890.50]}"#));
}

/// Parts as the server stores them come back as they are.
#[test]
fn stored_parts_are_read_and_written() {
    let Some(cases) = cases("part_forms.json") else { return };
    let mut replayed = 0;
    for case in cases.iter().filter(|case| case["input"]["rule"] == "store") {
        for text in [&case["input"]["parts"], &case["output"]["stored"]] {
            let text = text.as_str().expect("a text");
            let parts: Vec<ChatMessagePart> = serde_json::from_str(text).expect("parts");
            let written = serde_json::to_value(&parts).expect("JSON");
            let read: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(differences(&read, &written), Vec::<String>::new(), "{}", case["name"]);
            replayed += 1;
        }
    }
    println!("{replayed} lists of parts replayed");
}

/// Replaces escapes of lone surrogates by that of the replacement character.
fn replace_surrogates(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let unit = |text: &str| {
            text.strip_prefix("\\u").and_then(|text| text.get(..4)).and_then(|hex| u16::from_str_radix(hex, 16).ok())
        };
        let (taken, kept) = match unit(escape) {
            Some(0xD800..=0xDBFF) => match escape.get(6..).and_then(unit) {
                Some(0xDC00..=0xDFFF) => (12, &escape[..12]),
                _ => (6, "\\ufffd"),
            },
            Some(0xDC00..=0xDFFF) => (6, "\\ufffd"),
            Some(_) => (6, &escape[..6]),
            None => (2, &escape[..2]),
        };
        out.push_str(kept);
        rest = &escape[taken..];
    }
    out + rest
}
