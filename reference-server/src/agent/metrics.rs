//! The agent's figures, as Prometheus reads them.

use std::fmt::Write;
use std::sync::Weak;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;

use super::AgentState;

/// Connections that this agent does not offer, and so never had.
const NEVER: [&str; 4] = [
    "agent_reconnecting_pty_connections_total",
    "agent_ssh_server_failed_connections_total",
    "agent_ssh_server_sftp_connections_total",
    "agent_ssh_server_sftp_server_errors_total",
];

pub(super) fn router() -> Router<AgentState> {
    Router::new().route("/debug/prometheus", get(prometheus))
}

async fn prometheus(State(agent): State<AgentState>) -> impl IntoResponse {
    let proxy = agent.boundary.get().and_then(Weak::upgrade);
    let logs = proxy.map(|proxy| proxy.metrics().to_prometheus()).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain")], exposition() + &logs)
}

fn exposition() -> String {
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(&str, u64)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    for name in NEVER {
        family(name, "counter", "", &[("", 0)]);
    }
    let peers = "The number of peers (e.g. clients) that are currently reachable over the encrypted network.";
    let kinds = [("{connection_type=\"derp\"}", 0), ("{connection_type=\"p2p\"}", 0)];
    family("coderd_agentstats_currently_reachable_peers", "gauge", peers, &kinds);
    // It runs no scripts at its start, which takes no time and always succeeds.
    let scripts = "Amount of time taken to run the startup script in seconds.";
    family("coderd_agentstats_startup_script_seconds", "gauge", scripts, &[("{success=\"true\"}", 0)]);
    text
}
