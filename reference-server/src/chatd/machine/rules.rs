//! The pure part: which transition a state allows, what it does, and where it leads.

use codersdk::ChatStatus;

use super::{ExecutionState, MAX_QUEUE_SIZE};

/// What to do with a message that comes while the chat is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum BusyBehavior {
    /// It waits for the end of the turn.
    #[default]
    Queue,
    /// The turn is interrupted for it.
    Interrupt,
}

/// Something that happens to a chat, without its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transition {
    CreateChat,
    SetArchived(bool),
    SendMessage(BusyBehavior),
    EditMessage,
    DeleteQueuedMessage,
    PromoteQueuedMessage,
    Interrupt,
    CompleteRequiresAction,
    Acquire,
    Abandon,
    RecordGenerationAttempt,
    RecordRetryState,
    CommitStep,
    EnterRequiresAction,
    FinishInterruption,
    FinishTurn,
    FinishError,
    CancelRequiresAction,
    ReconcileInvalidState,
}

impl Transition {
    /// The name that the original gives the transition.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::CreateChat => "CreateChat",
            Self::SetArchived(_) => "SetArchived",
            Self::SendMessage(_) => "SendMessage",
            Self::EditMessage => "EditMessage",
            Self::DeleteQueuedMessage => "DeleteQueuedMessage",
            Self::PromoteQueuedMessage => "PromoteQueuedMessage",
            Self::Interrupt => "Interrupt",
            Self::CompleteRequiresAction => "CompleteRequiresAction",
            Self::Acquire => "Acquire",
            Self::Abandon => "Abandon",
            Self::RecordGenerationAttempt => "RecordGenerationAttempt",
            Self::RecordRetryState => "RecordRetryState",
            Self::CommitStep => "CommitStep",
            Self::EnterRequiresAction => "EnterRequiresAction",
            Self::FinishInterruption => "FinishInterruption",
            Self::FinishTurn => "FinishTurn",
            Self::FinishError => "FinishError",
            Self::CancelRequiresAction => "CancelRequiresAction",
            Self::ReconcileInvalidState => "ReconcileInvalidState",
        }
    }
}

/// What the rules look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Situation {
    pub(crate) state: ExecutionState,
    /// Messages in the queue.
    pub(crate) queued: usize,
    /// Whether a worker owns the chat.
    pub(crate) owned: bool,
}

/// Why a transition is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The state does not allow it.
    #[error("chat state transition {} not allowed from state {from}", .transition.as_str())]
    NotAllowed { transition: Transition, from: ExecutionState },
    /// The chat is in no state that the rules know.
    #[error("chat is in an invalid execution state")]
    InvalidState,
    /// No more messages may wait.
    #[error("chat message queue is full (max {MAX_QUEUE_SIZE})")]
    QueueFull,
}

/// What happens to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum QueueEffect {
    #[default]
    Keep,
    /// The message is put at the end.
    Append,
    /// The message is put at the end, and the one at the head becomes part of the history.
    AppendAndTakeHead,
    /// The one at the head becomes part of the history.
    TakeHead,
    /// The chosen one becomes part of the history.
    TakeChosen,
    /// The chosen one goes to the head.
    ChosenToHead,
    /// The chosen one is dropped.
    DropChosen,
    /// All are dropped.
    Clear,
}

/// What happens to the stored error, the deadline for tool results, or the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FieldEffect {
    #[default]
    Keep,
    Clear,
    /// Takes the transition's own value.
    Set,
}

/// Which open tool calls are answered with a synthetic result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelScope {
    /// Those that the client was to run.
    Dynamic,
    /// All but those that the provider runs.
    All,
}

