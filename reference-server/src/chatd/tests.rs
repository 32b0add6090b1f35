//! Turns from end to end, over the daemon of a running server.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
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
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the chat gets there")
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

fn lookup() -> DynamicToolDefinition {
    DynamicToolDefinition { name: "lookup".to_owned(), ..DynamicToolDefinition::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_chats_created_at_once_all_end() {
    let chats = Chats::start().await;
    let creations = (0..50).map(|n| chats.chatd.create_chat(chats.options(&format!("@text answer {n}"))));
    let created = futures_util::future::try_join_all(creations).await.unwrap();
    for (n, chat) in created.iter().enumerate() {
        chats.settled(chat.id, ChatStatus::Waiting).await;
        assert_eq!(chats.texts(chat.id).await[1], format!("assistant: answer {n}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_meanwhile_wait_and_then_run_in_order() {
    let chats = Chats::start().await;
    let chat = chats.create("@text one\n@delay 20\n@text two").await;
    for text in ["@text first", "@text second"] {
        let sent = chats.send(chat, text, BusyBehavior::Queue).await;
        assert!(matches!(sent, SendMessageResult::Queued { .. }));
    }
    chats.settled(chat, ChatStatus::Waiting).await;
    let said = chats.texts(chat).await;
    assert_eq!(said[2..], ["user: @text first", "assistant: first", "user: @text second", "assistant: second"]);
    assert!(chats.store.queue(chat).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_keeps_what_had_come_and_goes_on_with_the_queue() {
    let chats = Chats::start().await;
    let chat = chats.create("@text one\n@hang 60000").await;
    let row = chats.until(chat, |row| row.generation_attempt == 1).await;
    let episode = super::parts::Episode { chat_id: chat, history_version: row.history_version, generation_attempt: 1 };
    let mut reader = chats.chatd.parts().read(episode);
    assert_eq!(reader.next(10).await[0].part.text.trim(), "one");
    chats.send(chat, "@text next", BusyBehavior::Interrupt).await;
    chats.settled(chat, ChatStatus::Waiting).await;
    let said = chats.texts(chat).await;
    assert_eq!(said[1].trim(), "assistant: one");
    assert_eq!(said[2..], ["user: @text next", "assistant: next"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn client_tools_are_waited_for_and_their_results_answered() {
    let chats = Chats::start().await;
    let mut options = chats.options("@tool lookup {\"x\": 1}\n@next\n@text done");
    options.dynamic_tools = vec![lookup()];
    let chat = chats.chatd.create_chat(options).await.unwrap().id;
    chats.settled(chat, ChatStatus::RequiresAction).await;
    let rows = messages::visible(chats.store.pool(), chat).await.unwrap();
    let call = rows[1].parts().unwrap()[0].tool_call_id.clone();
    let result =
        |id: &str| SubmittedResult { tool_call_id: id.to_owned(), output: Some(Json::of(&7)), is_error: false };
    let submit = async |results| {
        let user_id = chats.server.login().unwrap().user_id;
        chats.chatd.submit_tool_results(SubmitToolResultsOptions { chat_id: chat, user_id, results }).await
    };
    assert!(matches!(submit(vec![]).await, Err(ChatdError::ToolResultMissing(id)) if id == call));
    assert!(matches!(
        submit(vec![result(&call), result("other")]).await,
        Err(ChatdError::ToolResultUnexpected(id)) if id == "other"
    ));
    assert!(matches!(submit(vec![result(&call), result(&call)]).await, Err(ChatdError::ToolResultDuplicate(_))));
    submit(vec![result(&call)]).await.unwrap();
    assert!(matches!(submit(vec![result(&call)]).await, Err(ChatdError::NotRequiresAction(_))));
    chats.settled(chat, ChatStatus::Waiting).await;
    assert_eq!(chats.texts(chat).await[2..], ["tool: 7", "assistant: done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_over_five_minutes_is_answered_for() {
    let clock = ManualClock::new(Utc::now());
    let chats = Chats::with(ReferenceServer::builder().clock(Arc::new(clock.clone()))).await;
    let mut options = chats.options("@tool lookup {}\n@next\n@text done");
    options.dynamic_tools = vec![lookup()];
    let chat = chats.chatd.create_chat(options).await.unwrap().id;
    let row = chats.settled(chat, ChatStatus::RequiresAction).await;
    assert_eq!(row.requires_action_deadline_at, Some(row.updated_at + chrono::TimeDelta::minutes(5)));
    clock.advance(Duration::from_secs(299));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(chats.store.chat(chat).await.unwrap().unwrap().status, ChatStatus::RequiresAction);
    clock.advance(Duration::from_secs(1));
    chats.settled(chat, ChatStatus::Waiting).await;
    assert_eq!(chats.texts(chat).await[2..], ["tool: \"Tool execution timed out\"", "assistant: done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_may_pass_is_told_and_tried_again() {
    let clock = ManualClock::new(Utc::now());
    let chats = Chats::with(ReferenceServer::builder().clock(Arc::new(clock.clone()))).await;
    let chat = chats.create("@errors 1 503 busy\n@text done").await;
    let row = chats.until(chat, |row| row.retry_state.is_some()).await;
    let retry = row.retry_state.unwrap();
    assert_eq!((retry.attempt, retry.delay_ms, row.generation_attempt), (1, 1000, 1));
    assert_eq!(row.status, ChatStatus::Running);
    clock.advance(Duration::from_secs(1));
    let row = chats.settled(chat, ChatStatus::Waiting).await;
    assert_eq!((row.retry_state, row.last_error), (None, None));
    assert_eq!(chats.texts(chat).await[1], "assistant: done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_for_good_is_kept_until_the_next_message() {
    let chats = Chats::start().await;
    let chat = chats.create("@error 401 bad key").await;
    let row = chats.settled(chat, ChatStatus::Error).await;
    assert_eq!(row.last_error.unwrap().kind.unwrap().as_str(), "auth");
    assert_eq!(row.worker_id, None);
    chats.send(chat, "@text better", BusyBehavior::Queue).await;
    assert_eq!(chats.settled(chat, ChatStatus::Waiting).await.last_error, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_hands_its_chats_back_and_the_next_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.db");
    let chats = Chats::with(ReferenceServer::builder().database(&file)).await;
    let chat = chats.create("@hang 60000\n@text done").await;
    chats.until(chat, |row| row.generation_attempt == 1).await;
    let Chats { server, .. } = chats;
    server.shutdown().await;

    let chats = Chats::with(ReferenceServer::builder().database(&file)).await;
    let row = chats.until(chat, |row| row.generation_attempt == 2).await;
    assert_eq!((&row.status, &row.last_error), (&ChatStatus::Running, &None));
    chats.chatd.interrupt_chat(chat).await.unwrap();
    chats.settled(chat, ChatStatus::Waiting).await;
    assert_eq!(chats.texts(chat).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_is_archived_as_one_or_not_at_all() {
    let chats = Chats::start().await;
    let root = chats.create("@text root").await;
    chats.settled(root, ChatStatus::Waiting).await;
    let mut members = Vec::new();
    for text in ["@text child", "@hang 60000"] {
        let mut options = chats.options(text);
        (options.parent_chat_id, options.root_chat_id) = (Some(root), Some(root));
        members.push(chats.chatd.create_chat(options).await.unwrap().id);
    }
    chats.settled(members[0], ChatStatus::Waiting).await;
    assert!(matches!(chats.chatd.archive_chat(root).await, Err(ChatdError::NotAllowed { .. })));
    assert!(matches!(chats.chatd.archive_chat(members[0]).await, Err(ChatdError::NotRoot)));
    assert!(!chats.store.chat(members[0]).await.unwrap().unwrap().archived);
    chats.chatd.interrupt_chat(members[1]).await.unwrap();
    chats.settled(members[1], ChatStatus::Waiting).await;
    chats.chatd.archive_chat(root).await.unwrap();
    for chat in [root, members[0], members[1]] {
        assert!(chats.store.chat(chat).await.unwrap().unwrap().archived);
    }
    chats.chatd.unarchive_chat(root).await.unwrap();
    assert!(!chats.store.chat(members[1]).await.unwrap().unwrap().archived);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_in_no_valid_state_can_be_put_right() {
    let chats = Chats::start().await;
    let chat = chats.create("@text one").await;
    chats.settled(chat, ChatStatus::Waiting).await;
    assert!(matches!(chats.chatd.reconcile_invalid_state(chat).await, Err(ChatdError::NotAllowed { .. })));
    sqlx::query("UPDATE chats SET status = 'paused' WHERE id = $1")
        .bind(chat)
        .execute(chats.store.pool())
        .await
        .unwrap();
    assert!(matches!(chats.chatd.interrupt_chat(chat).await, Err(ChatdError::InvalidState)));
    let row = chats.chatd.reconcile_invalid_state(chat).await.unwrap();
    assert_eq!(row.status, ChatStatus::Error);
    assert!(row.last_error.unwrap().message.contains("invalid state"));
}
