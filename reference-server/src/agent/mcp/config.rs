//! What stands in `.mcp.json`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::go_json;
use crate::quote::quoted;

/// What stands between the name of a server and that of its tool.
pub(super) const SEPARATOR: &str = "__";

/// Longest file that is read, in bytes.
const LONGEST_FILE: u64 = 1 << 20;
/// How many servers one file may name.
const MOST_SERVERS: usize = 100;

/// A server that the file names.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ServerConfig {
    pub(super) name: String,
    pub(super) entry: Entry,
}

/// How a server is reached.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Stdio {
        command: String,
        arguments: Vec<String>,
        env: BTreeMap<String, String>,
    },
    Http {
        url: String,
        headers: Vec<(String, String)>,
        sse: bool,
    },
    /// In a way that this agent does not know.
    Unsupported(String),
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "mcpServers")]
    servers: HashMap<String, Box<RawValue>>,
}

#[derive(Deserialize)]
struct RawEntry {
    command: String,
    #[serde(default)]
    args: Option<Vec<String>>,
    #[serde(default)]
    env: Option<BTreeMap<String, String>>,
    #[serde(rename = "type")]
    transport: String,
    url: String,
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
}

/// Reads the servers of a file; none where there is no file.
///
/// # Errors
/// What is wrong with the file, for the log. One bad entry spoils the whole file.
pub(super) fn read(path: &Path) -> Result<Vec<ServerConfig>, String> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Ok(metadata) if metadata.len() > LONGEST_FILE => return Err("it is too large".to_owned()),
        _ => {}
    }
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    parse(&text, |name| std::env::var(name).unwrap_or_default())
}

fn parse(text: &[u8], variable: impl Fn(&str) -> String) -> Result<Vec<ServerConfig>, String> {
    // What a decoder says can quote the file, which may hold secrets.
    let file: File = go_json::from_whole(text).map_err(|_| "it does not have the form of .mcp.json".to_owned())?;
    if file.servers.len() > MOST_SERVERS {
        return Err(format!("it names more than {MOST_SERVERS} servers"));
    }
    let mut servers = Vec::with_capacity(file.servers.len());
    for (name, entry) in file.servers {
        let shown = quoted(&name);
        let raw: RawEntry = go_json::from_slice(entry.get().as_bytes())
            .map_err(|_| format!("server {shown} has fields of a wrong type"))?;
        if name.contains(SEPARATOR) || name.starts_with('_') || name.ends_with('_') {
            return Err(format!("the name {shown} contains {SEPARATOR:?}, or begins or ends with an underscore"));
        }
        let entry = raw.resolve(&variable).ok_or_else(|| format!("server {shown} has neither a command nor a URL"))?;
        servers.push(ServerConfig { name, entry });
    }
    servers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(servers)
}

impl RawEntry {
    fn resolve(self, variable: &impl Fn(&str) -> String) -> Option<Entry> {
        let transport = match self.transport.as_str() {
            "" if !self.command.is_empty() => "stdio",
            "" if !self.url.is_empty() => "http",
            "" => return None,
            named => named,
        };
        Some(match transport {
            "stdio" => {
                let env = self.env.unwrap_or_default().into_iter();
                let env = env.map(|(name, value)| (name, expand(&value, variable))).collect();
                Entry::Stdio { command: self.command, arguments: self.args.unwrap_or_default(), env }
            }
            "http" | "sse" => {
                let headers = self.headers.unwrap_or_default().into_iter().collect();
                Entry::Http { url: self.url, headers, sse: transport == "sse" }
            }
            other => Entry::Unsupported(other.to_owned()),
        })
    }
}

/// Replaces `$NAME` and `${NAME}` by the values of variables, as shells do.
fn expand(text: &str, variable: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if rest.is_empty() {
            out.push('$');
            return out;
        }
        let (name, length) = variable_name(rest);
        match (name, length) {
            ("", 0) => out.push('$'),
            // Not a name: what stands there is dropped.
            ("", _) => {}
            (name, _) => out.push_str(&variable(name)),
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// The name of the variable at the start of a text, and how many bytes it takes.
fn variable_name(text: &str) -> (&str, usize) {
    let special = |byte: u8| b"*#$@!?-0123456789".contains(&byte);
    let bytes = text.as_bytes();
    if bytes[0] == b'{' {
        return match text.find('}') {
            None | Some(0) => ("", 1),
            Some(1) => ("", 2),
            Some(end) => (&text[1..end], end + 1),
        };
    }
    if special(bytes[0]) {
        return (&text[..1], 1);
    }
    let end = bytes.iter().position(|byte| *byte != b'_' && !byte.is_ascii_alphanumeric()).unwrap_or(bytes.len());
    (&text[..end], end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, String> {
        Ok(parse(text.as_bytes(), |_| String::new())?.into_iter().map(|server| server.name).collect())
    }

    #[test]
    fn servers_come_in_the_order_of_their_names() {
        let text = r#"{"mcpservers": {"b": {"command": "x"}, "a": {"url": "http://x", "command": null}}}"#;
        assert_eq!(names(text).unwrap(), ["a", "b"]);
        assert_eq!(names("{}").unwrap(), [""; 0]);
    }

    #[test]
    fn one_bad_entry_spoils_the_file() {
        for (text, complaint) in [
            ("{", "form"),
            ("{} {}", "form"),
            (r#"{"mcpServers": []}"#, "form"),
            (r#"{"mcpServers": {"ok": {"url": "u"}, "a": {}}}"#, "neither"),
            (r#"{"mcpServers": {"a": {"command": 1}}}"#, "wrong type"),
            (r#"{"mcpServers": {"a__b": {"command": "x"}}}"#, "contains"),
            (r#"{"mcpServers": {"_a": {"command": "x"}}}"#, "contains"),
            (r#"{"mcpServers": {"a_": {"command": "x"}}}"#, "contains"),
        ] {
            let error = names(text).unwrap_err();
            assert!(error.contains(complaint), "{text}: {error}");
        }
    }

    #[test]
    fn the_transport_is_named_or_told_by_the_fields() {
        let text = r#"{"mcpServers": {"a": {"command": "x", "url": "u"}, "b": {"type": "http", "command": "x", "url": "u"},
            "c": {"type": "carrier pigeon", "command": "x"}}}"#;
        let servers = parse(text.as_bytes(), |_| String::new()).unwrap();
        assert!(matches!(servers[0].entry, Entry::Stdio { .. }));
        assert!(matches!(servers[1].entry, Entry::Http { .. }));
        assert!(matches!(servers[2].entry, Entry::Unsupported(_)));
    }

    #[test]
    fn variables_are_put_in() {
        for (text, expanded) in [
            ("a$X-b", "a<X>-b"),
            ("${X}${Y_1}", "<X><Y_1>"),
            ("$", "$"),
            ("$ x", "$ x"),
            ("${}x", "x"),
            ("${x", "x"),
            ("$1x", "<1>x"),
            ("100%$é", "100%$é"),
        ] {
            assert_eq!(expand(text, |name| format!("<{name}>")), expanded, "{text}");
        }
    }
}
