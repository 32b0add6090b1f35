use std::sync::Arc;

use super::builtin::{TurnMode, is_offered, toolset};
use super::*;
use crate::clock::SystemClock;
use crate::testing::{replay, same, vectors};

#[derive(Debug)]
struct Named(&'static str);

#[async_trait]
impl Tool for Named {
    fn name(&self) -> &str {
        self.0
    }

    fn definition(&self) -> ToolDefinition {
        ToolDefinition { name: self.0.to_owned(), description: String::new(), input_schema: json!({}) }
    }

    async fn run(&self, _: &str, input: &str) -> ToolResponse {
        assert_ne!(input, "panic", "asked to");
        ToolResponse::Text(input.to_owned())
    }
}

fn call(name: &str, input: &str) -> ToolCall {
    ToolCall { id: format!("id-{name}"), name: name.to_owned(), input: input.to_owned(), ..ToolCall::default() }
}

fn clock() -> SharedClock {
    Arc::new(SystemClock)
}

#[tokio::test]
async fn a_panic_is_a_result_like_any_other() {
    let tools = Toolset::new(vec![Arc::new(Named("a"))]);
    let results = tools.execute(&[call("a", "panic"), call("a", "[1]"), call("b", "{}")], 0, &clock()).await;
    let text = |part: &Part| part.result.as_ref().map(|result| result.text().to_owned()).unwrap_or_default();
    assert!(results[0].is_error && text(&results[0]).contains("tool panicked: "));
    assert_eq!((results[1].is_error, text(&results[1])), (false, "[1]".to_owned()));
    assert_eq!(text(&results[2]), r#"{"error":"Tool not active in this turn: b"}"#);
    assert!(results.iter().all(|part| part.created_at.is_some()));
}

#[test]
fn tools_that_must_run_alone_refuse_as_recorded() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    replay(&vectors("context_limits.json"), |case| {
        if case.text("rule") != "exclusive" {
            return Ok(());
        }
        let names =
            |field: &str| -> Vec<String> { serde_json::from_value(case.input[field].clone()).unwrap_or_default() };
        let (calls, exclusive) = (names("calls"), names("exclusive"));
        let exclusive: Vec<&str> = exclusive.iter().map(String::as_str).collect();
        let tools = Toolset::new(vec![Arc::new(Named("none"))]).with_exclusive(&exclusive);
        let calls: Vec<ToolCall> = calls.iter().map(|name| call(name, "{}")).collect();
        let results = runtime.block_on(tools.execute(&calls, 0, &clock()));
        let errors: Vec<Value> = results
            .iter()
            .map(|part| serde_json::from_str::<Value>(part.result.as_ref().unwrap().text()).unwrap()["error"].clone())
            .collect();
        let refused = errors.iter().any(|error| error.as_str().is_some_and(|error| error.contains("alone")));
        same(&json!({"errors": refused.then_some(errors)}), &case.output)
    });
}

/// The schema without the descriptions, which are ours.
fn bare(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, value)| *name != "description" || !value.is_string())
            .map(|(name, value)| (name.clone(), bare(value)))
            .collect(),
        Value::Array(items) => items.iter().map(bare).collect(),
        other => other.clone(),
    }
}

#[test]
fn schemas_modes_and_client_tools_are_those_recorded() {
    let built_in = |plan| toolset(TurnMode { root: true, plan, explore: false }).definitions();
    // What a turn has of its own, what it has with skills, with sub-agents, and with an advisor.
    let mut known = built_in(true);
    known
        .extend(built_in(false).into_iter().filter(|tool| !built_in(true).iter().any(|other| other.name == tool.name)));
    known.extend([skills::read_definition(), skills::read_file_definition(), advisor::definition()]);
    known.extend(agents::definitions().map(|(_, definition)| definition));
    replay(&vectors("chat_tools.json"), |case| {
        let mode = case.text("mode");
        let turn = TurnMode {
            root: mode.starts_with("root"),
            plan: mode.ends_with("plan"),
            explore: mode.starts_with("explore"),
        };
        match case.text("rule") {
            "schema" => {
                let tool = known.iter().find(|tool| tool.name == case.text("tool")).ok_or("no such tool")?;
                let got = json!({
                    "parallel": false,
                    "parameters": bare(&tool.input_schema["properties"]),
                    "required": tool.input_schema.get("required").cloned().unwrap_or_else(|| json!([])),
                });
                same(&got, &case.output)
            }
            "mode" => {
                let names = known.iter().map(|tool| tool.name.as_str());
                // The advisor comes with its configuration, whatever the turn.
                let mut offered: Vec<&str> =
                    names.filter(|name| *name != advisor::NAME && is_offered(name, turn)).collect();
                offered.sort_unstable();
                same(&json!(offered), &case.output["tools"])
            }
            "plan_stop" => {
                let tools = toolset(turn);
                let mut stops: Vec<&str> =
                    ["propose_plan", "ask_user_question"].into_iter().filter(|name| tools.stops_after(name)).collect();
                stops.sort_unstable();
                same(&json!(stops), &case.output["tools"])
            }
            "dynamic" => {
                let declared: Vec<DynamicToolDefinition> = match serde_json::from_str(case.text("tools")) {
                    Ok(declared) => declared,
                    Err(_) if case.error.is_some() => return Ok(()),
                    Err(error) => return Err(error.to_string()),
                };
                let tools = toolset(TurnMode { root: true, plan: false, explore: false }).with_dynamic(declared);
                let offered: Vec<Value> = tools
                    .dynamic
                    .iter()
                    .map(|tool| {
                        let schema = tool.input_schema.as_ref().map(codersdk::RawJson::to_value);
                        let (parameters, required) = dynamic_parameters(schema.as_ref());
                        json!({"name": tool.name, "parameters": parameters, "required": required})
                    })
                    .collect();
                let names: Vec<&str> = tools.dynamic.iter().map(|tool| tool.name.as_str()).collect();
                same(&json!({"dynamic_names": Some(names).filter(|n| !n.is_empty()), "offered": offered}), &case.output)
            }
            rule => Err(format!("unknown rule {rule}")),
        }
    });
}
