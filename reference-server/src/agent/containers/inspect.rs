//! What `docker inspect` says of containers.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::{IntErrorKind, ParseIntError};

use chrono::{DateTime, Utc};
use codersdk::{WorkspaceAgentContainer, WorkspaceAgentContainerPort};
use serde::Deserialize;

use super::engine::ContainerList;
use crate::http::go_json;
use crate::quote::quoted;

/// As everything below, read by [`go_json`], which knows what absence means.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    id: String,
    created: DateTime<Utc>,
    config: Config,
    name: String,
    mounts: Vec<Mount>,
    state: State,
    network_settings: Network,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    image: String,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mount {
    source: String,
    destination: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    running: bool,
    exit_code: i64,
    error: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    ports: BTreeMap<String, Vec<Binding>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Binding {
    host_ip: String,
    host_port: String,
}

/// Reads the containers, and warns of what is doubtful about their ports.
pub(super) fn read(json: &[u8]) -> Result<ContainerList, String> {
    let containers: Vec<Container> =
        go_json::from_slice(json).map_err(|error| format!("decode docker inspect output: {error}"))?;
    let mut list = ContainerList::default();
    // Two containers can hold the same port of different local addresses: which of them is reached is left to chance.
    let mut holders: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for container in containers {
        let ports = ports(&container, &mut holders, &mut list.warnings);
        let mut mounts = container.mounts;
        mounts.sort_by(|a, b| a.source.cmp(&b.source));
        let volumes: BTreeMap<_, _> = mounts.into_iter().map(|mount| (mount.source, mount.destination)).collect();
        list.containers.push(WorkspaceAgentContainer {
            created_at: container.created,
            name: container.name.strip_prefix('/').unwrap_or(&container.name).to_owned(),
            id: container.id,
            image: container.config.image,
            labels: container.config.labels.into(),
            running: container.state.running,
            ports: ports.into(),
            status: container.state.in_words(),
            volumes: volumes.into(),
        });
    }
    for (port, ids) in holders.into_iter().filter(|(_, ids)| ids.len() > 1) {
        let ids = ids.join(", ");
        list.warnings.push(format!("host port {port} is mapped to multiple containers on different interfaces: {ids}"));
    }
    Ok(list)
}

fn ports(
    container: &Container,
    holders: &mut BTreeMap<u16, Vec<String>>,
    warnings: &mut Vec<String>,
) -> Vec<WorkspaceAgentContainerPort> {
    let mut ports = Vec::new();
    // A port that is bound to several local addresses is one port.
    let mut local: BTreeMap<u16, u16> = BTreeMap::new();
    for (name, bindings) in &container.network_settings.ports {
        for binding in bindings {
            let (port, network) = exposed(name).unwrap_or_else(|| {
                warnings.push(format!("convert docker port: invalid port format: {name}"));
                (0, "tcp".to_owned())
            });
            let given = &binding.host_port;
            let host_port = match host_port(given) {
                Ok(number) => number,
                Err(reason) => {
                    warnings.push(format!("convert docker host port: {reason}"));
                    continue;
                }
            };
            let ip = binding.host_ip.parse::<IpAddr>().map(|ip| ip.to_canonical());
            if ip.is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified()) {
                if local.insert(host_port, port) == Some(port) {
                    continue;
                }
                holders.entry(host_port).or_default().push(container.id.clone());
            }
            ports.push(WorkspaceAgentContainerPort {
                port,
                network,
                host_ip: Some(binding.host_ip.clone()).filter(|ip| !ip.is_empty()),
                host_port: Some(host_port),
            });
        }
    }
    ports
}

fn host_port(text: &str) -> Result<u16, String> {
    let number: i64 = text.parse().map_err(|error: ParseIntError| {
        let reason = match error.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.Atoi: parsing {}: {reason}", quoted(text))
    })?;
    u16::try_from(number).ok().filter(|port| *port > 0).ok_or_else(|| format!("invalid host port {number}"))
}

/// The number and the protocol of `8080/tcp`, or of `8080`.
fn exposed(name: &str) -> Option<(u16, String)> {
    let (number, network) = name.split_once('/').unwrap_or((name, "tcp"));
    if network.contains('/') {
        return None;
    }
    let number = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
    Some((number, network.to_owned()))
}

impl State {
    fn in_words(&self) -> String {
        if self.running {
            return "running".to_owned();
        }
        let how =
            if self.exit_code == 0 { " successfully".to_owned() } else { format!(" with code {}", self.exit_code) };
        let error = if self.error.is_empty() { String::new() } else { format!(": {}", self.error) };
        format!("exited{how}{error}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described(id: &str, ports: &serde_json::Value) -> serde_json::Value {
        json!({"Id": id, "Name": "/friendly", "Created": "2025-03-11T17:55:58.091280203Z",
            "Config": {"Image": "debian", "Labels": {"a": "b"}}, "State": {"Running": false, "ExitCode": 3, "Error": "oh"},
            "Mounts": [{"Source": "/s", "Destination": "/d"}], "NetworkSettings": {"Ports": ports}})
    }

    #[test]
    fn a_container_is_described() {
        let json = json!([described("1", &json!(null))]).to_string();
        let container = read(json.as_bytes()).unwrap().containers.remove(0);
        assert_eq!((container.name.as_str(), container.status.as_str()), ("friendly", "exited with code 3: oh"));
        assert_eq!(container.volumes["/s"], "/d");
        assert_eq!(serde_json::to_value(&container).unwrap()["ports"], json!([]));
    }

    #[test]
    fn ports_are_read_once_and_doubts_are_told() {
        let both = json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8000"}, {"HostIp": "::", "HostPort": "8000"}],
            "53/udp": [{"HostIp": "10.0.0.1", "HostPort": "53"}], "99/tcp": null,
            "a/b/c": [{"HostIp": "", "HostPort": "1"}], "1/tcp": [{"HostPort": "x"}, {"HostPort": "70000"}]});
        let json = json!([
            described("1", &both),
            described("2", &json!({"81": [{"HostIp": "127.0.0.1", "HostPort": "8000"}]}))
        ]);
        let list = read(json.to_string().as_bytes()).unwrap();
        let ports = |at: usize| -> Vec<_> {
            let ports = list.containers[at].ports.iter();
            ports.map(|port| (port.port, port.network.clone(), port.host_port.unwrap())).collect()
        };
        assert_eq!(ports(0), [(53, "udp".into(), 53), (80, "tcp".into(), 8000), (0, "tcp".into(), 1)]);
        assert_eq!(ports(1), [(81, "tcp".into(), 8000)]);
        let warnings = [
            "convert docker host port: strconv.Atoi: parsing \"x\": invalid syntax",
            "convert docker host port: invalid host port 70000",
            "convert docker port: invalid port format: a/b/c",
            "host port 8000 is mapped to multiple containers on different interfaces: 1, 2",
        ];
        assert_eq!(list.warnings, warnings);
    }
}
