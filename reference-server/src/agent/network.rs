//! What the agent knows about the network that it is in.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv6Addr, UdpSocket};

use axum::routing::get;
use axum::{Json, Router};
use if_addrs::IfAddr;
use serde::Serialize;
use workspacesdk::netcheck::{HealthMessage, HealthSeverity, Interface, InterfacesReport, NetInfo};

use super::AgentState;
use crate::http::error::ApiError;

/// What a packet of a tunnel needs at least, in bytes.
const SAFE_MTU: i64 = 1378;

pub(super) fn router() -> Router<AgentState> {
    Router::new().route("/api/v0/netcheck", get(netcheck))
}

/// The report of an agent.
#[derive(Debug, Serialize)]
struct Report {
    severity: HealthSeverity,
    warnings: Option<Vec<HealthMessage>>,
    dismissed: bool,
    net_info: Network,
    interfaces: InterfacesReport,
}

/// What was found out about ways to others. This agent opens no tunnel, so it asks no relay and no peer, and all that
/// they would tell it stays unknown or false; said so where the general form leaves that out.
#[derive(Debug, Serialize)]
struct Network {
    #[serde(flatten)]
    info: NetInfo,
    #[serde(rename = "DERPLatency")]
    relay_latency: BTreeMap<String, f64>,
    #[serde(rename = "UDP")]
    udp: bool,
    #[serde(rename = "IPv4")]
    ipv4: bool,
    #[serde(rename = "IPv4CanSend")]
    ipv4_can_send: bool,
}

async fn netcheck() -> Result<Json<Report>, ApiError> {
    let failed = "Failed to run interfaces report";
    let interfaces = tokio::task::spawn_blocking(interfaces)
        .await
        .map_err(|error| ApiError::internal(failed, &error))?
        .map_err(|error| ApiError::internal(failed, &error).detail(error.to_string()))?;
    let net_info = Network {
        info: NetInfo {
            working_ipv6: Some(false),
            os_has_ipv6: Some(UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()),
            working_udp: Some(false),
            working_icmpv4: Some(false),
            upnp: Some(false),
            pmp: Some(false),
            pcp: Some(false),
            ..NetInfo::default()
        },
        relay_latency: BTreeMap::new(),
        udp: false,
        ipv4: false,
        ipv4_can_send: false,
    };
    Ok(Json(Report { severity: HealthSeverity::Ok, warnings: None, dismissed: false, net_info, interfaces }))
}

/// The interfaces that are up and have an address that others can know.
fn interfaces() -> io::Result<InterfacesReport> {
    let mut found: BTreeMap<String, (Vec<String>, bool)> = BTreeMap::new();
    for interface in if_addrs::get_if_addrs()? {
        let (address, length, local) = match &interface.addr {
            IfAddr::V4(v4) => (v4.ip.to_string(), v4.prefixlen, v4.ip.is_link_local()),
            IfAddr::V6(v6) => (v6.ip.to_string(), v6.prefixlen, v6.ip.is_unicast_link_local()),
        };
        let (addresses, known) = found.entry(interface.name).or_default();
        addresses.push(format!("{address}/{length}"));
        *known |= !local;
    }
    let shown = found.into_iter().filter(|(name, (_, known))| *known && is_up(name));
    let interfaces: Vec<Interface> = shown
        .map(|(name, (addresses, _))| Interface {
            mtu: mtu(&name).unwrap_or_default(),
            name,
            addresses: addresses.into(),
        })
        .collect();
    Ok(report(interfaces))
}

fn report(interfaces: Vec<Interface>) -> InterfacesReport {
    let small = interfaces.iter().filter(|interface| (1..SAFE_MTU).contains(&interface.mtu));
    let warning = |interface: &Interface| HealthMessage {
        code: "EIF01".to_owned(),
        message: format!(
            "Network interface {} has MTU {} (less than {SAFE_MTU}), which may degrade the quality of direct connections \
             or render them unusable.",
            interface.name, interface.mtu
        ),
    };
    let warnings: Vec<HealthMessage> = small.map(warning).collect();
    let severity = if warnings.is_empty() { HealthSeverity::Ok } else { HealthSeverity::Warning };
    InterfacesReport {
        severity,
        warnings: Some(warnings).filter(|warnings| !warnings.is_empty()).into(),
        interfaces: interfaces.into(),
        ..Default::default()
    }
}

/// What the kernel says about an interface; nothing where it is not Linux.
fn about(name: &str, what: &str) -> Option<String> {
    let told = std::fs::read_to_string(format!("/sys/class/net/{name}/{what}")).ok()?;
    Some(told.trim().to_owned())
}

fn is_up(name: &str) -> bool {
    const UP: u32 = 1;
    let flags = about(name, "flags").and_then(|flags| u32::from_str_radix(flags.trim_start_matches("0x"), 16).ok());
    flags.is_none_or(|flags| flags & UP != 0)
}

fn mtu(name: &str) -> Option<i64> {
    about(name, "mtu")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_packets_are_warned_of() {
        let interface = |mtu| Interface { name: "eth0".to_owned(), mtu, ..Default::default() };
        let fine = report(vec![interface(SAFE_MTU), interface(0)]);
        assert!(fine.severity == HealthSeverity::Ok && fine.warnings.is_null());
        let small = report(vec![interface(SAFE_MTU - 1)]);
        assert_eq!((small.severity, small.warnings[0].code.as_str()), (HealthSeverity::Warning, "EIF01"));
    }
}
