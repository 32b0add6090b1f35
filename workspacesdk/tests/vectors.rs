//! Replays what the original's functions gave for recorded inputs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use workspacesdk::files::{Files, ReadFileLinesLimits};
use workspacesdk::fs::{FileSystem, MemoryFs, OsFs};
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

/// Reads a file of a tree.
type Read = Box<dyn Fn(&str) -> Option<Vec<u8>>>;

/// A tree of files as a case describes it, once on disk and once in memory.
struct Tree {
    root: String,
    fs: Arc<dyn FileSystem>,
    files: Files,
    read: Read,
    _folder: Option<tempfile::TempDir>,
}

impl Tree {
    fn both(input: &Value) -> [Self; 2] {
        [Self::on_disk(input), Self::in_memory(input)]
    }

    fn on_disk(input: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap().to_owned();
        for path in paths(&input["dirs"]) {
            std::fs::create_dir_all(path.replace("$ROOT", &root)).unwrap();
        }
        for file in list(&input["files"]) {
            let path = file["path"].as_str().unwrap().replace("$ROOT", &root);
            std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
            std::fs::write(path, content(file)).unwrap();
        }
        for link in list(&input["symlinks"]) {
            let target = link["target"].as_str().unwrap().replace("$ROOT", &root);
            std::os::unix::fs::symlink(target, link["path"].as_str().unwrap().replace("$ROOT", &root)).unwrap();
        }
        let read = Box::new(|path: &str| std::fs::read(path).ok());
        let fs = Arc::new(OsFs);
        Self { root, files: Files::new(fs.clone()), fs, read, _folder: Some(folder) }
    }

    fn in_memory(input: &Value) -> Self {
        let fs = MemoryFs::default();
        let root = "/root".to_owned();
        fs.add_dir(&root);
        for path in paths(&input["dirs"]) {
            fs.add_dir(&path.replace("$ROOT", &root));
        }
        for file in list(&input["files"]) {
            fs.add_file(&file["path"].as_str().unwrap().replace("$ROOT", &root), content(file));
        }
        for link in list(&input["symlinks"]) {
            let target = link["target"].as_str().unwrap().replace("$ROOT", &root);
            fs.add_link(&link["path"].as_str().unwrap().replace("$ROOT", &root), &target);
        }
        let files = Files::new(Arc::new(fs.clone()));
        let read = fs.clone();
        Self { root, files, fs: Arc::new(fs), read: Box::new(move |path| read.read(path)), _folder: None }
    }

    fn fill(&self, value: &Value) -> Value {
        let text = serde_json::to_string(value).unwrap();
        let names: Vec<String> = self.root.split('/').skip(1).map(|name| format!("{name:?}")).collect();
        serde_json::from_str(&text.replace("\"$PARTS\"", &names.join(",")).replace("$ROOT", &self.root)).unwrap()
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn paths(value: &Value) -> impl Iterator<Item = &str> {
    list(value).map(|path| path.as_str().unwrap())
}

fn content(file: &Value) -> Vec<u8> {
    match file["content_b64"].as_str() {
        Some(content) => BASE64_STANDARD.decode(content).unwrap(),
        None => {
            let times = file["repeat"].as_u64().map_or(1, |times| usize::try_from(times).unwrap());
            file["content"].as_str().or(file["unit"].as_str()).unwrap().repeat(times).into_bytes()
        }
    }
}

#[test]
fn edits() {
    let Some(file) = vectors("agent_edit_files.json") else { return };
    let mut replayed = 0;
    for case in list(&file["cases"]).filter(|case| case["input"]["request"].is_object()) {
        for tree in Tree::both(&case["input"]) {
            let (input, output) = (tree.fill(&case["input"]), tree.fill(&case["output"]));
            let request = serde_json::from_value(input["request"].clone()).unwrap();
            let (status, body) = match tree.files.edit_files(request) {
                Ok(response) => (200, serde_json::to_value(response).unwrap()),
                Err(error) => (error.status, serde_json::json!({ "message": error.message })),
            };
            assert_eq!((&output["status"], &output["body"]), (&status.into(), &body), "{}", case["name"]);
            for after in list(&output["files_after"]) {
                let path = after["path"].as_str().unwrap();
                if let Some(target) = after["symlink"].as_str() {
                    assert_eq!(tree.fs.read_link(path).unwrap().as_deref(), Some(target), "{} {path}", case["name"]);
                    continue;
                }
                assert_eq!((tree.read)(path), Some(content(after)), "{} {path}", case["name"]);
            }
            replayed += 1;
        }
    }
    assert!(replayed > 300, "only {replayed} cases fit");
}

#[test]
fn lines() {
    let Some(file) = vectors("agent_read_file_lines.json") else { return };
    let mut replayed = 0;
    for case in list(&file["cases"]).filter(|case| case["output"]["status"] == 200) {
        let mut input = case["input"].clone();
        if let Some(path) = input["path"].as_str() {
            input["files"] = serde_json::json!([{ "path": path, "unit": input["unit"], "repeat": input["repeat"] }]);
        }
        for tree in Tree::both(&input) {
            let (input, output) = (tree.fill(&input), tree.fill(&case["output"]));
            let query: BTreeMap<String, String> =
                url::form_urlencoded::parse(input["query"].as_str().unwrap().as_bytes())
                    .map(|(name, value)| (name.into_owned(), value.into_owned()))
                    .collect();
            let number =
                |name: &str, default| query.get(name).map_or(default, |value| value.parse().unwrap_or(default));
            let limits = ReadFileLinesLimits {
                max_file_size: number("max_file_size", 1 << 20),
                max_line_bytes: number("max_line_bytes", 1024),
                max_response_lines: number("max_response_lines", 2000),
                max_response_bytes: number("max_response_bytes", 32 << 10),
            };
            let response = tree.files.read_lines(&query["path"], number("offset", 1), number("limit", 0), &limits);
            assert_eq!(output["body"], serde_json::to_value(response).unwrap(), "{}", case["name"]);
            replayed += 1;
        }
    }
    assert!(replayed > 100, "only {replayed} cases fit");
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
fn skill_frontmatter() {
    let Some(file) = vectors("skills.json") else { return };
    let cases = list(&file["cases"]).filter(|case| case["input"]["rule"] == "frontmatter");
    let mut replayed = 0;
    for case in cases {
        let name = &case["name"];
        let read = workspacesdk::skills::parse_skill_frontmatter(case["input"]["content"].as_str().unwrap());
        let output = &case["output"];
        match (read, case["error"].as_str(), output["error_starts"].as_str()) {
            (Err(error), Some(told), _) => assert_eq!(error.to_string(), told, "{name}"),
            (Err(error), None, Some(start)) => assert!(error.to_string().starts_with(start), "{name}: {error}"),
            (Ok(skill), None, None) => {
                let told = ["name", "description", "body"].map(|field| output[field].as_str().unwrap());
                assert_eq!([skill.name.as_str(), &skill.description, &skill.body], told, "{name}");
            }
            (read, ..) => panic!("{name}: {read:?}"),
        }
        replayed += 1;
    }
    assert!(replayed > 0);
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
