//! Calls about what chats cost.

use async_trait::async_trait;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Error, Result};

/// What chats cost. Amounts are in millionths of a US dollar. Servers since v2.37 no longer have these routes.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
#[allow(unused_variables, reason = "default bodies answer whatever the arguments are")]
pub trait ChatCostApi: Send + Sync {
    /// Sums up what a user's chats cost, by model and by chat. `user` is an id, a name or `me`; others than the caller
    /// are for administrators.
    ///
    /// `GET /cost/{user}/summary`. Servers since v2.37 no longer have this route.
    async fn get_chat_cost_summary(&self, user: &str, options: &ChatCostSummaryOptions) -> Result<ChatCostSummary> {
        Err(Error::unsupported("ChatCostApi::get_chat_cost_summary"))
    }

    /// Sums up what chats cost by user, the most expensive first. For administrators.
    ///
    /// `GET /cost/users`. Servers since v2.37 no longer have this route.
    async fn get_chat_cost_users(&self, options: &ChatCostUsersOptions) -> Result<ChatCostUsersResponse> {
        Err(Error::unsupported("ChatCostApi::get_chat_cost_users"))
    }
}

#[async_trait]
impl ChatCostApi for Client {
    async fn get_chat_cost_summary(&self, user: &str, options: &ChatCostSummaryOptions) -> Result<ChatCostSummary> {
        let call =
            Request::get_chats("/cost/{user}/summary", &[&user]).query_pairs(options.query_pairs()).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn get_chat_cost_users(&self, options: &ChatCostUsersOptions) -> Result<ChatCostUsersResponse> {
        let call = Request::get_chats("/cost/users", &[]).query_pairs(options.query_pairs()).expect(&[200]);
        self.send(call).await?.json()
    }
}
