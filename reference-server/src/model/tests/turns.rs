//! Whole turns of chats through each provider: a streamed answer that calls a tool, and the one after its result.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use codersdk::{
    AiProviderType, AiProvidersApi, ChatMessage, ChatModelsApi, ChatStatus, CreateAiProviderRequest, CreateChatRequest,
    DynamicTool, ToolRunner,
};
use serde_json::{Value, json};

use super::super::aws::chunk;
use super::Asked;
use crate::server::ReferenceServer;

const ARGS: &str = r#"{"city":"Oslo"}"#;
const ANSWER: &str = "It is 7 degrees.";
/// No turn should take longer, also on a slow machine.
const LIMIT: Duration = Duration::from_secs(60);

/// What a provider answers in its own words: the events of a stream. `after` says that the tool's result is there.
struct Script {
    /// End of the path that is asked.
    path: &'static str,
    events: fn(after: bool) -> Vec<Value>,
    framed: bool,
}

const COMPLETIONS: Script = Script { path: "/chat/completions", events: completions, framed: false };
const RESPONSES: Script = Script { path: "/responses", events: responses, framed: false };
const MESSAGES: Script = Script { path: "/v1/messages", events: messages, framed: false };
const GEMINI: Script = Script { path: ":streamGenerateContent", events: gemini, framed: false };
const BEDROCK: Script = Script { path: "/invoke-with-response-stream", events: messages, framed: true };

fn completions(after: bool) -> Vec<Value> {
    let function = json!({"name": "weather", "arguments": ARGS});
    let delta = if after {
        json!({"content": ANSWER})
    } else {
        json!({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
    };
    let reason = if after { "stop" } else { "tool_calls" };
    vec![
        json!({"choices": [{"index": 0, "delta": delta}]}),
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}),
        json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}),
    ]
}

