//! What AWS has of its own: signatures of requests, and answers in frames of its binary event stream.

use std::env;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use secrecy::SecretString;
use serde_json::Value;

use super::answer::text;
use super::http::{Auth, Event, MAX_EVENT};
use super::{ErrorCause, ModelError};
use crate::clock::SharedClock;

/// The service that requests are signed for.
const SERVICE: &str = "bedrock";

/// Signs requests by AWS's Signature Version 4.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    /// Their `Debug` hides the secret.
    credentials: Credentials,
    region: String,
    clock: SharedClock,
}

impl Signer {
    pub(super) fn new(credentials: Credentials, region: String, clock: SharedClock) -> Self {
        Self { credentials, region, clock }
    }

    /// Adds the headers that prove the request.
    pub(super) fn sign(&self, request: &mut reqwest::Request) -> Result<(), ModelError> {
        let failed = |error: &dyn std::fmt::Display| ModelError::new(format!("sign the request: {error}"));
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::from(self.clock.now()))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| failed(&error))?
            .into();
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable =
            SignableRequest::new(request.method().as_str(), request.url().as_str(), headers, SignableBody::Bytes(body))
                .map_err(|error| failed(&error))?;
        let (proof, _) = sign(signable, &params).map_err(|error| failed(&error))?.into_parts();
        for (name, value) in proof.headers() {
            let name = ::http::HeaderName::try_from(name).map_err(|error| failed(&error))?;
            let mut value = ::http::HeaderValue::try_from(value).map_err(|error| failed(&error))?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }
}

/// How requests show who we are: by the key, else by the pair of the settings, else by what the machine's environment
/// holds.
///
/// # Errors
/// When half of a pair is missing, and when nothing is there.
pub(super) fn auth(
    key: Option<SecretString>,
    pair: (Option<&str>, Option<&str>),
    region: &str,
    clock: &SharedClock,
) -> Result<Auth, String> {
    let found = |value: Option<&str>| value.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
    let env = |name: &str| found(env::var(name).ok().as_deref());
    let sign = |id, secret, session| {
        let credentials = Credentials::new(id, secret, session, None, "coder");
        Auth::Aws(Signer::new(credentials, region.to_owned(), clock.clone()))
    };
    if let Some(key) = key {
        return Ok(Auth::Bearer(key));
    }
    match (found(pair.0), found(pair.1)) {
        (Some(id), Some(secret)) => return Ok(sign(id, secret, None)),
        (None, None) => {}
        _ => return Err("both access key and access key secret must be provided together".to_owned()),
    }
    if let Some(token) = env("AWS_BEARER_TOKEN_BEDROCK") {
        return Ok(Auth::Bearer(token.into()));
    }
    match (env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => Ok(sign(id, secret, env("AWS_SESSION_TOKEN"))),
        _ => Err("expected AWS credentials to be set".to_owned()),
    }
}

/// The region: that of the settings, else the environment's, else the one that has every model.
pub(super) fn region(configured: &str) -> String {
    let environment = || {
        ["AWS_REGION", "AWS_DEFAULT_REGION"]
            .into_iter()
            .find_map(|name| env::var(name).ok().filter(|region| !region.trim().is_empty()))
    };
    let configured = configured.trim();
    if configured.is_empty() { environment().unwrap_or_else(|| "us-east-1".to_owned()) } else { configured.to_owned() }
}

/// The events that the frames of an answer carry.
pub(super) fn events(
    bytes: BoxStream<'static, Result<Bytes, ModelError>>,
) -> BoxStream<'static, Result<Event, ModelError>> {
    let reader =
        Reader { bytes, buffer: BytesMut::new(), decoder: MessageFrameDecoder::new(), midway: false, over: false };
    futures_util::stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((event, reader))
    })
    .boxed()
}

struct Reader {
    bytes: BoxStream<'static, Result<Bytes, ModelError>>,
    buffer: BytesMut,
    decoder: MessageFrameDecoder,
    /// Whether a frame has begun that is not whole.
    midway: bool,
    over: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Event, ModelError>> {
        if self.over {
            return None;
        }
        let next = self.advance().await.transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }

    async fn advance(&mut self) -> Result<Option<Event>, ModelError> {
        loop {
            self.midway |= !self.buffer.is_empty();
            match self.decoder.decode_frame(&mut self.buffer) {
                Ok(DecodedFrame::Complete(message)) => {
                    self.midway = false;
                    if let Some(event) = event(&message)? {
                        return Ok(Some(event));
                    }
                    continue;
                }
                Ok(DecodedFrame::Incomplete) => {}
                Err(error) => return Err(ModelError::new(format!("read a frame of the event stream: {error}"))),
            }
            if self.buffer.len() > MAX_EVENT {
                return Err(ModelError::new("the provider sent an event that is too large"));
            }
            match self.bytes.next().await {
                Some(chunk) => self.buffer.extend_from_slice(&chunk?),
                None if self.midway => return Err(ModelError::caused("unexpected EOF", ErrorCause::Eof)),
                None => return Ok(None),
            }
        }
    }
}

