//! What a server says of its tools and to a call of one, read with more patience than the SDK has.

use std::sync::Arc;

use rmcp::model::{CallToolResult, ContentBlock, ServerResult, Tool};
use serde_json::{Map, Value, json};

use super::McpError;
use crate::http::go_json::kind_of;

/// A part of a server's list of tools.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) tools: Vec<Tool>,
    /// Where the list goes on, if it does.
    pub(super) next: Option<String>,
}

/// A part of a list. What is absent or null counts as empty.
///
/// # Errors
/// What has a wrong type.
pub(super) fn tool_page(answer: ServerResult) -> Result<Page, McpError> {
    let answer = serde_json::to_value(answer).map_err(|error| McpError::new(error.to_string()))?;
    let nothing = Map::new();
    let fields = object(Some(&answer), "result")?.unwrap_or(&nothing);
    let tools = match fields.get("tools") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(tools)) => tools.iter().map(listed).collect::<Result<_, _>>()?,
        Some(_) => return Err(mistyped("tools")),
    };
    let next = string(fields, "nextCursor")?.filter(|cursor| !cursor.is_empty());
    Ok(Page { tools, next: next.map(str::to_owned) })
}

fn listed(tool: &Value) -> Result<Tool, McpError> {
    let nothing = Map::new();
    let fields = object(Some(tool), "tool")?.unwrap_or(&nothing);
    let name = string(fields, "name")?.unwrap_or_default();
    let description = string(fields, "description")?.unwrap_or_default();
    let schema = object(fields.get("inputSchema"), "inputSchema")?.unwrap_or(&nothing);
    string(schema, "type")?;
    object(schema.get("properties"), "properties")?;
    match schema.get("required") {
        None | Some(Value::Null) => {}
        Some(Value::Array(names)) if names.iter().all(Value::is_string) => {}
        Some(_) => return Err(mistyped("required")),
    }
    // With whatever else it says, as far as that is understood.
    let mut whole = fields.clone();
    whole.insert("name".to_owned(), json!(name));
    whole.insert("inputSchema".to_owned(), Value::Object(schema.clone()));
    let told = serde_json::from_value(Value::Object(whole));
    Ok(told.unwrap_or_else(|_| Tool::new(name.to_owned(), description.to_owned(), Arc::new(schema.clone()))))
}

fn object<'a>(value: Option<&'a Value>, name: &str) -> Result<Option<&'a Map<String, Value>>, McpError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(fields)) => Ok(Some(fields)),
        Some(_) => Err(mistyped(name)),
    }
}

fn string<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, McpError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(mistyped(name)),
    }
}

fn mistyped(name: &str) -> McpError {
    McpError::new(format!("failed to unmarshal response: {name} has a wrong type"))
}

/// The result of a call.
///
/// # Errors
/// What is wrong with the answer, in the words of Coder's agent.
pub(super) fn tool_result(answer: ServerResult) -> Result<CallToolResult, McpError> {
    let malformed = |error: serde_json::Error| McpError::new(error.to_string());
    if let ServerResult::CallToolResult(result) = answer {
        for block in &result.content {
            let block = serde_json::to_value(block).map_err(malformed)?;
            content_block(block.as_object().ok_or_else(|| wrong("content is not an object"))?)?;
        }
        return Ok(result);
    }
    read(&serde_json::to_value(answer).map_err(malformed)?)
}

fn read(answer: &Value) -> Result<CallToolResult, McpError> {
    let into = "Go value of type map[string]interface {}";
    match answer {
        Value::Object(fields) => read_fields(fields),
        Value::Null => Err(wrong("content is missing")),
        other => {
            let kind = kind_of(other);
            Err(McpError::new(format!("failed to unmarshal response: json: cannot unmarshal {kind} into {into}")))
        }
    }
}

fn read_fields(fields: &Map<String, Value>) -> Result<CallToolResult, McpError> {
    let content = fields.get("content").ok_or_else(|| wrong("content is missing"))?;
    let blocks = content.as_array().ok_or_else(|| wrong("content is not an array"))?;
    let blocks =
        blocks.iter().map(|block| content_block(block.as_object().ok_or_else(|| wrong("content is not an object"))?));
    let mut result = CallToolResult::success(blocks.collect::<Result<_, _>>()?);
    result.is_error = Some(fields.get("isError").and_then(Value::as_bool).unwrap_or_default());
    result.structured_content = fields.get("structuredContent").cloned();
    Ok(result)
}

/// A piece of the content. Fields of a wrong type count as absent.
fn content_block(fields: &Map<String, Value>) -> Result<ContentBlock, McpError> {
    let kind = text(fields, "type");
    let (data, media_type) = (text(fields, "data"), text(fields, "mimeType"));
    let canonical = match kind {
        "text" => json!({"type": kind, "text": text(fields, "text")}),
        "image" | "audio" if data.is_empty() || media_type.is_empty() => {
            return Err(McpError::new(format!("{kind} data or mimeType is missing")));
        }
        "image" | "audio" => json!({"type": kind, "data": data, "mimeType": media_type}),
        "resource_link" => {
            let (uri, name) = (text(fields, "uri"), text(fields, "name"));
            if uri.is_empty() || name.is_empty() {
                return Err(wrong("resource_link uri or name is missing"));
            }
            json!({"type": kind, "uri": uri, "name": name, "description": text(fields, "description"),
                "mimeType": media_type})
        }
        "resource" => {
            let resource = fields.get("resource").and_then(Value::as_object);
            json!({"type": kind, "resource": resource_contents(resource.ok_or_else(|| wrong("resource is missing"))?)?})
        }
        other => return Err(McpError::new(format!("unsupported content type: {other}"))),
    };
    serde_json::from_value(canonical).map_err(|error| McpError::new(error.to_string()))
}

