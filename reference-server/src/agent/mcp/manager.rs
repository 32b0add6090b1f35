//! The servers of an agent, kept in step with the file that names them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use rmcp::model::{CallToolResult, Tool};
use serde_json::{Map, Number, Value};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use workspacesdk::mcp::{CallMcpToolRequest, McpToolInfo};

use super::config::{self, Entry, SEPARATOR, ServerConfig};
use crate::clock::SharedClock;
use crate::mcp::{Connection, HttpServer, McpError, StdioServer};
use crate::quote::quoted;

/// How often the file is looked at. A change counts once two looks agree, so that none reads half a file.
const LOOK: Duration = Duration::from_millis(150);
/// How long a tool may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
const INVALID_NAME: &str = "invalid tool name format";
const UNKNOWN_SERVER: &str = "unknown MCP server";
/// What this side calls itself.
const CLIENT: &str = "coder-agent";

/// Starts the servers that the file names, and calls their tools.
#[derive(Debug)]
pub(in crate::agent) struct Manager {
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What is known of a server.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::agent) struct ServerStatus {
    /// Its name in the file.
    pub(in crate::agent) name: String,
    /// Its tools under the names that it gives them, or why they are not known.
    pub(in crate::agent) tools: Result<Vec<Tool>, String>,
}

/// Why a tool was not called, or did not answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    // What kind of error it is stands at both ends, as Coder's agent says it.
    #[error("{INVALID_NAME}: expected format \"server__tool\", got {}: {INVALID_NAME}", quoted(.0))]
    Name(String),
    #[error("{UNKNOWN_SERVER}: {}: {UNKNOWN_SERVER}", quoted(.0))]
    UnknownServer(String),
    #[error("call tool {} on {}: {error}", quoted(.tool), quoted(.server))]
    Failed { server: String, tool: String, error: McpError },
}

struct Shared {
    clock: SharedClock,
    dir: PathBuf,
    env: BTreeMap<String, String>,
    path: PathBuf,
    state: Mutex<State>,
    /// Told when something else is known of the servers.
    changed: watch::Sender<()>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The environment can hold secrets.
        f.debug_struct("Shared").field("path", &self.path).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    servers: BTreeMap<String, Server>,
    statuses: BTreeMap<String, ServerStatus>,
}

/// A server that can be called.
#[derive(Clone)]
struct Server {
    config: ServerConfig,
    connection: Arc<Connection>,
}

/// What came of looking for a server and its tools.
struct Found {
    config: ServerConfig,
    connection: Option<Arc<Connection>>,
    tools: Result<Vec<Tool>, McpError>,
}

/// What tells that a file is another than before.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look(Option<(SystemTime, u64)>);

impl Manager {
    /// Follows `.mcp.json` in the directory. Servers run there, with these variables over the agent's own.
    pub(in crate::agent) fn start(clock: SharedClock, dir: &Path, env: BTreeMap<String, String>) -> Self {
        let (path, state, changed) = (dir.join(".mcp.json"), Mutex::default(), watch::Sender::default());
        let shared = Arc::new(Shared { clock, dir: dir.to_owned(), env, path, state, changed });
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let following = Following { shared: shared.clone(), tasks: tasks.clone(), looking: FuturesUnordered::new() };
        tasks.spawn(stop.clone().run_until_cancelled_owned(following.run()));
        Self { shared, stop, tasks }
    }

    /// What is known of the servers that the file names, by their names.
    pub(in crate::agent) fn statuses(&self) -> Vec<ServerStatus> {
        self.shared.state().statuses.values().cloned().collect()
    }

    /// Changes when something else is known of the servers.
    pub(in crate::agent) fn changes(&self) -> watch::Receiver<()> {
        self.shared.changed.subscribe()
    }

    /// The tools of all servers, by their names, which begin with the server's.
    pub(in crate::agent) fn tools(&self) -> Vec<McpToolInfo> {
        let mut infos = Vec::new();
        for status in self.statuses() {
            infos.extend(status.tools.unwrap_or_default().into_iter().map(|tool| info(&status.name, tool)));
        }
        infos.sort_by(|a, b| a.name.cmp(&b.name));
        infos
    }

    /// Calls a tool.
    pub(super) async fn call(&self, request: CallMcpToolRequest) -> Result<CallToolResult, CallError> {
        let (server, tool) = match request.tool_name.split_once(SEPARATOR) {
            Some((server, tool)) if !server.is_empty() && !tool.is_empty() => (server.to_owned(), tool.to_owned()),
            _ => return Err(CallError::Name(request.tool_name)),
        };
        let found = self.shared.state().servers.get(&server).cloned();
        let Some(Server { connection, .. }) = found else { return Err(CallError::UnknownServer(server)) };
        let arguments = Some(request.arguments).filter(|arguments| !arguments.is_null());
        let arguments = arguments.map(|arguments| with_plain_numbers(Value::Object(arguments.into_inner())));
        let called = connection.call(tool.clone(), arguments, CALL_TIMEOUT, &*self.shared.clock).await;
        called.map_err(|error| CallError::Failed { server, tool, error })
    }

