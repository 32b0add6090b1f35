//! The server's own tools: what the model is told about each. Those that need the chat, or its workspace, are given
//! them for a turn.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{SchemaTool, Tool, ToolResponse, Toolset};
use crate::chatd::workspace::NO_WORKSPACE;
use crate::model::ToolDefinition;

/// Fewest and most choices of a question.
const CHOICES: std::ops::RangeInclusive<usize> = 2..=4;

/// What kind of chat a turn belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TurnMode {
    /// Whether the chat has no parent.
    pub(crate) root: bool,
    /// Whether it only plans.
    pub(crate) plan: bool,
    /// Whether it only explores for another chat.
    pub(crate) explore: bool,
}

/// The server's tools for a turn.
pub(crate) fn toolset(mode: TurnMode) -> Toolset {
    static TOOLS: LazyLock<Vec<Arc<dyn Tool>>> = LazyLock::new(built);
    let offered = |tool: &&Arc<dyn Tool>| is_offered(tool.name(), mode);
    let stop: &[&str] = match mode {
        TurnMode { plan: false, .. } | TurnMode { explore: true, .. } => &[],
        TurnMode { root: true, .. } => &["propose_plan", "ask_user_question"],
        TurnMode { .. } => &["propose_plan"],
    };
    Toolset::new(TOOLS.iter().filter(offered).cloned().collect()).with_stop_after(stop)
}

/// The tools themselves.
fn built() -> Vec<Arc<dyn Tool>> {
    specs().iter().map(|spec| Arc::new(Builtin::new(spec)) as Arc<dyn Tool>).collect()
}

/// Whether a turn of this kind has the tool.
pub(crate) fn is_offered(name: &str, mode: TurnMode) -> bool {
    let for_reading = matches!(name, "read_file" | "execute" | "process_output" | "read_skill" | "read_skill_file");
    if mode.explore {
        return for_reading;
    }
    let for_writing = matches!(name, "write_file" | "edit_files" | "attach_file");
    match (mode.root, mode.plan) {
        (true, false) => !matches!(name, "ask_user_question" | "propose_plan"),
        (true, true) => !matches!(name, "process_list" | "process_signal" | "message_agent" | "interrupt_agent"),
        (false, false) => for_reading || for_writing || matches!(name, "process_list" | "process_signal"),
        (false, true) => for_reading,
    }
}

type Run = fn(&Map<String, Value>) -> ToolResponse;

struct Spec {
    name: &'static str,
    description: &'static str,
    properties: Value,
    required: &'static [&'static str],
    run: Run,
}

#[derive(Debug)]
struct Builtin {
    definition: ToolDefinition,
    run: Run,
}

impl Builtin {
    fn new(spec: &Spec) -> Self {
        let mut input_schema = json!({"type": "object", "properties": spec.properties});
        if !spec.required.is_empty() {
            input_schema["required"] = json!(spec.required);
        }
        let definition =
            ToolDefinition { name: spec.name.to_owned(), description: spec.description.to_owned(), input_schema };
        Self { definition, run: spec.run }
    }
}

#[async_trait]
impl SchemaTool for Builtin {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    async fn call(&self, args: &Map<String, Value>) -> ToolResponse {
        (self.run)(args)
    }
}

