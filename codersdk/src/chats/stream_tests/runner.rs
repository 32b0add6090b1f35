//! The tool runner against scripted chats.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::*;
use crate::{Error, Result};

type Items = mpsc::UnboundedSender<Result<ChatStreamItem>>;

/// A chat that says what the test has it say.
#[derive(Default)]
struct Fake {
    created: Mutex<Vec<CreateChatRequest>>,
    submitted: Mutex<Vec<Vec<ToolResult>>>,
    /// Answers to submissions, in order; success when there are none left.
    answers: Mutex<VecDeque<Error>>,
    interrupts: AtomicUsize,
    history: Vec<ChatMessage>,
    streams: Mutex<VecDeque<ChatStream>>,
    after: Mutex<Vec<Option<i64>>>,
}

#[async_trait]
impl ChatsApi for Fake {
    async fn create_chat(&self, req: CreateChatRequest) -> Result<Chat> {
        self.created.lock().unwrap().push(req);
        Ok(Chat { id: CHAT, status: ChatStatus::Running, ..Default::default() })
    }

    async fn get_chat_messages(&self, _: Uuid, _: ChatMessagesPaginationOptions) -> Result<ChatMessagesResponse> {
        Ok(ChatMessagesResponse { messages: self.history.clone().into(), ..Default::default() })
    }

    async fn create_chat_message(&self, _: Uuid, _: CreateChatMessageRequest) -> Result<CreateChatMessageResponse> {
        let queued_message = Some(ChatQueuedMessage { id: 7, ..Default::default() });
        Ok(CreateChatMessageResponse { queued: true, queued_message, ..Default::default() })
    }

    async fn submit_tool_results(&self, _: Uuid, req: SubmitToolResultsRequest) -> Result<()> {
        self.submitted.lock().unwrap().push(req.results.into_inner());
        self.answers.lock().unwrap().pop_front().map_or(Ok(()), Err)
    }

    async fn interrupt_chat(&self, _: Uuid) -> Result<Chat> {
        self.interrupts.fetch_add(1, Ordering::SeqCst);
        Ok(Chat { id: CHAT, status: ChatStatus::Interrupting, ..Default::default() })
    }

    async fn stream_chat(&self, _: Uuid, options: StreamChatOptions) -> Result<ChatStream> {
        self.after.lock().unwrap().push(options.after_id);
        Ok(self.streams.lock().unwrap().pop_front().expect("streamed once"))
    }
}

fn chat_with(mut fake: Fake) -> (Arc<Fake>, Items) {
    let (items, mut source) = mpsc::unbounded_channel();
    let stream = ChatStream::from_items(futures_util::stream::poll_fn(move |cx| source.poll_recv(cx)));
    fake.streams = Mutex::new([stream].into());
    (Arc::new(fake), items)
}

fn chat() -> (Arc<Fake>, Items) {
    chat_with(Fake::default())
}

fn say(items: &Items, events: Vec<ChatStreamEvent>) {
    for event in events {
        items.send(Ok(ChatStreamItem::Event(event))).unwrap();
    }
}

fn connected(items: &Items, resumed: bool) {
    items.send(Ok(ChatStreamItem::Connected { resumed })).unwrap();
}

fn calls(calls: &[(&str, &str, &str)]) -> Vec<ChatStreamEvent> {
    let calls = calls.iter().map(|(id, name, args)| ChatStreamToolCall {
        tool_call_id: (*id).to_owned(),
        tool_name: (*name).to_owned(),
        args: (*args).to_owned(),
    });
    vec![
        status(ChatStatus::RequiresAction),
        ChatStreamEvent::ActionRequired {
            chat_id: CHAT,
            action_required: ChatStreamActionRequired { tool_calls: calls.collect() },
        },
        preview_reset(),
    ]
}

fn tools() -> Vec<DynamicTool> {
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Seconds {
        seconds: u64,
    }
    let sleep = DynamicTool::new("sleep", "Sleeps.", |args: Seconds| async move {
        tokio::time::sleep(Duration::from_secs(args.seconds)).await;
        Ok::<_, String>(args.seconds)
    });
    let fail = DynamicTool::new("fail", "Fails.", |_: NoArgs| async { Err::<(), _>("out of luck") });
    let panic = DynamicTool::new("panic", "Panics.", |_: NoArgs| async {
        if true {
            panic!("a test panics here");
        }
        Ok::<_, String>(())
    });
    let large = DynamicTool::new("large", "", |_: NoArgs| async { Ok::<_, String>("x".repeat(300_000)) });
    vec![sleep, fail, panic, large]
}

fn runner(fake: &Arc<Fake>) -> ToolRunner {
    ToolRunner::with_api(fake.clone()).tools(tools())
}