    /// Ends all servers.
    pub(in crate::agent) async fn close(&self) {
        self.stop.cancel();
        let servers = {
            let mut state = self.shared.state();
            state.statuses.clear();
            std::mem::take(&mut state.servers)
        };
        for server in servers.into_values() {
            self.tasks.spawn(end(server.connection));
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self, config: &ServerConfig) -> Result<Connection, McpError> {
        match &config.entry {
            Entry::Stdio { command, arguments, env } => {
                let mut all = self.env.clone();
                all.extend(env.clone());
                let (command, arguments) = (command.clone(), arguments.clone());
                let server = StdioServer { command, arguments, env: all, dir: self.dir.clone() };
                Connection::stdio(&server, CLIENT, &*self.clock).await
            }
            Entry::Http { url, headers, sse } => {
                let server = HttpServer { url: url.clone(), headers: headers.clone(), sse: *sse };
                Connection::http(&server, CLIENT, &*self.clock).await
            }
            Entry::Unsupported(transport) => Err(McpError::new(format!("unsupported transport {}", quoted(transport)))),
        }
    }

    /// Connects to a server unless that is done, and asks for its tools.
    async fn look_for(self: Arc<Self>, config: ServerConfig, connected: Option<Arc<Connection>>) -> Found {
        let connection = match connected {
            Some(connection) => connection,
            None => match self.connect(&config).await {
                Ok(connection) => Arc::new(connection),
                Err(error) => return Found { config, connection: None, tools: Err(error) },
            },
        };
        let tools = connection.tools(&*self.clock).await;
        Found { config, connection: Some(connection), tools }
    }
}

impl Look {
    async fn at(path: &Path) -> Self {
        let metadata = tokio::fs::metadata(path).await.ok();
        Self(metadata.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len()))))
    }
}

/// The task that follows the file.
struct Following {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    /// Servers that are being looked for. One that hangs holds up none but itself.
    looking: FuturesUnordered<BoxFuture<'static, Found>>,
}

impl Following {
    async fn run(mut self) {
        let mut wanted = BTreeMap::new();
        // A file that is not there names no servers, so its absence is nothing new.
        let (mut read, mut seen) = (Look(None), None);
        loop {
            let look = Look::at(&self.shared.path).await;
            let settled = seen.is_none() || seen.as_ref() == Some(&look);
            if settled && look != read {
                wanted = self.want().await;
                read = look.clone();
            }
            seen = Some(look);
            let clock = self.shared.clock.clone();
            let pause = clock.sleep(LOOK);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    Some(found) = self.looking.next() => self.take(found, &wanted),
                }
            }
        }
    }

    /// Reads the file, ends the servers that it no longer names, and looks for those that it does.
    async fn want(&mut self) -> BTreeMap<String, ServerConfig> {
        let path = self.shared.path.clone();
        let read = tokio::task::spawn_blocking(move || config::read(&path)).await;
        let configs = read.unwrap_or_else(|error| Err(error.to_string())).unwrap_or_else(|reason| {
            tracing::warn!(path = %self.shared.path.display(), reason, "MCP configuration is not used");
            Vec::new()
        });
        let wanted: BTreeMap<_, _> = configs.into_iter().map(|config| (config.name.clone(), config)).collect();
        let mut state = self.shared.state();
        state.statuses.retain(|name, _| wanted.contains_key(name));
        for (_, server) in state.servers.extract_if(.., |name, _| !wanted.contains_key(name)) {
            self.tasks.spawn(end(server.connection));
        }
        for config in wanted.values() {
            let same = state.servers.get(&config.name).filter(|server| server.config == *config);
            let connected = same.map(|server| server.connection.clone());
            self.looking.push(self.shared.clone().look_for(config.clone(), connected).boxed());
        }
        drop(state);
        self.shared.changed.send_replace(());
        wanted
    }

    /// Takes note of what came of looking for a server, if it is still wanted.
    fn take(&self, found: Found, wanted: &BTreeMap<String, ServerConfig>) {
        let Found { config, connection, tools } = found;
        let name = config.name.clone();
        let mut state = self.shared.state();
        if wanted.get(&name) != Some(&config) {
            if let Some(connection) = connection {
                let in_use =
                    state.servers.get(&name).is_some_and(|server| Arc::ptr_eq(&server.connection, &connection));
                if !in_use {
                    self.tasks.spawn(end(connection));
                }
            }
            return;
        }
        if let Err(error) = &tools {
            tracing::warn!(server = name, %error, "an MCP server does not work");
        }
        let tools = match connection {
            Some(connection) => {
                let server = Server { config, connection: connection.clone() };
                let old = state.servers.insert(name.clone(), server);
                if let Some(old) = old.filter(|old| !Arc::ptr_eq(&old.connection, &connection)) {
                    self.tasks.spawn(end(old.connection));
                }
                tools.map_err(|error| error.to_string())
            }
            // One that served under its former settings serves on.
            None if state.servers.contains_key(&name) => return,
            None => Err("failed to connect".to_owned()),
        };
        state.statuses.insert(name.clone(), ServerStatus { name, tools });
        drop(state);
        self.shared.changed.send_replace(());
    }
}

