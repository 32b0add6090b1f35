//! What people are told of, wherever they are.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use crate::store::Store;

/// What the owner of a workspace is told of. Each has an id that clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    TaskWorking,
    TaskIdle,
    TaskCompleted,
    TaskFailed,
    OutOfMemory,
    OutOfDisk,
}

impl Notice {
    /// Its id on the wire.
    pub(crate) fn id(self) -> Uuid {
        Uuid::from_u128(match self {
            Self::TaskWorking => 0xbd4b7168_d05e_4e19_ad0f_3593b77aa90f,
            Self::TaskIdle => 0xd4a6271c_cced_4ed0_84ad_afd02a9c7799,
            Self::TaskCompleted => 0x8c5a4d12_9f7e_4b3a_a1c8_6e4f2d9b5a7c,
            Self::TaskFailed => 0x3b7e8f1a_4c2d_49a6_b5e9_7f3a1c8d6b4e,
            Self::OutOfMemory => 0xa9d027b4_ac49_4fb1_9f6d_45af15f64e7a,
            Self::OutOfDisk => 0xf047f6a3_5713_40f7_85aa_0394cce9fa3a,
        })
    }
}

/// A notice.
#[derive(Debug, Clone)]
pub(crate) struct Notification<'a> {
    /// Whom it is for.
    pub(crate) user_id: Uuid,
    pub(crate) template: Notice,
    /// What its text names.
    pub(crate) labels: &'a [(&'a str, &'a str)],
    /// What it says beyond that: an object.
    pub(crate) data: Value,
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
    let labels: std::collections::BTreeMap<_, _> = notice.labels.iter().copied().collect();
    sqlx::query(
        "INSERT INTO notification_messages (id, template_id, user_id, labels, targets, created_by, created_at, minute, \
         data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
    )
    .bind(Uuid::new_v4())
    .bind(notice.template.id())
    .bind(notice.user_id)
    .bind(Json(labels))
    .bind(Json(&notice.targets))
    .bind(notice.created_by)
    .bind(now)
    .bind(now.timestamp().div_euclid(60))
    .bind(Json(&notice.data))
    .execute(store.pool())
    .await
    .map(drop)
}
