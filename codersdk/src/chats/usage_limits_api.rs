//! Calls about spend limits.

use async_trait::async_trait;
use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Error, Result};

/// Limits of what a user's chats may cost in a period. Amounts are in millionths of a US dollar. Servers since v2.37 no
/// longer have these routes.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
#[allow(unused_variables, reason = "default bodies answer whatever the arguments are")]
pub trait ChatUsageLimitsApi: Send + Sync {
    /// Returns the limits: the deployment's, and those of single users and groups. For administrators.
    ///
    /// `GET /usage-limits`. Servers since v2.37 no longer have this route.
    async fn get_chat_usage_limit_config(&self) -> Result<ChatUsageLimitConfigResponse> {
        Err(Error::unsupported("ChatUsageLimitsApi::get_chat_usage_limit_config"))
    }

    /// Sets the deployment's limit.
    ///
    /// `PUT /usage-limits`. Servers since v2.37 no longer have this route.
    async fn update_chat_usage_limit_config(&self, request: &ChatUsageLimitConfig) -> Result<ChatUsageLimitConfig> {
        Err(Error::unsupported("ChatUsageLimitsApi::update_chat_usage_limit_config"))
    }

    /// Sets a user's own limit.
    ///
    /// `PUT /usage-limits/overrides/{user}`. Servers since v2.37 no longer have this route.
    async fn upsert_chat_usage_limit_override(
        &self,
        user: Uuid,
        request: &UpsertChatUsageLimitOverrideRequest,
    ) -> Result<ChatUsageLimitOverride> {
        Err(Error::unsupported("ChatUsageLimitsApi::upsert_chat_usage_limit_override"))
    }

    /// The same as [`upsert_chat_usage_limit_override`](Self::upsert_chat_usage_limit_override), under an older name.
    ///
    /// `PUT /usage-limits/overrides/{user}`. Servers since v2.37 no longer have this route.
    async fn update_chat_user_usage_limit_override(
        &self,
        user: Uuid,
        request: &UpdateChatUsageLimitOverrideRequest,
    ) -> Result<ChatUsageLimitOverride> {
        Err(Error::unsupported("ChatUsageLimitsApi::update_chat_user_usage_limit_override"))
    }

    /// Removes a user's own limit.
    ///
    /// `DELETE /usage-limits/overrides/{user}`. Servers since v2.37 no longer have this route.
    async fn delete_chat_usage_limit_override(&self, user: Uuid) -> Result<()> {
        Err(Error::unsupported("ChatUsageLimitsApi::delete_chat_usage_limit_override"))
    }

    /// The same as [`delete_chat_usage_limit_override`](Self::delete_chat_usage_limit_override), under an older name.
    ///
    /// `DELETE /usage-limits/overrides/{user}`. Servers since v2.37 no longer have this route.
    async fn delete_chat_user_usage_limit_override(&self, user: Uuid) -> Result<()> {
        Err(Error::unsupported("ChatUsageLimitsApi::delete_chat_user_usage_limit_override"))
    }

    /// Sets a group's limit.
    ///
    /// `PUT /usage-limits/group-overrides/{group}`. Servers since v2.37 no longer have this route.
    async fn upsert_chat_usage_limit_group_override(
        &self,
        group: Uuid,
        request: &UpsertChatUsageLimitGroupOverrideRequest,
    ) -> Result<ChatUsageLimitGroupOverride> {
        Err(Error::unsupported("ChatUsageLimitsApi::upsert_chat_usage_limit_group_override"))
    }

    /// Removes a group's limit.
    ///
    /// `DELETE /usage-limits/group-overrides/{group}`. Servers since v2.37 no longer have this route.
    async fn delete_chat_usage_limit_group_override(&self, group: Uuid) -> Result<()> {
        Err(Error::unsupported("ChatUsageLimitsApi::delete_chat_usage_limit_group_override"))
    }

    /// Returns the caller's limit, and what is spent of it in the current period.
    ///
    /// `GET /usage-limits/status`. Servers since v2.37 no longer have this route.
    async fn get_my_chat_usage_limit_status(&self) -> Result<ChatUsageLimitStatus> {
        Err(Error::unsupported("ChatUsageLimitsApi::get_my_chat_usage_limit_status"))
    }
}

#[async_trait]
impl ChatUsageLimitsApi for Client {
    async fn get_chat_usage_limit_config(&self) -> Result<ChatUsageLimitConfigResponse> {
        let call = Request::get_chats("/usage-limits", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_usage_limit_config(&self, request: &ChatUsageLimitConfig) -> Result<ChatUsageLimitConfig> {
        let call = Request::put_chats("/usage-limits", &[]).json(request).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn upsert_chat_usage_limit_override(
        &self,
        user: Uuid,
        request: &UpsertChatUsageLimitOverrideRequest,
    ) -> Result<ChatUsageLimitOverride> {
        let call = Request::put_chats("/usage-limits/overrides/{user}", &[&user]).json(request).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_user_usage_limit_override(
        &self,
        user: Uuid,
        request: &UpdateChatUsageLimitOverrideRequest,
    ) -> Result<ChatUsageLimitOverride> {
        let call = Request::put_chats("/usage-limits/overrides/{user}", &[&user]).json(request).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn delete_chat_usage_limit_override(&self, user: Uuid) -> Result<()> {
        let call = Request::delete_chats("/usage-limits/overrides/{user}", &[&user]).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn delete_chat_user_usage_limit_override(&self, user: Uuid) -> Result<()> {
        let call = Request::delete_chats("/usage-limits/overrides/{user}", &[&user]).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn upsert_chat_usage_limit_group_override(
        &self,
        group: Uuid,
        request: &UpsertChatUsageLimitGroupOverrideRequest,
    ) -> Result<ChatUsageLimitGroupOverride> {
        let call = Request::put_chats("/usage-limits/group-overrides/{group}", &[&group]).json(request).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn delete_chat_usage_limit_group_override(&self, group: Uuid) -> Result<()> {
        let call = Request::delete_chats("/usage-limits/group-overrides/{group}", &[&group]).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_my_chat_usage_limit_status(&self) -> Result<ChatUsageLimitStatus> {
        let call = Request::get_chats("/usage-limits/status", &[]).expect(&[200]);
        self.send(call).await?.json()
    }
}
