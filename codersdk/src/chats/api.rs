//! Calls of a chat client.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::query::joined;
use crate::request::Request;
use crate::types::*;
use crate::{Client, Result, WebSocket};

api_trait! {
    /// Chats with AI agents: creating, reading, talking to, changing and sharing them.
    ///
    /// Every call fails with an [`Error`](crate::Error) that says what the server said. A chat that is not there and
    /// one that the caller may not see are the same: [`is_not_found`](crate::Error::is_not_found). Calls that start a
    /// turn fail with [`is_conflict`](crate::Error::is_conflict) when the caller's spend limit is reached;
    /// [`usage_limit`](crate::Error::usage_limit) then has the figures.
    ///
    /// Routes are given below the root of the chat routes, `/api/v2/chats` on today's servers and
    /// `/api/experimental/chats` on older ones; the client finds out which.
    ///
    /// ```
    /// use codersdk::{Chat, ChatsApi, CreateChatRequest, Error, Result};
    /// use uuid::Uuid;
    ///
    /// /// Starts a chat and gives back its title.
    /// async fn ask(chats: &dyn ChatsApi, organization: Uuid, question: &str) -> Result<String> {
    ///     let request = CreateChatRequest {
    ///         organization_id: organization,
    ///         content: vec![question.into()].into(),
    ///         ..Default::default()
    ///     };
    ///     Ok(chats.create_chat(request).await?.title)
    /// }
    ///
    /// /// A fake for a test has only what the test needs; all other calls answer "not supported here".
    /// struct Fake;
    ///
    /// #[async_trait::async_trait]
    /// impl ChatsApi for Fake {
    ///     async fn create_chat(&self, _: CreateChatRequest) -> Result<Chat> {
    ///         Ok(Chat { title: "Rivers of Norway".to_owned(), ..Default::default() })
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// assert_eq!(ask(&Fake, Uuid::nil(), "Which river is the longest?").await?, "Rivers of Norway");
    /// assert!(Fake.get_chat(Uuid::nil()).await.unwrap_err().is_unsupported());
    /// # Ok(())
    /// # }
    /// ```
    pub trait ChatsApi {
        /// Lists the caller's chats and those shared with the caller, newest first; sub-chats stand under their roots.
        ///
        /// `GET /`
        async fn list_chats(&self, options: ListChatsOptions) -> Vec<Chat>;

        /// Finds the latest chat that is not archived of each workspace; workspaces without one are left out.
        ///
        /// `GET /by-workspace`
        async fn get_chats_by_workspace(&self, workspaces: &[Uuid]) -> BTreeMap<Uuid, Uuid>;

        /// Creates a chat; its first turn begins at once. Dynamic tools are fixed for the life of the chat.
        ///
        /// `POST /`
        ///
        /// # Errors
        /// Besides those of every call: [`is_bad_request`](crate::Error::is_bad_request) for content that cannot be
        /// used, and [`is_conflict`](crate::Error::is_conflict) when the spend limit is reached.
        async fn create_chat(&self, req: CreateChatRequest) -> Chat;

        /// Returns a chat with its files, its context and, for a root, its sub-chats.
        ///
        /// `GET /{chat}`
        async fn get_chat(&self, chat: Uuid) -> Chat;

        /// Changes what is set in the request: title, archived, pin, labels, workspace, plan mode.
        ///
        /// `PATCH /{chat}`
        async fn update_chat(&self, chat: Uuid, req: UpdateChatRequest);

        /// Reads the context of the chat's workspace anew: instruction files, skills, MCP servers.
        ///
        /// `PUT /{chat}/context`
        async fn refresh_chat_context(&self, chat: Uuid) -> Chat;

        /// Returns the users and groups that the chat is shared with.
        ///
        /// `GET /{chat}/acl`
        async fn get_chat_acl(&self, chat: Uuid) -> ChatAcl;

        /// Shares the chat, or ends sharing it. Users and groups that the request does not name stay as they are.
        ///
        /// `PATCH /{chat}/acl`
        async fn update_chat_acl(&self, chat: Uuid, req: UpdateChatAcl);

        /// Returns a page of the chat's messages, and its queue. Newest first, or oldest first when only `after_id` is
        /// set.
        ///
        /// `GET /{chat}/messages`
        async fn get_chat_messages(&self, chat: Uuid, options: ChatMessagesPaginationOptions) -> ChatMessagesResponse;

        /// Returns the texts that people wrote in the chat, newest first, for a history of prompts.
        ///
        /// `GET /{chat}/prompts`
        async fn get_chat_prompts(&self, chat: Uuid, options: ChatPromptsOptions) -> ChatPromptsResponse;

        /// Sends a message. A busy chat queues it, or is interrupted for it, as `busy_behavior` says.
        ///
        /// `POST /{chat}/messages`
        ///
        /// # Errors
        /// Besides those of every call: [`is_conflict`](crate::Error::is_conflict) when the spend limit is reached or
        /// the chat waits for tool results; [`is_rate_limited`](crate::Error::is_rate_limited) when the queue is full.
        async fn create_chat_message(&self, chat: Uuid, req: CreateChatMessageRequest) -> CreateChatMessageResponse;

        /// Replaces a message of the caller; all that came after it is removed, and the turn runs anew.
        ///
        /// `PATCH /{chat}/messages/{message}`
        async fn edit_chat_message(
            &self,
            chat: Uuid,
            message: i64,
            req: EditChatMessageRequest,
        ) -> EditChatMessageResponse;

        /// Takes a message out of the queue.
        ///
        /// `DELETE /{chat}/queue/{queuedMessage}`
        async fn delete_chat_queued_message(&self, chat: Uuid, queued_message: i64);

        /// Sends a queued message now: the turn that runs is interrupted for it. Only the chat's owner may.
        ///
        /// `POST /{chat}/queue/{queuedMessage}/promote`
        async fn promote_chat_queued_message(&self, chat: Uuid, queued_message: i64) -> Response;

        /// Ends the turn that runs; what there is of the answer is kept. No error when nothing runs.
        ///
        /// `POST /{chat}/interrupt`
        async fn interrupt_chat(&self, chat: Uuid) -> Chat;

        /// Brings a chat whose stored state is not valid back to one that is.
        ///
        /// `POST /{chat}/reconcile-invalid`
        async fn reconcile_invalid_chat_state(&self, chat: Uuid) -> Chat;

        /// Has a model write a title and sets it.
        ///
        /// `POST /{chat}/title/regenerate`
        async fn regenerate_chat_title(&self, chat: Uuid) -> Chat;

        /// Has a model write a title, which is not set.
        ///
        /// `POST /{chat}/title/propose`
        async fn propose_chat_title(&self, chat: Uuid) -> ProposeChatTitleResponse;

        /// Returns the diff of the chat's branch or pull request.
        ///
        /// `GET /{chat}/diff`
        async fn get_chat_diff_contents(&self, chat: Uuid) -> ChatDiffContents;

        /// Answers the calls of dynamic tools that the chat waits for; all of them at once, each exactly once.
        ///
        /// `POST /{chat}/tool-results`
        ///
        /// # Errors
        /// Besides those of every call: [`is_conflict`](crate::Error::is_conflict) when the chat does not wait (any
        /// more): somebody was first, or its deadline passed.
        async fn submit_tool_results(&self, chat: Uuid, req: SubmitToolResultsRequest);

        /// Watches the Git repositories of the chat's workspace. The socket takes
        /// [`WorkspaceAgentGitClientMessage`] to ask for a scan.
        ///
        /// `GET /{chat}/stream/git`, a WebSocket
        ///
        /// # Errors
        /// Besides those of every call: [`is_bad_request`](crate::Error::is_bad_request) when the chat has no
        /// workspace, or its agent is not connected.
        async fn watch_chat_git(&self, chat: Uuid) -> ChatGitSocket;

        /// Connects to the desktop of the chat's workspace: a WebSocket of binary messages that carry RFB (VNC).
        ///
        /// `GET /api/experimental/chats/{chat}/stream/desktop`
        ///
        /// # Errors
        /// Besides those of every call: [`is_bad_request`](crate::Error::is_bad_request) when the chat has no
        /// workspace, or its agent is not connected.
        async fn watch_chat_desktop(&self, chat: Uuid) -> WebSocket;

        /// Connects to the live parts of answers, which servers relay among themselves. Nothing comes until a
        /// [`ChatPartsSelection`] is sent; sending another one begins that episode from its first part. To follow a
        /// chat, [`stream_chat`](Self::stream_chat) is the call.
        ///
        /// `GET /{chat}/stream/parts`, a WebSocket
        async fn stream_chat_parts(&self, chat: Uuid) -> ChatPartsSocket;

        /// Follows a chat: what was said, and what happens from now on. The stream goes on by itself when its
        /// connection is lost; see [`ChatStream`]. [`ChatStream::builder`] has more settings.
        ///
        /// `GET /{chat}/stream`, a WebSocket
        ///
        /// # Errors
        /// Those of every call, about the first connection.
        async fn stream_chat(&self, chat: Uuid, options: StreamChatOptions) -> ChatStream;

        /// Follows what happens to all chats of the caller: created, changed, archived. The past is not told, neither
        /// is what happens while a connection is lost; see [`ChatWatch`]. To have the list itself, see
        /// [`ChatListWatcher`](crate::ChatListWatcher).
        ///
        /// `GET /watch`, a WebSocket
        ///
        /// # Errors
        /// Those of every call, about the first connection.
        async fn watch_chats(&self) -> ChatWatch;
    }
}

