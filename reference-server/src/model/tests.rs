//! Clients of real providers against a server that says what it is told to.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use futures_util::TryStreamExt;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::anthropic::Messages;
use super::google::Gemini;
use super::http::{Auth, Endpoint};
use super::openai_compat::ChatCompletions;
use super::openai_responses::Responses;
use super::*;
use crate::chatd::errors::ChatFailure;

mod bedrock;
mod turns;

const KEY: &str = "sk-very-secret";

/// What was asked: path, headers, body.
type Asked = Arc<Mutex<Vec<(String, HeaderMap, Value)>>>;

struct Reply {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: Bytes,
}

fn events(events: &[&str]) -> Reply {
    let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    Reply { status: 200, headers: &[("content-type", "text/event-stream")], body: body.into() }
}

async fn serve(reply: Reply) -> (Endpoint, Asked) {
    let asked = Asked::default();
    let reply = Arc::new(reply);
    let app = Router::new()
        .fallback(async move |State(asked): State<Asked>, request: axum::extract::Request| {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            let body = serde_json::from_slice(&body).unwrap();
            asked.lock().unwrap().push((parts.uri.path().to_owned(), parts.headers, body));
            let mut response = Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                response = response.header(*name, *value);
            }
            response.body(Body::from(reply.body.clone())).unwrap()
        })
        .with_state(asked.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = url::Url::parse(&format!("http://{}/v1/", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let key = SecretString::from(KEY.to_owned());
    (Endpoint { base, auth: Auth::Bearer(key), headers: Vec::new() }, asked)
}

fn call() -> ModelCall {
    let tool_call = ToolCall {
        id: "c0".to_owned(),
        name: "look".to_owned(),
        input: r#"{"a":1}"#.to_owned(),
        ..ToolCall::default()
    };
    let result = ToolResult {
        id: "c0".to_owned(),
        output: ToolOutput::Error("no".to_owned()),
        provider_executed: false,
        metadata: None,
    };
    ModelCall {
        prompt: vec![
            PromptMessage::text(PromptRole::System, "be brief"),
            PromptMessage::text(PromptRole::User, "hello"),
            PromptMessage::new(
                PromptRole::Assistant,
                vec![PromptPart::Text { text: "well".to_owned() }, PromptPart::ToolCall(tool_call)],
            ),
            PromptMessage::new(PromptRole::Tool, vec![PromptPart::ToolResult(result)]),
        ],
        tools: vec![ToolDefinition {
            name: "look".to_owned(),
            description: "Looks.".to_owned(),
            input_schema: json!({"type": "object", "properties": {}}),
        }],
        options: CallOptions { max_output_tokens: Some(100), ..CallOptions::default() },
        headers: vec![("X-Coder-Chat-Id".to_owned(), "chat".to_owned())],
        ..ModelCall::default()
    }
}

async fn stream(model: &dyn ChatModel) -> Result<Vec<ModelEvent>, ModelError> {
    model.stream(call()).await?.try_collect().await
}

fn deltas(events: &[ModelEvent]) -> String {
    events
        .iter()
        .filter_map(|event| match event {
            ModelEvent::TextDelta { delta, .. }
            | ModelEvent::ReasoningDelta { delta, .. }
            | ModelEvent::ToolInputDelta { delta, .. } => Some(format!("{delta}|")),
            ModelEvent::TextEnd { .. } | ModelEvent::ReasoningEnd { .. } => Some("/".to_owned()),
            ModelEvent::ToolCall(call) => Some(format!("{}({})", call.name, call.input)),
            ModelEvent::Finish(finish) => Some(format!(
                " {:?} {}+{}={} r{} c{}",
                finish.reason,
                finish.usage.input_tokens,
                finish.usage.output_tokens,
                finish.usage.total_tokens,
                finish.usage.reasoning_tokens,
                finish.usage.cache_read_tokens
            )),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn chat_completions_are_put_together_from_deltas() {
    let (endpoint, asked) = serve(events(&[
        r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#,
        r#"{"choices":[{"delta":{"content":"a"}}]}"#,
        r#"{"choices":[{"delta":{"content":" b"}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"x","arguments":""}},
            {"index":1,"id":"c2","function":{"name":"y","arguments":"{\"b\""}}]}}]}"#
            .replace('\n', "")
            .as_str(),
        r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":":2}"}}]}}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,
            "prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}"#
            .replace('\n', "")
            .as_str(),
        "[DONE]",
    ]))
    .await;
    let model = ChatCompletions::new("openai-compat", "m", endpoint);
    let got = stream(&model).await.unwrap();
    assert_eq!(deltas(&got), r#"hm|/a| b|/{"b"|:2}|y({"b":2})x({}) ToolCalls 6+5=15 r2 c4"#);
    let (path, headers, body) = asked.lock().unwrap().remove(0);
    assert_eq!(path, "/v1/chat/completions");
    assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(headers["x-coder-chat-id"], "chat");
    assert_eq!(body["stream_options"], json!({"include_usage": true}));
    assert_eq!(body["max_tokens"], 100);
    assert_eq!(body["tools"][0]["function"]["name"], "look");
    assert_eq!(
        body["messages"],
        json!([
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": "well", "tool_calls": [
                {"id": "c0", "type": "function", "function": {"name": "look", "arguments": "{\"a\":1}"}}]},
            {"role": "tool", "tool_call_id": "c0", "content": "no"},
        ])
    );
    assert!(!format!("{model:?}").contains(KEY));
}

