//! What people are told of, wherever they are.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use crate::store::Store;

/// What a task has come to, of which its owner is told. Each has an id that clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskNotice {
    Working,
    Idle,
    Completed,
    Failed,
}

impl TaskNotice {
    /// Its id on the wire.
    pub(crate) fn id(self) -> Uuid {
        Uuid::from_u128(match self {
            Self::Working => 0xbd4b7168_d05e_4e19_ad0f_3593b77aa90f,
            Self::Idle => 0xd4a6271c_cced_4ed0_84ad_afd02a9c7799,
            Self::Completed => 0x8c5a4d12_9f7e_4b3a_a1c8_6e4f2d9b5a7c,
            Self::Failed => 0x3b7e8f1a_4c2d_49a6_b5e9_7f3a1c8d6b4e,
        })
    }
}

/// A notice.
#[derive(Debug, Clone)]
pub(crate) struct Notification<'a> {
    /// Whom it is for.
    pub(crate) user_id: Uuid,
    pub(crate) template: TaskNotice,
    /// What its text names.
    pub(crate) labels: [(&'a str, &'a str); 2],
    /// What it concerns.
    pub(crate) targets: Vec<Uuid>,
    /// Which part of the server it comes from.
    pub(crate) created_by: &'a str,
}

/// Stores a notice, unless the same one was stored within this minute.
///
/// # Errors
/// When the store fails.
pub(crate) async fn enqueue(store: &Store, now: DateTime<Utc>, notice: &Notification<'_>) -> sqlx::Result<()> {
    let labels: std::collections::BTreeMap<_, _> = notice.labels.into_iter().collect();
    sqlx::query(
        "INSERT INTO notification_messages (id, template_id, user_id, labels, targets, created_by, created_at, minute) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(Uuid::new_v4())
    .bind(notice.template.id())
    .bind(notice.user_id)
    .bind(Json(labels))
    .bind(Json(&notice.targets))
    .bind(notice.created_by)
    .bind(now)
    .bind(now.timestamp().div_euclid(60))
    .execute(store.pool())
    .await
    .map(drop)
}
