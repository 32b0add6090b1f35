//! The list of chats over the watch stream.

use codersdk::{ChatListWatcher, ChatStatus, ChatsApi, ListChatsOptions, UpdateChatRequest};
use reference_server::Fault;
use uuid::Uuid;

use crate::harness::{LIMIT, Target};

async fn until(chats: &mut ChatListWatcher, mut holds: impl FnMut(&ChatListWatcher) -> bool) {
    let run = async {
        while !holds(chats) {
            chats.changed().await.expect("the list holds");
        }
    };
    tokio::time::timeout(LIMIT, run).await.expect("it comes about in time");
}

/// A filter, so that other chats of a shared server do not matter.
fn labelled(label: &str) -> ListChatsOptions {
    ListChatsOptions { labels: [("case".to_owned(), label.to_owned())].into(), ..Default::default() }
}

fn titled(title: &str) -> UpdateChatRequest {
    UpdateChatRequest { title: Some(title.to_owned()), ..Default::default() }
}

#[tokio::test]
async fn chats_come_change_and_go() {
    let target = Target::start().await;
    let label = Uuid::new_v4().to_string();
    let mut chats = ChatListWatcher::start(target.client.clone(), labelled(&label)).await.unwrap();
    assert!(chats.list().is_empty());
    let mut question = target.question("@text one");
    question.labels.insert("case".to_owned(), label);
    let chat = target.client.create_chat(question).await.unwrap();
    until(&mut chats, |chats| chats.list().get(chat.id).is_some_and(|chat| chat.status == ChatStatus::Waiting)).await;
    until(&mut chats, |chats| chats.list().get(chat.id).is_some_and(|chat| chat.has_unread)).await;
    target.client.update_chat(chat.id, titled("Renamed")).await.unwrap();
    until(&mut chats, |chats| chats.list().get(chat.id).is_some_and(|chat| chat.title == "Renamed")).await;
    let archive = UpdateChatRequest { archived: Some(true), ..Default::default() };
    target.client.update_chat(chat.id, archive).await.unwrap();
    until(&mut chats, |chats| chats.list().is_empty()).await;
}

#[tokio::test]
async fn what_happened_while_the_connection_was_lost_is_found_out() {
    let Some((target, server)) = Target::double().await else { return };
    let chat = target.ask("@text one").await;
    // The watch is cut by its first event and cannot connect again for a while, in which the chat is renamed.
    server.faults().add(Fault::cut_stream(1).path("/watch"));
    server.faults().add(Fault::error(503, "restarting").path("/watch").times(2));
    let mut chats = ChatListWatcher::start(target.client.clone(), ListChatsOptions::default()).await.unwrap();
    until(&mut chats, |chats| chats.list().get(chat.id).is_some()).await;
    target.client.update_chat(chat.id, titled("Once")).await.unwrap();
    target.client.update_chat(chat.id, titled("Twice")).await.unwrap();
    let other = target.ask("@text two").await;
    until(&mut chats, |chats| {
        let list = chats.list();
        list.get(chat.id).is_some_and(|chat| chat.title == "Twice") && list.get(other.id).is_some()
    })
    .await;
}
