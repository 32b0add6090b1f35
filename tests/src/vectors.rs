//! Recorded inputs and outputs of the original, which lie outside the repository.

use std::path::PathBuf;

use serde_json::Value;

/// The folder with the vectors: `VECTORS_DIR`, or `../shared/vectors` beside the workspace. `None`, said aloud, if it
/// is not there: a replay passes then, for the repository's tests do not depend on it.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("VECTORS_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors")), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("left out: no vectors in {} (VECTORS_DIR)", folder.display());
    None
}

/// The cases of a file such as `names.json`.
///
/// # Panics
/// If the file cannot be read.
pub fn cases(file: &str) -> Option<Vec<Value>> {
    let path = folder()?.join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let Value::Array(cases) = file["cases"].take() else { panic!("{}: no cases", path.display()) };
    Some(cases)
}

/// The values of a file with one JSON value a line, such as `sdk_calls.jsonl`.
///
/// # Panics
/// If the file cannot be read.
pub fn lines(file: &str) -> Option<Vec<Value>> {
    let path = folder()?.join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(text.lines().map(parse).collect())
}

/// A text that a case gives whole under `name`, as `unit` and `repeat`, or as base64 under `name_b64`.
pub fn bytes(input: &Value, name: &str) -> Vec<u8> {
    if let Some(unit) = input["unit"].as_str() {
        let times = input["repeat"].as_u64().unwrap_or(1);
        return unit.repeat(usize::try_from(times).unwrap_or(0)).into_bytes();
    }
    if let Some(encoded) = input[format!("{name}_b64")].as_str() {
        return decode_base64(encoded);
    }
    input[name].as_str().unwrap_or_default().as_bytes().to_vec()
}

/// Standard base64; what is no digit of it is skipped.
pub fn decode_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    let (mut bits, mut held) = (0u32, 0);
    for byte in text.bytes() {
        let Some(digit) = DIGITS.iter().position(|d| *d == byte) else { continue };
        bits = bits << 6 | u32::try_from(digit).unwrap_or(0);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xFF) as u8);
        }
    }
    out
}
