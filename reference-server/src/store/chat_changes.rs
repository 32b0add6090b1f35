//! Changes of chats that do not touch what the state machine keeps.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{QueryBuilder, Sqlite};
use uuid::Uuid;

use super::chat_contexts::repin;
use super::chats::{Acl, AclEntry};
use super::{Store, Tx};

/// What is done to a chat's place among the pinned chats of its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PinChange {
    /// To the end of the pinned chats.
    Append,
    /// To this place, from 1; a place beyond the last one is the last. Nothing where the chat is not pinned.
    Move(i32),
    Remove,
}

/// Roles to be set, by id: an absent permission takes the entry away.
pub(crate) type AclChanges = BTreeMap<Uuid, Option<&'static str>>;

impl Store {
    /// Replaces the title; the chat keeps its place in the list.
    pub(crate) async fn set_chat_title(&self, chat: Uuid, title: &str) -> sqlx::Result<()> {
        sqlx::query("UPDATE chats SET title = $1 WHERE id = $2").bind(title).bind(chat).execute(self.pool()).await?;
        Ok(())
    }

    /// Which of these MCP servers exist.
    pub(crate) async fn known_mcp_servers(&self, ids: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT id FROM mcp_server_configs WHERE id IN (");
        let mut values = query.separated(", ");
        for id in ids {
            values.push_bind(*id);
        }
        query.push(")");
        query.build_query_scalar().fetch_all(self.pool()).await
    }

    /// Whether there is, or was, a model with this id.
    pub(crate) async fn model_config_exists(&self, id: Uuid) -> sqlx::Result<bool> {
        let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM chat_model_configs WHERE id = $1")
            .bind(id)
            .fetch_optional(self.pool())
            .await?;
        Ok(found.is_some())
    }

    /// Replaces the labels.
    pub(crate) async fn set_chat_labels(
        &self,
        chat: Uuid,
        labels: &BTreeMap<String, String>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        sqlx::query("UPDATE chats SET labels = $1, updated_at = $2 WHERE id = $3")
            .bind(Json(labels))
            .bind(now)
            .bind(chat)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Binds the chat to a workspace, or to none, and to a build of it if one is given; its agent and its context are
    /// found anew.
    pub(crate) async fn set_chat_workspace(
        &self,
        chat: Uuid,
        workspace: Option<Uuid>,
        build: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE chats SET workspace_id = $1, build_id = $2, agent_id = NULL, updated_at = $3 WHERE id = $4",
        )
        .bind(workspace)
        .bind(build)
        .bind(now)
        .bind(chat)
        .execute(&mut *tx)
        .await?;
        repin(&mut tx, chat).await?;
        tx.commit().await
    }

    /// Notes which agent of which build serves the chat, if it is still bound to that workspace. A chat without a
    /// context, or with that of another agent, gets what this one has pushed.
    pub(crate) async fn bind_chat_agent(
        &self,
        chat: Uuid,
        workspace: Uuid,
        build: Uuid,
        agent: Uuid,
    ) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        let before: Option<Option<Uuid>> =
            sqlx::query_scalar("SELECT agent_id FROM chats WHERE id = $1").bind(chat).fetch_optional(&mut *tx).await?;
        let bound = sqlx::query("UPDATE chats SET build_id = $1, agent_id = $2 WHERE id = $3 AND workspace_id = $4")
            .bind(build)
            .bind(agent)
            .bind(chat)
            .bind(workspace)
            .execute(&mut *tx)
            .await?;
        if bound.rows_affected() > 0 && before.flatten() != Some(agent) {
            repin(&mut tx, chat).await?;
        }
        tx.commit().await
    }

