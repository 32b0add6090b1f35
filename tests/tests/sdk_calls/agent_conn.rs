//! Connections to workspace agents.

use codersdk::{Client, Error};
use serde_json::{Value, json};
use workspacesdk::files::ReadFileLinesLimits;
use workspacesdk::{
    AgentConn, AgentConnectionsApi, DebugLogsOptions, HttpAgentConn, NewContent, ProcessOutputOptions,
    ReconnectingPtyOptions,
};

use crate::harness::{Args, Method, Outcome, method, nothing, opened, value};

const AGENT: &str = "workspacesdk.agentConn";
const CLIENT: &str = "workspacesdk.Client";

pub fn methods() -> Vec<Method> {
    [processes_and_files(), containers_and_desktop(), what_it_tells(), ways_to_it()].into_iter().flatten().collect()
}

/// A connection to where the client's server is.
fn conn(client: &Client) -> HttpAgentConn {
    HttpAgentConn::connect(client.url()).expect("the server's URL")
}

fn text(result: Result<bytes::Bytes, Error>) -> Outcome {
    Ok(vec![json!(String::from_utf8_lossy(&result?))])
}

fn processes_and_files() -> Vec<Method> {
    vec![
        method(AGENT, "StartProcess", |c, a| async move { value(conn(&c).start_process(a.get(0)).await) }),
        method(AGENT, "ListProcesses", |c, _| async move { value(conn(&c).list_processes().await) }),
        method(AGENT, "ProcessOutput", |c, a| async move {
            let options = ProcessOutputOptions { wait: a.field(1, "Wait") };
            value(conn(&c).process_output(&a.text(0), options).await)
        }),
        method(AGENT, "SignalProcess", |c, a| async move {
            nothing(conn(&c).signal_process(&a.text(0), a.text(1).into()).await)
        }),
        method(AGENT, "LS", |c, a| async move { value(conn(&c).list_directory(&a.text(0), a.get(1)).await) }),
        method(AGENT, "ResolvePath", |c, a| async move { value(conn(&c).resolve_path(&a.text(0)).await) }),
        method(AGENT, "ReadFile", |c, a| async move {
            let content = conn(&c).read_file(&a.text(0), a.get(1), a.get(2)).await?;
            let mime_type = content.mime_type().to_owned();
            let content = content.bytes(1 << 20).await?;
            Ok(vec![json!({"reader": String::from_utf8_lossy(&content)}), json!(mime_type)])
        }),
        method(AGENT, "ReadFileLines", |c, a| async move {
            value(conn(&c).read_file_lines(&a.text(0), a.get(1), a.get(2), limits(&a)).await)
        }),
        method(AGENT, "WriteFile", |c, a| async move {
            nothing(conn(&c).write_file(&a.text(0), NewContent::from(a.text(1))).await)
        }),
        method(AGENT, "EditFiles", |c, a| async move { value(conn(&c).edit_files(a.get(0)).await) }),
    ]
}

fn limits(a: &Args) -> ReadFileLinesLimits {
    ReadFileLinesLimits {
        max_file_size: a.field(3, "MaxFileSize"),
        max_line_bytes: a.field(3, "MaxLineBytes"),
        max_response_lines: a.field(3, "MaxResponseLines"),
        max_response_bytes: a.field(3, "MaxResponseBytes"),
    }
}

fn containers_and_desktop() -> Vec<Method> {
    vec![
        method(AGENT, "ListContainers", |c, _| async move { value(conn(&c).list_containers().await) }),
        method(AGENT, "WatchContainers", |c, _| async move { nothing(conn(&c).watch_containers().await.map(drop)) }),
        method(
            AGENT,
            "DeleteDevcontainer",
            |c, a| async move { nothing(conn(&c).delete_devcontainer(&a.text(0)).await) },
        ),
        method(
            AGENT,
            "RecreateDevcontainer",
            |c, a| async move { value(conn(&c).recreate_devcontainer(&a.text(0)).await) },
        ),
        method(
            AGENT,
            "ConnectDesktopVNC",
            |c, _| async move { nothing(conn(&c).connect_desktop_vnc().await.map(drop)) },
        ),
        method(
            AGENT,
            "ExecuteDesktopAction",
            |c, a| async move { value(conn(&c).execute_desktop_action(a.get(0)).await) },
        ),
        method(AGENT, "StartDesktopRecording", |c, a| async move {
            nothing(conn(&c).start_desktop_recording(a.get(0)).await)
        }),
        method(AGENT, "StopDesktopRecording", |c, a| async move {
            let recording = conn(&c).stop_desktop_recording(a.get(0)).await?;
            Ok(vec![json!({"Body": {}, "ContentType": recording.content_type()})])
        }),
    ]
}

/// The rows were made with a release of the network library that does not know why a relay is reached over WebSockets.
fn older_net_info(mut report: Value) -> Value {
    if let Some(info) = report["net_info"].as_object_mut() {
        info.remove("DERPForcedWebsocket");
    }
    report
}

fn what_it_tells() -> Vec<Method> {
    vec![
        method(AGENT, "ContextConfig", |c, _| async move { value(conn(&c).context_config().await) }),
        method(AGENT, "CallMCPTool", |c, a| async move { value(conn(&c).call_mcp_tool(a.get(0)).await) }),
        method(AGENT, "WatchGit", |c, a| async move { nothing(conn(&c).watch_git(a.get(1)).await.map(drop)) }),
        method(AGENT, "ListeningPorts", |c, _| async move { value(conn(&c).listening_ports().await) }),
        method(AGENT, "Netcheck", |c, _| async move { Ok(vec![older_net_info(json!(conn(&c).netcheck().await?))]) }),
        method(AGENT, "DebugLogs", |c, _| async move { text(conn(&c).debug_logs(DebugLogsOptions::default()).await) }),
        method(AGENT, "DebugMagicsock", |c, _| async move { text(conn(&c).debug_magicsock().await) }),
        method(AGENT, "DebugManifest", |c, _| async move { text(conn(&c).debug_manifest().await) }),
        method(AGENT, "PrometheusMetrics", |c, _| async move { text(conn(&c).prometheus_metrics().await) }),
    ]
}

fn ways_to_it() -> Vec<Method> {
    vec![
        method(CLIENT, "AgentConnectionInfo", |c, a| async move { value(c.agent_connection_info(a.get(0)).await) }),
        method(
            CLIENT,
            "AgentConnectionInfoGeneric",
            |c, _| async move { value(c.agent_connection_info_generic().await) },
        ),
        method(CLIENT, "WorkspaceAgentConnectionWatch", |c, a| async move {
            nothing(c.workspace_agent_connection_watch(a.get(0), &a.text(1)).await.map(drop))
        }),
        // The original shows the signed token in its error.
        method(CLIENT, "AgentReconnectingPTY", |c, a| async move {
            let signed_token = a.field::<String>(0, "SignedToken");
            let options = ReconnectingPtyOptions {
                agent_id: a.field(0, "AgentID"),
                reconnect: a.field(0, "Reconnect"),
                width: a.field(0, "Width"),
                height: a.field(0, "Height"),
                command: a.field(0, "Command"),
                signed_token: Some(signed_token).filter(|token| !token.is_empty()).map(Into::into),
                container: a.field(0, "Container"),
                container_user: a.field(0, "ContainerUser"),
                backend_type: a.field(0, "BackendType"),
            };
            opened(c.agent_reconnecting_pty(options).await)
        }),
        method(CLIENT, "IsCoderConnectRunning", |c, a| async move {
            value(c.is_coder_connect_running(Some(a.field(0, "HostnameSuffix"))).await)
        }),
    ]
}