/// The events in short.
async fn told(run: &mut ChatRun) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(event) = run.next().await {
        told.push(match event.unwrap() {
            ChatRunEvent::Text(text) => text,
            ChatRunEvent::TextWithdrawn => "withdrawn".to_owned(),
            ChatRunEvent::Message(message) => format!("message {}", message.id),
            ChatRunEvent::ToolStarted { call } => format!("start {}", call.tool_call_id),
            ChatRunEvent::ToolFinished { call, result, .. } => {
                format!("{} {}", if result.is_error { "bad" } else { "good" }, call.tool_call_id)
            }
            ChatRunEvent::ToolsStopped => "stopped".to_owned(),
            ChatRunEvent::ResultsSubmitted { accepted } => format!("submitted {accepted}"),
            ChatRunEvent::Status(status) => status.to_string(),
            ChatRunEvent::Retry(retry) => format!("retry {}", retry.attempt),
            ChatRunEvent::Reconnecting { .. } => "reconnecting".to_owned(),
            ChatRunEvent::Reconnected => "reconnected".to_owned(),
            ChatRunEvent::Finished(outcome) => format!("finished {} {:?}", outcome.status, outcome.text),
        });
    }
    told
}

fn outputs(fake: &Fake) -> Vec<(String, serde_json::Value, bool)> {
    let submitted = fake.submitted.lock().unwrap();
    let results = submitted.last().unwrap().iter();
    results.map(|r| (r.tool_call_id.clone(), r.output.as_ref().unwrap().to_value(), r.is_error)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_turn_with_a_tool_runs_to_its_answer() {
    let (fake, items) = chat();
    let mut run = runner(&fake).ask(Uuid::nil(), "Sleep, please.").await.unwrap();
    let declared =
        fake.created.lock().unwrap()[0].unsafe_dynamic_tools.iter().map(|t| t.name.clone()).collect::<Vec<_>>();
    assert_eq!(declared, ["fail", "large", "panic", "sleep"]);
    connected(&items, false);
    say(
        &items,
        vec![user(1, "Sleep, please."), running(), preview_reset(), words(1, 1, 1, "Let me "), words(1, 1, 2, "see.")],
    );
    say(&items, vec![assistant(2, "Let me see.")]);
    say(&items, calls(&[("c1", "sleep", r#"{"seconds":3}"#)]));
    let answer = tokio::spawn(async move { told(&mut run).await });
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(outputs(&fake), [("c1".to_owned(), 3.into(), false)]);
    say(&items, vec![message(3, ChatMessageRole::Tool, ""), running(), preview_reset(), words(3, 1, 1, "Slept")]);
    say(&items, vec![assistant(4, "Slept well."), waiting(), preview_reset()]);
    let expected = [
        "message 1",
        "running",
        "Let me ",
        "see.",
        "message 2",
        "requires_action",
        "start c1",
        "good c1",
        "submitted true",
        "message 3",
        "running",
        "Slept",
        " well.",
        "message 4",
        "waiting",
        "finished waiting \"Slept well.\"",
    ];
    assert_eq!(answer.await.unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_in_a_tool_is_a_result_for_the_model() {
    let (fake, items) = chat();
    let run = runner(&fake).tool_timeout(Duration::from_secs(5)).ask(Uuid::nil(), "?").await.unwrap();
    connected(&items, false);
    say(&items, vec![user(1, "?")]);
    say(
        &items,
        calls(&[
            ("c1", "fail", "{}"),
            ("c2", "panic", ""),
            ("c3", "nosuch", "{}"),
            ("c4", "sleep", r#"{"seconds":"x"}"#),
            ("c5", "sleep", r#"{"seconds":60}"#),
            ("c6", "large", "{}"),
            ("c7", "sleep", r#"{"seconds":1}"#),
        ]),
    );
    let outcome = tokio::spawn(run.finish());
    tokio::time::sleep(Duration::from_secs(6)).await;
    let results = outputs(&fake);
    let said: Vec<_> =
        results.iter().map(|(_, output, is_error)| (output.as_str().unwrap_or("ok"), *is_error)).collect();
    assert_eq!(said[0], ("out of luck", true));
    assert_eq!(said[1], ("the tool failed unexpectedly", true));
    assert_eq!(said[2], ("there is no tool `nosuch` here; the tools are: fail, large, panic, sleep", true));
    assert!(said[3].0.starts_with("invalid arguments at `seconds`: invalid type") && said[3].1);
    assert_eq!(said[4], ("the tool did not answer within 5s", true));
    assert_eq!(said[5], ("the result is too large: 300002 bytes", true));
    assert_eq!(said[6], ("ok", false));
    say(&items, vec![waiting()]);
    assert_eq!(outcome.await.unwrap().unwrap().status, ChatStatus::Waiting);
}

#[tokio::test(start_paused = true)]
async fn so_many_calls_run_at_once_and_no_more() {
    let (fake, items) = chat();
    let mut run = runner(&fake).concurrency(2).ask(Uuid::nil(), "?").await.unwrap();
    connected(&items, false);
    let one = r#"{"seconds":1}"#;
    say(
        &items,
        calls(&[
            ("c1", "sleep", one),
            ("c2", "sleep", one),
            ("c3", "sleep", one),
            ("c4", "sleep", one),
            ("c5", "sleep", one),
        ]),
    );
    let begun = tokio::time::Instant::now();
    let mut running_now = 0;
    loop {
        match run.next().await.unwrap().unwrap() {
            ChatRunEvent::ToolStarted { .. } => running_now += 1,
            ChatRunEvent::ToolFinished { .. } => running_now -= 1,
            ChatRunEvent::ResultsSubmitted { .. } => break,
            _ => {}
        }
        assert!(running_now <= 2);
    }
    assert_eq!(begun.elapsed().as_secs(), 3);
    let order: Vec<_> = outputs(&fake).into_iter().map(|(id, ..)| id).collect();
    assert_eq!(order, ["c1", "c2", "c3", "c4", "c5"]);
}

#[tokio::test(start_paused = true)]
async fn a_set_is_submitted_once_though_it_is_asked_for_again_and_again() {
    let (fake, items) = chat();
    let mut run = runner(&fake).ask(Uuid::nil(), "?").await.unwrap();
    connected(&items, false);
    say(&items, vec![user(1, "?")]);
    let set = || calls(&[("c1", "sleep", r#"{"seconds":2}"#)]);
    say(&items, set());
    let answer = tokio::spawn(async move { told(&mut run).await });
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(900)).await;
        items.send(Ok(ChatStreamItem::Lost { error: None, attempt: 1, retry_in: Duration::ZERO })).unwrap();
        connected(&items, true);
        say(&items, set());
    }
    assert_eq!(fake.submitted.lock().unwrap().len(), 1);
    // A later step may use the same ids again.
    say(&items, vec![message(2, ChatMessageRole::Tool, ""), assistant(3, "again")]);
    say(&items, set().split_off(1));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(fake.submitted.lock().unwrap().len(), 2);
    say(&items, vec![waiting()]);
    let told = answer.await.unwrap();
    assert_eq!(told.iter().filter(|event| *event == "start c1").count(), 2);
    assert_eq!(told.iter().filter(|event| *event == "reconnected").count(), 3);
}

#[tokio::test(start_paused = true)]
async fn submitting_survives_a_server_that_is_away_and_a_rival_who_was_first() {
    let (fake, items) = chat();
    *fake.answers.lock().unwrap() =
        [Error::api(503, "restarting"), Error::api(409, "Chat is not waiting for tool results.")].into();
    let mut run = runner(&fake).ask(Uuid::nil(), "?").await.unwrap();
    connected(&items, false);
    say(&items, calls(&[("c1", "fail", "{}")]));
    let answer = tokio::spawn(async move { told(&mut run).await });
    tokio::time::sleep(Duration::from_secs(2)).await;
    say(&items, vec![running(), assistant(3, "from the rival's results"), waiting()]);
    let told = answer.await.unwrap();
    assert_eq!(told[..4], ["requires_action", "start c1", "bad c1", "submitted false"]);
    assert_eq!(told.last().map(String::as_str), Some("finished waiting \"from the rival's results\""));
}

#[tokio::test(start_paused = true)]
async fn a_refused_submission_ends_the_run() {
    let (fake, items) = chat();
    *fake.answers.lock().unwrap() = [Error::api(403, "Only the chat owner may submit tool results.")].into();
    let run = runner(&fake).ask(Uuid::nil(), "?").await.unwrap();
    connected(&items, false);
    say(&items, calls(&[("c1", "fail", "{}")]));
    assert!(run.finish().await.unwrap_err().is_forbidden());
}

#[tokio::test(start_paused = true)]
async fn tools_stop_when_the_chat_does_not_wait_for_them_any_more() {
    let (fake, items) = chat();
    let mut run = runner(&fake).ask(Uuid::nil(), "?").await.unwrap();
    connected(&items, false);
    say(&items, calls(&[("c1", "sleep", r#"{"seconds":100}"#)]));
    say(
        &items,
        vec![message(2, ChatMessageRole::Tool, "cancelled"), running(), assistant(3, "Never mind."), waiting()],
    );
    let told = told(&mut run).await;
    assert!(told.contains(&"stopped".to_owned()), "{told:?}");
    assert!(fake.submitted.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cancelling_stops_the_tools_and_interrupts_the_chat() {
    let (fake, items) = chat();
    let mut run = runner(&fake).ask(Uuid::nil(), "?").await.unwrap();
    let cancel = run.cancel_handle();
    connected(&items, false);
    say(&items, calls(&[("c1", "sleep", r#"{"seconds":100}"#)]));
    let answer = tokio::spawn(async move {
        let mut cancelled = false;
        while let Some(event) = run.next().await {
            if let ChatRunEvent::Finished(outcome) = event.unwrap() {
                cancelled = outcome.cancelled;
            }
        }
        cancelled
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    cancel.cancel();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(fake.interrupts.load(Ordering::SeqCst), 1);
    say(&items, vec![message(2, ChatMessageRole::Tool, "interrupted"), running()]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(fake.interrupts.load(Ordering::SeqCst), 2, "the model was asked once more");
    say(&items, vec![status(ChatStatus::Interrupting), waiting()]);
    assert!(answer.await.unwrap());
    assert!(fake.submitted.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_ends_though_the_chat_does_not() {
    let (fake, items) = chat();
    let run = runner(&fake).ask(Uuid::nil(), "?").await.unwrap();
    let cancel = run.cancel_handle();
    connected(&items, false);
    say(&items, vec![running()]);
    cancel.cancel();
    let outcome = run.finish().await.unwrap();
    assert_eq!((outcome.cancelled, outcome.status), (true, ChatStatus::Running));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_run_stops_its_tools() {
    let (fake, items) = chat();
    let alive = Arc::new(());
    let held = alive.clone();
    let hang = DynamicTool::new("hang", "", move |_: NoArgs| {
        let held = held.clone();
        async move {
            std::future::pending::<()>().await;
            drop(held);
            Ok::<_, String>(())
        }
    });
    let mut run = ToolRunner::with_api(fake.clone()).tool(hang).ask(Uuid::nil(), "?").await.unwrap();
    connected(&items, false);
    say(&items, calls(&[("c1", "hang", "{}")]));
    while !matches!(run.next().await, Some(Ok(ChatRunEvent::ToolStarted { .. }))) {}
    tokio::task::yield_now().await;
    assert!(Arc::strong_count(&alive) > 1);
    drop(run);
    drop(items);
    tokio::time::sleep(Duration::from_millis(1)).await;
    // The tool itself, owned by the runner, went with the run.
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_turn_tells_why() {
    let (fake, items) = chat();
    let run = runner(&fake).ask(Uuid::nil(), "?").await.unwrap();
    connected(&items, false);
    say(&items, vec![user(1, "?"), running(), words(1, 1, 1, "I"), status(ChatStatus::Error), failed("no key")]);
    let outcome = run.finish().await.unwrap();
    assert_eq!((outcome.status, outcome.text.as_str()), (ChatStatus::Error, ""));
    assert_eq!(outcome.error.map(|error| error.message).as_deref(), Some("no key"));
}

#[tokio::test(start_paused = true)]
async fn text_that_comes_to_nothing_is_withdrawn() {
    let (fake, items) = chat();
    let mut run = runner(&fake).ask(Uuid::nil(), "?").await.unwrap();
    connected(&items, false);
    say(&items, vec![running(), preview_reset(), words(1, 1, 1, "lost"), retry(1, 9), words(1, 1, 2, "late")]);
    say(&items, vec![preview_reset(), words(1, 2, 1, "kept"), assistant(2, "kept"), waiting()]);
    let expected =
        ["running", "lost", "withdrawn", "retry 1", "kept", "message 2", "waiting", "finished waiting \"kept\""];
    assert_eq!(told(&mut run).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_queued_message_is_waited_for() {
    let last = ChatMessage { id: 5, ..Default::default() };
    let (fake, items) = chat_with(Fake { history: vec![last], ..Default::default() });
    let mut run = runner(&fake).send_message(CHAT, CreateChatMessageRequest::default()).await.unwrap();
    assert_eq!(*fake.after.lock().unwrap(), [Some(5)]);
    connected(&items, true);
    say(&items, vec![queue(&[7]), running(), preview_reset(), assistant(6, "the earlier answer")]);
    say(&items, vec![user(8, "mine"), queue(&[]), preview_reset(), assistant(9, "the answer to mine"), waiting()]);
    assert_eq!(told(&mut run).await.last().map(String::as_str), Some("finished waiting \"the answer to mine\""));
}

#[tokio::test(start_paused = true)]
async fn a_run_may_have_a_limit_and_ends_with_its_stream() {
    let (fake, items) = chat();
    let run = runner(&fake).turn_timeout(Duration::from_secs(30)).ask(Uuid::nil(), "?").await.unwrap();
    connected(&items, false);
    say(&items, vec![running()]);
    assert!(run.finish().await.unwrap_err().is_timeout());
    let (fake, items) = chat();
    let run = runner(&fake).ask(Uuid::nil(), "?").await.unwrap();
    items.send(Err(Error::api(404, "gone"))).unwrap();
    assert!(run.finish().await.unwrap_err().is_not_found());
}