/// What a transition does. Versions follow from it: every transaction makes a snapshot, a change of messages makes it
/// the history's version and resets the attempts, a change of the queue makes it the queue's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Where the chat stands afterwards.
    pub(crate) to: ExecutionState,
    pub(crate) status: Option<ChatStatus>,
    pub(crate) archived: Option<bool>,
    pub(crate) last_error: FieldEffect,
    pub(crate) deadline: FieldEffect,
    pub(crate) owner: FieldEffect,
    pub(crate) queue: QueueEffect,
    /// Open calls to answer before a user's message goes into the history, and with which text.
    pub(crate) cancel: Option<(CancelScope, &'static str)>,
    /// Whether the transition's own messages go into the history.
    pub(crate) append: bool,
    /// Whether the chosen message and all that follow are taken out of the history first.
    pub(crate) truncate: bool,
    /// Whether an attempt is counted.
    pub(crate) attempt: bool,
    /// Whether the transition's retry notice is stored.
    pub(crate) retry: bool,
}

const INTERRUPTED_BY_NEW_MESSAGE: &str = "Tool execution interrupted by new user message";
const INTERRUPTED_BY_PROMOTION: &str = "Tool execution interrupted by queued message promotion";
const INTERRUPTED_BY_INTERRUPT_MESSAGE: &str = "Tool execution interrupted by user message";
const INTERRUPTED_BY_EDIT: &str = "Tool execution interrupted by message edit";
const INTERRUPTED_BY_USER: &str = "Tool execution interrupted by user";
const TIMED_OUT: &str = "Tool execution timed out";
const RECONCILED: &str = "Tool execution canceled due to invalid chat state";

