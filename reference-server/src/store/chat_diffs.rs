//! What is known of the change that a chat made: its branch and its pull request.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use codersdk::ChatDiffStatus;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::Store;

/// A row of `chat_diff_statuses`.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[cfg_attr(test, serde(default))]
pub(crate) struct DiffStatusRow {
    pub(crate) chat_id: Uuid,
    pub(crate) url: Option<String>,
    pub(crate) pull_request_state: Option<String>,
    pub(crate) pull_request_title: String,
    pub(crate) pull_request_draft: bool,
    pub(crate) changes_requested: bool,
    pub(crate) additions: i32,
    pub(crate) deletions: i32,
    pub(crate) changed_files: i32,
    pub(crate) author_login: Option<String>,
    pub(crate) author_avatar_url: Option<String>,
    pub(crate) base_branch: Option<String>,
    pub(crate) head_branch: Option<String>,
    pub(crate) pr_number: Option<i32>,
    pub(crate) commits: Option<i32>,
    pub(crate) approved: Option<bool>,
    pub(crate) reviewer_count: Option<i32>,
    /// As the workspace's agent reported it; empty where it did not.
    pub(crate) git_branch: String,
    /// As the workspace's agent reported it; empty where it did not.
    pub(crate) git_remote_origin: String,
    pub(crate) refreshed_at: Option<DateTime<Utc>>,
    pub(crate) stale_at: DateTime<Utc>,
}

impl DiffStatusRow {
    /// The status on the wire. Without a pull request its URL is that of the branch.
    pub(crate) fn to_wire(&self) -> ChatDiffStatus {
        let trimmed =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        ChatDiffStatus {
            chat_id: self.chat_id,
            url: trimmed(&self.url).or_else(|| branch_url(&self.git_remote_origin, &self.git_branch)),
            pull_request_state: trimmed(&self.pull_request_state),
            pull_request_title: self.pull_request_title.clone(),
            pull_request_draft: self.pull_request_draft,
            changes_requested: self.changes_requested,
            additions: self.additions,
            deletions: self.deletions,
            changed_files: self.changed_files,
            author_login: self.author_login.clone(),
            author_avatar_url: self.author_avatar_url.clone(),
            base_branch: self.base_branch.clone(),
            head_branch: self.head_branch.clone(),
            pr_number: self.pr_number,
            commits: self.commits,
            approved: self.approved,
            reviewer_count: self.reviewer_count,
            refreshed_at: self.refreshed_at,
            stale_at: Some(self.stale_at),
        }
    }
}

/// The page of a branch on github.com; other hosts are not known here.
fn branch_url(origin: &str, branch: &str) -> Option<String> {
    const SEGMENT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'$').remove(b'&').remove(b'+');
    let (origin, branch) = (origin.trim(), branch.trim());
    let path = origin.strip_prefix("https://github.com/").or_else(|| {
        let ssh = origin.strip_prefix("ssh://").unwrap_or(origin);
        ssh.strip_prefix("git@github.com")?.strip_prefix([':', '/'])
    })?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let (owner, repository) = path.strip_suffix(".git").unwrap_or(path).split_once('/')?;
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
    };
    if !is_name(owner) || !is_name(repository) || branch.is_empty() {
        return None;
    }
    let branch: Vec<_> = branch.split('/').map(|part| utf8_percent_encode(part, SEGMENT).to_string()).collect();
    Some(format!("https://github.com/{owner}/{repository}/tree/{}", branch.join("/")))
}

impl Store {
    /// What is known of the changes of these chats; most have none.
    pub(crate) async fn diff_statuses_of(&self, chats: &[Uuid]) -> sqlx::Result<HashMap<Uuid, DiffStatusRow>> {
        if chats.is_empty() {
            return Ok(HashMap::new());
        }
        let mut query = QueryBuilder::new("SELECT * FROM chat_diff_statuses WHERE chat_id IN (");
        let mut ids = query.separated(", ");
        for chat in chats {
            ids.push_bind(*chat);
        }
        query.push(")");
        let rows: Vec<DiffStatusRow> = query.build_query_as().fetch_all(self.pool()).await?;
        Ok(rows.into_iter().map(|row| (row.chat_id, row)).collect())
    }

    /// Notes what git works on in a chat's name; what is known of the change is looked at anew then.
    pub(crate) async fn mark_diff_stale(
        &self,
        chat: Uuid,
        branch: &str,
        origin: &str,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO chat_diff_statuses (chat_id, git_branch, git_remote_origin, stale_at, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (chat_id) DO UPDATE SET git_branch = excluded.git_branch, \
             git_remote_origin = excluded.git_remote_origin, stale_at = excluded.stale_at, \
             updated_at = excluded.updated_at",
        )
        .bind(chat)
        .bind(branch)
        .bind(origin)
        .bind(now - chrono::TimeDelta::seconds(1))
        .bind(now)
        .execute(self.pool())
        .await
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Case, replay, same, vectors};

    impl Default for DiffStatusRow {
        fn default() -> Self {
            Self {
                chat_id: Uuid::from_u128(0x1111_1111_0000_4000_8000_0000_0000_0001),
                url: None,
                pull_request_state: None,
                pull_request_title: String::new(),
                pull_request_draft: false,
                changes_requested: false,
                additions: 0,
                deletions: 0,
                changed_files: 0,
                author_login: None,
                author_avatar_url: None,
                base_branch: None,
                head_branch: None,
                pr_number: None,
                commits: None,
                approved: None,
                reviewer_count: None,
                git_branch: String::new(),
                git_remote_origin: String::new(),
                refreshed_at: None,
                stale_at: DateTime::UNIX_EPOCH,
            }
        }
    }

    #[test]
    fn vectors_of_diff_statuses_match() {
        let cases: Vec<Case> =
            vectors("chat_rows.json").into_iter().filter(|case| case.text("rule") == "diff").collect();
        replay(&cases, |case| {
            let row: DiffStatusRow = serde_json::from_value(case.input.clone()).map_err(|e| e.to_string())?;
            same(&json!(row.to_wire()), &case.output)
        });
    }

    #[test]
    fn branches_have_pages_on_github_alone() {
        for origin in ["https://github.com/o/r.git/", "git@github.com:o/r.git", "ssh://git@github.com/o/r"] {
            assert_eq!(branch_url(origin, " a/b c ").as_deref(), Some("https://github.com/o/r/tree/a/b%20c"));
        }
        for origin in ["", "https://gitlab.com/o/r", "https://github.com/o", "https://github.com/o/r/x"] {
            assert_eq!(branch_url(origin, "b"), None);
        }
        assert_eq!(branch_url("https://github.com/o/r", " "), None);
    }
}
