//! Arguments of the server's tools.

use serde_json::{Map, Value};

use crate::http::go_json::{self, kind_of};
use crate::model::ToolDefinition;

/// The arguments of a call as an object whose fields have the types that the tool's schema gives them. A name matches
/// in any case. Missing fields and `null` are left to the tool.
///
/// # Errors
/// With the words that the model is told: those of the original, down to its names for the types.
pub(crate) fn parse(tool: &ToolDefinition, input: &str) -> Result<Map<String, Value>, String> {
    read(tool, input).map_err(|error| format!("invalid parameters: {error}"))
}

fn read(tool: &ToolDefinition, input: &str) -> Result<Map<String, Value>, String> {
    let given = match go_json::from_whole(input.as_bytes()).map_err(|error| error.to_string())? {
        Value::Object(given) => given,
        Value::Null => Map::new(),
        other => {
            let whole = whole_type(&tool.name);
            return Err(format!("json: cannot unmarshal {} into Go value of type {whole}", kind_of(&other)));
        }
    };
    let schema = &tool.input_schema;
    Place { tool: &tool.name, record: &record_type(&tool.name), path: "" }.members(schema, &given)?;
    let mut args = Map::new();
    for (name, value) in given {
        let name = known_name(schema, &name).map_or(name.clone(), str::to_owned);
        // Of several spellings the exact one counts, which comes last.
        if !value.is_null() || !args.contains_key(&name) {
            args.insert(name, value);
        }
    }
    Ok(args)
}

/// A text argument, trimmed; empty where it is missing.
pub(crate) fn text<'a>(args: &'a Map<String, Value>, name: &str) -> &'a str {
    args.get(name).and_then(Value::as_str).unwrap_or_default().trim()
}

/// The property of a schema that a name in any case means.
fn known_name<'a>(schema: &'a Value, name: &str) -> Option<&'a str> {
    let properties = schema["properties"].as_object()?;
    let found = properties.get_key_value(name);
    let found = found.or_else(|| properties.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
    found.map(|(known, _)| known.as_str())
}

/// Where a value stands among the arguments of a tool.
#[derive(Clone, Copy)]
struct Place<'a> {
    tool: &'a str,
    /// What the object is called that it lies in.
    record: &'a str,
    /// The names that lead to it.
    path: &'a str,
}

impl Place<'_> {
    /// # Errors
    /// With the first member that does not fit.
    fn members(self, schema: &Value, members: &Map<String, Value>) -> Result<(), String> {
        if let any @ Value::Object(_) = &schema["properties"]["*"] {
            return members.values().try_for_each(|value| self.value(any, value));
        }
        members.iter().try_for_each(|(name, value)| {
            let Some(name) = known_name(schema, name) else { return Ok(()) };
            let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
            Place { path: &path, ..self }.value(&schema["properties"][name], value)
        })
    }

    fn value(self, schema: &Value, value: &Value) -> Result<(), String> {
        let refuse = |value: &str, wanted: &str| {
            let Self { record, path, .. } = self;
            Err(format!("json: cannot unmarshal {value} into Go struct field {record}.{path} of type {wanted}"))
        };
        let field = self.path.rsplit('.').next().unwrap_or_default();
        let whole_number = if self.tool == "read_file" { "int64" } else { "int" };
        match (schema["type"].as_str().unwrap_or_default(), value) {
            ("", _) | (_, Value::Null) | ("string", Value::String(_)) | ("boolean", Value::Bool(_)) => Ok(()),
            ("integer", Value::Number(number)) if number.is_i64() => Ok(()),
            ("integer", Value::Number(number)) => refuse(&format!("number {number}"), whole_number),
            ("array", Value::Array(items)) => items.iter().try_for_each(|item| self.value(&schema["items"], item)),
            ("object", Value::Object(members)) => {
                let record = match field {
                    "files" | "questions" | "options" => element_type(field),
                    // Edits are taken apart by themselves, and what is wrong with them is told of what they lie in.
                    _ => self.record,
                };
                Place { record, ..self }.members(schema, members)
            }
            ("string", other) => refuse(kind_of(other), "string"),
            ("boolean", other) => refuse(kind_of(other), "bool"),
            ("integer", other) => refuse(kind_of(other), whole_number),
            ("array", other) => refuse(kind_of(other), &format!("[]chattool.{}", element_type(field))),
            (_, other) if schema["properties"]["*"].is_object() => refuse(kind_of(other), "map[string]string"),
            (_, other) => refuse(kind_of(other), &format!("chattool.{}", element_type(field))),
        }
    }
}

