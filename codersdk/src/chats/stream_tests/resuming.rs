//! The stream over connections that come and go, without a network and with a clock that jumps.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::Instant;

use super::*;
use crate::chats::resume::{Dial, Frames, Reconnect};
use crate::chats::session::Batch;
use crate::chats::stream::{ChatStream, ChatStreamItem};
use crate::error::Kind;
use crate::{Error, Result};

/// What a dialled connection does.
enum Peer {
    Refuses(Error),
    /// Sends these frames and then closes in order.
    Closes(Vec<Result<Batch>>),
    /// Sends these frames and then nothing for so long before it closes.
    Lingers(Vec<Result<Batch>>, Duration),
}

fn frame(events: Vec<ChatStreamEvent>) -> Result<Batch> {
    Ok(Batch { events, faults: Vec::new() })
}

struct Net {
    peers: VecDeque<Peer>,
    /// The cursor of each dial, and when it came.
    dials: Vec<(Option<i64>, Duration)>,
    started: Instant,
}

#[derive(Clone)]
struct Server(Arc<Mutex<Net>>);

impl Server {
    fn new(peers: impl IntoIterator<Item = Peer>) -> Self {
        let peers = peers.into_iter().collect();
        Self(Arc::new(Mutex::new(Net { peers, dials: Vec::new(), started: Instant::now() })))
    }

    fn dial(&self) -> Dial<Batch> {
        let net = self.0.clone();
        Box::new(move |after| {
            let mut net = net.lock().unwrap();
            let at = net.started.elapsed();
            net.dials.push((after, at));
            let peer = net.peers.pop_front().unwrap_or_else(|| Peer::Refuses(Error::api(404, "no more")));
            async move {
                let frames: Frames<Batch> = match peer {
                    Peer::Refuses(error) => return Err(error),
                    Peer::Closes(frames) => stream::iter(frames).boxed(),
                    Peer::Lingers(frames, pause) => {
                        let silence = stream::once(tokio::time::sleep(pause)).filter_map(|()| async { None });
                        stream::iter(frames).chain(silence).boxed()
                    }
                };
                Ok(frames)
            }
            .boxed()
        })
    }

    fn open(&self, policy: Reconnect) -> ChatStream {
        ChatStream::over(CHAT, None, self.dial(), policy)
    }

    fn cursors(&self) -> Vec<Option<i64>> {
        self.0.lock().unwrap().dials.iter().map(|(after, _)| *after).collect()
    }

    fn times(&self) -> Vec<Duration> {
        self.0.lock().unwrap().dials.iter().map(|(_, at)| *at).collect()
    }
}

