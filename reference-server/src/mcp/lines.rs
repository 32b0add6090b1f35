//! The lines that a program writes, made into messages that the SDK takes: it drops what it does not understand, and who
//! waits for the answer would wait in vain.

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};

use crate::http::go_json;

/// Longest line that is taken, in bytes; what is longer ends the connection.
const LONGEST_LINE: u64 = 16 << 20;
/// How much waits for the SDK, in bytes.
const IN_FLIGHT: usize = 64 << 10;

/// What `output` says, mended where need be. It ends where `output` does.
pub(super) fn mended(output: impl AsyncRead + Send + Unpin + 'static) -> DuplexStream {
    let (theirs, mut ours) = tokio::io::duplex(IN_FLIGHT);
    tokio::spawn(async move {
        let mut lines = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut line).await;
            if read.is_err() || line.last() != Some(&b'\n') || ours.write_all(&mend(&line)).await.is_err() {
                return;
            }
        }
    });
    theirs
}

/// A message in the form that the SDK takes; what is no message stays as it is.
fn mend(line: &[u8]) -> Cow<'_, [u8]> {
    let Ok(Value::Object(mut message)) = go_json::from_whole::<Value>(line) else {
        return Cow::Borrowed(line);
    };
    if !message.contains_key("id") || message.contains_key("method") {
        return Cow::Borrowed(line);
    }
    message.insert("jsonrpc".to_owned(), json!("2.0"));
    match message.get("error") {
        Some(Value::Object(error)) => {
            let error = whole_error(error);
            message.insert("error".to_owned(), error);
            message.remove("result");
        }
        _ => {
            message.remove("error");
            complete_introduction(message.entry("result").or_insert(Value::Null));
        }
    }
    let mut mended = Value::Object(message).to_string().into_bytes();
    mended.push(b'\n');
    Cow::Owned(mended)
}

/// An error with its code and its message, even where they are missing.
fn whole_error(error: &Map<String, Value>) -> Value {
    let code = error.get("code").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok());
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
    json!({"code": code.unwrap_or_default(), "message": message, "data": error.get("data")})
}

/// A server need not say what it is and what it can do.
fn complete_introduction(result: &mut Value) {
    let Some(fields) = result.as_object_mut().filter(|fields| fields.contains_key("protocolVersion")) else { return };
    if !fields.get("capabilities").is_some_and(Value::is_object) {
        fields.insert("capabilities".to_owned(), json!({}));
    }
    if !fields.contains_key("serverInfo") {
        fields.insert("serverInfo".to_owned(), json!({"name": "", "version": ""}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(line: &[u8]) -> Value {
        serde_json::from_slice(&mend(line)).unwrap()
    }

    #[test]
    fn answers_are_mended() {
        let result = |result: Value| json!({"jsonrpc": "2.0", "id": 1, "result": result});
        let error = |code: i64, words: &str| json!({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": words, "data": null}});
        for (line, expected) in [
            (&b"{\"id\":1,\"result\":{}}\n"[..], result(json!({}))),
            (b"{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":[]}\r\n", result(json!([]))),
            (b"{\"id\":1}\n", result(json!(null))),
            (b"{\"id\":1,\"result\":\"\\ud800 \xe2\x82\"}\n", result(json!("\u{fffd} \u{fffd}\u{fffd}"))),
            (b"{\"id\":1,\"error\":{}}\n", error(0, "")),
            (b"{\"id\":1,\"error\":{\"code\":99999999999,\"message\":\"m\"},\"result\":1}\n", error(0, "m")),
            (b"{\"id\":1,\"error\":{\"code\":-5,\"message\":\"m\"}}\n", error(-5, "m")),
            (
                b"{\"id\":1,\"result\":{\"protocolVersion\":\"2025-06-18\"}}\n",
                result(json!({"protocolVersion": "2025-06-18", "capabilities": {},
                    "serverInfo": {"name": "", "version": ""}})),
            ),
        ] {
            assert_eq!(message(line), expected, "{}", String::from_utf8_lossy(line));
        }
        for line in [&b"log line\n"[..], b"{\"method\":\"ping\",\"id\":1}\n", b"{\"method\":\"x\"}\n", b"[]\n"] {
            assert_eq!(*mend(line), *line);
        }
    }

    #[tokio::test]
    async fn a_line_without_end_ends_the_connection() {
        let mut endless = mended(tokio::io::repeat(b'x'));
        let mut said = Vec::new();
        assert_eq!(endless.read_to_end(&mut said).await.unwrap(), 0);
    }
}
