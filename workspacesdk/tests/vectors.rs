//! Replays what the original's functions gave for recorded inputs.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use workspacesdk::edit;
use workspacesdk::output::{OutputBuffer, Truncation};

fn vectors(name: &str) -> Option<Value> {
    let folder = std::env::var_os("VECTORS_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors")), PathBuf::from);
    let path = folder.join(name);
    let Ok(text) = std::fs::read(&path) else {
        println!("no {}: nothing to replay", path.display());
        return None;
    };
    Some(serde_json::from_slice(&text).unwrap())
}

/// Cases of `edit-files` that are about a single file's text.
#[test]
fn edits() {
    let Some(file) = vectors("agent_edit_files.json") else { return };
    let mut replayed = 0;
    for case in file["cases"].as_array().unwrap() {
        let (input, output) = (&case["input"], &case["output"]);
        let (Some(files), Some(requests)) = (input["files"].as_array(), input["request"]["files"].as_array()) else {
            continue;
        };
        let ([file], [request], Some(text)) = (&files[..], &requests[..], files[0]["content"].as_str()) else {
            continue;
        };
        if file["path"] != request["path"] || input.get("symlinks").is_some() {
            continue;
        }
        let Some(edits) = request["edits"].as_array().filter(|edits| !edits.is_empty()) else { continue };
        let path = file["path"].as_str().unwrap();
        let result = edits.iter().try_fold(text.as_bytes().to_vec(), |text, edit| {
            let search = edit["search"].as_str().unwrap_or_default();
            let replace = edit["replace"].as_str().unwrap_or_default();
            edit::replace(&text, search, replace, edit["replace_all"].as_bool().unwrap_or_default())
        });
        match result {
            Ok(text) => {
                assert_eq!(output["status"], 200, "{}", case["name"]);
                let after = output["files_after"][0]["content"].as_str().unwrap();
                assert_eq!(String::from_utf8(text).unwrap(), after, "{}", case["name"]);
            }
            Err(error) => {
                assert_eq!(output["status"], 400, "{}", case["name"]);
                assert_eq!(output["body"]["message"], format!("edit {path}: {error}"), "{}", case["name"]);
            }
        }
        replayed += 1;
    }
    assert!(replayed > 100, "only {replayed} cases fit");
    println!("{replayed} cases");
}

#[test]
fn unified_diffs() {
    let Some(file) = vectors("unified_diff.json") else { return };
    let mut wrong = Vec::new();
    for case in file["cases"].as_array().unwrap() {
        let text = |name: &str| case["input"][name].as_str().unwrap().as_bytes();
        let diff = workspacesdk::diff::unified(case["input"]["label"].as_str().unwrap(), text("old"), text("new"));
        if case["output"]["diff"] != diff {
            println!("{}\n{}\n{diff}", case["name"], case["output"]["diff"].as_str().unwrap());
            wrong.push(case["name"].clone());
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn process_output_buffer() {
    let Some(file) = vectors("process_output_buffer.json") else { return };
    for case in file["cases"].as_array().unwrap() {
        let (input, expected, name) = (&case["input"], &case["output"], &case["name"]);
        let size = |end: &str| input[end].as_u64().map_or(16384, |size| usize::try_from(size).unwrap());
        let mut buffer = OutputBuffer::with_sizes(size("head"), size("tail"));
        for write in input["writes"].as_array().unwrap() {
            let unit = match write["unit_b64"].as_str() {
                Some(unit) => BASE64_STANDARD.decode(unit).unwrap(),
                None => write["unit"].as_str().unwrap().as_bytes().to_vec(),
            };
            let times = write["repeat"].as_u64().map_or(1, |times| usize::try_from(times).unwrap());
            buffer.write(&unit.repeat(times));
        }
        assert_eq!(expected["len"], buffer.kept(), "{name}");
        assert_eq!(expected["total"], buffer.written(), "{name}");
        assert_eq!(expected["raw_sha256"], sha256(&buffer.bytes()), "{name}");
        let output = buffer.output();
        if let Some(text) = expected["output"].as_str() {
            assert_eq!(String::from_utf8_lossy(&output.text), text, "{name}");
        } else if let Some(text) = expected["output_b64"].as_str() {
            assert_eq!(BASE64_STANDARD.encode(&output.text), text, "{name}");
        } else {
            assert_eq!(expected["output_len"], output.text.len(), "{name}");
            assert_eq!(expected["output_sha256"], sha256(&output.text), "{name}");
        }
        let shown = output.truncation.map(|Truncation { original, retained, omitted }| {
            serde_json::json!({
                "original_bytes": original, "retained_bytes": retained, "omitted_bytes": omitted, "strategy": "head_tail"
            })
        });
        assert_eq!(expected["truncated"], shown.unwrap_or_default(), "{name}");
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}