#[async_trait::async_trait]
impl ChatsApi for Client {
    async fn list_chats(&self, options: ListChatsOptions) -> Result<Vec<Chat>> {
        self.send(Request::get_chats("", &[]).query_pairs(options.query_pairs()).expect(&[200])).await?.json_list()
    }

    async fn get_chats_by_workspace(&self, workspaces: &[Uuid]) -> Result<BTreeMap<Uuid, Uuid>> {
        self.send(Request::get_chats("/by-workspace", &[]).query("workspace_ids", joined(workspaces)).expect(&[200]))
            .await?
            .json()
    }

    async fn create_chat(&self, req: CreateChatRequest) -> Result<Chat> {
        self.send(Request::post_chats("", &[]).json(&req).expect(&[201])).await?.json()
    }

    async fn get_chat(&self, chat: Uuid) -> Result<Chat> {
        self.send(Request::get_chats("/{chat}", &[&chat]).expect(&[200])).await?.json()
    }

    async fn update_chat(&self, chat: Uuid, req: UpdateChatRequest) -> Result<()> {
        self.send(Request::patch_chats("/{chat}", &[&chat]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn refresh_chat_context(&self, chat: Uuid) -> Result<Chat> {
        self.send(Request::put_chats("/{chat}/context", &[&chat]).expect(&[200])).await?.json()
    }

    async fn get_chat_acl(&self, chat: Uuid) -> Result<ChatAcl> {
        self.send(Request::get_chats("/{chat}/acl", &[&chat]).expect(&[200])).await?.json()
    }

    async fn update_chat_acl(&self, chat: Uuid, req: UpdateChatAcl) -> Result<()> {
        self.send(Request::patch_chats("/{chat}/acl", &[&chat]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_chat_messages(
        &self,
        chat: Uuid,
        options: ChatMessagesPaginationOptions,
    ) -> Result<ChatMessagesResponse> {
        self.send(Request::get_chats("/{chat}/messages", &[&chat]).query_pairs(options.query_pairs()).expect(&[200]))
            .await?
            .json()
    }

    async fn get_chat_prompts(&self, chat: Uuid, options: ChatPromptsOptions) -> Result<ChatPromptsResponse> {
        self.send(Request::get_chats("/{chat}/prompts", &[&chat]).query_pairs(options.query_pairs()).expect(&[200]))
            .await?
            .json()
    }

    async fn create_chat_message(
        &self,
        chat: Uuid,
        req: CreateChatMessageRequest,
    ) -> Result<CreateChatMessageResponse> {
        self.send(Request::post_chats("/{chat}/messages", &[&chat]).json(&req).expect(&[200])).await?.json()
    }

    async fn edit_chat_message(
        &self,
        chat: Uuid,
        message: i64,
        req: EditChatMessageRequest,
    ) -> Result<EditChatMessageResponse> {
        self.send(Request::patch_chats("/{chat}/messages/{message}", &[&chat, &message]).json(&req).expect(&[200]))
            .await?
            .json()
    }

    async fn delete_chat_queued_message(&self, chat: Uuid, queued_message: i64) -> Result<()> {
        self.send(Request::delete_chats("/{chat}/queue/{queuedMessage}", &[&chat, &queued_message]).expect(&[204]))
            .await
            .map(drop)
    }

    async fn promote_chat_queued_message(&self, chat: Uuid, queued_message: i64) -> Result<Response> {
        self.send(
            Request::post_chats("/{chat}/queue/{queuedMessage}/promote", &[&chat, &queued_message]).expect(&[202]),
        )
        .await?
        .json()
    }

    async fn interrupt_chat(&self, chat: Uuid) -> Result<Chat> {
        self.send(Request::post_chats("/{chat}/interrupt", &[&chat]).expect(&[200])).await?.json()
    }

    async fn reconcile_invalid_chat_state(&self, chat: Uuid) -> Result<Chat> {
        self.send(Request::post_chats("/{chat}/reconcile-invalid", &[&chat]).expect(&[200])).await?.json()
    }

    async fn regenerate_chat_title(&self, chat: Uuid) -> Result<Chat> {
        self.send(Request::post_chats("/{chat}/title/regenerate", &[&chat]).expect(&[200])).await?.json()
    }

    async fn propose_chat_title(&self, chat: Uuid) -> Result<ProposeChatTitleResponse> {
        self.send(Request::post_chats("/{chat}/title/propose", &[&chat]).expect(&[200])).await?.json()
    }

    async fn get_chat_diff_contents(&self, chat: Uuid) -> Result<ChatDiffContents> {
        self.send(Request::get_chats("/{chat}/diff", &[&chat]).expect(&[200])).await?.json()
    }

    async fn submit_tool_results(&self, chat: Uuid, req: SubmitToolResultsRequest) -> Result<()> {
        self.send(Request::post_chats("/{chat}/tool-results", &[&chat]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn watch_chat_git(&self, chat: Uuid) -> Result<ChatGitSocket> {
        self.json_socket(Request::get_chats("/{chat}/stream/git", &[&chat])).await
    }

    async fn watch_chat_desktop(&self, chat: Uuid) -> Result<WebSocket> {
        self.websocket(Request::get("/api/experimental/chats/{chat}/stream/desktop", &[&chat])).await
    }

    async fn stream_chat_parts(&self, chat: Uuid) -> Result<ChatPartsSocket> {
        self.json_socket(Request::get_chats("/{chat}/stream/parts", &[&chat])).await
    }

    async fn stream_chat(&self, chat: Uuid, options: StreamChatOptions) -> Result<ChatStream> {
        ChatStream::builder(self, chat).after_id(options.after_id).connect().await
    }

    async fn watch_chats(&self) -> Result<ChatWatch> {
        ChatWatch::builder(self).connect().await
    }
}
