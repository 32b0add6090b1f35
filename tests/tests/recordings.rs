//! What the original's servers sent, decoded into our types and encoded again.

use serde_json::Value;
use tests::json::differences;
use tests::recordings::{Exchange, exchanges, folder, newer_folder};
use tests::wire_types::{WireType, find};

/// Decodes and encodes one value, as the type or as a list of it.
fn round_trip(wire_type: &str, wire: &WireType, json: &Value) -> Result<Value, serde_json::Error> {
    let text = json.to_string();
    if wire_type.starts_with("[]") { (wire.round_trip_list)(&text) } else { (wire.round_trip)(&text) }
}

fn known(exchange: &Exchange) -> Option<&'static WireType> {
    find(exchange.wire_type.trim_start_matches("[]"))
}

fn is_chat(exchange: &Exchange) -> bool {
    exchange.route.contains("/chats") || exchange.route.contains("/ai/providers")
}

#[test]
fn recorded_answers_encode_to_what_was_read() {
    let Some(folder) = folder() else { return };
    let (mut replayed, mut chats) = (0, 0);
    let mut failures = Vec::new();
    for exchange in exchanges(&folder) {
        let Some(wire) = known(&exchange) else {
            if is_chat(&exchange) {
                failures.push(format!("{} {}: no type {}", exchange.place, exchange.route, exchange.wire_type));
            }
            continue;
        };
        replayed += 1;
        chats += usize::from(is_chat(&exchange));
        match round_trip(&exchange.wire_type, wire, &exchange.json) {
            Ok(encoded) => failures.extend(
                differences(&exchange.json, &encoded)
                    .into_iter()
                    .map(|difference| format!("{} {}{difference}", exchange.place, exchange.wire_type)),
            ),
            Err(error) => failures.push(format!("{} {}: {error}", exchange.place, exchange.wire_type)),
        }
    }
    println!("{replayed} exchanges replayed, {chats} of them of chats and AI providers");
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}

/// A newer server sends what the types do not know, and leaves out what they do. What they know and it sends, they keep.
#[test]
fn answers_of_newer_servers_lose_nothing_that_is_known() {
    let Some(folder) = newer_folder() else { return };
    let mut replayed = 0;
    let mut failures = Vec::new();
    for exchange in exchanges(&folder).iter().filter(|exchange| is_chat(exchange)) {
        let Some(wire) = known(exchange) else {
            failures.push(format!("{} {}: no type {}", exchange.place, exchange.route, exchange.wire_type));
            continue;
        };
        replayed += 1;
        let encoded = match round_trip(&exchange.wire_type, wire, &exchange.json) {
            Ok(encoded) => encoded,
            Err(error) => {
                failures.push(format!("{} {}: {error}", exchange.place, exchange.wire_type));
                continue;
            }
        };
        for difference in differences(&exchange.json, &encoded) {
            // Fields that the newer server no longer sends are written as zero values.
            let added = difference.ends_with(" is too much");
            // `null` where the older one has nothing.
            let nothing = difference.ends_with(": null is missing");
            if !added && !nothing {
                failures.push(format!("{} {}{difference}", exchange.place, exchange.wire_type));
            }
        }
    }
    println!("{replayed} exchanges replayed");
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}

/// Unions whose invented values fill the fields of all members at once, where ours have those of one.
const MIXED: [&str; 2] = ["codersdk.ChatInputPart", "codersdk.ChatStreamEvent"];

/// What agents tell of their network always has these, as was recorded; the catalogue is that of another release.
const AGENTS_SEND: [&str; 4] = ["CaptivePortal", "GlobalV4", "GlobalV6", "ICMPv4"];

/// The invented values of the catalogue: with every field, and with those only that are always there.
#[test]
fn fixtures_encode_to_what_was_read() {
    let Some(folder) = folder() else { return };
    let path = folder.join("../fixtures.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("left out: no {}", path.display());
        return;
    };
    let fixtures: Value = serde_json::from_str(&text).expect("JSON");
    let mut replayed = 0;
    let mut failures = Vec::new();
    // Input parts in requests are such a union, too; outside of chats an empty list stands for `null`.
    let counts = |difference: &String| {
        let in_input_part = difference.starts_with(".content[0].");
        let empty = difference.ends_with(": [] instead of null") || difference.ends_with(": {} instead of null");
        let sent = difference.ends_with(" is too much")
            && AGENTS_SEND.iter().any(|field| difference.contains(&format!(".{field}: ")));
        !in_input_part && !empty && !sent
    };
    for wire in tests::wire_types::TYPES.iter().filter(|wire| !MIXED.contains(&wire.name)) {
        let forms = &fixtures[wire.name];
        let single = ["full", "minimal"].iter().filter_map(|form| forms.get(*form));
        let all = forms["all"].as_array().into_iter().flatten();
        for fixture in single.chain(all) {
            replayed += 1;
            match (wire.round_trip)(&fixture.to_string()) {
                Ok(encoded) => {
                    let strict = wire.name.starts_with("codersdk.Chat");
                    let found = differences(fixture, &encoded).into_iter().filter(|found| strict || counts(found));
                    failures.extend(found.map(|found| format!("{}{found}", wire.name)));
                }
                Err(error) => failures.push(format!("{}: {error}", wire.name)),
            }
        }
    }
    println!("{replayed} fixtures replayed");
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}
