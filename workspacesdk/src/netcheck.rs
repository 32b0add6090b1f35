//! What an agent found out about the network it is in.

use std::collections::BTreeMap;

use codersdk::{Nullable, open_enum};
use serde::{Deserialize, Serialize};

use crate::wire::is_default;

/// What an agent found out about its network.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentNetcheckReport {
    /// Why there is no report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How bad it is.
    #[serde(default)]
    pub severity: HealthSeverity,
    /// What is not as it should be.
    #[serde(default)]
    pub warnings: Nullable<Vec<HealthMessage>>,
    /// Whether someone said that this does not matter.
    #[serde(default)]
    pub dismissed: bool,
    /// What kind of network it is.
    #[serde(default)]
    pub net_info: Option<NetInfo>,
    /// The network interfaces.
    #[serde(default)]
    pub interfaces: InterfacesReport,
}

/// The network interfaces of a machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InterfacesReport {
    /// Why there is no report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How bad it is.
    #[serde(default)]
    pub severity: HealthSeverity,
    /// What is not as it should be.
    #[serde(default)]
    pub warnings: Nullable<Vec<HealthMessage>>,
    /// Whether someone said that this does not matter.
    #[serde(default)]
    pub dismissed: bool,
    /// The interfaces.
    #[serde(default)]
    pub interfaces: Nullable<Vec<Interface>>,
}

/// A network interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Interface {
    /// Its name, such as `eth0`.
    #[serde(default)]
    pub name: String,
    /// The largest packet that it carries, in bytes.
    #[serde(default)]
    pub mtu: i64,
    /// Its addresses with the length of their prefix, such as `10.0.0.2/24`.
    #[serde(default)]
    pub addresses: Nullable<Vec<String>>,
}

/// A finding of a health check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HealthMessage {
    /// Its code, such as `EUNKNOWN`.
    #[serde(default)]
    pub code: String,
    /// What it says.
    #[serde(default)]
    pub message: String,
}

open_enum! {
    /// How bad a finding is.
    pub enum HealthSeverity {
        /// All is well.
        Ok => "ok",
        /// Something could be better.
        Warning => "warning",
        /// Something does not work.
        Error => "error",
    }
}

/// What kind of network a machine is in. Fields that are `None` were not found out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct NetInfo {
    /// Whether the address that others see depends on whom it talks to.
    #[serde(rename = "MappingVariesByDestIP")]
    pub mapping_varies_by_dest_ip: Option<bool>,
    /// Whether it reaches itself by the address that others see.
    #[serde(rename = "HairPinning")]
    pub hair_pinning: Option<bool>,
    /// Whether IPv6 works.
    #[serde(rename = "WorkingIPv6")]
    pub working_ipv6: Option<bool>,
    /// Whether the operating system knows IPv6.
    #[serde(rename = "OSHasIPv6")]
    pub os_has_ipv6: Option<bool>,
    /// Whether UDP works.
    #[serde(rename = "WorkingUDP")]
    pub working_udp: Option<bool>,
    /// Whether ICMP works over IPv4.
    #[serde(rename = "WorkingICMPv4")]
    pub working_icmpv4: Option<bool>,
    /// Whether a port was mapped on the router.
    #[serde(rename = "HavePortMap", skip_serializing_if = "is_default")]
    pub have_port_map: bool,
    /// Whether the router offers UPnP.
    #[serde(rename = "UPnP")]
    pub upnp: Option<bool>,
    /// Whether the router offers NAT-PMP.
    #[serde(rename = "PMP")]
    pub pmp: Option<bool>,
    /// Whether the router offers PCP.
    #[serde(rename = "PCP")]
    pub pcp: Option<bool>,
    /// Id of the relay region that it uses; 0 for none.
    #[serde(rename = "PreferredDERP")]
    pub preferred_derp: i64,
    /// Kind of link, such as `wired` or `wifi`.
    #[serde(rename = "LinkType", skip_serializing_if = "is_default")]
    pub link_type: String,
    /// Seconds to the relays and back, by region and address family, such as `1-v4`.
    #[serde(rename = "DERPLatency", skip_serializing_if = "is_default")]
    pub derp_latency: BTreeMap<String, f64>,
    /// Why relays are reached over WebSockets, by region.
    #[serde(rename = "DERPForcedWebsocket", skip_serializing_if = "is_default")]
    pub derp_forced_websocket: BTreeMap<i64, String>,
    /// Seconds to the relays and back over IPv4, by region.
    #[serde(rename = "DERPLatencyV4", skip_serializing_if = "is_default")]
    pub derp_latency_v4: BTreeMap<i64, f64>,
    /// Seconds to the relays and back over IPv6, by region.
    #[serde(rename = "DERPLatencyV6", skip_serializing_if = "is_default")]
    pub derp_latency_v6: BTreeMap<i64, f64>,
    /// Whether an answer came over UDP.
    #[serde(rename = "UDP", skip_serializing_if = "is_default")]
    pub udp: bool,
    /// Whether an answer came over IPv4.
    #[serde(rename = "IPv4", skip_serializing_if = "is_default")]
    pub ipv4: bool,
    /// Whether a packet could be sent over IPv4.
    #[serde(rename = "IPv4CanSend", skip_serializing_if = "is_default")]
    pub ipv4_can_send: bool,
    /// Whether an answer came over IPv6.
    #[serde(rename = "IPv6", skip_serializing_if = "is_default")]
    pub ipv6: bool,
    /// Whether a packet could be sent over IPv6.
    #[serde(rename = "IPv6CanSend", skip_serializing_if = "is_default")]
    pub ipv6_can_send: bool,
    /// Whether an answer came over ICMP.
    #[serde(rename = "ICMPv4")]
    pub icmpv4: bool,
    /// The address and port that others see over IPv4; empty if unknown.
    #[serde(rename = "GlobalV4")]
    pub global_v4: String,
    /// The address and port that others see over IPv6; empty if unknown.
    #[serde(rename = "GlobalV6")]
    pub global_v6: String,
    /// Whether something between asks people to sign in before they reach the network.
    #[serde(rename = "CaptivePortal")]
    pub captive_portal: Option<bool>,
}
