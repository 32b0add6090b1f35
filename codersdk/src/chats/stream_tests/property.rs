//! A stream that is cut anywhere and resumed ends where a stream that held ends.

use std::collections::VecDeque;

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::model::{Connection, Op, Server, Shown};
use super::*;
use crate::chats::resume::Protocol;
use crate::chats::session::{Batch, Session};
use crate::chats::stream::ChatStreamItem;

/// One moment: something happens, then the client's loop may look at the state, then some parts may be relayed.
#[derive(Debug, Clone, Copy)]
struct Moment {
    op: Op,
    sync: bool,
    relay: usize,
}

fn ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => Just(Op::Send),
        1 => Just(Op::DeleteQueued),
        8 => Just(Op::StartAttempt),
        14 => any::<u8>().prop_map(Op::Part),
        3 => Just(Op::Commit),
        3 => Just(Op::Finish),
        1 => Just(Op::FinishWithoutMessage),
        3 => Just(Op::Retry),
        1 => Just(Op::Fail),
        2 => Just(Op::RequireAction),
        3 => Just(Op::SubmitResults),
        1 => Just(Op::Interrupt),
        2 => any::<bool>().prop_map(|partial| Op::Interrupted { partial }),
        1 => any::<u8>().prop_map(Op::Edit),
        1 => Just(Op::HiddenMessage),
    ]
}

fn moments() -> impl Strategy<Value = Vec<Moment>> {
    let moment = (ops(), prop::bool::weighted(0.7), 0usize..4).prop_map(|(op, sync, relay)| Moment { op, sync, relay });
    prop::collection::vec(moment, 1..32)
}

/// The state after each moment.
fn history(moments: &[Moment]) -> Vec<Server> {
    let mut states = vec![Server::new()];
    for moment in moments {
        let mut next = states[states.len() - 1].clone();
        next.run(moment.op);
        states.push(next);
    }
    states
}

/// What a connection brings that is opened at a moment: for each event the moment at which it came.
fn serve(states: &[Server], moments: &[Moment], from: usize, after: Option<i64>) -> Vec<(usize, ChatStreamEvent)> {
    let mut connection = Connection::open(after);
    let mut told = Vec::new();
    let mut events = Vec::new();
    let mut note =
        |at: usize, events: &mut Vec<ChatStreamEvent>| told.extend(events.drain(..).map(|event| (at, event)));
    connection.sync(&states[from], &mut events);
    note(from, &mut events);
    for (at, moment) in moments.iter().enumerate().skip(from) {
        if moment.sync {
            connection.sync(&states[at + 1], &mut events);
        }
        connection.relay(&states[at + 1], moment.relay, &mut events);
        note(at + 1, &mut events);
    }
    let last = states.len() - 1;
    connection.sync(&states[last], &mut events);
    connection.relay(&states[last], usize::MAX, &mut events);
    note(last, &mut events);
    told
}

/// A client of either kind: bare events into a transcript, or through the session of a stream.
trait Client {
    fn cursor(&self) -> Option<i64>;
    fn connected(&mut self, after: Option<i64>);
    fn event(&mut self, event: &ChatStreamEvent);
    fn shown(&self, now: i64) -> Shown;
}

struct Bare(Transcript);

impl Client for Bare {
    fn cursor(&self) -> Option<i64> {
        self.0.last_message_id()
    }

    fn connected(&mut self, after: Option<i64>) {
        self.0.connected(after);
    }

    fn event(&mut self, event: &ChatStreamEvent) {
        self.0.apply_event(event);
    }

    fn shown(&self, now: i64) -> Shown {
        Shown::of(&self.0, now)
    }
}

struct Streamed {
    session: Session,
    transcript: Transcript,
    /// Messages as they were told, taken back ones aside.
    told: Vec<i64>,
}

impl Streamed {
    fn take(&mut self, items: VecDeque<ChatStreamItem>) {
        for item in items {
            match &item {
                ChatStreamItem::HistoryReset { kept } => self.told.retain(|id| kept.contains(id)),
                ChatStreamItem::Event(ChatStreamEvent::Message { message, .. }) => self.told.push(message.id),
                ChatStreamItem::PartsMissing { .. } | ChatStreamItem::Undecodable { .. } => {
                    panic!("nothing was lost: {item:?}")
                }
                _ => {}
            }
            self.transcript.apply(&item);
        }
    }
}

