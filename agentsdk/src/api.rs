//! The calls of an agent.

use codersdk::__private::Request;
use codersdk::{Result, WorkspaceAgentLogSource, api_trait};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::agent_types::{GitSshKey, PatchLogs, PostLogSourceRequest};
use crate::app_status::PatchAppStatus;
use crate::client::AgentClient;
use crate::external_auth::{ExternalAuthRequest, ExternalAuthResponse};
use crate::reinit::ReinitializationEvent;

/// How many chats were brought up to date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefreshChatContextResponse {
    /// The number of chats whose pinned context was older than what the agent last reported.
    #[serde(default)]
    pub refreshed: i64,
}

api_trait! {
    /// What an agent asks of the server over HTTP.
    ///
    /// Besides what is said of each, every call fails with [`is_unauthorized`](codersdk::Error::is_unauthorized) when
    /// the token is not, or no longer, that of an agent.
    ///
    /// ```
    /// use agentsdk::{AgentApi, Result};
    ///
    /// async fn public_key(agent: &dyn AgentApi) -> Result<String> {
    ///     Ok(agent.git_ssh_key().await?.public_key)
    /// }
    /// # let _ = public_key;
    /// ```
    pub trait AgentApi {
        /// The key pair with which the workspace's owner speaks to git servers by SSH.
        /// `GET /api/v2/workspaceagents/me/gitsshkey`.
        async fn git_ssh_key(&self) -> GitSshKey;

        /// Adds lines to the agent's logs. The server keeps at most 1 MiB of an agent's lines.
        /// `PATCH /api/v2/workspaceagents/me/logs`.
        ///
        /// # Errors
        /// [`is_log_limit`](crate::is_log_limit) holds (413) if the lines do not fit any more: then none of them was
        /// kept. [`is_bad_request`](codersdk::Error::is_bad_request) for no lines, or a level that the server does not
        /// know.
        async fn patch_logs(&self, req: PatchLogs);

        /// Reports what an app of the workspace is doing. `PATCH /api/v2/workspaceagents/me/app-status`.
        ///
        /// # Errors
        /// [`is_bad_request`](codersdk::Error::is_bad_request) for a message of more than 160 bytes, an unknown state, or
        /// a slug that none of the agent's apps has.
        async fn patch_app_status(&self, req: PatchAppStatus);

        /// Names a source of log lines. A source that is there already keeps its name.
        /// `POST /api/v2/workspaceagents/me/log-source`.
        async fn post_log_source(&self, req: PostLogSourceRequest) -> WorkspaceAgentLogSource;

        /// A token of an external service, such as a git host, that the workspace's owner has signed in to; or where to
        /// sign in. With `listen` it waits until the owner has signed in, however long that takes: drop the future to
        /// give up. `GET /api/v2/workspaceagents/me/external-auth`.
        ///
        /// # Errors
        /// [`is_not_found`](codersdk::Error::is_not_found) if the deployment has no such service,
        /// [`is_bad_request`](codersdk::Error::is_bad_request) unless exactly one of `id` and `match` is given.
        async fn external_auth(&self, req: ExternalAuthRequest) -> ExternalAuthResponse;

        /// Waits for the next event that makes the agent start over; one attempt, without reconnecting. Most programs
        /// want [`ReinitEvents`](crate::ReinitEvents). `GET /api/v2/workspaceagents/me/reinit`.
        ///
        /// # Errors
        /// [`is_conflict`](codersdk::Error::is_conflict) if there will be none: the workspace is no prebuilt one, or its
        /// claim is over or has failed. [`is_interrupted`](codersdk::Error::is_interrupted) if the stream ends before an
        /// event, [`is_timeout`](codersdk::Error::is_timeout) if the server has gone silent.
        async fn wait_for_reinit(&self) -> ReinitializationEvent;

        /// Brings every chat of this agent that has drifted from the agent's latest context up to date.
        /// `POST /api/v2/workspaceagents/me/experimental/chat-context/refresh`.
        async fn refresh_chat_context(&self) -> RefreshChatContextResponse;

        /// Stores what a task's agent has said, to be read while the task is paused. `messages` is the JSON that the
        /// app's own API gives: an object with a list `messages`, of at most 64 KiB.
        /// `POST /api/v2/workspaceagents/me/tasks/{task}/log-snapshot?format=agentapi`.
        ///
        /// # Errors
        /// [`is_not_found`](codersdk::Error::is_not_found) if the task is not of the agent's workspace,
        /// [`is_bad_request`](codersdk::Error::is_bad_request) if it is too long or not of that form.
        async fn post_task_log_snapshot(&self, task: Uuid, messages: Box<RawValue>);
    }
}

