//! Comparing JSON.

use serde_json::Value;

/// Where two values differ, as a path and both sides; empty if they are the same. Numbers are compared by value, times
/// as instants.
pub fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk("", expected, actual, &mut found);
    found
}

fn walk(path: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                match right.get(key) {
                    Some(other) => walk(&format!("{path}.{key}"), value, other, found),
                    None => found.push(format!("{path}.{key}: {value} is missing")),
                }
            }
            for (key, value) in right {
                if !left.contains_key(key) {
                    found.push(format!("{path}.{key}: {value} is too much"));
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (value, other)) in left.iter().zip(right).enumerate() {
                walk(&format!("{path}[{index}]"), value, other, found);
            }
        }
        _ if expected == actual => {}
        (Value::Number(left), Value::Number(right)) if left.as_f64() == right.as_f64() => {}
        (Value::String(left), Value::String(right)) if same_time(left, right) => {}
        _ => found.push(format!("{path}: {actual} instead of {expected}")),
    }
}

fn same_time(left: &str, right: &str) -> bool {
    let time = |text: &str| serde_json::from_value::<Instant>(Value::String(text.to_owned())).ok();
    matches!((time(left), time(right)), (Some(left), Some(right)) if left == right)
}

type Instant = chrono::DateTime<chrono::Utc>;