/// What the transition does in the situation.
///
/// # Errors
/// When the state does not allow it, or the queue is full.
pub(crate) fn decide(situation: Situation, transition: Transition) -> Result<Effects, Refusal> {
    use ExecutionState as S;
    use Transition as T;

    let from = situation.state;
    let refused = Refusal::NotAllowed { transition, from };
    let stay = Effects::staying(from);
    // What is left of the queue once one of its messages is gone.
    let left = situation.queued > 1;
    match transition {
        // Ownership is independent of the execution state.
        T::Acquire if from != S::N => return Ok(Effects { owner: FieldEffect::Set, ..stay }),
        T::Abandon if from != S::N && situation.owned => return Ok(Effects { owner: FieldEffect::Clear, ..stay }),
        T::Acquire | T::Abandon => return Err(refused),
        T::ReconcileInvalidState if from == S::Invalid => {
            let to = if situation.queued > 0 { S::E1 } else { S::E0 };
            return Ok(Effects {
                archived: Some(false),
                last_error: FieldEffect::Set,
                deadline: FieldEffect::Clear,
                cancel: Some((CancelScope::Dynamic, RECONCILED)),
                ..stay.moving_to(to, ChatStatus::Error)
            });
        }
        _ if from == S::Invalid => return Err(Refusal::InvalidState),
        _ => {}
    }
    let effects = match (from, transition) {
        (S::N, T::CreateChat) => Effects { append: true, ..stay.moving_to(S::R0, ChatStatus::Running) },

        (S::W | S::E0 | S::E1, T::SetArchived(true)) => {
            let to = match from {
                S::W => S::XW,
                S::E0 => S::XE0,
                _ => S::XE1,
            };
            Effects { archived: Some(true), to, ..stay }
        }
        (S::XW | S::XE0 | S::XE1, T::SetArchived(false)) => {
            let to = match from {
                S::XW => S::W,
                S::XE0 => S::E0,
                _ => S::E1,
            };
            Effects { archived: Some(false), to, ..stay }
        }

        (S::W | S::E0, T::SendMessage(_)) => {
            Effects { append: true, cancel: cancel_all(INTERRUPTED_BY_NEW_MESSAGE), ..stay.starting_turn(S::R0) }
        }
        (S::E1, T::SendMessage(_)) => Effects {
            queue: QueueEffect::AppendAndTakeHead,
            cancel: cancel_all(INTERRUPTED_BY_PROMOTION),
            ..stay.starting_turn(S::R1)
        },
        (S::R0 | S::R1, T::SendMessage(BusyBehavior::Interrupt)) => {
            Effects { queue: QueueEffect::Append, ..stay.moving_to(S::I1, ChatStatus::Interrupting) }
        }
        (S::R0 | S::R1, T::SendMessage(BusyBehavior::Queue)) => {
            Effects { queue: QueueEffect::Append, to: S::R1, ..stay }
        }
        (S::I0 | S::I1, T::SendMessage(_)) => Effects { queue: QueueEffect::Append, to: S::I1, ..stay },
        (S::A0 | S::A1, T::SendMessage(BusyBehavior::Queue)) => {
            Effects { queue: QueueEffect::Append, to: S::A1, ..stay }
        }
        (S::A0 | S::A1, T::SendMessage(BusyBehavior::Interrupt)) => Effects {
            queue: QueueEffect::Append,
            deadline: FieldEffect::Clear,
            cancel: Some((CancelScope::Dynamic, INTERRUPTED_BY_INTERRUPT_MESSAGE)),
            ..stay.moving_to(S::R1, ChatStatus::Running)
        },

        (S::W | S::E0 | S::E1 | S::R0 | S::R1 | S::I0 | S::I1 | S::A0 | S::A1, T::EditMessage) => Effects {
            truncate: true,
            append: true,
            queue: QueueEffect::Clear,
            cancel: cancel_all(INTERRUPTED_BY_EDIT),
            ..stay.starting_turn(S::R0)
        },

        (S::E1 | S::R1 | S::I1 | S::A1, T::DeleteQueuedMessage) => {
            Effects { queue: QueueEffect::DropChosen, to: if left { from } else { without_queue(from) }, ..stay }
        }
        (S::R1 | S::I1, T::PromoteQueuedMessage) => {
            Effects { queue: QueueEffect::ChosenToHead, ..stay.moving_to(S::I1, ChatStatus::Interrupting) }
        }
        (S::E1 | S::A1, T::PromoteQueuedMessage) => Effects {
            queue: QueueEffect::TakeChosen,
            cancel: cancel_all(INTERRUPTED_BY_PROMOTION),
            ..stay.starting_turn(if left { S::R1 } else { S::R0 })
        },

        (S::R0, T::Interrupt) => stay.moving_to(S::I0, ChatStatus::Interrupting),
        (S::R1, T::Interrupt) => stay.moving_to(S::I1, ChatStatus::Interrupting),
        (S::A0 | S::A1, T::Interrupt) => stay.resuming(from, INTERRUPTED_BY_USER),
        (S::A0 | S::A1, T::CancelRequiresAction) => stay.resuming(from, TIMED_OUT),
        (S::A0 | S::A1, T::CompleteRequiresAction) => {
            Effects { append: true, cancel: None, ..stay.resuming(from, TIMED_OUT) }
        }

        (S::R0 | S::R1, T::RecordGenerationAttempt) => Effects { attempt: true, ..stay },
        (S::R0 | S::R1, T::RecordRetryState) => Effects { retry: true, ..stay },
        (S::R0 | S::R1, T::CommitStep) => Effects { append: true, ..stay },
        (S::R0 | S::R1, T::EnterRequiresAction) => Effects {
            deadline: FieldEffect::Set,
            ..stay.moving_to(if from == S::R0 { S::A0 } else { S::A1 }, ChatStatus::RequiresAction)
        },
        (S::R0 | S::R1, T::FinishError) => Effects {
            last_error: FieldEffect::Set,
            deadline: FieldEffect::Clear,
            ..stay.moving_to(if from == S::R0 { S::E0 } else { S::E1 }, ChatStatus::Error)
        },
        (S::R0, T::FinishTurn) => Effects { deadline: FieldEffect::Clear, ..stay.moving_to(S::W, ChatStatus::Waiting) },
        (S::R1, T::FinishTurn) => Effects {
            queue: QueueEffect::TakeHead,
            deadline: FieldEffect::Clear,
            cancel: cancel_all(INTERRUPTED_BY_PROMOTION),
            ..stay.moving_to(if left { S::R1 } else { S::R0 }, ChatStatus::Running)
        },
        (S::I0, T::FinishInterruption) => {
            Effects { append: true, deadline: FieldEffect::Clear, ..stay.moving_to(S::W, ChatStatus::Waiting) }
        }
        (S::I1, T::FinishInterruption) => Effects {
            append: true,
            queue: QueueEffect::TakeHead,
            deadline: FieldEffect::Clear,
            ..stay.moving_to(if left { S::R1 } else { S::R0 }, ChatStatus::Running)
        },
        _ => return Err(refused),
    };
    let appends = matches!(effects.queue, QueueEffect::Append | QueueEffect::AppendAndTakeHead);
    if appends && situation.queued >= MAX_QUEUE_SIZE {
        return Err(Refusal::QueueFull);
    }
    Ok(effects)
}

