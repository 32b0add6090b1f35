//! The search language of the list of chats: `key:value` terms, all of them required.

use codersdk::ValidationError;

use crate::http::query::{QueryParser, QueryValues};
use crate::http::urls::bad_escape;
use crate::quote::quoted;

/// What a search asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChatFilter {
    pub(crate) archived: bool,
    pub(crate) has_unread: Option<bool>,
    /// The caller's own chats.
    pub(crate) owned: bool,
    /// Chats of others that are shared with the caller.
    pub(crate) shared: bool,
    /// Part of the title, in any case.
    pub(crate) title: String,
    /// The whole URL of the change that the chat made, in any case.
    pub(crate) diff_url: Option<String>,
    pub(crate) pull_request_statuses: Vec<String>,
    /// 0 is any.
    pub(crate) pull_request: i32,
    /// Part of the repository's address, in any case.
    pub(crate) repository: String,
    /// Part of the pull request's title, in any case.
    pub(crate) pull_request_title: String,
}

impl Default for ChatFilter {
    fn default() -> Self {
        Self {
            archived: false,
            has_unread: None,
            owned: true,
            shared: false,
            title: String::new(),
            diff_url: None,
            pull_request_statuses: Vec::new(),
            pull_request: 0,
            repository: String::new(),
            pull_request_title: String::new(),
        }
    }
}

/// Reads a search. Every error is reported, but a term that is malformed ends the reading.
pub(crate) fn parse_chat_search(query: &str) -> Result<ChatFilter, Vec<ValidationError>> {
    let terms = search_terms(query).map_err(|detail| vec![ValidationError { field: "q".to_owned(), detail }])?;
    let mut parser = QueryParser::new();
    let mut filter = ChatFilter {
        archived: parser.nullable_boolean(&terms, "archived").unwrap_or_default(),
        has_unread: parser.nullable_boolean(&terms, "has_unread"),
        title: parser.string(&terms, "", "title"),
        pull_request_title: parser.string(&terms, "", "pr_title"),
        repository: parser.string(&terms, "", "repo"),
        pull_request_statuses: parser
            .custom_list(&terms, "pr_status", |word| one_of(word, &["draft", "open", "merged", "closed"])),
        ..ChatFilter::default()
    };
    let sources = parser.custom_list(&terms, "source", |word| one_of(word, &["created_by_me", "shared_with_me"]));
    if !sources.is_empty() {
        filter.owned = sources.iter().any(|source| source == "created_by_me");
        filter.shared = sources.iter().any(|source| source == "shared_with_me");
    }
    let url = parser.string(&terms, "", "diff_url");
    if !url.is_empty() {
        match check_url(&url) {
            Ok(()) => filter.diff_url = Some(url),
            Err(detail) => parser.error("diff_url", detail),
        }
    }
    let number = parser.string(&terms, "", "pr");
    if !number.is_empty() {
        match positive(&number) {
            Some(number) => filter.pull_request = number,
            None => parser.error("pr", format!("{} is not a valid positive integer", quoted(&number))),
        }
    }
    parser.error_excess(&terms);
    let errors = parser.into_errors();
    if errors.is_empty() { Ok(filter) } else { Err(errors) }
}

fn one_of(given: &str, known: &[&str]) -> Result<String, String> {
    let word = given.trim().to_lowercase();
    if known.contains(&word.as_str()) { Ok(word) } else { Err(format!("{} is not a valid value", quoted(given))) }
}

fn positive(number: &str) -> Option<i32> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    number.parse().ok().filter(|n| plain && *n > 0)
}

/// The terms of a search, keys in lower case and values as they were typed: split at blanks, then at colons, both
/// outside quotes. A word without a colon is refused.
fn search_terms(query: &str) -> Result<QueryValues, String> {
    let tokens = split(query, ' ');
    let bare: Vec<_> = tokens.iter().copied().filter(|token| !token.contains(':')).collect();
    let mut terms = QueryValues::default();
    for token in tokens.into_iter().filter(|token| token.contains(':')) {
        if token.starts_with(':') || token.ends_with(':') {
            return Err(format!("Query element {} cannot start or end with ':'", quoted(token)));
        }
        match split(token, ':')[..] {
            [key, value] => terms.add(unquoted(key).to_lowercase(), unquoted(value)),
            [whole] => return Err(unsupported(whole)),
            _ => return Err(format!("Query element {} can only contain 1 ':'", quoted(token))),
        }
    }
    if bare.is_empty() { Ok(terms) } else { Err(unsupported(&bare.join(" "))) }
}

fn unsupported(term: &str) -> String {
    format!("unsupported search term: {}", quoted(term))
}

fn unquoted(text: &str) -> &str {
    text.trim_matches('"')
}

/// Splits at a character outside quotes, without empty pieces.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut inside = false;
    text.split(|c| {
        inside ^= c == '"';
        !inside && c == at
    })
    .filter(|piece| !piece.is_empty())
    .collect()
}

/// Checks that a URL is one of the web.
fn check_url(text: &str) -> Result<(), String> {
    let malformed = |why: String| format!("diff_url is not a valid URL: parse {}: {why}", quoted(text));
    let scheme_end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(text.len());
    let (scheme, rest) = match text[scheme_end..].strip_prefix(':') {
        Some(_) if scheme_end == 0 => return Err(malformed("missing protocol scheme".to_owned())),
        Some(rest) if text.starts_with(|c: char| c.is_ascii_alphabetic()) => (text[..scheme_end].to_lowercase(), rest),
        _ => (String::new(), text),
    };
    if text.contains(|c: char| c.is_ascii_control()) {
        return Err(malformed("net/url: invalid control character in URL".to_owned()));
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if let Some(c) = host.chars().find(|c| matches!(c, ' ' | '"' | '\\' | '^' | '`' | '{' | '|' | '}')) {
        return Err(malformed(format!("invalid character {} in host name", quoted(&c.to_string()))));
    }
    if let Some(rest) = bad_escape(path) {
        let escape = &rest[..rest.ceil_char_boundary(3)];
        return Err(malformed(format!("invalid URL escape {}", quoted(escape))));
    }
    if scheme != "http" && scheme != "https" {
        return Err(format!("diff_url must use http or https scheme, got {}", quoted(&scheme)));
    }
    if host.is_empty() {
        return Err("diff_url must include a host".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Case, replay, same, same_set, vectors};

    /// The filter in the recorded form: what is not asked for is left out.
    fn recorded(filter: &ChatFilter) -> Value {
        let fields = json!({
            "archived": filter.archived,
            "has_unread": filter.has_unread,
            "owned_only": filter.owned.then_some(true),
            "shared_only": filter.shared.then_some(true),
            "title_query": Some(&filter.title).filter(|s| !s.is_empty()),
            "diff_url": filter.diff_url,
            "pull_request_statuses": Some(&filter.pull_request_statuses).filter(|s| !s.is_empty()),
            "pr_number": Some(filter.pull_request).filter(|n| *n != 0),
            "repo_query": Some(&filter.repository).filter(|s| !s.is_empty()),
            "pr_title_query": Some(&filter.pull_request_title).filter(|s| !s.is_empty()),
        });
        fields.as_object().unwrap().iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    #[test]
    fn vectors_of_chat_searches_match() {
        let cases: Vec<Case> =
            vectors("search_queries.json").into_iter().filter(|case| case.text("kind") == "chats").collect();
        replay(&cases, |case| match parse_chat_search(case.text("q")) {
            Ok(filter) => same(&recorded(&filter), &case.output["filter"]),
            Err(errors) => same_set(&json!(errors), &case.output["errors"]),
        });
    }
}
