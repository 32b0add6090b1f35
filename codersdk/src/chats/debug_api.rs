//! Calls about logs of what chats send to models.

use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

api_trait! {
    /// Logs of what chats send to models and what comes back, and who may keep them.
    pub trait ChatDebugApi {
        /// Returns whether users may keep such logs. For administrators.
        ///
        /// `GET /config/debug-logging`
        async fn get_chat_debug_logging(&self) -> ChatDebugLoggingAdminSettings;

        /// Sets whether users may keep such logs.
        ///
        /// `PUT /config/debug-logging`
        async fn update_chat_debug_logging(&self, req: UpdateChatDebugLoggingAllowUsersRequest);

        /// Returns whether the caller's chats are logged.
        ///
        /// `GET /config/user-debug-logging`
        async fn get_user_chat_debug_logging(&self) -> UserChatDebugLoggingSettings;

        /// Sets whether the caller's chats are logged.
        ///
        /// `PUT /config/user-debug-logging`
        async fn update_user_chat_debug_logging(&self, req: UpdateUserChatDebugLoggingRequest);

        /// Returns after how many days logs are deleted; 0 means never.
        ///
        /// `GET /config/debug-retention-days`
        async fn get_chat_debug_retention_days(&self) -> ChatDebugRetentionDaysResponse;

        /// Sets after how many days logs are deleted.
        ///
        /// `PUT /config/debug-retention-days`
        async fn update_chat_debug_retention_days(&self, req: UpdateChatDebugRetentionDaysRequest);

        /// Lists what was logged of a chat, newest first.
        ///
        /// `GET /api/experimental/chats/{chat}/debug/runs`
        async fn get_chat_debug_runs(&self, chat: Uuid) -> Vec<ChatDebugRunSummary>;

        /// Returns one logged run with its steps.
        ///
        /// `GET /api/experimental/chats/{chat}/debug/runs/{debugRun}`
        async fn get_chat_debug_run(&self, chat: Uuid, run: Uuid) -> ChatDebugRun;
    }
}

#[async_trait::async_trait]
impl ChatDebugApi for Client {
    async fn get_chat_debug_logging(&self) -> Result<ChatDebugLoggingAdminSettings> {
        self.send(Request::get_chats("/config/debug-logging", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_debug_logging(&self, req: UpdateChatDebugLoggingAllowUsersRequest) -> Result<()> {
        self.send(Request::put_chats("/config/debug-logging", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_user_chat_debug_logging(&self) -> Result<UserChatDebugLoggingSettings> {
        self.send(Request::get_chats("/config/user-debug-logging", &[]).expect(&[200])).await?.json()
    }

    async fn update_user_chat_debug_logging(&self, req: UpdateUserChatDebugLoggingRequest) -> Result<()> {
        self.send(Request::put_chats("/config/user-debug-logging", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_chat_debug_retention_days(&self) -> Result<ChatDebugRetentionDaysResponse> {
        self.send(Request::get_chats("/config/debug-retention-days", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_debug_retention_days(&self, req: UpdateChatDebugRetentionDaysRequest) -> Result<()> {
        self.send(Request::put_chats("/config/debug-retention-days", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_chat_debug_runs(&self, chat: Uuid) -> Result<Vec<ChatDebugRunSummary>> {
        self.send(Request::get("/api/experimental/chats/{chat}/debug/runs", &[&chat]).expect(&[200])).await?.json_list()
    }

    async fn get_chat_debug_run(&self, chat: Uuid, run: Uuid) -> Result<ChatDebugRun> {
        self.send(Request::get("/api/experimental/chats/{chat}/debug/runs/{debugRun}", &[&chat, &run]).expect(&[200]))
            .await?
            .json()
    }
}
