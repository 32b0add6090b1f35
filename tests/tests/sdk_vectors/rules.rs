//! `names.json`, `identifiers.json`, `sdk_values.json`: as far as the client has these rules.

use std::sync::{Arc, Mutex};

use codersdk::{
    ApiAllowListTarget, Client, WorkspaceFilter, WorkspacesApi, bitmap_to_weekdays, is_chat_git_watch_fallback_message,
    names, parse_chat_workspace_ttl, ssh_config, weekdays_to_bitmap,
};
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

/// The query of every request, as it was sent.
async fn queries(client_of: impl AsyncFn(Client) -> usize) -> Vec<String> {
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let app = axum::Router::new().fallback({
        let seen = seen.clone();
        move |uri: axum::http::Uri| async move {
            seen.lock().unwrap().push(uri.query().unwrap_or_default().to_owned());
            axum::Json(json!({"workspaces": [], "count": 0}))
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let calls = client_of(Client::builder(&url).no_proxy().build().expect("client")).await;
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(seen.len(), calls);
    seen
}

#[tokio::test]
async fn filters_of_workspaces_become_the_same_queries() {
    let Some(cases) = vectors::cases("workspace_filter.json") else { return };
    let seen = queries(async |client| {
        for case in &cases {
            let field = |name: &str| case["input"][name].as_str().unwrap_or_default().to_owned();
            let filter = WorkspaceFilter {
                owner: field("owner"),
                template: field("template"),
                name: field("name"),
                status: field("status"),
                organization: field("organization"),
                shared: case["input"]["shared"].as_bool(),
                shared_with_user: field("shared_with_user"),
                shared_with_group: field("shared_with_group"),
                filter_query: field("q"),
                ..Default::default()
            };
            client.workspaces(filter).await.expect("a list");
        }
        cases.len()
    })
    .await;
    for (case, query) in cases.iter().zip(seen) {
        let pairs = |query: &str| url::form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>();
        let want = case["output"]["query"].as_str().unwrap_or_default();
        assert_eq!(pairs(&query), pairs(want), "{}", case["name"]);
    }
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
            "ssh_option" => {
                let option = ssh_config::parse_option(&value).map_err(|error| error.to_string());
                Some(option.map(|(key, value)| json!({"key": key, "value": value})))
            }
            "ssh_config_option" => valid(ssh_config::option_valid(input["key"].as_str()?, &value)),
            "hostname_prefix" => valid(ssh_config::hostname_prefix_valid(&value)),
            "hostname_suffix" => valid(ssh_config::hostname_suffix_valid(&value)),
            "weekdays" => {
                let days: Vec<String> = serde_json::from_value(input["days"].clone()).ok()?;
                let bitmap = weekdays_to_bitmap(days).map_err(|error| error.to_string());
                Some(bitmap.map(|bitmap| json!({"bitmap": bitmap, "back": bitmap_to_weekdays(bitmap)})))
            }
            "git_watch_fallback" => Some(Ok(json!({"fallback": is_chat_git_watch_fallback_message(&value)}))),
            _ => None,
        }
    });
}