impl Effects {
    fn staying(at: ExecutionState) -> Self {
        Self {
            to: at,
            status: None,
            archived: None,
            last_error: FieldEffect::Keep,
            deadline: FieldEffect::Keep,
            owner: FieldEffect::Keep,
            queue: QueueEffect::Keep,
            cancel: None,
            append: false,
            truncate: false,
            attempt: false,
            retry: false,
        }
    }

    fn moving_to(self, to: ExecutionState, status: ChatStatus) -> Self {
        Self { to, status: Some(status), ..self }
    }

    /// A user's message starts a turn: what went wrong before is forgotten.
    fn starting_turn(self, to: ExecutionState) -> Self {
        Self { last_error: FieldEffect::Clear, deadline: FieldEffect::Clear, ..self.moving_to(to, ChatStatus::Running) }
    }

    /// The turn goes on after the client's calls have been answered.
    fn resuming(self, from: ExecutionState, reason: &'static str) -> Self {
        let to = if from == ExecutionState::A0 { ExecutionState::R0 } else { ExecutionState::R1 };
        Self {
            deadline: FieldEffect::Clear,
            cancel: Some((CancelScope::Dynamic, reason)),
            ..self.moving_to(to, ChatStatus::Running)
        }
    }
}

fn cancel_all(reason: &'static str) -> Option<(CancelScope, &'static str)> {
    Some((CancelScope::All, reason))
}