#[tokio::test]
async fn broken_answers_are_told_apart() {
    let html = Reply { status: 200, headers: &[("content-type", "text/html")], body: "<html>hi</html>".into() };
    let nothing = Reply { status: 204, headers: &[], body: Bytes::new() };
    let limited = Reply {
        status: 429,
        headers: &[("retry-after", "9"), ("retry-after-ms", "2500")],
        body: r#"{"error":{"message":"slow down"}}"#.into(),
    };
    let plain = Reply { status: 400, headers: &[], body: "plain text".into() };
    let said = r#"{"choices":[{"delta":{"content":"a"}}]}"#;
    // Kind, whether it is tried again, status, detail where it matters, delay in ms.
    let cases = [
        (html, ("timeout", true, 0, "", 0)),
        (nothing, ("timeout", true, 0, "", 0)),
        (events(&[said]), ("timeout", true, 0, "", 0)),
        (events(&[said, "[DONE]"]), ("timeout", true, 0, "", 0)),
        (events(&[said, "{nope"]), ("generic", false, 0, "", 0)),
        (events(&[said, r#"{"error":{"message":"boom"}}"#]), ("generic", false, 0, "", 0)),
        (limited, ("rate_limit", true, 429, "slow down", 2500)),
        (plain, ("generic", false, 400, "plain text", 0)),
    ];
    for (reply, (kind, retryable, status, detail, delay)) in cases {
        let told = format!("{} {:?}", reply.status, reply.body);
        let (endpoint, _) = serve(reply).await;
        let error = stream(&ChatCompletions::new("openai-compat", "m", endpoint)).await.unwrap_err();
        let failure = ChatFailure::classify(&error).with_provider("openai-compat");
        assert_eq!(failure.kind.as_ref().map(|kind| kind.as_str()), Some(kind), "{told}: {error}");
        assert_eq!((failure.retryable, failure.status_code), (retryable, status), "{told}: {error}");
        assert!(detail.is_empty() || failure.detail == detail, "{told}: {}", failure.detail);
        assert_eq!(failure.retry_after.as_millis(), delay, "{told}");
        assert!(!format!("{error:?}").contains(KEY), "{told}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_tried_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = url::Url::parse(&format!("http://user:pass@{}/v1?q=1", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let endpoint = Endpoint { base, auth: Auth::Bearer(SecretString::from(KEY.to_owned())), headers: Vec::new() };
    let error = stream(&ChatCompletions::new("openai-compat", "m", endpoint)).await.unwrap_err();
    let failure = ChatFailure::classify(&error);
    assert!(failure.retryable && failure.detail.contains("connection refused"), "{failure:?}");
    assert!(!failure.detail.contains("pass") && !failure.detail.contains("q=1"), "{}", failure.detail);
}

#[tokio::test]
async fn anthropics_messages_are_put_together_from_blocks() {
    let (endpoint, asked) = serve(events(&[
        r#"{"type":"message_start","message":{"usage":{"input_tokens":7,"cache_read_input_tokens":3}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c1","name":"x"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":4}}"#,
        r#"{"type":"message_stop"}"#,
    ]))
    .await;
    let model = Messages::new("claude", Endpoint { auth: Auth::Header("x-api-key", KEY.into()), ..endpoint });
    let got = stream(&model).await.unwrap();
    assert_eq!(deltas(&got), "hm|/{}|x({}) ToolCalls 7+4=11 r0 c3");
    let signed = Some(json!({"anthropic": {"signature": "s"}}));
    assert!(got.contains(&ModelEvent::ReasoningEnd { id: "0".to_owned(), metadata: signed }));
    let (_, headers, body) = asked.lock().unwrap().remove(0);
    assert_eq!(headers["x-api-key"], KEY);
    assert_eq!(body["system"], json!([{"type": "text", "text": "be brief"}]));
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [{"type": "text", "text": "hello"}]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "well"},
                {"type": "tool_use", "id": "c0", "name": "look", "input": {"a": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c0", "is_error": true,
                "content": [{"type": "text", "text": "no"}]}]},
        ])
    );
    let (endpoint, _) = serve(events(&[r#"{"type":"message_start","message":{}}"#])).await;
    let error = stream(&Messages::new("claude", endpoint)).await.unwrap_err();
    let failure = ChatFailure::classify(&error);
    assert_eq!(failure.message, "Anthropic stream closed unexpectedly before the response completed.");
}

#[tokio::test]
async fn openais_responses_are_put_together_from_items() {
    let (endpoint, asked) = serve(events(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"m","type":"message"}}"#,
        r#"{"type":"response.output_text.delta","item_id":"m","delta":"a"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"m","type":"message"}}"#,
        r#"{"type":"response.output_item.added","output_index":1,
            "item":{"id":"f","type":"function_call","call_id":"c1","name":"x","arguments":""}}"#
            .replace('\n', "")
            .as_str(),
        r#"{"type":"response.function_call_arguments.delta","output_index":1,"delta":"{}"}"#,
        r#"{"type":"response.output_item.done","output_index":1,
            "item":{"id":"f","type":"function_call","call_id":"c1","name":"x","arguments":"{}"}}"#
            .replace('\n', "")
            .as_str(),
        r#"{"type":"response.completed","response":{"id":"r1","usage":{"input_tokens":9,"output_tokens":2,
            "total_tokens":11,"input_tokens_details":{"cached_tokens":1}}}}"#
            .replace('\n', "")
            .as_str(),
    ]))
    .await;
    let got = stream(&Responses::new("openai", "gpt-4o", endpoint)).await.unwrap();
    assert_eq!(deltas(&got), "a|/{}|x({}) ToolCalls 8+2=11 r0 c1");
    assert!(matches!(got.last(), Some(ModelEvent::Finish(finish)) if finish.response_id.as_deref() == Some("r1")));
    let (path, _, body) = asked.lock().unwrap().remove(0);
    assert_eq!((path.as_str(), &body["store"], &body["stream"]), ("/v1/responses", &json!(true), &json!(true)));
    assert_eq!(
        body["input"][3],
        json!({"type": "function_call", "call_id": "c0", "name": "look", "arguments": "{\"a\":1}"})
    );
    assert_eq!(body["input"][4], json!({"type": "function_call_output", "call_id": "c0", "output": "no"}));
}