fn resource_contents(fields: &Map<String, Value>) -> Result<Value, McpError> {
    let uri = text(fields, "uri");
    if uri.is_empty() {
        return Err(wrong("resource uri is missing"));
    }
    let form = ["text", "blob"].into_iter().find(|form| !text(fields, form).is_empty());
    let form = form.ok_or_else(|| wrong("unsupported resource type"))?;
    Ok(json!({"uri": uri, "mimeType": text(fields, "mimeType"), form: text(fields, form)}))
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn wrong(what: &str) -> McpError {
    McpError::new(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answer: Value) -> Result<Value, String> {
        let answer: ServerResult = serde_json::from_value(answer).unwrap();
        let result = tool_result(answer).map_err(|error| error.to_string())?;
        Ok(json!([result.content, result.is_error.unwrap_or_default()]))
    }

    #[test]
    fn answers_that_are_almost_right_are_taken() {
        let hi = json!({"type": "text", "text": "hi"});
        for (answer, expected) in [
            (json!({"content": [hi]}), json!([[hi], false])),
            (json!({"content": [hi], "isError": true}), json!([[hi], true])),
            (json!({"content": [hi], "isError": "yes"}), json!([[hi], false])),
            (json!({"content": [hi], "_meta": 5}), json!([[hi], false])),
            (json!({"content": []}), json!([[], false])),
            (json!({"content": [{"type": "text", "text": null}]}), json!([[{"type": "text", "text": ""}], false])),
            (json!({"content": [{"type": "text"}]}), json!([[{"type": "text", "text": ""}], false])),
            (json!({"content": [{"type": "text", "text": "hi", "annotations": "x"}]}), json!([[hi], false])),
        ] {
            assert_eq!(told(answer.clone()), Ok(expected), "{answer}");
        }
    }

    #[test]
    fn lists_that_are_almost_right_are_taken() {
        let names = |answer: Value| {
            let page = tool_page(serde_json::from_value(answer).unwrap()).map_err(|error| error.to_string())?;
            Ok::<_, String>((page.tools.iter().map(|tool| tool.name.to_string()).collect::<Vec<_>>(), page.next))
        };
        let schema = json!({"type": "object"});
        for (answer, expected) in [
            (json!({"tools": [{"name": "a", "inputSchema": schema}], "nextCursor": "2"}), (vec!["a"], Some("2"))),
            (json!({"tools": [{"name": "a", "inputSchema": schema}], "nextCursor": ""}), (vec!["a"], None)),
            (json!({"tools": [{"name": "a"}, {"name": "b", "inputSchema": null}, {}]}), (vec!["a", "b", ""], None)),
            (json!({"tools": [{"name": "a", "annotations": 5}]}), (vec!["a"], None)),
            (json!({"tools": null}), (vec![], None)),
            (json!({}), (vec![], None)),
            (json!(null), (vec![], None)),
        ] {
            let (tools, next) = names(answer.clone()).unwrap();
            assert_eq!((tools.iter().map(String::as_str).collect(), next.as_deref()), expected, "{answer}");
        }
        for wrong in [
            json!("x"),
            json!({"tools": {}}),
            json!({"tools": [1]}),
            json!({"tools": [{"name": 5}]}),
            json!({"tools": [{"name": "a", "inputSchema": "x"}]}),
            json!({"tools": [{"name": "a", "inputSchema": {"type": ["object"]}}]}),
            json!({"tools": [{"name": "a", "inputSchema": {"required": [1]}}]}),
        ] {
            assert!(names(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_with_others_is_told() {
        let block = |block: Value| json!({"content": [block]});
        for (answer, error) in [
            (json!({}), "content is missing"),
            (json!(null), "content is missing"),
            (json!({"content": null}), "content is not an array"),
            (json!({"content": "x"}), "content is not an array"),
            (block(json!(1)), "content is not an object"),
            (block(json!({"text": "x"})), "unsupported content type: "),
            (block(json!({"type": "video"})), "unsupported content type: video"),
            (block(json!({"type": "image", "data": "", "mimeType": ""})), "image data or mimeType is missing"),
            (block(json!({"type": "audio", "data": "x"})), "audio data or mimeType is missing"),
            (block(json!({"type": "resource_link", "uri": "u"})), "resource_link uri or name is missing"),
            (block(json!({"type": "resource"})), "resource is missing"),
            (block(json!({"type": "resource", "resource": {"text": "t"}})), "resource uri is missing"),
            (block(json!({"type": "resource", "resource": {"uri": "u"}})), "unsupported resource type"),
            (
                json!("s"),
                "failed to unmarshal response: json: cannot unmarshal string into Go value of type map[string]interface {}",
            ),
        ] {
            assert_eq!(told(answer.clone()), Err(error.to_owned()), "{answer}");
        }
    }
}
