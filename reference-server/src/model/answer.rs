//! From the server-sent events of a provider to the events of an answer: the loop that all providers share, each with
//! a decoder of its own.

use std::collections::VecDeque;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::Value;

use super::http::Event;
use super::{ModelError, ModelEvent, ModelStream};

/// Most bytes of one answer's text, thoughts and arguments.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// What a provider's events say. The answer is over once a decoder gives [`ModelEvent::Finish`] or an error.
pub(super) trait Decoder: Send + 'static {
    /// Takes the data of an event and adds what it says to `ready`.
    ///
    /// # Errors
    /// When the event reports one.
    fn take(&mut self, data: &Value, ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError>;

    /// Takes the mark `[DONE]`, which some providers end a stream with.
    ///
    /// # Errors
    /// When the answer was not whole.
    fn done(&mut self, _ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError> {
        Ok(())
    }

    /// The stream ended before the answer was over, in `broken` because of this error.
    ///
    /// # Errors
    /// When the answer was not whole.
    fn ended(&mut self, broken: Option<ModelError>, ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError>;
}

/// The answer that these events tell.
pub(super) fn decode(events: BoxStream<'static, Result<Event, ModelError>>, decoder: impl Decoder) -> ModelStream {
    let reader = Reader { events, decoder, ready: VecDeque::new(), size: 0, over: false };
    futures_util::stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((event, reader))
    })
    .boxed()
}

struct Reader<D> {
    events: BoxStream<'static, Result<Event, ModelError>>,
    decoder: D,
    ready: VecDeque<ModelEvent>,
    size: usize,
    over: bool,
}

impl<D: Decoder> Reader<D> {
    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if self.over {
                return None;
            }
            if let Some(event) = self.ready.pop_front() {
                self.over = matches!(event, ModelEvent::Finish(_));
                return Some(Ok(event));
            }
            let taken = match self.events.next().await {
                Some(Ok(event)) if event.data.starts_with("[DONE]") => self.decoder.done(&mut self.ready),
                Some(Ok(event)) => self.take(&event.data),
                Some(Err(error)) => self.decoder.ended(Some(error), &mut self.ready),
                None => self.decoder.ended(None, &mut self.ready),
            };
            if let Err(error) = taken {
                self.over = true;
                return Some(Err(error));
            }
        }
    }

    fn take(&mut self, data: &str) -> Result<(), ModelError> {
        let value: Value = serde_json::from_str(data).map_err(|error| ModelError::new(error.to_string()))?;
        self.size += data.len();
        if self.size > MAX_ANSWER {
            return Err(ModelError::new("the provider's answer is too large"));
        }
        self.decoder.take(&value, &mut self.ready)
    }
}

/// The text of a value, empty where it is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The items of a value, none where it is no array.
pub(super) fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
