//! Streams of chats.

use codersdk::{
    ChatErrorKind, ChatStatus, ChatStream, ChatStreamItem, ChatsApi, CreateChatMessageRequest, EditChatMessageRequest,
    StreamChatOptions, Transcript,
};
use futures_util::StreamExt;
use reference_server::Fault;
use uuid::Uuid;

use crate::harness::{Target, follow, rests, shown};

async fn open(target: &Target, chat: Uuid) -> (ChatStream, Transcript) {
    let stream = target.client.stream_chat(chat, StreamChatOptions::default()).await.unwrap();
    (stream, Transcript::new(chat))
}

fn say(text: &str) -> CreateChatMessageRequest {
    CreateChatMessageRequest { content: vec![text.into()].into(), ..Default::default() }
}

fn lost(items: &[ChatStreamItem]) -> usize {
    items.iter().filter(|item| matches!(item, ChatStreamItem::Lost { .. })).count()
}

#[tokio::test]
async fn a_turn_is_followed_from_its_start_to_its_end() {
    let target = Target::start().await;
    let chat = target.ask("@delay 10\n@text one two three four").await;
    let (mut stream, mut transcript) = open(&target, chat.id).await;
    let mut previews = Vec::new();
    follow(&mut stream, &mut transcript, |transcript| {
        previews.extend(transcript.preview().map(|preview| preview.text()));
        rests(transcript)
    })
    .await;
    let told = shown(&transcript);
    assert_eq!(told[1].1, "one two three four");
    assert_eq!(told, target.messages(chat.id).await);
    assert!(transcript.preview().is_none());
    assert!(!previews.is_empty() && previews.iter().all(|text| "one two three four".starts_with(text.as_str())));
}

#[tokio::test]
async fn a_later_stream_leaves_out_what_is_known() {
    let target = Target::start().await;
    let chat = target.ask("@text one").await;
    let (mut stream, mut transcript) = open(&target, chat.id).await;
    follow(&mut stream, &mut transcript, rests).await;
    target.client.create_chat_message(chat.id, say("@text two")).await.unwrap();
    let after_id = transcript.last_message_id();
    let mut later = target.client.stream_chat(chat.id, StreamChatOptions { after_id }).await.unwrap();
    let mut seeded = transcript.clone();
    follow(&mut later, &mut seeded, |transcript| rests(transcript) && transcript.messages().len() == 4).await;
    follow(&mut stream, &mut transcript, |transcript| rests(transcript) && transcript.messages().len() == 4).await;
    assert_eq!(shown(&seeded), shown(&transcript));
    assert_eq!(shown(&seeded), target.messages(chat.id).await);
}

#[tokio::test]
async fn an_edit_rewrites_the_history() {
    let target = Target::start().await;
    let chat = target.ask("@text one").await;
    let (mut stream, mut transcript) = open(&target, chat.id).await;
    follow(&mut stream, &mut transcript, rests).await;
    let first = shown(&transcript)[0].0;
    let edit = EditChatMessageRequest { content: vec!["@text edited".into()].into(), ..Default::default() };
    target.client.edit_chat_message(chat.id, first, edit).await.unwrap();
    let items = follow(&mut stream, &mut transcript, |transcript| {
        rests(transcript) && shown(transcript).last().is_some_and(|(_, text)| text == "edited")
    })
    .await;
    assert!(items.iter().any(|item| matches!(item, ChatStreamItem::HistoryReset { kept } if kept.is_empty())));
    assert_eq!(shown(&transcript), target.messages(chat.id).await);
}

#[tokio::test]
async fn messages_to_a_busy_chat_wait_in_the_queue() {
    let target = Target::start().await;
    let chat = target.ask("@text one\n@hang 700").await;
    let (mut stream, mut transcript) = open(&target, chat.id).await;
    follow(&mut stream, &mut transcript, |transcript| transcript.preview().is_some()).await;
    assert!(target.client.create_chat_message(chat.id, say("@text two")).await.unwrap().queued);
    follow(&mut stream, &mut transcript, |transcript| transcript.queue().len() == 1).await;
    follow(&mut stream, &mut transcript, rests).await;
    assert!(transcript.queue().is_empty());
    let texts: Vec<String> = shown(&transcript).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts[1..], ["one", "@text two", "two"]);
}

#[tokio::test]
async fn a_failed_turn_shows_why() {
    let target = Target::start().await;
    let chat = target.ask("@error 401 bad key").await;
    let (mut stream, mut transcript) = open(&target, chat.id).await;
    follow(&mut stream, &mut transcript, |transcript| transcript.error().is_some()).await;
    assert_eq!(transcript.status(), Some(&ChatStatus::Error));
    assert_eq!(transcript.error().and_then(|error| error.kind.clone()), Some(ChatErrorKind::Auth));
}

