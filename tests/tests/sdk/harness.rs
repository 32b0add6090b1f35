//! Where the cases find their server, and what they share.

use std::time::Duration;

use codersdk::{
    AuthApi, Chat, ChatStatus, ChatStream, ChatStreamItem, ChatsApi, Client, CreateChatRequest, CreateFirstUserRequest,
    LoginWithPasswordRequest, OrganizationsApi, Transcript,
};
use futures_util::StreamExt;
use reference_server::ReferenceServer;
use serde::Deserialize;
use uuid::Uuid;

/// No case should take longer, also on a slow machine.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A server under test, and somebody who may use it.
pub struct Target {
    pub client: Client,
    pub organization: Uuid,
    /// The embedded server, unless the target is another one.
    pub double: Option<ReferenceServer>,
}

#[derive(Deserialize)]
struct ReadyFile {
    url: String,
    email: String,
    password: String,
}

impl Target {
    pub async fn start() -> Self {
        let (client, double) = match std::env::var_os("TARGET") {
            Some(path) => {
                let text = std::fs::read_to_string(&path).expect("TARGET names a ready file");
                (log_in(serde_json::from_str(&text).expect("a ready file is JSON")).await, None)
            }
            None => {
                let server = ReferenceServer::start().await.expect("the embedded server starts");
                (server.client(), Some(server))
            }
        };
        let organizations = client.organizations_by_user("me").await.expect("the user's organizations");
        Self { organization: organizations[0].id, client, double }
    }

    /// A target with the powers of the double: faults, the scripted model at hand. `None` after saying so when the
    /// target is another server.
    pub async fn double() -> Option<(Self, ReferenceServer)> {
        if std::env::var_os("TARGET").is_some() {
            eprintln!("left out: it needs the embedded server");
            return None;
        }
        let mut target = Self::start().await;
        let server = target.double.take()?;
        Some((target, server))
    }

    /// A chat that begins with a question, such as a script.
    pub async fn ask(&self, question: &str) -> Chat {
        self.client.create_chat(self.question(question)).await.expect("a chat is created")
    }

    pub fn question(&self, question: &str) -> CreateChatRequest {
        CreateChatRequest {
            organization_id: self.organization,
            content: vec![question.into()].into(),
            ..Default::default()
        }
    }

    /// The text of the durable messages, as the REST route has them, oldest first.
    pub async fn messages(&self, chat: Uuid) -> Vec<(i64, String)> {
        let page = self.client.get_chat_messages(chat, Default::default()).await.expect("messages");
        page.messages.iter().rev().map(|message| (message.id, text_of(message))).collect()
    }
}

async fn log_in(file: ReadyFile) -> Client {
    let nobody = Client::new(&file.url).expect("a URL");
    if !nobody.has_first_user().await.expect("whether there is a user") {
        let first = CreateFirstUserRequest {
            email: file.email.clone(),
            username: "owner".to_owned(),
            password: file.password.clone(),
            ..Default::default()
        };
        nobody.create_first_user(first).await.expect("the first user");
    }
    let login = LoginWithPasswordRequest { email: file.email, password: file.password };
    let token = nobody.login_with_password(login).await.expect("a log-in").session_token;
    nobody.with_session_token(token).expect("a token")
}

pub fn text_of(message: &codersdk::ChatMessage) -> String {
    message.content.iter().filter_map(codersdk::ChatMessagePart::as_text).collect()
}

/// What a transcript shows of the durable messages.
pub fn shown(transcript: &Transcript) -> Vec<(i64, String)> {
    transcript.messages().map(|message| (message.id, text_of(message))).collect()
}

/// Feeds a transcript until something holds; gives the items that came.
pub async fn follow(
    stream: &mut ChatStream,
    transcript: &mut Transcript,
    mut until: impl FnMut(&Transcript) -> bool,
) -> Vec<ChatStreamItem> {
    let mut items = Vec::new();
    let run = async {
        while !until(transcript) {
            let item = stream.next().await.expect("the stream goes on").expect("the stream holds");
            transcript.apply(&item);
            items.push(item);
        }
    };
    tokio::time::timeout(LIMIT, run).await.expect("it comes about in time");
    items
}

pub fn rests(transcript: &Transcript) -> bool {
    transcript.status() == Some(&ChatStatus::Waiting)
}
