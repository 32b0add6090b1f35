//! Arguments of the server's tools.

use serde_json::{Map, Value};

/// The arguments of a call as an object whose fields have the types that `properties` (of a JSON Schema) give them.
/// Missing fields and `null` are left to the tool.
///
/// # Errors
/// With the words that the model is told.
pub(crate) fn parse(properties: &Value, input: &str) -> Result<Map<String, Value>, String> {
    let input = input.trim();
    if input.is_empty() {
        return Err("invalid parameters: unexpected end of JSON input".to_owned());
    }
    let args = match serde_json::from_str(input) {
        Ok(Value::Object(args)) => args,
        Ok(Value::Null) => Map::new(),
        Ok(other) => return Err(format!("invalid parameters: expected an object, got {}", type_name(&other))),
        Err(error) => return Err(format!("invalid parameters: {error}")),
    };
    for (name, value) in &args {
        if let Some(wanted) = properties[name]["type"].as_str()
            && !has_type(value, wanted)
        {
            return Err(format!("invalid parameters: {name}: expected {wanted}, got {}", type_name(value)));
        }
    }
    Ok(args)
}

fn has_type(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) => wanted == "boolean",
        Value::Number(number) => wanted == "number" || (wanted == "integer" && number.is_i64()),
        Value::String(_) => wanted == "string",
        Value::Array(_) => wanted == "array",
        Value::Object(_) => wanted == "object",
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A text argument, trimmed; empty where it is missing.
pub(crate) fn text<'a>(args: &'a Map<String, Value>, name: &str) -> &'a str {
    args.get(name).and_then(Value::as_str).unwrap_or_default().trim()
}