#[tokio::test]
async fn a_retry_is_announced_and_over_when_the_model_speaks() {
    let target = Target::start().await;
    let chat = target.ask("@errors 1 500 oops\n@text fine").await;
    let (mut stream, mut transcript) = open(&target, chat.id).await;
    follow(&mut stream, &mut transcript, |transcript| transcript.retry().is_some()).await;
    assert_eq!(transcript.retry().map(|retry| retry.attempt), Some(1));
    follow(&mut stream, &mut transcript, rests).await;
    assert!(transcript.retry().is_none());
    assert_eq!(shown(&transcript)[1].1, "fine");
}

#[tokio::test]
async fn an_interrupt_keeps_what_was_said() {
    let target = Target::start().await;
    let chat = target.ask("@text one two\n@hang 20000").await;
    let (mut stream, mut transcript) = open(&target, chat.id).await;
    let said = |transcript: &Transcript| transcript.preview().is_some_and(|preview| preview.text() == "one two");
    follow(&mut stream, &mut transcript, said).await;
    target.client.interrupt_chat(chat.id).await.unwrap();
    follow(&mut stream, &mut transcript, rests).await;
    assert_eq!(shown(&transcript)[1].1, "one two");
}

#[tokio::test]
async fn refusals_are_told_at_once() {
    let target = Target::start().await;
    let error = target.client.stream_chat(Uuid::new_v4(), StreamChatOptions::default()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let nobody = codersdk::Client::new(target.client.url()).unwrap();
    assert!(nobody.stream_chat(Uuid::new_v4(), StreamChatOptions::default()).await.unwrap_err().is_unauthorized());
    assert!(nobody.watch_chats().await.unwrap_err().is_unauthorized());
}

#[tokio::test]
async fn a_stream_that_is_cut_again_and_again_ends_like_one_that_held() {
    let Some((target, server)) = Target::double().await else { return };
    let chat = target.ask("@delay 15\n@text a b c d e f g h i j k l m n o p q r s t").await;
    for events in 1..=6 {
        server.faults().add(Fault::cut_stream(events * 2).path(format!("{}/stream", chat.id)));
    }
    let (mut stream, mut transcript) = open(&target, chat.id).await;
    let items = follow(&mut stream, &mut transcript, rests).await;
    assert!(lost(&items) >= 2, "it was cut {} times", lost(&items));
    assert_eq!(shown(&transcript), target.messages(chat.id).await);
    assert_eq!(shown(&transcript)[1].1, "a b c d e f g h i j k l m n o p q r s t");
    let told = items.iter().filter_map(|item| match item.as_event() {
        Some(codersdk::ChatStreamEvent::Message { message, .. }) => Some(message.id),
        _ => None,
    });
    let mut told: Vec<i64> = told.collect();
    let all = told.len();
    told.dedup();
    assert_eq!((told.len(), all), (2, 2), "each message once");
}

#[tokio::test]
async fn a_server_that_is_away_for_a_while_is_waited_for() {
    let Some((target, server)) = Target::double().await else { return };
    let chat = target.ask("@text one two\n@hang 600").await;
    let path = format!("{}/stream", chat.id);
    let (mut stream, mut transcript) = open(&target, chat.id).await;
    follow(&mut stream, &mut transcript, |transcript| transcript.preview().is_some()).await;
    drop(stream);
    server.faults().add(Fault::cut_stream(1).path(&path));
    server.faults().add(Fault::raw_error(502, "<html>bad gateway</html>").path(&path));
    server.faults().add(Fault::error(503, "restarting").path(&path));
    let (mut stream, mut transcript) = open(&target, chat.id).await;
    let items = follow(&mut stream, &mut transcript, rests).await;
    assert_eq!(lost(&items), 3);
    assert_eq!(shown(&transcript)[1].1, "one two");
}

#[tokio::test]
async fn a_chat_that_is_refused_on_reconnect_ends_the_stream() {
    let Some((target, server)) = Target::double().await else { return };
    let chat = target.ask("@text one").await;
    let path = format!("{}/stream", chat.id);
    server.faults().add(Fault::cut_stream(1).path(&path));
    server.faults().add(Fault::error(404, "gone").path(&path));
    let (mut stream, _) = open(&target, chat.id).await;
    let mut last = None;
    while let Some(item) = stream.next().await {
        last = Some(item);
    }
    assert!(last.unwrap().unwrap_err().is_not_found());
}
