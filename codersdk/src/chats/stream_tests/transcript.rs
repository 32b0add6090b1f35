//! The rules of the transcript, one by one.

use super::*;

fn after(events: &[ChatStreamEvent]) -> Transcript {
    let mut transcript = Transcript::new(CHAT);
    for event in events {
        transcript.apply_event(event);
    }
    transcript
}

fn preview(transcript: &Transcript) -> Option<String> {
    transcript.preview().map(|preview| preview.text())
}

fn ids(transcript: &Transcript) -> Vec<i64> {
    transcript.messages().map(|message| message.id).collect()
}

#[test]
fn messages_stand_in_order_each_once_and_as_told_last() {
    let transcript = after(&[assistant(7, "b"), user(3, "a"), assistant(7, "b"), assistant(7, "c")]);
    assert_eq!(ids(&transcript), [3, 7]);
    assert_eq!(transcript.message(7).map(|m| m.content[0].as_text()), Some(Some("c")));
    assert_eq!(transcript.last_message_id(), Some(7));
}

#[test]
fn applying_tells_whether_anything_changed() {
    let mut transcript = Transcript::new(CHAT);
    assert!(transcript.apply_event(&user(1, "a")));
    assert!(!transcript.apply_event(&user(1, "a")));
    assert!(transcript.apply_event(&running()));
    assert!(!transcript.apply_event(&running()));
    assert!(!transcript.apply_event(&preview_reset()));
    assert!(transcript.apply_event(&words(1, 1, 1, "x")));
    assert!(!transcript.apply_event(&words(1, 1, 1, "x")));
    assert!(transcript.apply_event(&preview_reset()));
    let other = ChatStreamEvent::PreviewReset { chat_id: Uuid::from_u128(9) };
    assert!(!transcript.apply_event(&other));
}

#[test]
fn a_part_right_after_the_message_is_the_new_preview() {
    let mut transcript = after(&[running(), words(1, 1, 1, "old")]);
    transcript.apply_event(&assistant(2, "old"));
    assert_eq!(preview(&transcript), None, "never both the message and its preview");
    transcript.apply_event(&preview_reset());
    transcript.apply_event(&words(2, 1, 1, "new"));
    assert_eq!(preview(&transcript).as_deref(), Some("new"));
}

#[test]
fn a_part_and_then_rest_in_one_batch_leave_no_preview() {
    for rest in [ChatStatus::Waiting, ChatStatus::Pending, ChatStatus::Error, ChatStatus::RequiresAction] {
        let transcript = after(&[running(), words(1, 1, 1, "x"), status(rest.clone()), words(1, 1, 2, "y")]);
        assert_eq!(preview(&transcript), None, "{rest}");
    }
    let transcript = after(&[running(), words(1, 1, 1, "x"), status(ChatStatus::Interrupting), words(1, 1, 2, "y")]);
    assert_eq!(preview(&transcript).as_deref(), Some("xy"));
}

#[test]
fn stale_parts_are_ignored() {
    let mut transcript =
        after(&[running(), words(4, 2, 1, "a"), words(4, 1, 1, "older attempt"), words(3, 9, 1, "old")]);
    assert_eq!(preview(&transcript).as_deref(), Some("a"));
    transcript.apply_event(&assistant(2, "a"));
    transcript.apply_event(&preview_reset());
    transcript.apply_event(&words(4, 2, 1, "a"));
    assert_eq!(preview(&transcript), None, "its step is over");
    let newer = after(&[running(), words(4, 1, 1, "a"), words(4, 2, 1, "b")]);
    assert_eq!(preview(&newer).as_deref(), Some("b"), "a newer attempt needs no reset");
}

#[test]
fn parts_that_are_missing_show() {
    let transcript = after(&[running(), words(1, 1, 1, "a"), words(1, 1, 3, "c")]);
    assert!(transcript.preview().is_some_and(|preview| preview.incomplete && preview.text() == "ac"));
    let late = after(&[running(), words(1, 1, 2, "b")]);
    assert!(late.preview().is_some_and(|preview| preview.incomplete));
}

