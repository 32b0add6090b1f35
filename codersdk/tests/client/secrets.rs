//! What must never be shown.

use std::sync::{Arc, Mutex};

use codersdk::prelude::*;
use codersdk::{Client, RetryPolicy};

use crate::server::{Server, json};

const SECRETS: [&str; 4] = ["s3cret-t0ken", "pr0xy-pw", "h3ader-v4lue", "url-pw"];

fn assert_clean(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn debug_errors_and_hooks_show_no_secret() {
    let server = Server::start(vec![json("500 Oops", r#"{"message":"m"}"#)]).await;
    let log = Arc::<Mutex<String>>::default();
    let seen = log.clone();
    let url = server.url.replace("http://", "http://me:url-pw@");
    let builder = Client::builder(&url)
        .session_token("s3cret-t0ken")
        .header("X-Auth", "h3ader-v4lue")
        .no_proxy()
        .retry(RetryPolicy::none())
        .on_attempt(move |attempt| seen.lock().unwrap().push_str(&format!("{attempt:?}")));
    assert_clean(&format!("{builder:?}"));
    let client = builder.build().unwrap();
    assert_clean(&format!("{client:?}"));
    let error = client.user("me").await.unwrap_err();
    assert_clean(&format!("{error:?} {error} {error:#?}"));
    assert_clean(&log.lock().unwrap());
    assert!(!log.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_failed_connection_shows_no_secret() {
    let client = Client::builder("http://me:url-pw@127.0.0.1:1/")
        .session_token("s3cret-t0ken")
        .no_proxy()
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let error = client.user("me").await.unwrap_err();
    let mut chain = format!("{error} {error:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        chain.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    assert_clean(&chain);
}

#[test]
fn bad_settings_show_no_secret() {
    let builders = [
        Client::builder("http://x.test").proxy("http://me:pr0xy-pw@[bad"),
        Client::builder("http://x.test").session_token("s3cret-t0ken\n\u{1}"),
        Client::builder("http://x.test").header("X-Auth", "h3ader-v4lue\n"),
        Client::builder("http://x.test").client_certificate_pem("h3ader-v4lue"),
        Client::builder("ftp://me:url-pw@x.test"),
    ];
    for builder in builders {
        let error = builder.build().unwrap_err();
        assert!(error.is_invalid_request());
        assert_clean(&format!("{error} {error:?}"));
    }
}

#[test]
fn types_that_carry_secrets_do_not_show_them() {
    use codersdk::*;
    let secret = || "s3cret-t0ken".to_owned();
    let shown = [
        format!("{:?}", LoginWithPasswordRequest { email: "a@b.test".into(), password: secret() }),
        format!("{:?}", LoginWithPasswordResponse { session_token: secret() }),
        format!("{:?}", GenerateApiKeyResponse { key: secret() }),
        format!("{:?}", CreateFirstUserRequest { password: secret(), ..Default::default() }),
        format!("{:?}", CreateUserRequestWithOrgs { password: secret(), ..Default::default() }),
        format!("{:?}", UpdateUserPasswordRequest { old_password: secret(), password: secret() }),
        format!("{:?}", CreateAiProviderRequest { api_keys: vec![secret()], ..Default::default() }),
        format!("{:?}", AiProviderKeyMutation { api_key: Some(secret()), ..Default::default() }),
        format!("{:?}", CreateUserAiProviderKeyRequest { api_key: secret() }),
    ];
    for shown in shown {
        assert_clean(&shown);
        assert!(shown.contains("REDACTED"), "{shown}");
    }
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn spans_name_the_call_and_show_no_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::start(vec![json("503 Busy", "{}"), json("200 OK", "{}")]).await;
    let quick = RetryPolicy { base_delay: std::time::Duration::from_millis(1), ..RetryPolicy::default() };
    let client = Client::builder(&server.url.replace("http://", "http://me:url-pw@"))
        .session_token("s3cret-t0ken")
        .header("X-Auth", "h3ader-v4lue")
        .no_proxy()
        .retry(quick)
        .build()
        .unwrap();
    client.build_info().await.unwrap();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_clean(&text);
    for part in
        ["coder_request", "method=GET", "route=\"/api/v2/buildinfo\"", "status=200", "attempts=2", "trying again"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}