fn string(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn integer(description: &str) -> Value {
    json!({"type": "integer", "description": description})
}

fn parameters(description: &str) -> Value {
    json!({"type": "object", "description": description, "properties": {"*": {"type": "string"}}})
}

fn no_workspace(_: &Map<String, Value>) -> ToolResponse {
    ToolResponse::Error(NO_WORKSPACE.to_owned())
}

/// Puts questions to the user: the turn ends, and the answer is the next message.
fn ask_user_question(args: &Map<String, Value>) -> ToolResponse {
    let questions = args.get("questions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if questions.is_empty() {
        return ToolResponse::Error("questions is required".to_owned());
    }
    for (i, question) in questions.iter().enumerate() {
        let field = |name: &str| question[name].as_str().unwrap_or_default().trim();
        for name in ["header", "question"] {
            if field(name).is_empty() {
                return ToolResponse::Error(format!("questions[{i}].{name} is required"));
            }
        }
        let options = question["options"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !CHOICES.contains(&options.len()) {
            return ToolResponse::Error(format!("questions[{i}].options must contain 2-4 items"));
        }
        for (j, option) in options.iter().enumerate() {
            for name in ["label", "description"] {
                if option[name].as_str().unwrap_or_default().trim().is_empty() {
                    return ToolResponse::Error(format!("questions[{i}].options[{j}].{name} is required"));
                }
            }
        }
    }
    ToolResponse::json(&json!({"questions": questions}))
}

fn specs() -> Vec<Spec> {
    let spec = |name, description, properties, required, run| Spec { name, description, properties, required, run };
    vec![
        spec(
            "read_file",
            "Reads lines of a text file in the workspace, each with its number.",
            json!({
                "path": string("Absolute path of the file."),
                "offset": integer("First line to read; 1 by default."),
                "limit": integer("How many lines to read; 2000 by default."),
            }),
            &["path"],
            no_workspace as Run,
        ),
        spec(
            "write_file",
            "Writes a file in the workspace, in the place of one that is there.",
            json!({"path": string("Absolute path of the file."), "content": string("What the file is to hold.")}),
            &["path", "content"],
            no_workspace,
        ),
        spec(
            "edit_files",
            "Replaces text in files of the workspace; either all edits are made or none.",
            json!({"files": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "path": string("Absolute path of the file."),
                    "edits": {"type": "array", "items": {
                        "type": "object",
                        "properties": {
                            "old_text": string("Text that is there now, once unless replace_all is set."),
                            "new_text": string("Text to put in its place."),
                            "replace_all": {"type": "boolean", "description": "Replaces every occurrence."},
                        },
                        "required": ["old_text", "new_text"],
                    }},
                },
                "required": ["path", "edits"],
            }}}),
            &["files"],
            no_workspace,
        ),
        spec(
            "attach_file",
            "Gives the user a file of the workspace to download.",
            json!({"path": string("Absolute path of the file."), "name": string("Name for the user, if another.")}),
            &["path"],
            no_workspace,
        ),
        spec(
            "execute",
            "Runs a shell command in the workspace and waits for it; a command that takes longer goes on in the \
             background. Do not put it there with `&`: use run_in_background.",
            json!({
                "command": string("The command, for `sh -c`."),
                "timeout": string("Longest wait, such as `30s` or `5m`; 10s by default."),
                "workdir": string("Directory to run in."),
                "run_in_background": {"type": "boolean", "description": "Does not wait for the command."},
                "model_intent": string("What the command is for, in a few words for the user."),
            }),
            &["command"],
            no_workspace,
        ),
        spec(
            "process_output",
            "Gives what a process in the workspace has written, and its exit code once it ended.",
            json!({
                "process_id": string("Id that execute gave."),
                "wait_timeout": string("How long to wait for its end, such as `30s`; 10s by default."),
            }),
            &["process_id"],
            no_workspace,
        ),
        spec("process_list", "Lists the processes that run in the workspace.", json!({}), &[], no_workspace),
        spec(
            "process_signal",
            "Sends a signal to a process in the workspace.",
            json!({"process_id": string("Id that execute gave."), "signal": string("`terminate` or `kill`.")}),
            &["process_id", "signal"],
            no_workspace,
        ),
        spec(
            "ask_user_question",
            "Puts questions with a choice of answers to the user, and ends the turn.",
            json!({"questions": {"type": "array", "minItems": 1, "items": {
                "type": "object",
                "properties": {
                    "header": string("A word or two above the question."),
                    "question": string("The question."),
                    "options": {"type": "array", "minItems": 2, "maxItems": 4, "items": {
                        "type": "object",
                        "properties": {
                            "label": string("The answer, short."),
                            "description": string("What it means."),
                        },
                        "required": ["label", "description"],
                    }},
                },
                "required": ["header", "question", "options"],
            }}}),
            &["questions"],
            ask_user_question,
        ),
        spec(
            "list_templates",
            "Lists templates that workspaces can be made from, the likeliest first. Do what next_step says.",
            json!({"query": string("Words to look for."), "page": integer("Page, from 1.")}),
            &[],
            no_workspace,
        ),
        spec(
            "read_template",
            "Gives a template's parameters, presets and README.",
            json!({"template_id": string("Id that list_templates gave.")}),
            &["template_id"],
            no_workspace,
        ),
        spec(
            "create_workspace",
            "Makes a workspace for this chat, when files or commands are needed or the user asks for one.",
            json!({
                "template_id": string("Id that list_templates gave."),
                "name": string("Name; one is made up without it."),
                "preset_id": string("Id of a preset that read_template gave."),
                "parameters": parameters("Values by parameter name."),
            }),
            &["template_id"],
            no_workspace,
        ),
        spec(
            "start_workspace",
            "Starts the chat's workspace if it is stopped.",
            json!({"parameters": parameters("Values by parameter name.")}),
            &[],
            no_workspace,
        ),
        spec("stop_workspace", "Stops the chat's workspace; what runs in it ends.", json!({}), &[], no_workspace),
        spec(
            "propose_plan",
            "Shows the user the plan file of this chat for review, and ends the turn.",
            json!({"path": string("Absolute path of the plan file.")}),
            &["path"],
            no_workspace,
        ),
    ]
}
