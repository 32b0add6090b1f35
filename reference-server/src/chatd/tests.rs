//! Turns from end to end, over the daemon of a running server.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use codersdk::{ChatClientType, ChatMessageRole, ChatStatus, DynamicToolDefinition};
use uuid::Uuid;

use super::machine::apply::SubmittedResult;
use super::part::{Json, Part};
use super::{BusyBehavior, ChatdError, CreateOptions, SendMessageOptions, SendMessageResult, SubmitToolResultsOptions};
use crate::clock::ManualClock;
use crate::server::{ReferenceServer, ServerBuilder};
use crate::state::AppState;
use crate::store::chats::ChatRow;
use crate::store::messages::{self, MessageRow};

struct Chats {
    server: ReferenceServer,
    model: Uuid,
}

impl std::ops::Deref for Chats {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        self.server.state()
    }
}

impl Chats {
    async fn start() -> Self {
        Self::with(ReferenceServer::builder()).await
    }

    async fn with(builder: ServerBuilder) -> Self {
        let server = builder.start().await.unwrap();
        let model = server.state().store.default_model_config().await.unwrap().unwrap().id;
        Self { server, model }
    }

    fn options(&self, text: &str) -> CreateOptions {
        let login = self.server.login().unwrap();
        CreateOptions {
            organization_id: login.organization_id,
            owner_id: login.user_id,
            owner_username: "owner".to_owned(),
            owner_name: "Owner".to_owned(),
            workspace_id: None,
            build_id: None,
            agent_id: None,
            parent_chat_id: None,
            root_chat_id: None,
            title: "A chat".to_owned(),
            model_config_id: self.model,
            mode: None,
            plan_mode: None,
            client_type: ChatClientType::Api,
            system_prompt: String::new(),
            content: vec![Part::text(text)],
            api_key_id: "key".to_owned(),
            mcp_server_ids: Vec::new(),
            labels: std::collections::BTreeMap::new(),
            dynamic_tools: Vec::new(),
        }
    }

    async fn create(&self, text: &str) -> Uuid {
        self.chatd.create_chat(self.options(text)).await.unwrap().id
    }

    async fn send(&self, chat: Uuid, text: &str, busy_behavior: BusyBehavior) -> SendMessageResult {
        let options = SendMessageOptions {
            chat_id: chat,
            created_by: self.server.login().unwrap().user_id,
            content: vec![Part::text(text)],
            model_config_id: None,
            api_key_id: "key".to_owned(),
            busy_behavior,
            plan_mode: None,
            mcp_server_ids: None,
        };
        self.chatd.send_message(options).await.unwrap()
    }

    async fn until(&self, chat: Uuid, what: impl Fn(&ChatRow) -> bool) -> ChatRow {
        let mut updates = self.chatd.pubsub.subscribe_updates(chat);
        let wait = async {
            loop {
                let row = self.store.chat(chat).await.unwrap().unwrap();
                if what(&row) {
                    return row;
                }
                updates.next().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the chat gets there")
    }

    async fn settled(&self, chat: Uuid, status: ChatStatus) -> ChatRow {
        self.until(chat, |row| row.status == status).await
    }

    /// What was said: roles and texts or kinds.
    async fn said(&self, chat: Uuid) -> Vec<(ChatMessageRole, String)> {
        let rows = messages::visible(self.store.pool(), chat).await.unwrap();
        let text = |row: &MessageRow| {
            let texts = row.parts().unwrap().into_iter().map(|part| match part.result {
                Some(result) => result.text().to_owned(),
                None if part.text.is_empty() => part.kind.to_string(),
                None => part.text,
            });
            texts.collect::<Vec<_>>().join("|")
        };
        rows.iter().map(|row| (row.role.clone(), text(row))).collect()
    }

    async fn texts(&self, chat: Uuid) -> Vec<String> {
        self.said(chat).await.into_iter().map(|(role, text)| format!("{role}: {text}")).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_ends_with_its_answer_and_leaves_the_chat_free() {
    let chats = Chats::start().await;
    let chat = chats.create("@text Hello world").await;
    let row = chats.settled(chat, ChatStatus::Waiting).await;
    assert_eq!((row.worker_id, row.generation_attempt), (None, 0));
    assert_eq!(chats.texts(chat).await, ["user: @text Hello world", "assistant: Hello world"]);
    chats.send(chat, "@text Again", BusyBehavior::Queue).await;
    chats.settled(chat, ChatStatus::Waiting).await;
    assert_eq!(chats.texts(chat).await.last().unwrap(), "assistant: Again");
}
