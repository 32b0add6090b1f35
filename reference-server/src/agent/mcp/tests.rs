//! An agent whose directory names MCP servers: small programs of the shell, and one over HTTP.

use std::time::Duration;

use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::agent::Agent;

const TOKEN: &str = "test-token";

/// A server in the shell. It lists the tools that its arguments name, answers with its name in SERVER, refuses
/// `refuse`, and ends at `die`.
const SERVER: &str = r#"
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  [ -n "$id" ] || continue
  result=
  case "$line" in
  *'"method":"initialize"'*)
    result='{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}' ;;
  *'"method":"tools/list"'*)
    tools=
    for tool in "$@"; do
      tools="$tools${tools:+,}{\"name\":\"$tool\",\"description\":\"Does $tool\",
        \"inputSchema\":{\"type\":\"object\",\"properties\":{\"a\":{}},\"required\":[\"a\"]}}"
    done
    result="{\"tools\":[$(printf '%s' "$tools" | tr -d '\n')]}" ;;
  *'"name":"die"'*) exit 0 ;;
  *'"name":"hang"'*) continue ;;
  *'"name":"refuse"'*)
    printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"it broke"}}\n' "$id"
    continue ;;
  *) result="{\"content\":[{\"type\":\"text\",\"text\":\"$SERVER\"}]}" ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
"#;

struct Setup {
    agent: Agent,
    dir: TempDir,
}

impl Setup {
    async fn new(servers: Value) -> Self {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("server.sh"), SERVER).unwrap();
        let setup = Self { agent: Agent::builder(TOKEN).dir(dir.path()).start().await.unwrap(), dir };
        setup.name(&servers);
        setup
    }

    /// Names these servers and no others.
    fn name(&self, servers: &Value) {
        // In one step, as editors do; the size tells one version from another where the clock is coarse.
        let new = self.dir.path().join("new");
        std::fs::write(&new, json!({"mcpServers": servers}).to_string()).unwrap();
        std::fs::rename(new, self.dir.path().join(".mcp.json")).unwrap();
    }

    fn tools(&self) -> Vec<String> {
        self.agent.mcp_tools().into_iter().map(|tool| tool.name).collect()
    }

    async fn until_tools(&self, expected: &[&str]) {
        let wait = async {
            while self.tools() != expected {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), wait).await;
        assert!(waited.is_ok(), "{:?} instead of {expected:?}", self.tools());
    }

    async fn call(&self, tool: &str) -> (StatusCode, Value) {
        let url = format!("{}/api/v0/mcp/call-tool", self.agent.url());
        let request = reqwest::Client::new().post(url).header("Coder-Session-Token", TOKEN);
        let response =
            request.body(json!({"tool_name": tool, "arguments": {"a": 1}}).to_string()).send().await.unwrap();
        let status = response.status();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    async fn says(&self, tool: &str, text: &str) {
        let answer = json!({"content": [{"type": "text", "text": text}], "is_error": false});
        assert_eq!(self.call(tool).await, (StatusCode::OK, answer));
    }

    async fn fails(&self, tool: &str, status: StatusCode, detail: &str) {
        let (got, body) = self.call(tool).await;
        assert_eq!((got, &body["message"]), (status, &json!("MCP tool call failed.")));
        assert!(body["detail"].as_str().unwrap().contains(detail), "{body}");
    }
}

fn shell(name: &str, tools: &[&str]) -> Value {
    let mut arguments = vec!["server.sh"];
    arguments.extend(tools);
    json!({"command": "sh", "args": arguments, "env": {"SERVER": name}})
}

#[tokio::test]
async fn tools_are_listed_in_order_and_called_by_their_server_s_name() {
    let setup = Setup::new(json!({"b": shell("of b", &["y", "x"]), "a": shell("of a", &["x"])})).await;
    setup.until_tools(&["a__x", "b__x", "b__y"]).await;
    let tool = setup.agent.mcp_tools().remove(0);
    assert_eq!((tool.server_name.as_str(), tool.description.as_str()), ("a", "Does x"));
    assert_eq!(*tool.required, ["a"]);
    setup.says("a__x", "of a").await;
    setup.says("b__x", "of b").await;
    setup.fails("b__refuse", StatusCode::BAD_GATEWAY, "it broke").await;
    setup.fails("c__x", StatusCode::NOT_FOUND, "\"c\"").await;
    for name in ["", "x", "__x", "a__", "a_x"] {
        setup.fails(name, StatusCode::BAD_REQUEST, "server__tool").await;
    }
    setup.agent.shutdown().await;
}

#[tokio::test]
async fn a_server_that_hangs_or_dies_harms_none_but_itself() {
    let hangs = json!({"command": "sleep", "args": ["1000"]});
    let absent = json!({"command": "/no/such/program"});
    let setup =
        Setup::new(json!({"a": hangs, "b": absent, "c": shell("of c", &["x"]), "d": shell("of d", &["x"])})).await;
    setup.until_tools(&["c__x", "d__x"]).await;
    setup.fails("a__x", StatusCode::NOT_FOUND, "unknown").await;
    setup.fails("b__x", StatusCode::NOT_FOUND, "unknown").await;
    setup.fails("c__die", StatusCode::BAD_GATEWAY, "gone").await;
    setup.fails("c__x", StatusCode::BAD_GATEWAY, "gone").await;
    setup.says("d__x", "of d").await;
    setup.agent.shutdown().await;
}