/// The items in short, up to the end.
async fn told(mut stream: ChatStream) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(item) = stream.next().await {
        told.push(match item {
            Ok(ChatStreamItem::Connected { resumed }) => format!("connected {resumed}"),
            Ok(ChatStreamItem::Event(ChatStreamEvent::Message { message, .. })) => format!("message {}", message.id),
            Ok(ChatStreamItem::Event(event)) => event.kind().to_string(),
            Ok(ChatStreamItem::HistoryReset { kept }) => format!("reset {kept:?}"),
            Ok(ChatStreamItem::PartsMissing { first_seq, last_seq, .. }) => format!("missing {first_seq}-{last_seq}"),
            Ok(ChatStreamItem::Undecodable { .. }) => "undecodable".to_owned(),
            Ok(ChatStreamItem::Lost { error, attempt, .. }) => {
                format!("lost {attempt}{}", if error.is_some() { " by error" } else { "" })
            }
            Err(error) => format!("end {}", error.status().map_or_else(|| error.to_string(), |s| s.to_string())),
        });
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a_normal_close_is_not_the_end_and_the_stream_goes_on_behind_the_last_message() {
    let server = Server::new([
        Peer::Closes(vec![frame(vec![user(1, "a"), running()]), frame(vec![assistant(2, "b")])]),
        Peer::Closes(vec![frame(vec![waiting(), preview_reset()])]),
    ]);
    let told = told(server.open(Reconnect::default())).await;
    let expected = [
        "connected false",
        "message 1",
        "status",
        "message 2",
        "lost 1",
        "connected true",
        "status",
        "preview_reset",
        "lost 2",
        "end 404",
    ];
    assert_eq!(told, expected);
    assert_eq!(server.cursors(), [None, Some(2), Some(2)]);
}

#[tokio::test(start_paused = true)]
async fn messages_that_the_server_repeats_are_told_once() {
    let server = Server::new([
        Peer::Closes(vec![frame(vec![user(1, "a"), assistant(2, "b"), running()])]),
        Peer::Closes(vec![frame(vec![history_reset(), user(1, "a"), assistant(2, "b"), assistant(3, "c"), running()])]),
        Peer::Closes(vec![frame(vec![history_reset(), user(1, "a"), user(9, "edited"), running()])]),
    ]);
    let told = told(server.open(Reconnect::default())).await;
    assert_eq!(told[..4], ["connected false", "message 1", "message 2", "status"]);
    assert_eq!(told[5..8], ["connected true", "message 3", "status"], "a reset that resets nothing is none");
    assert_eq!(told[9..13], ["connected true", "reset [1]", "message 9", "status"]);
}

#[tokio::test(start_paused = true)]
async fn a_history_cut_in_half_is_asked_for_again_as_a_whole() {
    let server = Server::new([
        Peer::Closes(vec![frame(vec![user(1, "a"), user(2, "b"), running(), history_reset(), user(3, "edited")])]),
        Peer::Closes(vec![frame(vec![user(3, "edited"), running()])]),
    ]);
    let told = told(server.open(Reconnect::default())).await;
    assert_eq!(told[5..8], ["connected true", "reset []", "message 3"]);
    assert_eq!(server.cursors()[..2], [None, None]);
}

#[tokio::test(start_paused = true)]
async fn the_callers_own_history_is_the_first_cursor() {
    let server = Server::new([Peer::Closes(vec![frame(vec![history_reset(), user(9, "edited"), running()])])]);
    let stream = ChatStream::over(CHAT, Some(5), server.dial(), Reconnect::default());
    assert_eq!(told(stream).await[..4], ["connected true", "reset []", "message 9", "status"]);
    assert_eq!(server.cursors(), [Some(5), Some(9)]);
}

#[tokio::test(start_paused = true)]
async fn refusals_that_will_stay_end_the_stream() {
    for status in [400, 401, 403, 404, 410, 426] {
        let server = Server::new([Peer::Refuses(Error::api(status, "no"))]);
        assert_eq!(told(server.open(Reconnect::default())).await, [format!("end {status}")]);
    }
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let server = Server::new([Peer::Refuses(Error::api(status, "later"))]);
        assert_eq!(told(server.open(Reconnect::default())).await, ["lost 1 by error", "end 404"], "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_start_small_again_only_after_a_while_of_health() {
    let flapping = || Peer::Closes(vec![]);
    let policy = Reconnect { max_delay: Duration::from_secs(4), ..Reconnect::default() };
    let server = Server::new([
        flapping(),
        flapping(),
        flapping(),
        flapping(),
        flapping(),
        flapping(),
        flapping(),
        Peer::Lingers(vec![], Duration::from_secs(10)),
    ]);
    told(server.open(policy)).await;
    let times = server.times();
    let pause = |n: usize| (times[n] - times[n - 1]).as_millis();
    for (n, full) in [(1, 250), (2, 500), (3, 1000), (4, 2000), (5, 4000), (6, 4000), (7, 4000)] {
        assert!((full / 2..=full + 2).contains(&pause(n)), "pause {n} was {} ms", pause(n));
    }
    assert!((10_125..=10_252).contains(&pause(8)), "after 10 s of health: {} ms", pause(8));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_up_to_the_longest_pause() {
    let mut headers = http::HeaderMap::new();
    headers.insert("retry-after", "7".parse().unwrap());
    let busy = || Peer::Refuses(Error::from_answer(503, &headers, &bytes::Bytes::new(), false));
    let server = Server::new([busy()]);
    told(server.open(Reconnect::default())).await;
    assert_eq!(server.times()[1].as_secs(), 7);
    let server = Server::new([busy()]);
    told(server.open(Reconnect { max_delay: Duration::from_secs(2), ..Reconnect::default() })).await;
    assert_eq!(server.times()[1].as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_stream_gives_up_when_told_so() {
    let refusals = (0..100).map(|_| Peer::Refuses(Error::new(Kind::Connect, "refused")));
    let server = Server::new(refusals);
    let policy = Reconnect { give_up_after: Some(Duration::from_secs(60)), ..Reconnect::default() };
    let told = told(server.open(policy)).await;
    assert_eq!(told.last().map(String::as_str), Some("end refused"));
    let last = *server.times().last().unwrap();
    assert!((60..=91).contains(&last.as_secs()), "after {last:?}");
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_stays_unreadable_ends_the_stream() {
    let garbled = || Peer::Closes(vec![Err(Error::new(Kind::Decode, "garbage")), frame(vec![user(1, "never")])]);
    let told_of = told(Server::new([garbled(), garbled(), garbled()]).open(Reconnect::default())).await;
    assert_eq!(told_of[1], "lost 1 by error");
    assert_eq!(told_of.last().map(String::as_str), Some("end garbage"));
    assert_eq!(told_of.len(), 6);
    let oversized = || Peer::Closes(vec![Err(Error::new(Kind::TooLarge, "too long"))]);
    let fine = || Peer::Closes(vec![frame(vec![running()])]);
    let peers = [oversized(), oversized(), fine(), oversized(), oversized(), fine()];
    let told_of = told(Server::new(peers).open(Reconnect::default())).await;
    assert_eq!(told_of.last().map(String::as_str), Some("end 404"), "what is read between starts the count anew");
}

#[test]
fn one_event_that_cannot_be_read_spoils_no_other() {
    let good = serde_json::to_string(&running()).unwrap();
    let bad = r#"{"type":"status","chat_id":7}"#;
    let batch = Batch::decode(&format!("[{bad},{good},{bad},{good},{bad}]")).unwrap();
    assert_eq!(batch.events, [running(), running()]);
    assert_eq!(batch.faults.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(batch.faults.iter().all(|(_, error)| error.is_decode() && error.body() == Some(bad.as_bytes())));
    assert!(Batch::decode("{}").unwrap_err().is_decode());
    assert!(Batch::decode("[1").unwrap_err().is_decode());
}

#[tokio::test(start_paused = true)]
async fn unreadable_events_come_in_their_place() {
    let good = serde_json::to_string(&running()).unwrap();
    let batch = Batch::decode(&format!(r#"[{{"type":"status","chat_id":7}},{good},{{"type":"new","x":1}},1]"#));
    let server = Server::new([Peer::Closes(vec![batch])]);
    let told = told(server.open(Reconnect::default())).await;
    assert_eq!(told[..5], ["connected false", "undecodable", "status", "new", "undecodable"]);
}

#[tokio::test(start_paused = true)]
async fn parts_that_are_missing_are_told_and_repeated_ones_are_not() {
    let server = Server::new([Peer::Closes(vec![frame(vec![
        words(1, 1, 1, "a"),
        words(1, 1, 1, "a"),
        words(1, 1, 4, "d"),
        preview_reset(),
        words(1, 2, 2, "b"),
    ])])]);
    let told = told(server.open(Reconnect::default())).await;
    let expected = [
        "connected false",
        "message_part",
        "missing 2-3",
        "message_part",
        "preview_reset",
        "missing 1-1",
        "message_part",
    ];
    assert_eq!(told[..7], expected);
}

#[tokio::test(start_paused = true)]
async fn polling_can_be_cancelled_at_any_time() {
    let server = Server::new([
        Peer::Lingers(vec![frame(vec![user(1, "a")])], Duration::from_secs(3)),
        Peer::Lingers(vec![frame(vec![assistant(2, "b")])], Duration::from_secs(3)),
    ]);
    let mut stream = server.open(Reconnect::default());
    let mut ids = Vec::new();
    loop {
        // The next item is waited for in slices, each of which drops the future.
        match tokio::time::timeout(Duration::from_millis(70), stream.next()).await {
            Err(_) => {}
            Ok(Some(Ok(ChatStreamItem::Event(ChatStreamEvent::Message { message, .. })))) => ids.push(message.id),
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(_)) | None) => break,
        }
    }
    assert_eq!(ids, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_stream_drops_its_connection() {
    let alive = Arc::new(());
    let held = alive.clone();
    let dial: Dial<Batch> = Box::new(move |_| {
        let held = held.clone();
        let frames: Frames<Batch> = stream::pending().inspect(move |_| drop(held.clone())).boxed();
        async move { Ok(frames) }.boxed()
    });
    let mut stream = ChatStream::over(CHAT, None, dial, Reconnect::default());
    assert!(matches!(stream.next().await, Some(Ok(ChatStreamItem::Connected { .. }))));
    assert!(stream.next().now_or_never().is_none());
    assert_eq!(Arc::strong_count(&alive), 3);
    drop(stream);
    assert_eq!(Arc::strong_count(&alive), 1);
}
