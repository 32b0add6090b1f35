//! The list of chats: roots that match a search, page by page.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Sqlite};
use uuid::Uuid;

use super::Store;
use super::chats::{ChatRow, select_chat};
use crate::http::chats::search::ChatFilter;

/// Rows read at a time once the first page did not suffice.
const BATCH: i64 = 500;

/// Which page of which chats.
#[derive(Debug)]
pub(crate) struct ChatPage<'a> {
    pub(crate) filter: &'a ChatFilter,
    pub(crate) viewer: Uuid,
    /// The groups that the viewer belongs to.
    pub(crate) groups: &'a [Uuid],
    /// Labels that a chat must have, with these values.
    pub(crate) labels: &'a BTreeMap<String, String>,
    /// The last chat of the page before.
    pub(crate) after: Option<Uuid>,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

/// Where a chat stands in the list.
#[derive(Debug, sqlx::FromRow)]
struct Cursor {
    pin_order: i32,
    updated_at: DateTime<Utc>,
    id: Uuid,
}

impl Store {
    /// A page of root chats: pinned ones first, then the newest activity. `readable` is asked for each, so that a page
    /// is full whenever there are enough chats that the viewer may read.
    pub(crate) async fn chat_page(
        &self,
        page: &ChatPage<'_>,
        readable: impl Fn(&ChatRow) -> bool,
    ) -> sqlx::Result<Vec<ChatRow>> {
        let cursor = match page.after {
            Some(id) => match self.chat_cursor(id).await? {
                Some(cursor) => Some(cursor),
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        let wanted = page.offset + page.limit;
        let mut found = Vec::new();
        let mut read = 0;
        let mut batch = i64::try_from(wanted).unwrap_or(i64::MAX);
        loop {
            let rows = self.chat_batch(page, cursor.as_ref(), batch, read).await?;
            let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            found.extend(rows.into_iter().filter(|row| page.matches(row) && readable(row)));
            if count < batch || found.len() >= wanted {
                break;
            }
            read += count;
            batch = BATCH;
        }
        Ok(found.into_iter().skip(page.offset).take(page.limit).collect())
    }

    /// The chats of these workspaces that are not archived, the latest activity first.
    pub(crate) async fn chats_of_workspaces(&self, workspaces: &[Uuid]) -> sqlx::Result<Vec<ChatRow>> {
        let mut query = QueryBuilder::new(select_chat!("WHERE NOT c.archived AND c.workspace_id IN ("));
        let mut ids = query.separated(", ");
        for workspace in workspaces {
            ids.push_bind(*workspace);
        }
        query.push(") ORDER BY c.updated_at DESC, c.id DESC");
        query.build_query_as().fetch_all(self.pool()).await
    }

    async fn chat_cursor(&self, id: Uuid) -> sqlx::Result<Option<Cursor>> {
        sqlx::query_as("SELECT pin_order, updated_at, id FROM chats WHERE id = $1")
            .bind(id)
            .fetch_optional(self.pool())
            .await
    }

    async fn chat_batch(
        &self,
        page: &ChatPage<'_>,
        cursor: Option<&Cursor>,
        limit: i64,
        offset: i64,
    ) -> sqlx::Result<Vec<ChatRow>> {
        let mut query = QueryBuilder::new(select_chat!("WHERE c.parent_chat_id IS NULL"));
        query.push(" AND c.archived = ").push_bind(page.filter.archived);
        page.push_scope(&mut query);
        if let Some(cursor) = cursor {
            query.push(" AND (CASE WHEN c.pin_order > 0 THEN 1 ELSE 0 END, -c.pin_order, c.updated_at, c.id) < (");
            let mut values = query.separated(", ");
            values.push_bind(i32::from(cursor.pin_order > 0));
            values.push_bind(-cursor.pin_order);
            values.push_bind(cursor.updated_at);
            values.push_bind(cursor.id);
            query.push(")");
        }
        if let Some(unread) = page.filter.has_unread {
            query.push(if unread { " AND " } else { " AND NOT " }).push(
                "EXISTS (SELECT 1 FROM chat_messages m WHERE m.chat_id = c.id AND m.role = 'assistant' \
                 AND NOT m.deleted AND m.id > c.last_read_message_id)",
            );
        }
        page.push_diff(&mut query);
        query.push(
            " ORDER BY CASE WHEN c.pin_order > 0 THEN 1 ELSE 0 END DESC, -c.pin_order DESC, c.updated_at DESC, \
             c.id DESC LIMIT ",
        );
        query.push_bind(limit).push(" OFFSET ").push_bind(offset);
        query.build_query_as().fetch_all(self.pool()).await
    }
}

impl ChatPage<'_> {
    /// What databases see differently: titles in any case, and labels as JSON.
    fn matches(&self, row: &ChatRow) -> bool {
        contains_pattern(&row.title, &self.filter.title)
            && self.labels.iter().all(|(key, value)| row.labels.get(key) == Some(value))
    }

    /// Own chats, chats of others that are shared with the viewer, or both.
    fn push_scope(&self, query: &mut QueryBuilder<Sqlite>) {
        query.push(" AND (1 = 0");
        if self.filter.owned {
            query.push(" OR c.owner_id = ").push_bind(self.viewer);
        }
        if self.filter.shared {
            query.push(" OR (c.owner_id <> ").push_bind(self.viewer).push(" AND (");
            // The lists are objects whose keys are ids, and no id occurs anywhere else in them.
            query.push("c.user_acl LIKE ").push_bind(format!("%\"{}\"%", self.viewer));
            for group in self.groups {
                query.push(" OR c.group_acl LIKE ").push_bind(format!("%\"{group}\"%"));
            }
            query.push("))");
        }
        query.push(")");
    }

    /// Conditions on the change that the chat made.
    fn push_diff(&self, query: &mut QueryBuilder<Sqlite>) {
        let filter = self.filter;
        if let Some(url) = &filter.diff_url {
            // The change may have been made by a chat below this one.
            query.push(
                " AND EXISTS (SELECT 1 FROM chat_diff_statuses d JOIN chats f ON f.id = d.chat_id \
                 WHERE (f.id = c.id OR f.root_chat_id = c.id) AND d.url <> '' AND LOWER(d.url) = LOWER(",
            );
            query.push_bind(url.clone()).push("))");
        }
        let start = " AND EXISTS (SELECT 1 FROM chat_diff_statuses d WHERE d.chat_id = c.id AND ";
        if !filter.pull_request_statuses.is_empty() {
            query.push(start).push(
                "CASE WHEN d.pull_request_state = 'open' AND d.pull_request_draft THEN 'draft' \
                 ELSE d.pull_request_state END IN (",
            );
            let mut values = query.separated(", ");
            for status in &filter.pull_request_statuses {
                values.push_bind(status.clone());
            }
            query.push("))");
        }
        if filter.pull_request != 0 {
            query.push(start).push("d.pr_number = ").push_bind(filter.pull_request).push(")");
        }
        if !filter.repository.is_empty() {
            let pattern = format!("%{}%", filter.repository.to_lowercase());
            query.push(start).push("(LOWER(d.git_remote_origin) LIKE ").push_bind(pattern.clone());
            query.push(" OR LOWER(d.url) LIKE ").push_bind(pattern).push("))");
        }
        if !filter.pull_request_title.is_empty() {
            let pattern = format!("%{}%", filter.pull_request_title.to_lowercase());
            query.push(start).push("LOWER(d.pull_request_title) LIKE ").push_bind(pattern).push(")");
        }
    }
}

/// Whether a pattern occurs in the text, in any case. `%` stands for any characters, `_` for one, and a backslash
/// takes the meaning from the character after it.
fn contains_pattern(text: &str, pattern: &str) -> bool {
    if pattern.is_empty() {
        return true;
    }
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut symbols = vec![Symbol::Any];
    let lowered = pattern.to_lowercase();
    let mut chars = lowered.chars();
    while let Some(c) = chars.next() {
        symbols.push(match c {
            '%' => Symbol::Any,
            '_' => Symbol::One,
            '\\' => Symbol::Exactly(chars.next().unwrap_or('\\')),
            c => Symbol::Exactly(c),
        });
    }
    symbols.push(Symbol::Any);
    like(&text, &symbols)
}

enum Symbol {
    Any,
    One,
    Exactly(char),
}

/// Matches greedily, going back only to the last `Any`: linear in practice, never exponential.
fn like(text: &[char], symbols: &[Symbol]) -> bool {
    let (mut at, mut next) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match symbols.get(next) {
            Some(Symbol::Any) => {
                retry = Some((next, at));
                next += 1;
            }
            Some(Symbol::One) => (at, next) = (at + 1, next + 1),
            Some(Symbol::Exactly(c)) if *c == text[at] => (at, next) = (at + 1, next + 1),
            _ => match &mut retry {
                Some((any, start)) => {
                    *start += 1;
                    (at, next) = (*start, *any + 1);
                }
                None => return false,
            },
        }
    }
    symbols[next..].iter().all(|symbol| matches!(symbol, Symbol::Any))
}

#[cfg(test)]
mod tests {
    use super::contains_pattern;

    #[test]
    fn patterns_match_as_the_database_of_the_original_does() {
        for (text, pattern) in [
            ("Fix the login", "LOGIN"),
            ("Fix the login", "fix%log"),
            ("Fix the login", "t_e"),
            ("ÄÖ ü", "äö Ü"),
            ("100% sure", "0\\% s"),
            ("aaab", "a%a%b"),
            ("", "%"),
            ("anything", ""),
        ] {
            assert!(contains_pattern(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [("Fix the login", "logout"), ("100 sure", "0\\% s"), ("ab", "a_b"), ("", "_")] {
            assert!(!contains_pattern(text, pattern), "{text} {pattern}");
        }
    }
}