impl Client for Streamed {
    fn cursor(&self) -> Option<i64> {
        self.session.cursor()
    }

    fn connected(&mut self, after: Option<i64>) {
        let mut items = VecDeque::new();
        self.session.connected(after, &mut items);
        self.take(items);
    }

    fn event(&mut self, event: &ChatStreamEvent) {
        let mut items = VecDeque::new();
        self.session.frame(Batch { events: vec![event.clone()], faults: Vec::new() }, &mut items);
        self.take(items);
    }

    fn shown(&self, now: i64) -> Shown {
        let shown = Shown::of(&self.transcript, now);
        let mut told = self.told.clone();
        told.sort_unstable();
        assert_eq!(told, shown.messages, "each message once");
        shown
    }
}

fn bare() -> Bare {
    Bare(Transcript::new(CHAT))
}

fn streamed() -> Streamed {
    Streamed { session: Session::new(CHAT, None), transcript: Transcript::new(CHAT), told: Vec::new() }
}

/// A cut: after so many events (a share of all that there would be), and how many moments pass until the next
/// connection.
type Cut = (prop::sample::Index, usize);

fn watch(mut client: impl Client, states: &[Server], moments: &[Moment], cuts: &[Cut]) -> Shown {
    let mut from = 0;
    for (cut, pause) in cuts {
        let after = client.cursor();
        client.connected(after);
        let told = serve(states, moments, from, after);
        let end = cut.index(told.len() + 1);
        for (at, event) in &told[..end] {
            client.event(event);
            from = *at;
        }
        from = (from + pause).min(moments.len());
    }
    let after = client.cursor();
    client.connected(after);
    for (_, event) in serve(states, moments, from, after) {
        client.event(&event);
    }
    client.shown(states[states.len() - 1].looks_at())
}

proptest! {
    #![proptest_config(Config { cases: 10_000, ..Config::default() })]

    #[test]
    fn cuts_leave_no_trace(
        moments in moments(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4), 1..3),
    ) {
        let states = history(&moments);
        let whole = states[states.len() - 1].seen();
        prop_assert_eq!(&watch(bare(), &states, &moments, &[]), &whole, "bare events, no cut");
        prop_assert_eq!(&watch(streamed(), &states, &moments, &[]), &whole, "stream, no cut");
        prop_assert_eq!(&watch(bare(), &states, &moments, &cuts), &whole, "bare events");
        prop_assert_eq!(&watch(streamed(), &states, &moments, &cuts), &whole, "stream");
    }
}

proptest! {
    #![proptest_config(Config { cases: 150, ..Config::default() })]

    #[test]
    fn a_cut_after_any_event_leaves_no_trace(moments in moments(), pause in 0usize..3) {
        let states = history(&moments);
        let whole = states[states.len() - 1].seen();
        let told = serve(&states, &moments, 0, None);
        for end in 0..=told.len() {
            let mut client = streamed();
            client.connected(None);
            let mut from = 0;
            for (at, event) in &told[..end] {
                client.event(event);
                from = *at;
            }
            let from = (from + pause).min(moments.len());
            let after = client.cursor();
            client.connected(after);
            for (_, event) in serve(&states, &moments, from, after) {
                client.event(&event);
            }
            prop_assert_eq!(&client.shown(states[states.len() - 1].looks_at()), &whole, "cut after {} events", end);
        }
    }

    #[test]
    fn what_is_told_twice_is_seen_once(moments in moments(), from in any::<prop::sample::Index>(), len in 1usize..12) {
        let states = history(&moments);
        let told: Vec<_> = serve(&states, &moments, 0, None).into_iter().map(|(_, event)| event).collect();
        let from = from.index(told.len());
        let end = (from + len).min(told.len());
        // A history that is sent anew counts as new, and a reset alone says that the next attempt began.
        prop_assume!(!told[from..end].contains(&history_reset()));
        prop_assume!(from == 0 || !matches!(told[from - 1], ChatStreamEvent::Retry { .. }));
        let mut client = bare();
        client.connected(None);
        for event in told[..end].iter().chain(&told[from..]) {
            client.event(event);
        }
        prop_assert_eq!(client.shown(states[states.len() - 1].looks_at()), states[states.len() - 1].seen());
    }
}
