//! Calls about logs of what chats send to models.

use async_trait::async_trait;
use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Error, Result};

/// Logs of what chats send to models and what comes back, and who may keep them.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
#[allow(unused_variables, reason = "default bodies answer whatever the arguments are")]
pub trait ChatDebugApi: Send + Sync {
    /// Returns whether users may keep such logs. For administrators.
    ///
    /// `GET /config/debug-logging`
    async fn get_chat_debug_logging(&self) -> Result<ChatDebugLoggingAdminSettings> {
        Err(Error::unsupported("ChatDebugApi::get_chat_debug_logging"))
    }

    /// Sets whether users may keep such logs.
    ///
    /// `PUT /config/debug-logging`
    async fn update_chat_debug_logging(&self, request: &UpdateChatDebugLoggingAllowUsersRequest) -> Result<()> {
        Err(Error::unsupported("ChatDebugApi::update_chat_debug_logging"))
    }

    /// Returns whether the caller's chats are logged.
    ///
    /// `GET /config/user-debug-logging`
    async fn get_user_chat_debug_logging(&self) -> Result<UserChatDebugLoggingSettings> {
        Err(Error::unsupported("ChatDebugApi::get_user_chat_debug_logging"))
    }

    /// Sets whether the caller's chats are logged.
    ///
    /// `PUT /config/user-debug-logging`
    async fn update_user_chat_debug_logging(&self, request: &UpdateUserChatDebugLoggingRequest) -> Result<()> {
        Err(Error::unsupported("ChatDebugApi::update_user_chat_debug_logging"))
    }

    /// Returns after how many days logs are deleted; 0 means never.
    ///
    /// `GET /config/debug-retention-days`
    async fn get_chat_debug_retention_days(&self) -> Result<ChatDebugRetentionDaysResponse> {
        Err(Error::unsupported("ChatDebugApi::get_chat_debug_retention_days"))
    }

    /// Sets after how many days logs are deleted.
    ///
    /// `PUT /config/debug-retention-days`
    async fn update_chat_debug_retention_days(&self, request: &UpdateChatDebugRetentionDaysRequest) -> Result<()> {
        Err(Error::unsupported("ChatDebugApi::update_chat_debug_retention_days"))
    }

    /// Lists what was logged of a chat, newest first.
    ///
    /// `GET /api/experimental/chats/{chat}/debug/runs`
    async fn get_chat_debug_runs(&self, chat: Uuid) -> Result<Vec<ChatDebugRunSummary>> {
        Err(Error::unsupported("ChatDebugApi::get_chat_debug_runs"))
    }

    /// Returns one logged run with its steps.
    ///
    /// `GET /api/experimental/chats/{chat}/debug/runs/{debugRun}`
    async fn get_chat_debug_run(&self, chat: Uuid, run: Uuid) -> Result<ChatDebugRun> {
        Err(Error::unsupported("ChatDebugApi::get_chat_debug_run"))
    }
}

#[async_trait]
impl ChatDebugApi for Client {
    async fn get_chat_debug_logging(&self) -> Result<ChatDebugLoggingAdminSettings> {
        let call = Request::get_chats("/config/debug-logging", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_debug_logging(&self, request: &UpdateChatDebugLoggingAllowUsersRequest) -> Result<()> {
        let call = Request::put_chats("/config/debug-logging", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_user_chat_debug_logging(&self) -> Result<UserChatDebugLoggingSettings> {
        let call = Request::get_chats("/config/user-debug-logging", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_user_chat_debug_logging(&self, request: &UpdateUserChatDebugLoggingRequest) -> Result<()> {
        let call = Request::put_chats("/config/user-debug-logging", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_debug_retention_days(&self) -> Result<ChatDebugRetentionDaysResponse> {
        let call = Request::get_chats("/config/debug-retention-days", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_debug_retention_days(&self, request: &UpdateChatDebugRetentionDaysRequest) -> Result<()> {
        let call = Request::put_chats("/config/debug-retention-days", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_debug_runs(&self, chat: Uuid) -> Result<Vec<ChatDebugRunSummary>> {
        let call = Request::get("/api/experimental/chats/{chat}/debug/runs", &[&chat]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn get_chat_debug_run(&self, chat: Uuid, run: Uuid) -> Result<ChatDebugRun> {
        let call = Request::get("/api/experimental/chats/{chat}/debug/runs/{debugRun}", &[&chat, &run]).expect(&[200]);
        self.send(call).await?.json()
    }
}