/// What a frame says; `None` for kinds that carry nothing of the answer.
fn event(message: &Message) -> Result<Option<Event>, ModelError> {
    let header = |name: &str| {
        let found = message.headers().iter().find(|header| header.name().as_str() == name);
        found.and_then(|header| header.value().as_string().ok()).map(|value| value.as_str().to_owned())
    };
    let needed = |name: &str| header(name).ok_or_else(|| ModelError::new(format!("{name} event header not present")));
    let unknown = || "UnknownError".to_owned();
    match needed(":message-type")?.as_str() {
        "event" if needed(":event-type")? == "chunk" => {
            let chunk: Value =
                serde_json::from_slice(message.payload()).map_err(|error| ModelError::new(error.to_string()))?;
            let data = STANDARD
                .decode(text(&chunk["bytes"]))
                .map_err(|error| ModelError::new(format!("read an event of the event stream: {error}")))?;
            let data = String::from_utf8(data).map_err(|error| ModelError::new(error.to_string()))?;
            Ok(Some(Event { name: String::new(), data }))
        }
        "exception" => {
            let kind = needed(":exception-type")?;
            let told: Value = serde_json::from_slice(message.payload()).unwrap_or_default();
            let words =
                ["message", "Message"].into_iter().map(|name| text(&told[name])).find(|words| !words.is_empty());
            let words = words.map_or_else(unknown, str::to_owned);
            Err(ModelError::new(format!("received exception {kind}: {words}")))
        }
        "error" => {
            let code = header(":error-code").unwrap_or_else(unknown);
            let words = header(":error-message").unwrap_or_else(unknown);
            Err(ModelError::new(format!("received error {code}: {words}")))
        }
        _ => Ok(None),
    }
}

/// A frame as the event stream has it, for servers that tests play.
#[cfg(test)]
pub(super) fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    use aws_smithy_types::event_stream::{Header, HeaderValue};

    let mut message = Message::new(Bytes::copy_from_slice(payload));
    for (name, value) in headers {
        message = message.add_header(Header::new((*name).to_owned(), HeaderValue::String((*value).to_owned().into())));
    }
    let mut frame = Vec::new();
    aws_smithy_eventstream::frame::write_message_to(&message, &mut frame).expect("a frame");
    frame
}

/// The frame of one event of an answer.
#[cfg(test)]
pub(crate) fn chunk(event: &str) -> Vec<u8> {
    let payload = serde_json::json!({"bytes": STANDARD.encode(event), "p": "abcd"}).to_string();
    frame(
        &[(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")],
        payload.as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    async fn read(bytes: &[u8], size: usize) -> Result<Vec<String>, ModelError> {
        let chunks: Vec<_> = bytes.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        events(futures_util::stream::iter(chunks).boxed()).map_ok(|event| event.data).try_collect().await
    }

    #[tokio::test]
    async fn frames_are_found_however_the_bytes_are_cut() {
        let other = frame(&[(":message-type", "event"), (":event-type", "ping")], b"");
        let bytes = [chunk(r#"{"type":"a"}"#), other, chunk(r#"{"é":1}"#)].concat();
        for size in 1..bytes.len() {
            assert_eq!(read(&bytes, size).await.unwrap(), [r#"{"type":"a"}"#, r#"{"é":1}"#]);
        }
        for cut in 1..bytes.len() {
            // Between frames the stream may end: whether the answer is whole is for others to say.
            let Err(error) = read(&bytes[..cut], 7).await else { continue };
            assert_eq!((error.message.as_str(), error.cause), ("unexpected EOF", Some(ErrorCause::Eof)), "{cut}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_stream_is_told() {
        let exception = |payload: &[u8]| {
            frame(&[(":message-type", "exception"), (":exception-type", "throttlingException")], payload)
        };
        let mut damaged = chunk("{}");
        let last = damaged.len() - 6;
        damaged[last] ^= 1;
        let huge = [u32::MAX.to_be_bytes().as_slice(), &[0; 32]].concat();
        for (bytes, words) in [
            (exception(br#"{"message":"slow down"}"#), "received exception throttlingException: slow down"),
            (exception(b"?"), "received exception throttlingException: UnknownError"),
            (
                frame(&[(":message-type", "error"), (":error-code", "c"), (":error-message", "m")], b""),
                "received error c: m",
            ),
            (frame(&[], b""), ":message-type event header not present"),
            (damaged, "read a frame of the event stream"),
            (huge, "unexpected EOF"),
        ] {
            let error = read(&bytes, 5).await.unwrap_err();
            assert!(error.message.contains(words), "{error} for {words}");
        }
    }

    #[test]
    fn half_a_pair_is_refused() {
        let clock: SharedClock = std::sync::Arc::new(crate::clock::SystemClock);
        for pair in [(Some("id"), None), (Some(" "), Some("secret"))] {
            let error = auth(None, pair, "eu", &clock).unwrap_err();
            assert_eq!(error, "both access key and access key secret must be provided together");
        }
        let signing = auth(None, (Some("id"), Some("hush-hush")), "eu", &clock).unwrap();
        assert!(!format!("{signing:?}").contains("hush-hush"));
    }
}
