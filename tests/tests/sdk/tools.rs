//! Dynamic tools and their runner.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use codersdk::{ChatRunEvent, ChatStatus, ChatsApi, DynamicTool, NoArgs, ToolRunner};
use futures_util::StreamExt;
use reference_server::Fault;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::harness::{LIMIT, Target, text_of};

#[derive(Deserialize, JsonSchema)]
struct Ticket {
    id: String,
}

fn lookup() -> DynamicTool {
    DynamicTool::new("lookup", "Looks a ticket up.", |ticket: Ticket| async move {
        match ticket.id.as_str() {
            "T-1" => Ok(serde_json::json!({"title": "Broken"})),
            id => Err(format!("there is no ticket {id}")),
        }
    })
}

fn hang(calls: Arc<AtomicUsize>) -> DynamicTool {
    DynamicTool::new("hang", "Never answers.", move |_: NoArgs| {
        calls.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(LIMIT * 10).await;
            Ok::<_, String>(())
        }
    })
}

#[tokio::test]
async fn the_model_calls_and_answers() {
    let target = Target::start().await;
    let runner = ToolRunner::new(target.client.clone()).tool(lookup());
    let script =
        "@text Looking.\n@tool lookup {\"id\": \"T-1\"}\n@tool lookup {\"id\": \"T-2\"}\n@next\n@text Found it.";
    let mut run = runner.ask(target.organization, script).await.unwrap();
    let (mut text, mut results, mut accepted, mut outcome) = (String::new(), Vec::new(), 0, None);
    while let Some(event) = tokio::time::timeout(LIMIT, run.next()).await.expect("it goes on") {
        match event.unwrap() {
            ChatRunEvent::Text(piece) => text.push_str(&piece),
            ChatRunEvent::ToolFinished { result, .. } => {
                results.push((result.is_error, result.output.unwrap().to_value()));
            }
            ChatRunEvent::ResultsSubmitted { accepted: true } => accepted += 1,
            ChatRunEvent::Finished(finished) => outcome = Some(finished),
            _ => {}
        }
    }
    let outcome = outcome.expect("the run finishes");
    assert_eq!(text, "Looking.Found it.");
    results.sort_by_key(|(is_error, _)| *is_error);
    assert_eq!(results[0], (false, serde_json::json!({"title": "Broken"})));
    assert_eq!(results[1], (true, serde_json::json!("there is no ticket T-2")));
    assert_eq!((accepted, outcome.text.as_str(), outcome.status), (1, "Found it.", ChatStatus::Waiting));
    let stored = target.client.get_chat_messages(outcome.chat_id, Default::default()).await.unwrap().messages;
    let answers: Vec<_> =
        stored.iter().flat_map(|message| &message.content).filter_map(|p| p.as_tool_result()).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_error).count(), 1);
    assert_eq!(answers.len(), 2);
}

#[tokio::test]
async fn a_chat_goes_on_with_the_same_tools() {
    let target = Target::start().await;
    let runner = ToolRunner::new(target.client.clone()).tool(lookup());
    let first = runner.ask(target.organization, "@text one").await.unwrap().finish().await.unwrap();
    let next = codersdk::CreateChatMessageRequest {
        content: vec!["@tool lookup {\"id\": \"T-1\"}\n@next\n@text two".into()].into(),
        ..Default::default()
    };
    let second = runner.send_message(first.chat_id, next).await.unwrap().finish().await.unwrap();
    assert_eq!(second.text, "two");
    assert_eq!(second.messages.len(), 4, "{:?}", second.messages.iter().map(text_of).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_run_that_was_dropped_is_taken_up_again() {
    let target = Target::start().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let broken = ToolRunner::new(target.client.clone()).tool(hang(calls.clone()));
    let script = "@tool hang {}\n@next\n@text at last";
    let mut run = broken.ask(target.organization, script).await.unwrap();
    while !matches!(run.next().await, Some(Ok(ChatRunEvent::ToolStarted { .. }))) {}
    let chat = run.chat_id();
    drop(run);
    let quick = DynamicTool::new("hang", "", |_: NoArgs| async { Ok::<_, String>("done") });
    let outcome =
        ToolRunner::new(target.client.clone()).tool(quick).resume(chat).await.unwrap().finish().await.unwrap();
    assert_eq!(outcome.text, "at last");
}

#[tokio::test]
async fn of_two_runners_one_is_first_and_neither_fails() {
    let target = Target::start().await;
    let runner = ToolRunner::new(target.client.clone()).tool(lookup());
    let one = runner.ask(target.organization, "@tool lookup {\"id\": \"T-1\"}\n@next\n@text found").await.unwrap();
    let two = runner.resume(one.chat_id()).await.unwrap();
    let (one, two) = tokio::join!(one.finish(), two.finish());
    assert_eq!((one.unwrap().text.as_str(), two.unwrap().text.as_str()), ("found", "found"));
}

#[tokio::test]
async fn cancelling_brings_the_chat_to_rest() {
    let target = Target::start().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let runner = ToolRunner::new(target.client.clone()).tool(hang(calls.clone()));
    let mut run = runner.ask(target.organization, "@tool hang {}\n@next\n@text one\n@hang 20000").await.unwrap();
    let cancel = run.cancel_handle();
    let mut outcome = None;
    while let Some(event) = tokio::time::timeout(LIMIT, run.next()).await.expect("it goes on") {
        match event.unwrap() {
            ChatRunEvent::ToolStarted { .. } => cancel.cancel(),
            ChatRunEvent::Finished(finished) => outcome = Some(finished),
            _ => {}
        }
    }
    let outcome = outcome.unwrap();
    assert!(outcome.cancelled);
    assert_eq!(outcome.status, ChatStatus::Waiting);
    assert!(calls.load(Ordering::SeqCst) <= 1, "it is not called again");
}

#[tokio::test]
async fn a_run_survives_cuts_and_a_server_that_is_away() {
    let Some((target, server)) = Target::double().await else { return };
    server.faults().add(Fault::cut_stream(3).path("/stream"));
    server.faults().add(Fault::error(503, "restarting").path("/stream"));
    server.faults().add(Fault::cut_stream(2).path("/stream"));
    server.faults().add(Fault::error(503, "restarting").path("/tool-results").times(2));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let tool = DynamicTool::new("count", "", move |_: NoArgs| {
        let calls = counted.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok::<_, String>(calls)
        }
    });
    let runner = ToolRunner::new(target.client.clone()).tool(tool);
    let script = "@delay 10\n@text Let me count the calls now\n@tool count {}\n@next\n@text All is well that ends well";
    let run = runner.ask(target.organization, script).await.unwrap();
    let outcome = tokio::time::timeout(LIMIT, run.finish()).await.expect("in time").unwrap();
    assert_eq!(outcome.text, "All is well that ends well");
    assert_eq!(calls.load(Ordering::SeqCst), 1, "each call runs once");
    let posts = server.requests().into_iter().filter(|request| request.path.ends_with("/tool-results")).count();
    assert_eq!(posts, 3, "two that were refused, one that counted");
}