fn responses(after: bool) -> Vec<Value> {
    let item = if after {
        json!({"id": "m1", "type": "message"})
    } else {
        json!({"id": "f1", "type": "function_call", "call_id": "call_1", "name": "weather", "arguments": ARGS})
    };
    let delta = if after {
        json!({"type": "response.output_text.delta", "item_id": "m1", "delta": ANSWER})
    } else {
        json!({"type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "f1", "delta": ARGS})
    };
    vec![
        json!({"type": "response.output_item.added", "output_index": 0, "item": item}),
        delta,
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        json!({"type": "response.completed", "response": {
            "id": "r1", "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}}}),
    ]
}

fn messages(after: bool) -> Vec<Value> {
    let (block, delta, reason) = if after {
        (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": ANSWER}), "end_turn")
    } else {
        let block = json!({"type": "tool_use", "id": "call_1", "name": "weather", "input": {}});
        (block, json!({"type": "input_json_delta", "partial_json": ARGS}), "tool_use")
    };
    vec![
        json!({"type": "message_start", "message": {"usage": {"input_tokens": 10, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}}),
        json!({"type": "message_stop"}),
    ]
}

fn gemini(after: bool) -> Vec<Value> {
    let part = if after {
        json!({"text": ANSWER})
    } else {
        json!({"functionCall": {"id": "call_1", "name": "weather", "args": {"city": "Oslo"}}})
    };
    vec![json!({
        "candidates": [{"content": {"parts": [part], "role": "model"}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
    })]
}

/// A provider that follows the script; other requests, such as those for titles, it refuses.
async fn upstream(script: &'static Script) -> (String, Asked) {
    let asked = Asked::default();
    let app = Router::new()
        .fallback(async move |State(asked): State<Asked>, uri: Uri, headers: HeaderMap, body: Bytes| {
            let body: Value = serde_json::from_slice(&body).unwrap();
            let streams =
                body["stream"] == true || !matches!(script.path, "/chat/completions" | "/responses" | "/v1/messages");
            if !uri.path().ends_with(script.path) || !streams {
                return Err(http::StatusCode::NOT_FOUND);
            }
            let after = body.to_string().contains("7 degrees");
            asked.lock().unwrap().push((uri.path().to_owned(), headers, body));
            let events = (script.events)(after).into_iter().map(|event| event.to_string());
            let framed =
                |event: String| if script.framed { chunk(&event) } else { format!("data: {event}\n\n").into() };
            Ok(events.flat_map(framed).collect::<Vec<u8>>())
        })
        .with_state(asked.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, asked)
}

/// A turn through a provider of this type, with the secret in this header.
async fn turn(kind: AiProviderType, model: &str, script: &'static Script, (header, secret): (&str, &str)) {
    let (url, asked) = upstream(script).await;
    let server = ReferenceServer::start().await.unwrap();
    let client = server.client();
    let mut provider = json!({"type": kind, "name": "it", "enabled": true, "base_url": url});
    if kind == AiProviderType::Bedrock {
        provider["settings"] = json!({"_type": "bedrock", "_version": 1, "region": "eu-west-1",
            "access_key": "AKID", "access_key_secret": super::KEY});
    } else {
        provider["api_keys"] = json!([super::KEY]);
    }
    let request: CreateAiProviderRequest = serde_json::from_value(provider).unwrap();
    let provider = client.create_ai_provider(request).await.unwrap();
    let config = json!({"ai_provider_id": provider.id, "model": model, "enabled": true, "context_limit": 100_000,
        "compression_threshold": 70});
    let config = client.create_chat_model_config(serde_json::from_value(config).unwrap()).await.unwrap();

    let tool = DynamicTool::new("weather", "Tells the weather.", |args: Value| async move {
        if args == json!({"city": "Oslo"}) { Ok("7 degrees") } else { Err(format!("not {args}")) }
    })
    .with_schema(json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}));
    let request = CreateChatRequest {
        organization_id: server.login().unwrap().organization_id,
        model_config_id: Some(config.id),
        content: vec!["How is the weather in Oslo?".into()].into(),
        ..Default::default()
    };
    let run = ToolRunner::new(client).tool(tool).create_chat(request).await.unwrap();
    let outcome = tokio::time::timeout(LIMIT, run.finish()).await.expect("the turn ends").unwrap();
    assert_eq!(outcome.error, None, "{kind}");
    assert_eq!((outcome.status, outcome.text.as_str()), (ChatStatus::Waiting, ANSWER), "{kind}");
    let calls: Vec<_> = outcome.messages.iter().flat_map(|m| &m.content).filter_map(|p| p.as_tool_call()).collect();
    assert_eq!(calls.len(), 1, "{kind}");
    let used = |message: &ChatMessage| message.usage.as_ref().map(|usage| (usage.input_tokens, usage.output_tokens));
    let usage: Vec<_> = outcome.messages.iter().filter_map(used).filter(|used| used.0.is_some()).collect();
    assert_eq!(usage, [(Some(10), Some(5)); 2], "{kind}");

    let asked = std::mem::take(&mut *asked.lock().unwrap());
    assert_eq!(asked.len(), 2, "{kind}");
    for (_, headers, body) in &asked {
        assert!(headers[header].to_str().unwrap().starts_with(secret), "{kind}");
        assert!(headers.contains_key("x-coder-chat-id"), "{kind}");
        assert!(body.to_string().contains("weather"), "{kind}");
    }
    let again = asked[1].2.to_string();
    assert!(
        again.contains("7 degrees") && (again.contains("call_1") || kind == AiProviderType::Google),
        "{kind}: {again}"
    );
}

#[tokio::test]
async fn a_turn_goes_through_each_provider() {
    let bearer = ("authorization", "Bearer sk-very-secret");
    turn(AiProviderType::Openai, "gpt-4o", &RESPONSES, bearer).await;
    turn(AiProviderType::Openai, "babbage", &COMPLETIONS, bearer).await;
    turn(AiProviderType::OpenaiCompat, "any", &COMPLETIONS, bearer).await;
    turn(AiProviderType::Openrouter, "vendor/any", &COMPLETIONS, bearer).await;
    turn(AiProviderType::Vercel, "vendor/any", &COMPLETIONS, bearer).await;
    turn(AiProviderType::Azure, "gpt-4o", &RESPONSES, ("api-key", super::KEY)).await;
    turn(AiProviderType::Azure, "babbage", &COMPLETIONS, ("api-key", super::KEY)).await;
    turn(AiProviderType::Anthropic, "claude-sonnet-4-5", &MESSAGES, ("x-api-key", super::KEY)).await;
    turn(AiProviderType::Google, "gemini-2.5-flash", &GEMINI, ("x-goog-api-key", super::KEY)).await;
    let signed = ("authorization", "AWS4-HMAC-SHA256 Credential=AKID/");
    turn(AiProviderType::Bedrock, "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", &BEDROCK, signed).await;
}