#[tokio::test]
async fn changes_of_the_file_are_followed() {
    let setup = Setup::new(json!({"a": shell("of a", &["x"]), "b": shell("of b", &["x"])})).await;
    setup.until_tools(&["a__x", "b__x"]).await;
    setup.name(&json!({"a": shell("changed", &["x", "y", "z"])}));
    setup.until_tools(&["a__x", "a__y", "a__z"]).await;
    setup.says("a__x", "changed").await;
    setup.fails("b__x", StatusCode::NOT_FOUND, "\"b\"").await;
    std::fs::remove_file(setup.dir.path().join(".mcp.json")).unwrap();
    setup.until_tools(&[]).await;
    setup.fails("a__x", StatusCode::NOT_FOUND, "\"a\"").await;
}

#[tokio::test]
async fn programs_end_with_the_agent() {
    let script = "sleep 1000 & echo $! > child; exec sh server.sh x";
    let setup = Setup::new(json!({"a": {"command": "sh", "args": ["-c", script]}})).await;
    setup.until_tools(&["a__x"]).await;
    let child = std::fs::read_to_string(setup.dir.path().join("child")).unwrap();
    let child = rustix::process::Pid::from_raw(child.trim().parse().unwrap()).unwrap();
    assert!(rustix::process::test_kill_process(child).is_ok());
    setup.agent.shutdown().await;
    let gone = async {
        while rustix::process::test_kill_process(child).is_ok() && !is_zombie(child) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), gone).await.is_ok(), "what the program started lives on");
}

/// Whether it has ended and only waits for its parent to take note, which in a container may be nobody.
fn is_zombie(pid: rustix::process::Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))
}

#[tokio::test]
async fn a_server_over_http_gets_its_headers() {
    async fn serve(headers: HeaderMap, Json(request): Json<Value>) -> (StatusCode, Json<Value>) {
        if headers.get("authorization").is_none_or(|value| value != "Bearer secret") {
            return (StatusCode::UNAUTHORIZED, Json(Value::Null));
        }
        let result = match request["method"].as_str().unwrap() {
            "initialize" => json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                "serverInfo": {"name": "http", "version": "1"}}),
            "tools/list" => json!({"tools": [{"name": "x", "inputSchema": {"type": "object"}}]}),
            "tools/call" if request["params"]["name"] == "break" => return (StatusCode::NOT_FOUND, Json(Value::Null)),
            "tools/call" => json!({"content": [{"type": "text", "text": "over HTTP"}]}),
            _ => return (StatusCode::ACCEPTED, Json(Value::Null)),
        };
        (StatusCode::OK, Json(json!({"jsonrpc": "2.0", "id": request["id"], "result": result})))
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/mcp", post(serve))).await });
    let setup = Setup::new(json!({
        "a": {"url": url, "headers": {"Authorization": "Bearer secret"}},
        "b": {"url": url, "headers": {"Authorization": "Bearer wrong"}},
    }))
    .await;
    setup.until_tools(&["a__x"]).await;
    setup.says("a__x", "over HTTP").await;
    setup.fails("a__break", StatusCode::BAD_GATEWAY, "call tool \"break\" on \"a\": transport error: unexpected").await;
    setup.agent.shutdown().await;
}

#[tokio::test]
async fn a_server_of_the_older_form_is_spoken_to_over_events() {
    use axum::extract::State;
    use axum::response::sse::{Event, KeepAlive, Sse};
    use futures_util::stream;
    use tokio::sync::broadcast;

    async fn take(State(said): State<broadcast::Sender<String>>, Json(request): Json<Value>) -> StatusCode {
        let result = match request["method"].as_str().unwrap() {
            "initialize" => json!({"protocolVersion": "2024-11-05", "capabilities": {"tools": {}},
                "serverInfo": {"name": "sse", "version": "1"}}),
            "tools/list" => json!({"tools": [{"name": "x", "inputSchema": {"type": "object"}}]}),
            "tools/call" => json!({"content": [{"type": "text", "text": "over events"}]}),
            _ => return StatusCode::ACCEPTED,
        };
        said.send(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}).to_string()).unwrap();
        StatusCode::ACCEPTED
    }
    let said = broadcast::Sender::<String>::new(16);
    let listen = async |State(said): State<broadcast::Sender<String>>| {
        let endpoint = Event::default().event("endpoint").data("/messages?session=1");
        let heard = stream::unfold((said.subscribe(), Some(endpoint)), async |(mut said, first)| {
            let event = match first {
                Some(event) => event,
                None => Event::default().event("message").data(said.recv().await.ok()?),
            };
            Some((Ok::<_, std::convert::Infallible>(event), (said, None)))
        });
        Sse::new(heard).keep_alive(KeepAlive::default())
    };
    let router =
        Router::new().route("/sse", axum::routing::get(listen)).route("/messages", post(take)).with_state(said);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sse", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let setup = Setup::new(json!({"a": {"type": "sse", "url": url}})).await;
    setup.until_tools(&["a__x"]).await;
    setup.says("a__x", "over events").await;
    setup.agent.shutdown().await;
}
