//! How apps are.

use agentsdk::rpc::proto::agent::{AppHealth, BatchUpdateAppHealthRequest, BatchUpdateAppHealthResponse};
use agentsdk::rpc::{Error, Result};

use super::{AgentApi, failed, id};
use crate::quote::quoted;

impl AgentApi {
    /// Either all are stored or, when one is wrong, none.
    pub(super) async fn report_app_healths(
        &self,
        request: BatchUpdateAppHealthRequest,
    ) -> Result<BatchUpdateAppHealthResponse> {
        if request.updates.is_empty() {
            return Ok(BatchUpdateAppHealthResponse {});
        }
        let agent = &self.caller.agent;
        let mut apps =
            self.state.store.apps(&[agent.id]).await.map_err(|error| failed("get workspace apps", &error))?;
        let mut changed = Vec::new();
        for update in &request.updates {
            let app_id = id(&update.id).map_err(|error| Error::new(format!("parse workspace app ID: {error}")))?;
            let app = apps
                .iter_mut()
                .find(|app| app.id == app_id)
                .ok_or_else(|| Error::new(format!("workspace app ID \"{app_id}\" not found")))?;
            let slug = quoted(&app.slug);
            if app.healthcheck_url.is_empty() {
                let text = format!("workspace app \"{app_id}\" ({slug}) does not have healthchecks enabled");
                return Err(Error::new(text));
            }
            let health = match AppHealth::try_from(update.health) {
                Ok(health @ AppHealth::Unspecified) => Err(health.as_str_name().to_owned()),
                Ok(health) => Ok(health.as_str_name().to_lowercase()),
                Err(_) => Err(update.health.to_string()),
            }
            .map_err(|name| Error::new(format!("unknown health status \"{name}\" for app \"{app_id}\" ({slug})")))?;
            if app.health != health {
                app.health.clone_from(&health);
                changed.push((app_id, health));
            }
        }
        for (app, health) in &changed {
            let stored = self.state.store.set_app_health(*app, health).await;
            stored.map_err(|error| failed("update workspace app health", &error))?;
        }
        if !changed.is_empty() {
            self.state.workspaces.hub.workspace_changed(agent.workspace_id);
        }
        Ok(BatchUpdateAppHealthResponse {})
    }
}