#[tokio::test]
async fn geminis_answers_are_put_together_from_parts() {
    let (endpoint, asked) = serve(events(&[
        r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true}],"role":"model"}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":" hm","thought":true}]}}],
            "usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":1,"totalTokenCount":10}}"#
            .replace('\n', "")
            .as_str(),
        r#"{"candidates":[{"content":{"parts":[{"text":"a","thoughtSignature":"AQID"},{"text":" b"}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[
            {"functionCall":{"name":"x","args":{"a":1}},"thoughtSignature":"BA=="},
            {"functionCall":{"id":"c2","name":"y"}}]},"finishReason":"STOP"}],
            "usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":2,"candidatesTokenCount":4,
            "thoughtsTokenCount":3,"totalTokenCount":16}}"#
            .replace('\n', "")
            .as_str(),
    ]))
    .await;
    let model =
        Gemini::new("gemini-2.5-flash", Endpoint { auth: Auth::Header("x-goog-api-key", KEY.into()), ..endpoint })
            .unwrap();
    let got = stream(&model).await.unwrap();
    assert_eq!(deltas(&got), r#"hm| hm|/a| b|//{"a":1}|x({"a":1}){}|y({}) ToolCalls 7+4=16 r3 c2"#);
    let signed: Vec<&str> = got
        .iter()
        .filter_map(|event| match event {
            ModelEvent::ReasoningEnd { metadata: Some(metadata), .. } => {
                metadata["google"]["data"]["signature"].as_str()
            }
            _ => None,
        })
        .collect();
    assert_eq!(signed, ["AQID", "BA=="]);
    let (path, headers, body) = asked.lock().unwrap().remove(0);
    assert_eq!(path, "/v1/v1beta/models/gemini-2.5-flash:streamGenerateContent");
    assert_eq!(headers["x-goog-api-key"], KEY);
    assert_eq!(headers["x-coder-chat-id"], "chat");
    assert_eq!(body["systemInstruction"]["parts"], json!([{"text": "be brief"}]));
    assert_eq!(body["generationConfig"], json!({"maxOutputTokens": 100}));
    assert_eq!(body["tools"][0]["functionDeclarations"][0]["parameters"], json!({"type": "OBJECT"}));
    assert_eq!(
        body["contents"],
        json!([
            {"role": "user", "parts": [{"text": "hello"}]},
            {"role": "model", "parts": [
                {"text": "well"}, {"functionCall": {"id": "c0", "name": "look", "args": {"a": 1}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "c0", "name": "look", "response": {"result": "no"}}}]},
        ])
    );
    assert!(!format!("{model:?}").contains(KEY));
}

