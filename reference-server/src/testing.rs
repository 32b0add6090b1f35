//! What the tests of several modules share: replays of recorded inputs and outputs.
//!
//! The files lie outside the repository: in the folder that `VECTORS_DIR` names, `../../shared/vectors` beside this
//! crate by default. Where the folder is absent a replay says so and passes.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

/// One recorded case.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) input: Value,
    #[serde(default)]
    pub(crate) output: Value,
    /// Set instead of `output` where the function failed.
    #[serde(default)]
    pub(crate) error: Option<Value>,
}

impl Case {
    /// A text of the input; empty where the key is absent.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.input[key].as_str().unwrap_or_default()
    }
}

/// The cases of a file of vectors, none where the folder is absent.
pub(crate) fn vectors(file: &str) -> Vec<Case> {
    #[derive(Deserialize)]
    struct File {
        cases: Vec<Case>,
    }

    let folder = std::env::var_os("VECTORS_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors")), PathBuf::from);
    if !folder.is_dir() {
        println!("no vectors at {}: {file} is not replayed", folder.display());
        return Vec::new();
    }
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file: File = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    file.cases
}

/// Checks every case and reports all that differ, by name. A check returns what it got, or what is wrong.
pub(crate) fn replay(cases: &[Case], mut check: impl FnMut(&Case) -> Result<(), String>) {
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|case| check(case).err().map(|e| format!("{}: {e}\n  {}", case.name, case.input)))
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    println!("{} cases match", cases.len());
}

/// Compares as JSON values: key order is free, numbers are compared by value.
pub(crate) fn same(got: &Value, want: &Value) -> Result<(), String> {
    if json_eq(got, want) { Ok(()) } else { Err(format!("got  {got}\n  want {want}")) }
}

/// Compares lists of which the order is free.
pub(crate) fn same_set(got: &Value, want: &Value) -> Result<(), String> {
    let sorted = |value: &Value| {
        let mut items: Vec<_> = value.as_array().into_iter().flatten().map(Value::to_string).collect();
        items.sort();
        items
    };
    if sorted(got) == sorted(want) { Ok(()) } else { Err(format!("got  {got}\n  want {want}")) }
}

fn json_eq(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| json_eq(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| json_eq(value, other)))
        }
        _ => a == b,
    }
}