#[async_trait::async_trait]
impl AgentApi for AgentClient {
    async fn git_ssh_key(&self) -> Result<GitSshKey> {
        self.send(|| Request::get("/api/v2/workspaceagents/me/gitsshkey", &[]).expect(&[200])).await?.json()
    }

    async fn patch_logs(&self, req: PatchLogs) -> Result<()> {
        self.send(|| Request::patch("/api/v2/workspaceagents/me/logs", &[]).json(&req).expect(&[200])).await.map(drop)
    }

    async fn patch_app_status(&self, req: PatchAppStatus) -> Result<()> {
        self.send(|| Request::patch("/api/v2/workspaceagents/me/app-status", &[]).json(&req).expect(&[200]))
            .await
            .map(drop)
    }

    async fn post_log_source(&self, req: PostLogSourceRequest) -> Result<WorkspaceAgentLogSource> {
        let request = || Request::post("/api/v2/workspaceagents/me/log-source", &[]).json(&req).expect(&[201]);
        // A source that is there already stays as it is, so asking twice does no harm.
        self.send(|| request().idempotent(true)).await?.json()
    }

    async fn external_auth(&self, req: ExternalAuthRequest) -> Result<ExternalAuthResponse> {
        let request = || {
            Request::get("/api/v2/workspaceagents/me/external-auth", &[])
                .query("id", &req.id)
                .query("match", &req.match_)
                .query_opt::<&str>("listen", req.listen.then_some("true"))
                .query_opt::<&str>("git_branch", req.git_branch.as_str())
                .query_opt::<&str>("git_remote_origin", req.git_remote_origin.as_str())
                .query_opt::<&str>("chat_id", req.chat_id.as_str())
                .expect(&[200])
        };
        loop {
            match self.send(request).await {
                // The server says nothing until somebody signs in. Asking anew notices a server that is gone.
                Err(error) if req.listen && error.is_timeout() => {}
                outcome => return outcome?.json(),
            }
        }
    }

    async fn wait_for_reinit(&self) -> Result<ReinitializationEvent> {
        // Who wants it again has a pace of its own.
        let request = || Request::get("/api/v2/workspaceagents/me/reinit", &[]).query("wait", "true").idempotent(false);
        let mut events = self
            .call(|client| {
                let request = request().expect(&[200]);
                async move { client.event_stream(request).await }
            })
            .await?;
        match events.next().await {
            Some(event) => event,
            None => Err(crate::reinit::ended()),
        }
    }

    async fn refresh_chat_context(&self) -> Result<RefreshChatContextResponse> {
        self.send(|| Request::post("/api/v2/workspaceagents/me/experimental/chat-context/refresh", &[]).expect(&[200]))
            .await?
            .json()
    }

    async fn post_task_log_snapshot(&self, task: Uuid, messages: Box<RawValue>) -> Result<()> {
        self.send(|| {
            Request::post("/api/v2/workspaceagents/me/tasks/{task}/log-snapshot", &[&task])
                .query("format", "agentapi")
                .json(&messages)
                // A snapshot replaces the one before.
                .idempotent(true)
                .expect(&[204])
        })
        .await
        .map(drop)
    }
}
