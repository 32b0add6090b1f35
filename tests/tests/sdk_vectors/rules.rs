//! `names.json`, `identifiers.json`, `sdk_values.json`: as far as the client has these rules.

use codersdk::{ApiAllowListTarget, is_chat_git_watch_fallback_message, names, parse_chat_workspace_ttl};
use serde_json::{Value, json};
use tests::vectors;

/// What a rule gives for an input; `None` for rules that the client does not have.
type Rule = fn(&Value) -> Option<Result<Value, String>>;

fn replay(file: &str, rule: Rule) {
    let Some(cases) = vectors::cases(file) else { return };
    let (mut replayed, mut failures) = (0, Vec::new());
    for case in &cases {
        let Some(outcome) = rule(&case["input"]) else { continue };
        replayed += 1;
        let expected = match case["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(case["output"].clone()),
        };
        if outcome != expected {
            failures.push(format!("{}: {outcome:?} instead of {expected:?}", case["name"]));
        }
    }
    println!("{file}: {replayed} of {} cases", cases.len());
    assert!(replayed > 0);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn text(input: &Value) -> String {
    String::from_utf8(vectors::bytes(input, "value")).expect("text")
}

fn valid(outcome: Result<(), impl ToString>) -> Option<Result<Value, String>> {
    Some(outcome.map(|()| json!({"valid": true})).map_err(|error| error.to_string()))
}

#[test]
fn names_are_judged_the_same() {
    replay("names.json", |input| {
        let value = text(input);
        match input["rule"].as_str()? {
            "name" => valid(names::name_valid(&value)),
            "template_version_name" => valid(names::template_version_name_valid(&value)),
            "display_name" => valid(names::display_name_valid(&value)),
            "user_real_name" => valid(names::user_real_name_valid(&value)),
            "group_name" => valid(names::group_name_valid(&value)),
            "secret_name" => valid(names::user_secret_name_valid(&value)),
            "secret_env_name" => valid(names::user_secret_env_name_valid(&value)),
            "secret_file_path" => valid(names::user_secret_file_path_valid(&value)),
            "secret_value" => valid(names::user_secret_value_valid(&value)),
            "username_from" => Some(Ok(match names::username_from(&value) {
                Some(name) => json!({"result": name}),
                None => json!({"random": true}),
            })),
            "normalize_real_name" => Some(Ok(json!({"result": names::normalize_real_username(&value)}))),
            _ => None,
        }
    });
}

#[test]
fn identifiers_are_split_the_same() {
    replay("identifiers.json", |input| {
        let value = text(input);
        let parts = match input["rule"].as_str()? {
            "workspace" => names::split_workspace_identifier(&value),
            _ => names::split_task_identifier(&value),
        };
        Some(parts.map(|(owner, name)| json!({"owner": owner, "name": name})).map_err(|error| error.to_string()))
    });
}

#[test]
fn values_are_read_the_same() {
    replay("sdk_values.json", |input| {
        let value = text(input);
        match input["rule"].as_str()? {
            "allow_list" => {
                let target = value.parse::<ApiAllowListTarget>().map_err(|error| error.to_string());
                Some(target.map(|target| json!({"value": target.to_string()})))
            }
            "chat_workspace_ttl" => {
                let ttl = parse_chat_workspace_ttl(&value).map_err(|error| error.to_string());
                Some(ttl.map(|ttl| json!({"ns": u64::try_from(ttl.as_nanos()).expect("64 bits")})))
            }
            "git_watch_fallback" => Some(Ok(json!({"fallback": is_chat_git_watch_fallback_message(&value)}))),
            _ => None,
        }
    });
}
