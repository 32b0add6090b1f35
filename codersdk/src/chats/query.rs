//! How optional arguments become query parameters.

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use crate::types::*;

/// Ids, comma by comma.
pub(super) fn joined(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
}

/// A number that counts only when it is above zero.
fn positive(number: Option<i64>) -> Option<String> {
    number.filter(|number| *number > 0).map(|number| number.to_string())
}

/// A time in whole seconds.
fn date(time: Option<DateTime<Utc>>) -> Option<String> {
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

impl ListChatsOptions {
    pub(super) fn query_pairs(&self) -> Vec<(String, String)> {
        let source = self.source.as_ref().map(|source| format!("source:{source}")).unwrap_or_default();
        let terms: Vec<&str> = [self.query.as_str(), &source].into_iter().filter(|term| !term.is_empty()).collect();
        pairs([
            ("after_id", self.after_id.filter(|id| !id.is_nil()).map(|id| id.to_string())),
            ("limit", positive(self.limit)),
            ("offset", positive(self.offset)),
            ("q", text(&terms.join(" "))),
        ])
        .chain(self.labels.iter().map(|(key, value)| ("label".to_owned(), format!("{key}:{value}"))))
        .collect()
    }
}

impl ChatMessagesPaginationOptions {
    pub(super) fn query_pairs(&self) -> Vec<(String, String)> {
        pairs([
            ("before_id", positive(self.before_id)),
            ("after_id", positive(self.after_id)),
            ("limit", positive(self.limit)),
        ])
        .collect()
    }
}

impl ChatPromptsOptions {
    pub(super) fn query_pairs(&self) -> Vec<(String, String)> {
        pairs([("limit", positive(self.limit))]).collect()
    }
}

impl ChatCostSummaryOptions {
    pub(super) fn query_pairs(&self) -> Vec<(String, String)> {
        pairs([("start_date", date(self.start_date)), ("end_date", date(self.end_date))]).collect()
    }
}

impl ChatCostUsersOptions {
    pub(super) fn query_pairs(&self) -> Vec<(String, String)> {
        pairs([
            ("start_date", date(self.start_date)),
            ("end_date", date(self.end_date)),
            ("username", text(&self.username)),
            ("limit", positive(self.limit)),
            ("offset", positive(self.offset)),
        ])
        .collect()
    }
}

/// Text that counts only when it is not empty.
fn text(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// The pairs that have a value.
fn pairs<const N: usize>(pairs: [(&str, Option<String>); N]) -> impl Iterator<Item = (String, String)> {
    pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_terms_are_joined() {
        let options = ListChatsOptions {
            query: "archived:true".to_owned(),
            source: Some(ChatListSource::SharedWithMe),
            labels: [("team".to_owned(), "core".to_owned())].into(),
            limit: Some(5),
            ..Default::default()
        };
        let pairs = options.query_pairs();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("limit", "5"), ("q", "archived:true source:shared_with_me"), ("label", "team:core")]);
    }

    #[test]
    fn what_is_unset_is_left_out() {
        assert!(
            ListChatsOptions { limit: Some(0), after_id: Some(Uuid::nil()), ..Default::default() }
                .query_pairs()
                .is_empty()
        );
        assert!(ChatMessagesPaginationOptions { before_id: Some(-1), ..Default::default() }.query_pairs().is_empty());
    }

    #[test]
    fn dates_have_whole_seconds() {
        let time = DateTime::from_timestamp(1_767_323_045, 123_000_000);
        assert_eq!(date(time).as_deref(), Some("2026-01-02T03:04:05Z"));
    }
}