#[test]
fn parallel_calls_are_put_together_from_their_deltas() {
    let call = |id: &str, name: &str, delta: &str| {
        ChatMessagePart::ToolCall(ChatToolCallPart {
            tool_call_id: Some(id.to_owned()),
            tool_name: Some(name.to_owned()).filter(|name| !name.is_empty()),
            args_delta: Some(delta.to_owned()),
            ..Default::default()
        })
    };
    let parts = [
        ChatMessagePart::text("Let me "),
        ChatMessagePart::text("look."),
        call("c1", "lookup", r#"{"id""#),
        call("c2", "weather", r#"{"city": "#),
        call("c1", "", r#": 1}"#),
        call("c2", "", r#""Oslo"}"#),
        ChatMessagePart::tool_call("c1", "lookup", serde_json::json!({"id": 1})),
    ];
    let mut transcript = after(&[running()]);
    for (at, next) in parts.into_iter().enumerate() {
        transcript.apply_event(&part(1, 1, at as i64 + 1, next));
    }
    let preview = transcript.preview().unwrap();
    assert_eq!(preview.text(), "Let me look.");
    let calls: Vec<_> = preview.tool_calls().map(|c| (c.tool_name.as_str(), c.args.as_str(), c.complete)).collect();
    assert_eq!(calls, [("lookup", r#"{"id":1}"#, true), ("weather", r#"{"city": "Oslo"}"#, false)]);
}

#[test]
fn results_of_tools_grow_and_are_withdrawn() {
    let result = |delta: Option<&str>, reset: bool, whole: Option<serde_json::Value>| {
        ChatMessagePart::ToolResult(ChatToolResultPart {
            tool_call_id: Some("c1".to_owned()),
            tool_name: Some("execute".to_owned()),
            result_delta: delta.map(str::to_owned),
            result_reset: reset,
            result: whole.map(Into::into),
            ..Default::default()
        })
    };
    let mut transcript = after(&[running()]);
    let mut shown = |seq, next| {
        transcript.apply_event(&part(1, 1, seq, next));
        let preview = transcript.preview().unwrap();
        let result = preview.tool_results().next().unwrap();
        (result.result.clone(), result.complete)
    };
    assert_eq!(shown(1, result(Some("one "), false, None)), ("one ".to_owned(), false));
    assert_eq!(shown(2, result(Some("two"), false, None)), ("one two".to_owned(), false));
    assert_eq!(shown(3, result(None, true, None)), (String::new(), false));
    assert_eq!(shown(4, result(None, false, Some(serde_json::json!({"ok": 1})))), (r#"{"ok":1}"#.to_owned(), true));
}

#[test]
fn a_rewritten_history_replaces_the_old_one_at_once() {
    let mut transcript = after(&[user(1, "a"), assistant(2, "b"), running(), words(3, 1, 1, "x"), history_reset()]);
    transcript.apply_event(&user(5, "edited"));
    assert_eq!(ids(&transcript), [1, 2], "not by halves");
    assert_eq!(transcript.last_message_id(), None, "only the whole history will do now");
    transcript.apply_event(&history_reset());
    transcript.apply_event(&user(6, "edited again"));
    assert!(transcript.apply_event(&preview_reset()));
    assert_eq!(ids(&transcript), [6]);
    assert_eq!(preview(&transcript), None);
    transcript.apply_event(&words(3, 1, 2, "y"));
    assert_eq!(preview(&transcript), None, "the old step is over");
}

#[test]
fn a_connection_without_cursor_brings_the_whole_history() {
    let mut transcript = after(&[user(1, "a"), assistant(2, "b"), history_reset(), user(3, "half")]);
    transcript.connected(None);
    for event in [user(1, "a"), user(3, "c"), running(), preview_reset()] {
        transcript.apply_event(&event);
    }
    assert_eq!(ids(&transcript), [1, 3]);
}

#[test]
fn a_retry_withdraws_the_attempt_and_its_late_parts() {
    let mut transcript = after(&[running(), preview_reset(), words(1, 1, 1, "lost"), retry(1, 9)]);
    assert_eq!((preview(&transcript), transcript.retry().map(|r| r.attempt)), (None, Some(1)));
    transcript.apply_event(&words(1, 1, 2, "late"));
    assert_eq!((preview(&transcript), transcript.retry().is_some()), (None, true));
    transcript.apply_event(&preview_reset());
    assert_eq!(transcript.retry(), None, "the next attempt began");
    transcript.apply_event(&words(1, 2, 1, "kept"));
    assert_eq!(preview(&transcript).as_deref(), Some("kept"));
}

#[test]
fn who_joins_while_a_retry_is_awaited_sees_it_and_not_the_failed_attempt() {
    let mut transcript = after(&[user(1, "a"), running(), retry(2, 9), preview_reset(), words(1, 2, 1, "failed")]);
    assert_eq!((preview(&transcript), transcript.retry().map(|r| r.attempt)), (None, Some(2)));
    transcript.apply_event(&words(1, 3, 1, "next"));
    assert_eq!((preview(&transcript).as_deref(), transcript.retry()), (Some("next"), None));
}

#[test]
fn an_interrupted_retry_is_none() {
    let transcript = after(&[user(1, "a"), status(ChatStatus::Interrupting), retry(1, 9), preview_reset()]);
    assert_eq!(transcript.retry(), None);
    let transcript = after(&[running(), retry(1, 9), status(ChatStatus::Interrupting)]);
    assert_eq!(transcript.retry(), None);
}

#[test]
fn errors_and_calls_last_as_long_as_their_status() {
    let mut transcript = after(&[status(ChatStatus::Error), failed("no key")]);
    assert_eq!(transcript.error().map(|error| error.message.as_str()), Some("no key"));
    transcript.apply_event(&user(2, "again"));
    transcript.apply_event(&failed("no key either"));
    assert_eq!(transcript.error().map(|error| error.message.as_str()), Some("no key either"));
    transcript.apply_event(&status(ChatStatus::RequiresAction));
    transcript.apply_event(&action_required(&["c1", "c2"]));
    assert_eq!((transcript.error(), transcript.pending_actions().len()), (None, 2));
    transcript.apply_event(&running());
    assert_eq!(transcript.pending_actions().len(), 0);
}

#[test]
fn an_empty_queue_update_empties_the_queue() {
    let mut transcript = after(&[queue(&[4, 5])]);
    assert_eq!(transcript.queue().len(), 2);
    transcript.apply_event(&queue(&[]));
    assert_eq!(transcript.queue().len(), 0);
}

#[test]
fn parts_without_episode_are_shown_as_they_come() {
    let transcript = after(&[running(), words(0, 0, 0, "a"), words(0, 0, 0, "b")]);
    assert_eq!(preview(&transcript).as_deref(), Some("ab"));
    let next = after(&[running(), words(0, 0, 0, "a"), assistant(2, "a"), preview_reset(), words(0, 0, 0, "b")]);
    assert_eq!(preview(&next).as_deref(), Some("b"));
}
