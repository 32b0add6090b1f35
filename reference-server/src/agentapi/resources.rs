//! Monitoring of memory and volumes: agents sample them, and the workspace's owner is told when too little is left.

use agentsdk::rpc::proto::agent::get_resources_monitoring_configuration_response::{Config, Memory, Volume};
use agentsdk::rpc::proto::agent::push_resources_monitoring_usage_request::Datapoint;
use agentsdk::rpc::proto::agent::{
    GetResourcesMonitoringConfigurationResponse, PushResourcesMonitoringUsageRequest,
    PushResourcesMonitoringUsageResponse,
};
use agentsdk::rpc::{Error, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{AgentApi, NO_ROWS, failed};
use crate::notifications::{self, Notice, Notification};
use crate::store::resource_monitors::MonitorRow;

/// How many samples a report has, and how many seconds lie between them.
const SAMPLES: Config = Config { num_datapoints: 20, collection_interval_seconds: 10 };
/// How many samples in a row, in percent, that are too much raise the alarm.
const IN_A_ROW: usize = 50;
/// How many samples altogether, in percent, that are too much raise it.
const ALTOGETHER: usize = 20;
/// How long the owner is not told of the same again.
const QUIET: TimeDelta = TimeDelta::minutes(30);

impl AgentApi {
    pub(super) async fn monitoring(&self) -> Result<GetResourcesMonitoringConfigurationResponse> {
        let (memory, volumes) = self.monitors().await?.into_iter().partition::<Vec<_>, _>(|row| row.path.is_empty());
        Ok(GetResourcesMonitoringConfigurationResponse {
            config: Some(SAMPLES),
            memory: memory.first().map(|row| Memory { enabled: row.enabled }),
            volumes: volumes.into_iter().map(|row| Volume { enabled: row.enabled, path: row.path }).collect(),
        })
    }

    async fn monitors(&self) -> Result<Vec<MonitorRow>> {
        let rows = self.state.store.resource_monitors(self.caller.agent.id).await;
        rows.map_err(|error| failed("fetch resource monitors", &error))
    }

    pub(super) async fn report_usage(
        &self,
        request: PushResourcesMonitoringUsageRequest,
    ) -> Result<PushResourcesMonitoringUsageResponse> {
        let now = self.state.clock.now();
        let mut full = Vec::new();
        for mut row in self.monitors().await?.into_iter().filter(|row| row.enabled) {
            let used: Vec<_> = request.datapoints.iter().map(|sample| percent_used(sample, &row.path)).collect();
            let news = row.hear(&used, now);
            let stored = self.state.store.set_resource_monitor(&row).await;
            stored.map_err(|error| failed("update workspace monitor", &error))?;
            let threshold = format!("{}%", row.threshold);
            match news {
                true if row.path.is_empty() => {
                    self.tell(Notice::OutOfMemory, Some(&threshold), json!({}), "workspace-monitor-memory").await?;
                }
                true => full.push(json!({ "path": row.path, "threshold": threshold })),
                false => {}
            }
        }
        if !full.is_empty() {
            self.tell(Notice::OutOfDisk, None, json!({ "volumes": full }), "workspace-monitor-volumes").await?;
        }
        Ok(PushResourcesMonitoringUsageResponse {})
    }

    async fn tell(&self, notice: Notice, threshold: Option<&str>, data: Value, by: &str) -> Result<()> {
        let workspace = self.state.store.workspace(self.caller.workspace.id).await;
        let workspace = workspace
            .map_err(|error| failed("get workspace by id", &error))?
            .ok_or_else(|| Error::new(format!("get workspace by id: {NO_ROWS}")))?;
        let mut labels = vec![("workspace", workspace.name.as_str())];
        labels.extend(threshold.map(|threshold| ("threshold", threshold)));
        let notification = Notification {
            user_id: workspace.owner_id,
            template: notice,
            labels: &labels,
            data,
            targets: vec![workspace.id, workspace.owner_id, workspace.organization_id],
            created_by: by,
        };
        let stored = notifications::enqueue(&self.state.store, self.state.clock.now(), &notification).await;
        stored.map_err(|error| failed("notify workspace's owner", &error))
    }
}

/// How much of the volume, or of memory, is in use; none if the agent could not tell.
fn percent_used(sample: &Datapoint, path: &str) -> Option<i64> {
    let (used, total) = if path.is_empty() {
        sample.memory.as_ref().map(|memory| (memory.used, memory.total))
    } else {
        let volume = sample.volumes.iter().find(|volume| volume.volume == path);
        volume.map(|volume| (volume.used, volume.total))
    }?;
    if total == 0 {
        return Some(0);
    }
    i64::try_from(i128::from(used) * 100 / i128::from(total)).ok()
}

impl MonitorRow {
    /// Takes note of samples; whether the owner is to be told.
    fn hear(&mut self, used: &[Option<i64>], now: DateTime<Utc>) -> bool {
        let too_much = |sample: &Option<i64>| sample.map(|used| used >= i64::from(self.threshold));
        let samples: Vec<_> = used.iter().map(too_much).collect();
        let count = |wanted| samples.iter().filter(|sample| **sample == Some(wanted)).count();
        let longest = samples.split(|sample| *sample != Some(true)).map(<[_]>::len).max().unwrap_or_default();
        let alarmed = if share(longest, samples.len()) >= IN_A_ROW || share(count(true), samples.len()) >= ALTOGETHER {
            true
        } else if count(false) == samples.len() {
            false
        } else {
            // Samples that could not be taken may have been either.
            self.alarmed
        };
        let news = alarmed && !self.alarmed && now > self.quiet_until;
        self.alarmed = alarmed;
        if news {
            self.quiet_until = now + QUIET;
        }
        news
    }
}

/// Percent, rounded half up.
fn share(part: usize, whole: usize) -> usize {
    if whole == 0 { 0 } else { (part * 200 + whole) / (whole * 2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(alarmed: bool) -> MonitorRow {
        MonitorRow {
            agent_id: uuid::Uuid::nil(),
            path: String::new(),
            enabled: true,
            threshold: 80,
            alarmed,
            quiet_until: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn enough_samples_that_are_too_much_raise_the_alarm() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let (good, bad, none) = (Some(79), Some(80), None);
        for (samples, before, alarmed, news) in [
            (vec![good; 10], true, false, false),
            (vec![bad; 10], false, true, true),
            (vec![bad; 10], true, true, false),
            (vec![good, good, good, good, bad], false, true, true),
            (vec![good, good, good, good, good, bad], false, false, false),
            (vec![good, good, good, good, good, bad], true, true, false),
            (vec![good, none], true, true, false),
            (vec![none; 4], false, false, false),
            (vec![], true, false, false),
        ] {
            let mut row = row(before);
            assert_eq!((row.hear(&samples, now), row.alarmed), (news, alarmed), "{samples:?} {before}");
        }
        let mut row = row(false);
        assert!(row.hear(&[bad], now) && !row.hear(&[good], now));
        assert!(!row.hear(&[bad], now + QUIET), "the owner knows");
        row.hear(&[good], now);
        assert!(row.hear(&[bad], now + QUIET + TimeDelta::seconds(1)));
    }
}