fn without_queue(state: ExecutionState) -> ExecutionState {
    match state {
        ExecutionState::E1 => ExecutionState::E0,
        ExecutionState::R1 => ExecutionState::R0,
        ExecutionState::I1 => ExecutionState::I0,
        ExecutionState::A1 => ExecutionState::A0,
        ExecutionState::XE1 => ExecutionState::XE0,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing;

    const ALL: [Transition; 21] = [
        Transition::CreateChat,
        Transition::SetArchived(true),
        Transition::SetArchived(false),
        Transition::SendMessage(BusyBehavior::Queue),
        Transition::SendMessage(BusyBehavior::Interrupt),
        Transition::EditMessage,
        Transition::DeleteQueuedMessage,
        Transition::PromoteQueuedMessage,
        Transition::Interrupt,
        Transition::CompleteRequiresAction,
        Transition::Acquire,
        Transition::Abandon,
        Transition::RecordGenerationAttempt,
        Transition::RecordRetryState,
        Transition::CommitStep,
        Transition::EnterRequiresAction,
        Transition::FinishInterruption,
        Transition::FinishTurn,
        Transition::FinishError,
        Transition::CancelRequiresAction,
        Transition::ReconcileInvalidState,
    ];

    fn has_queue(state: ExecutionState) -> bool {
        state.as_str().ends_with('1')
    }

    fn is_archived(state: ExecutionState) -> bool {
        state.as_str().starts_with('X')
    }

    /// Every situation in which a chat of the state can be, as far as the rules tell them apart.
    fn situations(state: ExecutionState) -> Vec<Situation> {
        let queues: &[usize] = match state {
            ExecutionState::Invalid => &[0, 1, 2],
            state if has_queue(state) => &[1, 2, MAX_QUEUE_SIZE],
            _ => &[0],
        };
        let with = |queued: &usize| [false, true].map(|owned| Situation { state, queued: *queued, owned });
        queues.iter().flat_map(with).collect()
    }

    /// Where the transition can lead from the state.
    fn outcomes(state: ExecutionState, name: &str) -> BTreeSet<&'static str> {
        let named = ALL.into_iter().filter(|transition| transition.as_str() == name);
        named
            .flat_map(|transition| situations(state).into_iter().map(move |situation| decide(situation, transition)))
            .filter_map(Result::ok)
            .map(|effects| effects.to.as_str())
            .collect()
    }

    #[test]
    fn every_transition_from_every_state_leads_where_the_original_has_it() {
        let state = |name: &str| ExecutionState::ALL.into_iter().find(|state| state.as_str() == name).unwrap();
        testing::replay(&testing::vectors("chat_states.json"), |case| {
            let got = if case.text("rule") == "classify" {
                let input = |key: &str| case.input[key].as_bool().unwrap_or_default();
                let status = ChatStatus::from(case.text("status"));
                let state = if input("exists") {
                    ExecutionState::classify(&status, input("archived"), input("queued"))
                } else {
                    ExecutionState::N
                };
                serde_json::json!({
                    "state": state.as_str(), "runnable": state.is_runnable(), "archived": is_archived(state),
                    "queue_non_empty": has_queue(state),
                })
            } else {
                serde_json::json!({"to": outcomes(state(case.text("from")), case.text("transition"))})
            };
            let mut want = case.output.clone();
            if let Some(to) = want.get_mut("to").and_then(serde_json::Value::as_array_mut) {
                to.sort_by_key(ToString::to_string);
            }
            testing::same(&got, &want)
        });
    }

    /// The whole matrix: what each state allows and where that leads. All else is refused.
    const MATRIX: [(ExecutionState, &str); 14] = [
        (ExecutionState::N, "CreateChat>R0"),
        (ExecutionState::W, "SetArchived>XW SendMessage>R0 EditMessage>R0"),
        (ExecutionState::E0, "SetArchived>XE0 SendMessage>R0 EditMessage>R0"),
        (
            ExecutionState::E1,
            "SetArchived>XE1 SendMessage>R1 EditMessage>R0 DeleteQueuedMessage>E0,E1 PromoteQueuedMessage>R0,R1",
        ),
        (
            ExecutionState::R0,
            "SendMessage>I1,R1 EditMessage>R0 Interrupt>I0 RecordGenerationAttempt>R0 RecordRetryState>R0 \
             CommitStep>R0 EnterRequiresAction>A0 FinishTurn>W FinishError>E0",
        ),
        (
            ExecutionState::R1,
            "SendMessage>I1,R1 EditMessage>R0 DeleteQueuedMessage>R0,R1 PromoteQueuedMessage>I1 Interrupt>I1 \
             RecordGenerationAttempt>R1 RecordRetryState>R1 CommitStep>R1 EnterRequiresAction>A1 FinishTurn>R0,R1 \
             FinishError>E1",
        ),
        (ExecutionState::I0, "SendMessage>I1 EditMessage>R0 FinishInterruption>W"),
        (
            ExecutionState::I1,
            "SendMessage>I1 EditMessage>R0 DeleteQueuedMessage>I0,I1 PromoteQueuedMessage>I1 FinishInterruption>R0,R1",
        ),
        (
            ExecutionState::A0,
            "SendMessage>A1,R1 EditMessage>R0 Interrupt>R0 CompleteRequiresAction>R0 CancelRequiresAction>R0",
        ),
        (
            ExecutionState::A1,
            "SendMessage>A1,R1 EditMessage>R0 DeleteQueuedMessage>A0,A1 PromoteQueuedMessage>R0,R1 Interrupt>R1 \
             CompleteRequiresAction>R1 CancelRequiresAction>R1",
        ),
        (ExecutionState::XW, "SetArchived>W"),
        (ExecutionState::XE0, "SetArchived>E0"),
        (ExecutionState::XE1, "SetArchived>E1"),
        (ExecutionState::Invalid, "ReconcileInvalidState>E0,E1"),
    ];

    #[test]
    fn the_matrix_is_complete_and_nothing_else_is_allowed() {
        let names: BTreeSet<&str> = ALL.iter().map(|transition| transition.as_str()).collect();
        for state in ExecutionState::ALL {
            let (_, allowed) = MATRIX.iter().find(|(named, _)| *named == state).unwrap();
            for name in names.iter().filter(|name| !["Acquire", "Abandon"].contains(name)) {
                let want: BTreeSet<&str> = allowed
                    .split_whitespace()
                    .filter_map(|entry| entry.split_once('>'))
                    .filter(|(transition, _)| transition == name)
                    .flat_map(|(_, to)| to.split(','))
                    .collect();
                assert_eq!(outcomes(state, name), want, "{name} from {state}");
            }
        }
    }

    #[test]
    fn a_refusal_names_the_transition_and_the_state() {
        for state in ExecutionState::ALL {
            for situation in situations(state) {
                for transition in ALL {
                    match decide(situation, transition) {
                        Ok(_) | Err(Refusal::QueueFull) => {}
                        Err(Refusal::InvalidState) => assert_eq!(state, ExecutionState::Invalid),
                        Err(refusal) => assert_eq!(refusal, Refusal::NotAllowed { transition, from: state }),
                    }
                }
            }
        }
    }

    #[test]
    fn the_queue_takes_twenty_and_no_more() {
        let full = Situation { state: ExecutionState::R1, queued: MAX_QUEUE_SIZE, owned: true };
        let send = Transition::SendMessage(BusyBehavior::Queue);
        assert_eq!(decide(full, send), Err(Refusal::QueueFull));
        assert!(decide(Situation { queued: MAX_QUEUE_SIZE - 1, ..full }, send).is_ok());
    }

    #[test]
    fn ownership_is_independent_of_what_the_chat_does() {
        for state in ExecutionState::ALL.into_iter().filter(|state| *state != ExecutionState::N) {
            for situation in situations(state) {
                assert_eq!(decide(situation, Transition::Acquire).unwrap().to, state);
                assert_eq!(decide(situation, Transition::Abandon).is_ok(), situation.owned);
            }
        }
    }

    #[test]
    fn what_leaves_a_failure_forgets_it_unless_it_archives() {
        for state in [ExecutionState::E0, ExecutionState::E1] {
            for situation in situations(state) {
                for effects in ALL.into_iter().filter_map(|transition| decide(situation, transition).ok()) {
                    let left = effects.status.is_some();
                    assert_eq!(effects.last_error == FieldEffect::Clear, left, "{effects:?}");
                }
            }
        }
    }

    #[test]
    fn open_calls_are_answered_before_a_users_message_goes_in() {
        // The end of an interruption brings the results of its calls along.
        for state in ExecutionState::ALL.into_iter().filter(|state| *state != ExecutionState::I1) {
            for situation in situations(state) {
                for transition in ALL {
                    let Ok(effects) = decide(situation, transition) else { continue };
                    let from_queue = matches!(
                        effects.queue,
                        QueueEffect::TakeHead | QueueEffect::TakeChosen | QueueEffect::AppendAndTakeHead
                    );
                    let own =
                        effects.append && matches!(transition, Transition::SendMessage(_) | Transition::EditMessage);
                    if from_queue || own {
                        assert!(matches!(effects.cancel, Some((CancelScope::All, _))), "{transition:?} from {state}");
                    }
                }
            }
        }
    }
}