/// As much of a tool's schema as servers of Coder are told: its type, its properties, and which of them are required.
pub(in crate::agent) fn told_schema(tool: &Tool) -> Map<String, Value> {
    let mut schema = Map::new();
    if let Some(kind) = tool.input_schema.get("type").filter(|kind| kind.as_str().is_some_and(|kind| !kind.is_empty()))
    {
        schema.insert("type".to_owned(), kind.clone());
    }
    if let Some(properties) = tool.input_schema.get("properties").and_then(Value::as_object)
        && !properties.is_empty()
    {
        schema.insert("properties".to_owned(), with_plain_numbers(Value::Object(properties.clone())));
    }
    if let Some(required) = tool.input_schema.get("required").and_then(Value::as_array)
        && !required.is_empty()
    {
        schema.insert("required".to_owned(), required.iter().filter(|name| name.is_string()).cloned().collect());
    }
    schema
}

fn info(server: &str, tool: Tool) -> McpToolInfo {
    let schema = Arc::unwrap_or_clone(tool.input_schema);
    let required = schema.get("required").and_then(Value::as_array);
    let names = |values: &Vec<Value>| values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
    let required: Option<Vec<String>> = required.map(names);
    let properties = schema.get("properties").and_then(Value::as_object).cloned();
    McpToolInfo {
        server_name: server.to_owned(),
        name: format!("{server}{SEPARATOR}{}", tool.name),
        description: tool.description.unwrap_or_default().into_owned(),
        schema: properties.into(),
        required: required.into(),
    }
}

/// JSON whose numbers are written as a reader who knows no integers writes them again: `1.0` as `1`, and large ones with
/// the digits that tell them apart.
fn with_plain_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(plain(number)),
        Value::Array(items) => items.into_iter().map(with_plain_numbers).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, field)| (name, with_plain_numbers(field))).collect(),
        other => other,
    }
}

fn plain(number: Number) -> Number {
    let Some(value) = number.as_f64().filter(|value| value.fract() == 0.0) else { return number };
    let digits = format!("{}", value + 0.0);
    let whole =
        digits.parse().map(|whole: i64| whole.into()).or_else(|_| digits.parse().map(|whole: u64| whole.into()));
    whole.unwrap_or(number)
}

/// Ends a connection once no call uses it.
async fn end(connection: Arc<Connection>) {
    if let Some(connection) = Arc::into_inner(connection) {
        connection.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kind_of_error_it_is_stands_at_both_ends() {
        let name = CallError::Name("a_b".to_owned()).to_string();
        let told = "invalid tool name format: expected format \"server__tool\", got \"a_b\": invalid tool name format";
        assert_eq!(name, told);
        let server = CallError::UnknownServer("a".to_owned()).to_string();
        assert_eq!(server, "unknown MCP server: \"a\": unknown MCP server");
    }

    #[test]
    fn servers_of_coder_are_told_of_a_schema_s_type_properties_and_required_names() {
        let told = |schema: Value| {
            let schema = schema.as_object().cloned().unwrap();
            Value::Object(told_schema(&Tool::new("x", "", Arc::new(schema)))).to_string()
        };
        let whole = serde_json::json!({"type": "object", "properties": {"a": {"minimum": 1.0}}, "required": ["a"],
            "additionalProperties": false, "$defs": {}});
        assert_eq!(told(whole), r#"{"properties":{"a":{"minimum":1}},"required":["a"],"type":"object"}"#);
        assert_eq!(told(serde_json::json!({"type": null, "properties": {}, "required": []})), "{}");
    }

    #[test]
    fn numbers_are_plain() {
        let written =
            with_plain_numbers(serde_json::json!({"a": [1.0, 2.5, -0.0, 1e3, 12345678901234567890u64, 1e30]}));
        assert_eq!(written.to_string(), r#"{"a":[1,2.5,0,1000,12345678901234567000,1e+30]}"#);
    }
}
