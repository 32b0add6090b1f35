//! The ports on which programs of the workspace listen.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use codersdk::{WorkspaceAgentListeningPort, WorkspaceAgentListeningPortsResponse};

use super::AgentState;
use crate::http::error::ApiError;

/// The lowest port that is told; those below belong to the system.
const LOWEST: u16 = 9;
/// How long a list is given out again instead of looking anew.
const FRESH: Duration = Duration::from_secs(1);

/// Finds ports, at most once a second.
#[derive(Debug)]
pub(super) struct Ports {
    /// The agent's own, which is nobody's business.
    own: Option<u16>,
    last: Mutex<Option<(DateTime<Utc>, Vec<WorkspaceAgentListeningPort>)>>,
}

pub(super) fn router() -> Router<AgentState> {
    Router::new().route("/api/v0/listening-ports", get(listening_ports))
}

async fn listening_ports(
    State(agent): State<AgentState>,
) -> Result<Json<WorkspaceAgentListeningPortsResponse>, ApiError> {
    let failed = "Could not scan for listening ports.";
    let now = agent.clock.now();
    let found = tokio::task::spawn_blocking(move || agent.ports.at(now))
        .await
        .map_err(|error| ApiError::internal(failed, &error))?
        .map_err(|error| ApiError::internal(failed, &error).detail(format!("scan listening ports: {error}")))?;
    Ok(Json(WorkspaceAgentListeningPortsResponse { ports: found.into() }))
}

impl Ports {
    pub(super) fn new(own: Option<u16>) -> Self {
        Self { own, last: Mutex::default() }
    }

    fn at(&self, now: DateTime<Utc>) -> io::Result<Vec<WorkspaceAgentListeningPort>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, ports)) = &*last
            && (now - *at).to_std().is_ok_and(|age| age < FRESH)
        {
            return Ok(ports.clone());
        }
        let mut ports = scan()?;
        ports.retain(|port| port.port >= LOWEST && Some(port.port) != self.own);
        *last = Some((now, ports.clone()));
        Ok(ports)
    }
}

/// Who listens on IPv4, each port once. Elsewhere than on Linux it cannot be found out, and nobody is told of.
fn scan() -> io::Result<Vec<WorkspaceAgentListeningPort>> {
    if !cfg!(target_os = "linux") {
        return Ok(Vec::new());
    }
    let mut seen = HashSet::new();
    let mut sockets = listening(&std::fs::read_to_string("/proc/net/tcp")?);
    sockets.retain(|(port, _)| seen.insert(*port));
    let names = names(&sockets.iter().map(|(_, socket)| *socket).collect());
    let told = |(port, socket)| WorkspaceAgentListeningPort {
        process_name: names.get(&socket).cloned().unwrap_or_default(),
        network: "tcp".to_owned(),
        port,
    };
    Ok(sockets.into_iter().map(told).collect())
}

/// Port and number of each listening socket of the kernel's table.
fn listening(table: &str) -> Vec<(u16, u64)> {
    const LISTEN: &str = "0A";
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, port) = fields.get(1)?.rsplit_once(':')?;
        (*fields.get(3)? == LISTEN).then_some(())?;
        Some((u16::from_str_radix(port, 16).ok()?, fields.get(9)?.parse().ok()?))
    };
    table.lines().skip(1).filter_map(row).collect()
}

/// Names of the programs that hold the sockets, as far as this user may see them.
fn names(sockets: &HashSet<u64>) -> HashMap<u64, String> {
    let mut names = HashMap::new();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes.filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit)) {
        let files = std::fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        for target in files.filter_map(|file| std::fs::read_link(file.path()).ok()) {
            let number =
                target.to_str().and_then(|target| target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let Some(socket) = number.filter(|socket| sockets.contains(socket) && !names.contains_key(socket))
                && let Ok(name) = std::fs::read_to_string(process.path().join("comm"))
            {
                names.insert(socket, name.trim_end_matches('\n').to_owned());
            }
        }
        if names.len() == sockets.len() {
            break;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_table_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0\n   \
                     1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0\n\n";
        assert_eq!(listening(table), [(8080, 4242)]);
    }
}