/// What the elements of a list are called.
fn element_type(field: &str) -> &'static str {
    match field {
        "files" => "editFileEdits",
        "edits" => "editFileEdit",
        "questions" => "askUserQuestion",
        _ => "askUserQuestionOption",
    }
}

/// What the arguments of a tool are called as a whole, with the package that they are of.
fn whole_type(tool: &str) -> String {
    let package = match tool {
        "process_list" => return "struct {}".to_owned(),
        "advisor" => "chatadvisor",
        tool if tool.ends_with("_agent") || tool.ends_with("_agents") => "chatd",
        _ => "chattool",
    };
    format!("{package}.{}", record_type(tool))
}

fn record_type(tool: &str) -> String {
    const PRIVATE: [&str; 6] = [
        "ask_user_question",
        "list_templates",
        "read_template",
        "create_workspace",
        "start_workspace",
        "stop_workspace",
    ];
    let private = PRIVATE.contains(&tool) || tool.ends_with("_agent") || tool.ends_with("_agents");
    let mut name = String::new();
    for (i, word) in tool.split('_').enumerate() {
        let (first, rest) = word.split_at(word.len().min(1));
        name += &if i == 0 && private { first.to_owned() } else { first.to_uppercase() };
        name += rest;
    }
    name + "Args"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chatd::tools::builtin::{TurnMode, toolset};

    fn parsed(tool: &str, input: &str) -> Result<Map<String, Value>, String> {
        let mode = |plan| TurnMode { root: true, plan, explore: false };
        let tools = [toolset(mode(false)), toolset(mode(true))];
        parse(&tools.iter().find_map(|tools| tools.named(tool)).unwrap().definition(), input)
    }

    #[test]
    fn names_match_in_any_case_and_null_is_nothing() {
        let args = parsed("execute", r#" {"Command":"a","TIMEOUT":"1s","workdir":null,"other":[1]} "#).unwrap();
        assert_eq!(Value::Object(args), json!({"command": "a", "timeout": "1s", "workdir": null, "other": [1]}));
        assert_eq!(parsed("execute", r#"{"COMMAND":"a","command":"b"}"#).unwrap()["command"], "b");
        assert_eq!(parsed("execute", r#"{"COMMAND":"a","command":null}"#).unwrap()["command"], "a");
        assert_eq!(parsed("execute", r#"{"command":"\ud800"}"#).unwrap()["command"], "\u{fffd}");
        assert!(parsed("process_list", "null").unwrap().is_empty());
    }

    #[test]
    fn what_does_not_fit_is_told_in_the_words_of_the_original() {
        for (tool, input, words) in [
            ("execute", "[]", "array into Go value of type chattool.ExecuteArgs"),
            ("process_list", "5", "number into Go value of type struct {}"),
            (
                "execute",
                r#"{"run_in_background":"x"}"#,
                "string into Go struct field ExecuteArgs.run_in_background of type bool",
            ),
            (
                "process_output",
                r#"{"PROCESS_ID":{}}"#,
                "object into Go struct field ProcessOutputArgs.process_id of type string",
            ),
            ("read_file", r#"{"limit":true}"#, "bool into Go struct field ReadFileArgs.limit of type int64"),
            ("list_templates", r#"{"page":1.5}"#, "number 1.5 into Go struct field listTemplatesArgs.page of type int"),
            (
                "create_workspace",
                r#"{"parameters":[]}"#,
                "array into Go struct field createWorkspaceArgs.parameters of type map[string]string",
            ),
            (
                "create_workspace",
                r#"{"parameters":{"a":1}}"#,
                "number into Go struct field createWorkspaceArgs.parameters of type string",
            ),
            (
                "edit_files",
                r#"{"files":[{"path":5}]}"#,
                "number into Go struct field editFileEdits.files.path of type string",
            ),
            (
                "edit_files",
                r#"{"files":[{"edits":5}]}"#,
                "number into Go struct field editFileEdits.files.edits of type []chattool.editFileEdit",
            ),
            (
                "edit_files",
                r#"{"files":["x"]}"#,
                "string into Go struct field EditFilesArgs.files of type chattool.editFileEdits",
            ),
            (
                "ask_user_question",
                r#"{"questions":[{"options":[{"label":1}]}]}"#,
                "number into Go struct field askUserQuestionOption.questions.options.label of type string",
            ),
        ] {
            assert_eq!(
                parsed(tool, input),
                Err(format!("invalid parameters: json: cannot unmarshal {words}")),
                "{input}"
            );
        }
    }
}
