//! Calls about what chats cost.

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

api_trait! {
    /// What chats cost. Amounts are in millionths of a US dollar. Servers since v2.37 no longer have these routes.
    pub trait ChatCostApi {
        /// Sums up what a user's chats cost, by model and by chat. `user` is an id, a name or `me`; others than the
        /// caller are for administrators.
        ///
        /// `GET /cost/{user}/summary`. Servers since v2.37 no longer have this route.
        async fn get_chat_cost_summary(&self, user: &str, options: ChatCostSummaryOptions) -> ChatCostSummary;

        /// Sums up what chats cost by user, the most expensive first. For administrators.
        ///
        /// `GET /cost/users`. Servers since v2.37 no longer have this route.
        async fn get_chat_cost_users(&self, options: ChatCostUsersOptions) -> ChatCostUsersResponse;
    }
}

#[async_trait::async_trait]
impl ChatCostApi for Client {
    async fn get_chat_cost_summary(&self, user: &str, options: ChatCostSummaryOptions) -> Result<ChatCostSummary> {
        self.send(
            Request::get_chats("/cost/{user}/summary", &[&user]).query_pairs(options.query_pairs()).expect(&[200]),
        )
        .await?
        .json()
    }

    async fn get_chat_cost_users(&self, options: ChatCostUsersOptions) -> Result<ChatCostUsersResponse> {
        self.send(Request::get_chats("/cost/users", &[]).query_pairs(options.query_pairs()).expect(&[200]))
            .await?
            .json()
    }
}
