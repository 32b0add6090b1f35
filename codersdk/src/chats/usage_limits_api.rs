//! Calls about spend limits.

use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

api_trait! {
    /// Limits of what a user's chats may cost in a period. Amounts are in millionths of a US dollar. Servers since
    /// v2.37 no longer have these routes.
    pub trait ChatUsageLimitsApi {
        /// Returns the limits: the deployment's, and those of single users and groups. For administrators.
        ///
        /// `GET /usage-limits`. Servers since v2.37 no longer have this route.
        async fn get_chat_usage_limit_config(&self) -> ChatUsageLimitConfigResponse;

        /// Sets the deployment's limit.
        ///
        /// `PUT /usage-limits`. Servers since v2.37 no longer have this route.
        async fn update_chat_usage_limit_config(&self, req: ChatUsageLimitConfig) -> ChatUsageLimitConfig;

        /// Sets a user's own limit.
        ///
        /// `PUT /usage-limits/overrides/{user}`. Servers since v2.37 no longer have this route.
        async fn upsert_chat_usage_limit_override(
            &self,
            user: Uuid,
            req: UpsertChatUsageLimitOverrideRequest,
        ) -> ChatUsageLimitOverride;

        /// The same as [`upsert_chat_usage_limit_override`](Self::upsert_chat_usage_limit_override), under an older
        /// name.
        ///
        /// `PUT /usage-limits/overrides/{user}`. Servers since v2.37 no longer have this route.
        async fn update_chat_user_usage_limit_override(
            &self,
            user: Uuid,
            req: UpdateChatUsageLimitOverrideRequest,
        ) -> ChatUsageLimitOverride;

        /// Removes a user's own limit.
        ///
        /// `DELETE /usage-limits/overrides/{user}`. Servers since v2.37 no longer have this route.
        async fn delete_chat_usage_limit_override(&self, user: Uuid);

        /// The same as [`delete_chat_usage_limit_override`](Self::delete_chat_usage_limit_override), under an older
        /// name.
        ///
        /// `DELETE /usage-limits/overrides/{user}`. Servers since v2.37 no longer have this route.
        async fn delete_chat_user_usage_limit_override(&self, user: Uuid);

        /// Sets a group's limit.
        ///
        /// `PUT /usage-limits/group-overrides/{group}`. Servers since v2.37 no longer have this route.
        async fn upsert_chat_usage_limit_group_override(
            &self,
            group: Uuid,
            req: UpsertChatUsageLimitGroupOverrideRequest,
        ) -> ChatUsageLimitGroupOverride;

        /// Removes a group's limit.
        ///
        /// `DELETE /usage-limits/group-overrides/{group}`. Servers since v2.37 no longer have this route.
        async fn delete_chat_usage_limit_group_override(&self, group: Uuid);

        /// Returns the caller's limit, and what is spent of it in the current period.
        ///
        /// `GET /usage-limits/status`. Servers since v2.37 no longer have this route.
        async fn get_my_chat_usage_limit_status(&self) -> ChatUsageLimitStatus;
    }
}

#[async_trait::async_trait]
impl ChatUsageLimitsApi for Client {
    async fn get_chat_usage_limit_config(&self) -> Result<ChatUsageLimitConfigResponse> {
        self.send(Request::get_chats("/usage-limits", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_usage_limit_config(&self, req: ChatUsageLimitConfig) -> Result<ChatUsageLimitConfig> {
        self.send(Request::put_chats("/usage-limits", &[]).json(&req).expect(&[200])).await?.json()
    }

    async fn upsert_chat_usage_limit_override(
        &self,
        user: Uuid,
        req: UpsertChatUsageLimitOverrideRequest,
    ) -> Result<ChatUsageLimitOverride> {
        self.send(Request::put_chats("/usage-limits/overrides/{user}", &[&user]).json(&req).expect(&[200]))
            .await?
            .json()
    }

    async fn update_chat_user_usage_limit_override(
        &self,
        user: Uuid,
        req: UpdateChatUsageLimitOverrideRequest,
    ) -> Result<ChatUsageLimitOverride> {
        self.send(Request::put_chats("/usage-limits/overrides/{user}", &[&user]).json(&req).expect(&[200]))
            .await?
            .json()
    }

    async fn delete_chat_usage_limit_override(&self, user: Uuid) -> Result<()> {
        self.send(Request::delete_chats("/usage-limits/overrides/{user}", &[&user]).expect(&[204])).await.map(drop)
    }

    async fn delete_chat_user_usage_limit_override(&self, user: Uuid) -> Result<()> {
        self.send(Request::delete_chats("/usage-limits/overrides/{user}", &[&user]).expect(&[204])).await.map(drop)
    }

    async fn upsert_chat_usage_limit_group_override(
        &self,
        group: Uuid,
        req: UpsertChatUsageLimitGroupOverrideRequest,
    ) -> Result<ChatUsageLimitGroupOverride> {
        self.send(Request::put_chats("/usage-limits/group-overrides/{group}", &[&group]).json(&req).expect(&[200]))
            .await?
            .json()
    }

    async fn delete_chat_usage_limit_group_override(&self, group: Uuid) -> Result<()> {
        self.send(Request::delete_chats("/usage-limits/group-overrides/{group}", &[&group]).expect(&[204]))
            .await
            .map(drop)
    }

    async fn get_my_chat_usage_limit_status(&self) -> Result<ChatUsageLimitStatus> {
        self.send(Request::get_chats("/usage-limits/status", &[]).expect(&[200])).await?.json()
    }
}
