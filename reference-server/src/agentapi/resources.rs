//! Monitoring of memory and volumes. No template of this server declares a monitor, so agents are told to monitor
//! nothing, and what one sends all the same is measured against nothing.

use agentsdk::rpc::proto::agent::get_resources_monitoring_configuration_response::Config;
use agentsdk::rpc::proto::agent::{GetResourcesMonitoringConfigurationResponse, PushResourcesMonitoringUsageResponse};

/// How to sample, and that there is nothing to be sampled.
pub(super) fn configuration() -> GetResourcesMonitoringConfigurationResponse {
    GetResourcesMonitoringConfigurationResponse {
        config: Some(Config { num_datapoints: 20, collection_interval_seconds: 10 }),
        memory: None,
        volumes: Vec::new(),
    }
}

pub(super) fn usage() -> PushResourcesMonitoringUsageResponse {
    PushResourcesMonitoringUsageResponse {}
}
