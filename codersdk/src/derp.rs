//! The map of DERP relays, over which those connect who cannot reach each other directly. Its form is Tailscale's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::types::*;

/// All relays, by region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct DerpMap {
    /// How regions are to be preferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_params: Option<DerpHomeParams>,
    /// The regions by their ids.
    #[serde(default)]
    pub regions: Nullable<BTreeMap<i64, Option<DerpRegion>>>,
    /// Whether Tailscale's own relays are left out.
    #[serde(default, rename = "omitDefaultRegions", skip_serializing_if = "is_false")]
    pub omit_default_regions: bool,
}

/// How regions are to be preferred.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct DerpHomeParams {
    /// Factors by which the latency of a region is multiplied before regions are compared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub region_score: BTreeMap<i64, f64>,
}

/// Relays that are close to each other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct DerpRegion {
    /// Whether the relay is part of a Coder server.
    #[serde(default)]
    pub embedded_relay: bool,
    /// The region's id.
    #[serde(default, rename = "RegionID")]
    pub region_id: i64,
    /// A short name.
    #[serde(default)]
    pub region_code: String,
    /// Name as shown to people.
    #[serde(default)]
    pub region_name: String,
    /// Whether it is not to be chosen as a home.
    #[serde(default, skip_serializing_if = "is_false")]
    pub avoid: bool,
    /// The relays.
    #[serde(default)]
    pub nodes: Nullable<Vec<Option<DerpNode>>>,
}

/// A relay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct DerpNode {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The region that it belongs to.
    #[serde(default, rename = "RegionID")]
    pub region_id: i64,
    /// Its host name.
    #[serde(default)]
    pub host_name: String,
    /// The name on its certificate, if that is another one.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub cert_name: Option<String>,
    /// Its IPv4 address, or `none`.
    #[serde(default, rename = "IPv4", skip_serializing_if = "none_or_zero")]
    pub ipv4: Option<String>,
    /// Its IPv6 address, or `none`.
    #[serde(default, rename = "IPv6", skip_serializing_if = "none_or_zero")]
    pub ipv6: Option<String>,
    /// Its port for STUN; 0 for the usual one, -1 for none.
    #[serde(default, rename = "STUNPort", skip_serializing_if = "is_zero")]
    pub stun_port: i64,
    /// Whether it offers STUN only.
    #[serde(default, rename = "STUNOnly", skip_serializing_if = "is_false")]
    pub stun_only: bool,
    /// Its port for DERP; 0 for 443.
    #[serde(default, rename = "DERPPort", skip_serializing_if = "is_zero")]
    pub derp_port: i64,
    /// Whether its certificate is not checked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure_for_tests: bool,
    /// Whether it is spoken to without TLS.
    #[serde(default, rename = "ForceHTTP", skip_serializing_if = "is_false")]
    pub force_http: bool,
    /// An address for STUN in tests.
    #[serde(default, rename = "STUNTestIP", skip_serializing_if = "none_or_zero")]
    pub stun_test_ip: Option<String>,
    /// Whether it answers on port 80.
    #[serde(default, rename = "CanPort80", skip_serializing_if = "is_false")]
    pub can_port80: bool,
}