    /// Sets the plan mode, or clears it.
    pub(crate) async fn set_chat_plan_mode(&self, chat: Uuid, plan_mode: Option<&str>) -> sqlx::Result<()> {
        sqlx::query("UPDATE chats SET plan_mode = $1 WHERE id = $2")
            .bind(plan_mode)
            .bind(chat)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Changes the chat's place among the pinned chats of its owner, who keep places without gaps.
    pub(crate) async fn change_chat_pin(&self, chat: Uuid, owner: Uuid, change: PinChange) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        let pinned: Vec<(Uuid, i32)> = sqlx::query_as(
            "SELECT id, pin_order FROM chats WHERE owner_id = $1 AND pin_order > 0 AND NOT archived \
             ORDER BY pin_order, id",
        )
        .bind(owner)
        .fetch_all(&mut *tx)
        .await?;
        let moved = moved_pins(&pinned, chat, change);
        if !moved.is_empty() {
            write_pins(&mut tx, &moved).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Gives and takes roles; those who are not named keep theirs.
    pub(crate) async fn change_chat_acl(
        &self,
        chat: Uuid,
        users: &AclChanges,
        groups: &AclChanges,
    ) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        let row: Option<(Json<Acl>, Json<Acl>)> = sqlx::query_as("SELECT user_acl, group_acl FROM chats WHERE id = $1")
            .bind(chat)
            .fetch_optional(&mut *tx)
            .await?;
        let (Json(mut user_acl), Json(mut group_acl)) = row.ok_or(sqlx::Error::RowNotFound)?;
        apply(&mut user_acl, users);
        apply(&mut group_acl, groups);
        sqlx::query("UPDATE chats SET user_acl = $1, group_acl = $2 WHERE id = $3")
            .bind(Json(user_acl))
            .bind(Json(group_acl))
            .bind(chat)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}

fn apply(acl: &mut Acl, changes: &AclChanges) {
    for (id, permission) in changes {
        match permission {
            Some(permission) => {
                acl.insert(id.to_string(), AclEntry { permissions: vec![(*permission).to_owned()] });
            }
            None => {
                acl.remove(&id.to_string());
            }
        }
    }
}

/// The chats whose place changes, with their new places. `pinned` are in order.
fn moved_pins(pinned: &[(Uuid, i32)], chat: Uuid, change: PinChange) -> Vec<(Uuid, i32)> {
    let was_pinned = pinned.iter().any(|(id, _)| *id == chat);
    let mut order: Vec<Uuid> = pinned.iter().map(|(id, _)| *id).filter(|id| *id != chat).collect();
    let mut moved = Vec::new();
    match change {
        PinChange::Append => order.push(chat),
        PinChange::Move(place) if was_pinned => {
            let index = usize::try_from(place.max(1) - 1).unwrap_or_default();
            order.insert(index.min(order.len()), chat);
        }
        PinChange::Remove if was_pinned => moved.push((chat, 0)),
        PinChange::Move(_) | PinChange::Remove => return moved,
    }
    moved.extend(order.into_iter().zip(1..).filter(|place| !pinned.contains(place)));
    moved
}

async fn write_pins(tx: &mut Tx, moved: &[(Uuid, i32)]) -> sqlx::Result<()> {
    let mut query = QueryBuilder::<Sqlite>::new("UPDATE chats SET pin_order = CASE id");
    for (id, place) in moved {
        query.push(" WHEN ").push_bind(*id).push(" THEN ").push_bind(*place);
    }
    query.push(" ELSE pin_order END WHERE id IN (");
    let mut ids = query.separated(", ");
    for (id, _) in moved {
        ids.push_bind(*id);
    }
    query.push(")");
    query.build().execute(&mut **tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn pins_keep_places_without_gaps() {
        let pinned = [(id(1), 1), (id(2), 2), (id(3), 3)];
        let moved = |chat, change| moved_pins(&pinned, id(chat), change);
        assert_eq!(moved(4, PinChange::Append), [(id(4), 4)]);
        assert_eq!(moved(3, PinChange::Move(1)), [(id(3), 1), (id(1), 2), (id(2), 3)]);
        assert_eq!(moved(1, PinChange::Move(99)), [(id(2), 1), (id(3), 2), (id(1), 3)]);
        assert_eq!(moved(2, PinChange::Move(2)), []);
        assert_eq!(moved(2, PinChange::Remove), [(id(2), 0), (id(3), 2)]);
        assert_eq!(moved(9, PinChange::Remove), []);
        assert_eq!(moved(9, PinChange::Move(1)), []);
    }

    #[test]
    fn gaps_left_by_archived_chats_are_closed() {
        let pinned = [(id(1), 2), (id(2), 5)];
        assert_eq!(moved_pins(&pinned, id(3), PinChange::Append), [(id(1), 1), (id(2), 2), (id(3), 3)]);
    }
}