#[tokio::test]
async fn what_gemini_breaks_off_or_refuses_is_told_apart() {
    let said = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#;
    let full = Reply {
        status: 429,
        headers: &[("retry-after", "9")],
        body: r#"{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED"}}"#.into(),
    };
    let unknown = Reply {
        status: 403,
        headers: &[],
        body: r#"{"error":{"code":403,"message":"API key not valid","status":"PERMISSION_DENIED"}}"#.into(),
    };
    let plain = Reply {
        status: 200,
        headers: &[],
        body: format!("data: {said}\n\n{{\"error\":{{\"code\":500,\"message\":\"boom\"}}}}\n").into(),
    };
    let cases = [
        (events(&[said]), ("timeout", true, 0)),
        (events(&[]), ("timeout", true, 0)),
        (events(&[said, "{nope"]), ("generic", false, 0)),
        (events(&[r#"{"error":{"message":"boom"}}"#]), ("generic", false, 0)),
        (plain, ("generic", false, 0)),
        (full, ("rate_limit", true, 429)),
        (unknown, ("auth", false, 403)),
    ];
    for (reply, (kind, retryable, status)) in cases {
        let told = format!("{} {:?}", reply.status, reply.body);
        let (endpoint, _) = serve(reply).await;
        let error = stream(&Gemini::new("gemini-3-pro", endpoint).unwrap()).await.unwrap_err();
        let failure = ChatFailure::classify(&error).with_provider("google");
        assert_eq!(failure.kind.as_ref().map(|kind| kind.as_str()), Some(kind), "{told}: {error}");
        assert_eq!((failure.retryable, failure.status_code), (retryable, status), "{told}: {error}");
    }
}

#[tokio::test]
async fn gemini_is_shown_its_signatures_and_schemas_again() {
    let (endpoint, asked) = serve(Reply {
        status: 200,
        headers: &[],
        body: r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"A title"}]},
            "finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":3,"totalTokenCount":5}}"#
            .into(),
    })
    .await;
    let mut call = call();
    call.prompt[2].content.insert(
        1,
        PromptPart::Reasoning {
            text: String::new(),
            metadata: Some(json!({"google": {"type": "google.reasoning_metadata", "data": {"signature": "BA=="}}})),
        },
    );
    call.tools[0].input_schema = json!({
        "type": "object", "required": ["where"], "additionalProperties": false,
        "properties": {
            "where": {"type": "object", "properties": {"x": {"type": "integer", "minimum": 0}}},
            "names": {"type": "array", "items": {"type": "string", "description": "a name"}},
        },
    });
    call.tool_choice = ToolChoice::Tool("look".to_owned());
    call.provider_options = Some(json!({"google": {
        "thinking_config": {"thinking_budget": 1, "include_thoughts": true}, "cached_content": " c ",
        "safety_settings": [{"category": " HARM ", "threshold": "OFF"}],
    }}));
    let answer = Gemini::new("gemini-3-pro", endpoint).unwrap().generate(call).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish.reason), ("A title", FinishReason::Length));
    let (path, _, body) = asked.lock().unwrap().remove(0);
    assert_eq!(path, "/v1/v1beta/models/gemini-3-pro:generateContent");
    assert_eq!(body["contents"][1]["parts"][0], json!({"text": "well"}));
    assert_eq!(body["contents"][1]["parts"][1]["thoughtSignature"], "BA==");
    assert_eq!(
        body["tools"][0]["functionDeclarations"][0]["parameters"],
        json!({"type": "OBJECT", "required": ["where"], "properties": {
            "where": {"type": "OBJECT", "properties": {"x": {"type": "INTEGER"}}},
            "names": {"type": "ARRAY", "items": {"type": "STRING", "description": "a name"}},
        }})
    );
    assert_eq!(body["toolConfig"]["functionCallingConfig"], json!({"mode": "ANY", "allowedFunctionNames": ["look"]}));
    assert_eq!(body["generationConfig"]["thinkingConfig"], json!({"includeThoughts": true, "thinkingBudget": 128}));
    assert_eq!(body["cachedContent"], "c");
    assert_eq!(body["safetySettings"], json!([{"category": "HARM", "threshold": "OFF"}]));
}
