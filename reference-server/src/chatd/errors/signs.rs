//! The words by which errors are told apart: of a kind, of a provider, of a status.

use std::sync::LazyLock;

use regex::Regex;

pub(super) const CONFIG: [&str; 9] = [
    "invalid model",
    "model not found",
    "model_not_found",
    "unsupported model",
    "context length exceeded",
    "context_exceeded",
    "maximum context length",
    "malformed config",
    "malformed configuration",
];
pub(super) const AUTH: [&str; 4] = ["authentication", "unauthorized", "invalid api key", "invalid_api_key"];
pub(super) const USAGE_LIMIT: [&str; 3] = ["quota", "billing", "payment required"];
pub(super) const RATE_LIMIT: [&str; 5] =
    ["rate limit", "rate_limit", "rate limited", "rate-limited", "too many requests"];
pub(super) const TIMEOUT: [&str; 19] = [
    "timeout",
    "timed out",
    "service unavailable",
    "unavailable",
    "connection reset",
    "connection refused",
    "eof",
    "broken pipe",
    "bad gateway",
    "gateway timeout",
    "client conn",
    "goaway",
    "http2: stream closed",
    "use of closed network connection",
    "internal_error; received from peer",
    "refused_stream; received from peer",
    "cancel; received from peer",
    "enhance_your_calm; received from peer",
    "no_error; received from peer",
];

/// Whether one of the patterns stands in the text.
pub(super) fn has(text: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| text.contains(pattern))
}

/// The provider that the words name; empty where they name none.
pub(super) fn provider_in(lower: &str) -> &'static str {
    const HINTS: [(&str, &[&str]); 8] = [
        ("openai-compat", &["openai-compat", "openai compatible"]),
        ("azure", &["azure openai", "azure-openai"]),
        ("openrouter", &["openrouter"]),
        ("bedrock", &["aws bedrock", "bedrock"]),
        ("vercel", &["vercel ai gateway", "vercel"]),
        ("anthropic", &["anthropic", "claude"]),
        ("google", &["google", "gemini", "vertex"]),
        ("openai", &["openai"]),
    ];
    HINTS.into_iter().find(|(_, patterns)| has(lower, patterns)).map_or("", |(provider, _)| provider)
}

/// A status that the words name: after "status" or "http", or standing alone but for ports and stream ids.
pub(super) fn status_in(lower: &str) -> u16 {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:status(?:[\t\n\f\r ]+code)?|http)[\t\n\f\r ]*[:=]?[\t\n\f\r ]*([0-9]{3})")
            .expect("a fixed pattern")
    });
    static ALONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u:\b)(?:401|403|408|429|500|502|503|504|529)(?-u:\b)").expect("a fixed pattern")
    });
    if let Some(found) = NAMED.captures(lower) {
        return found[1].parse().unwrap_or(0);
    }
    ALONE
        .find_iter(lower)
        .find(|found| {
            let before = &lower[..found.start()];
            let blank = [' ', '\t', '\r', '\n'];
            let word = before.trim_end_matches(blank).trim_end_matches([':', '=']).trim_end_matches(blank);
            !before.ends_with(':') && !word.ends_with("stream id")
        })
        .and_then(|found| found.as_str().parse().ok())
        .unwrap_or(0)
}
