//! Bedrock: signed requests, and answers in frames.

use aws_credential_types::Credentials;
use aws_lc_rs::{digest, hmac};

use super::super::aws::{Signer, chunk, frame};
use super::super::bedrock::Invoke;
use super::*;
use crate::clock::ManualClock;

const MODEL: &str = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";

fn signing(endpoint: Endpoint) -> Endpoint {
    let clock = Arc::new(ManualClock::new("2026-06-27T12:00:00Z".parse().unwrap()));
    let credentials = Credentials::new("AKID", KEY, Some("session".to_owned()), None, "test");
    Endpoint { auth: Auth::Aws(Signer::new(credentials, "eu-west-1".to_owned(), clock)), ..endpoint }
}

fn in_frames(events: &[&str]) -> Reply {
    let body: Vec<u8> = events.iter().flat_map(|event| chunk(event)).collect();
    Reply { status: 200, headers: &[("content-type", "application/vnd.amazon.eventstream")], body: body.into() }
}

/// The signature that AWS would find for a request.
fn signature(path: &str, headers: &HeaderMap, signed: &str, body: &[u8]) -> String {
    let hash = |data: &[u8]| hex::encode(digest::digest(&digest::SHA256, data));
    let mac = |key: &[u8], data: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data.as_bytes());
    let told: String =
        signed.split(';').map(|name| format!("{name}:{}\n", headers[name].to_str().unwrap().trim())).collect();
    let canonical = format!("POST\n{}\n\n{told}\n{signed}\n{}", path.replace('%', "%25"), hash(body));
    let scope = "20260627/eu-west-1/bedrock/aws4_request";
    let text = format!("AWS4-HMAC-SHA256\n20260627T120000Z\n{scope}\n{}", hash(canonical.as_bytes()));
    let mut key = format!("AWS4{KEY}").into_bytes();
    for step in ["20260627", "eu-west-1", "bedrock", "aws4_request"] {
        key = mac(&key, step).as_ref().to_vec();
    }
    hex::encode(mac(&key, &text))
}

#[tokio::test]
async fn requests_are_signed_and_frames_put_together() {
    let (endpoint, asked) = serve(in_frames(&[
        r#"{"type":"message_start","message":{"usage":{"input_tokens":7,"cache_read_input_tokens":3}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c1","name":"x"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":4}}"#,
        r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":7}}"#,
    ]))
    .await;
    let model = Invoke::new(MODEL, signing(endpoint));
    let got = stream(&model).await.unwrap();
    assert_eq!(deltas(&got), "a|/{}|x({}) ToolCalls 7+4=11 r0 c3");
    assert!(!format!("{model:?}").contains(KEY));
    let (path, headers, body) = asked.lock().unwrap().remove(0);
    assert_eq!(path, "/v1/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream");
    assert_eq!(body["anthropic_version"], "bedrock-2023-05-31");
    assert_eq!((body.get("model"), body.get("stream"), &body["max_tokens"]), (None, None, &json!(100)));
    assert_eq!(body["tool_choice"], json!({"type": "auto"}));
    assert_eq!(headers["x-coder-chat-id"], "chat");
    assert_eq!(headers["x-amz-security-token"], "session");
    let proof = headers["authorization"].to_str().unwrap();
    let (credential, proof) = proof.split_once(", SignedHeaders=").unwrap();
    let (signed, proof) = proof.split_once(", Signature=").unwrap();
    assert_eq!(credential, "AWS4-HMAC-SHA256 Credential=AKID/20260627/eu-west-1/bedrock/aws4_request");
    assert!(signed.contains("host;") && signed.contains("x-amz-date"), "{signed}");
    assert_eq!(proof, signature(&path, &headers, signed, body.to_string().as_bytes()));
}

#[tokio::test]
async fn a_whole_answer_is_asked_for_elsewhere() {
    let body = r#"{"content":[{"type":"text","text":"a title"}],"stop_reason":"end_turn",
        "usage":{"input_tokens":3,"output_tokens":2}}"#;
    let (endpoint, asked) = serve(Reply { status: 200, headers: &[], body: body.into() }).await;
    let answer = Invoke::new(MODEL, endpoint).generate(call()).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish.usage.total_tokens), ("a title", 5));
    let (path, headers, _) = asked.lock().unwrap().remove(0);
    assert!(path.ends_with("-v1%3A0/invoke"), "{path}");
    assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
}

#[tokio::test]
async fn what_bedrock_breaks_off_or_refuses_is_told_apart() {
    let said = chunk(r#"{"type":"message_start","message":{}}"#);
    let exception = |kind: &str, words: &str| {
        let headers = [(":message-type", "exception"), (":exception-type", kind)];
        [said.clone(), frame(&headers, json!({"message": words}).to_string().as_bytes())].concat()
    };
    let refused = |status: u16, words: &str| Reply {
        status,
        headers: &[("content-type", "application/json")],
        body: json!({"message": words}).to_string().into(),
    };
    let streamed = |body: Vec<u8>| Reply { status: 200, headers: &[], body: body.into() };
    let cases = [
        (streamed(said.clone()), ("timeout", true, 0)),
        (streamed(said[..said.len() - 3].to_vec()), ("timeout", true, 0)),
        (streamed(exception("throttlingException", "Too many requests, slow down")), ("rate_limit", true, 0)),
        (streamed(exception("validationException", "bad")), ("generic", false, 0)),
        (refused(429, "Too many tokens"), ("rate_limit", true, 429)),
        (refused(403, "The security token included in the request is invalid."), ("auth", false, 403)),
        (refused(400, "The provided request is not valid"), ("generic", false, 400)),
    ];
    for (reply, (kind, retryable, status)) in cases {
        let told = format!("{} {:?}", reply.status, reply.body);
        let (endpoint, _) = serve(reply).await;
        let error = stream(&Invoke::new(MODEL, signing(endpoint))).await.unwrap_err();
        let failure = ChatFailure::classify(&error).with_provider("bedrock");
        assert_eq!(failure.kind.as_ref().map(|kind| kind.as_str()), Some(kind), "{told}: {error}");
        assert_eq!((failure.retryable, failure.status_code), (retryable, status), "{told}: {error}");
        assert!(status == 0 || !failure.detail.contains('{'), "{told}: {}", failure.detail);
    }
}
