//! Prints what this SDK knows of the wire, in the form that the catalogue's checkers read:
//!
//! - `wire-export schemas`: the JSON Schemas of all types, by their names in the catalogue;
//! - `wire-export routes`: the method and path of every call that the client makes.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs, io};

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use tests::wire_types::TYPES;

/// Where the chat routes are on the servers that the catalogue describes.
const CHATS: &str = "/api/experimental/chats";

/// Routes that only newer servers have.
const NEWER: &[&str] = &["/api/v2/organizations/{organization}/chats/models"];

fn main() -> anyhow::Result<()> {
    let output = match env::args().nth(1).as_deref() {
        Some("schemas") => schemas(),
        Some("routes") => routes()?,
        _ => bail!("usage: wire-export schemas|routes"),
    };
    serde_json::to_writer_pretty(io::stdout().lock(), &output)?;
    println!();
    Ok(())
}

fn schemas() -> Value {
    Value::Object(TYPES.iter().map(|wire| (wire.name.to_owned(), (wire.schema)().to_value())).collect::<Map<_, _>>())
}

/// The routes as they stand in the client's source: every request is made there from a template.
fn routes() -> anyhow::Result<Value> {
    let mut found = BTreeSet::new();
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for library in ["codersdk", "agentsdk", "workspacesdk"] {
        collect(&Path::new(sources).join(library).join("src"), &mut found)?;
    }
    found.retain(|(path, _)| !NEWER.contains(&path.as_str()));
    Ok(found.into_iter().map(|(path, method)| json!({"http_method": method, "path": path})).collect())
}

fn collect(folder: &Path, found: &mut BTreeSet<(String, String)>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            // Tests make requests up.
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            found.extend(code.match_indices("Request::").filter_map(|(at, start)| route(&code, at + start.len())));
            // Sockets are opened by paths that are put together.
            let dialled = code.split("format!(\"/api/").skip(1).filter_map(|rest| rest.split(['?', '"']).next());
            found.extend(dialled.map(|path| (format!("/api/{path}"), "GET".to_owned())));
        }
    }
    Ok(())
}

/// The route of a call whose function's name begins here, such as `get_chats("/{chat}", …`. Instead of the text there
/// may be a variable or a constant.
fn route(code: &str, at: usize) -> Option<(String, String)> {
    let (before, call) = code.split_at(at);
    let (function, arguments) = call.split_once('(')?;
    let (root, method) = match function.strip_suffix("_chats") {
        Some(method) => (CHATS, method),
        None => ("", function),
    };
    if !matches!(method, "get" | "post" | "put" | "patch" | "delete") {
        return None;
    }
    let arguments = arguments.trim_start();
    let literal = arguments.strip_prefix('"').or_else(|| {
        let name = arguments.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        let variable = before.rsplit_once(&format!("let {name} ="));
        let (_, definition) = variable.or_else(|| code.split_once(&format!("const {name}: &str =")))?;
        definition.trim_start().strip_prefix('"')
    });
    let template = literal?.split('"').next()?;
    Some((format!("{root}{template}"), method.to_uppercase()))
}
