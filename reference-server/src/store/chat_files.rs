//! Files attached to chats, and which chat has which.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::{Store, Tx};

/// Most files that one chat may be linked to.
pub(crate) const MAX_CHAT_FILES: usize = 50;

/// A row of `chat_files` without its content.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct ChatFileRow {
    pub(crate) id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) organization_id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) name: String,
    pub(crate) mimetype: String,
}

/// The columns of a [`ChatFileRow`]; joins and conditions on `f` follow.
macro_rules! select_file {
    ($rest:literal) => {
        concat!(
            "SELECT f.id, f.owner_id, f.organization_id, f.created_at, f.name, f.mimetype FROM chat_files f ",
            $rest
        )
    };
}

impl Store {
    /// Stores a file.
    pub(crate) async fn insert_chat_file(&self, file: &ChatFileRow, data: &[u8]) -> sqlx::Result<()> {
        insert_chat_file(self.pool(), file, data).await
    }

    /// Stores a file and links it to a chat; neither where the chat has as many files as it may have. Tells whether it
    /// did.
    pub(crate) async fn insert_linked_chat_file(
        &self,
        chat_id: Uuid,
        file: &ChatFileRow,
        data: &[u8],
    ) -> sqlx::Result<bool> {
        let mut tx = self.begin().await?;
        insert_chat_file(&mut *tx, file, data).await?;
        if link_chat_files(&mut tx, chat_id, &[file.id]).await? > 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The file, without its content.
    pub(crate) async fn chat_file(&self, id: Uuid) -> sqlx::Result<Option<ChatFileRow>> {
        sqlx::query_as(select_file!("WHERE f.id = $1")).bind(id).fetch_optional(self.pool()).await
    }

    /// The content of a file.
    pub(crate) async fn chat_file_data(&self, id: Uuid) -> sqlx::Result<Option<Vec<u8>>> {
        sqlx::query_scalar("SELECT data FROM chat_files WHERE id = $1").bind(id).fetch_optional(self.pool()).await
    }

    /// The files linked to a chat, oldest first.
    pub(crate) async fn chat_files_of_chat(&self, chat_id: Uuid) -> sqlx::Result<Vec<ChatFileRow>> {
        sqlx::query_as(select_file!(
            "JOIN chat_file_links l ON l.file_id = f.id
             WHERE l.chat_id = $1 ORDER BY f.created_at, f.id"
        ))
        .bind(chat_id)
        .fetch_all(self.pool())
        .await
    }

    /// The chats that a file is linked to.
    pub(crate) async fn chat_ids_of_file(&self, file_id: Uuid) -> sqlx::Result<Vec<Uuid>> {
        sqlx::query_scalar("SELECT chat_id FROM chat_file_links WHERE file_id = $1")
            .bind(file_id)
            .fetch_all(self.pool())
            .await
    }

    /// Links files to a chat, all or none of them.
    ///
    /// Gives how many of the files are not linked though they were asked for: all that are new where they would
    /// exceed [`MAX_CHAT_FILES`]. A file that is named twice counts twice, as clients of the original know it.
    pub(crate) async fn link_chat_files(&self, chat_id: Uuid, file_ids: &[Uuid]) -> sqlx::Result<usize> {
        let mut tx = self.begin().await?;
        let rejected = link_chat_files(&mut tx, chat_id, file_ids).await?;
        tx.commit().await?;
        Ok(rejected)
    }
}

async fn insert_chat_file(
    executor: impl sqlx::SqliteExecutor<'_>,
    file: &ChatFileRow,
    data: &[u8],
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO chat_files (id, owner_id, organization_id, created_at, name, mimetype, data)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(file.id)
    .bind(file.owner_id)
    .bind(file.organization_id)
    .bind(file.created_at)
    .bind(&file.name)
    .bind(&file.mimetype)
    .bind(data)
    .execute(executor)
    .await?;
    Ok(())
}

async fn link_chat_files(tx: &mut Tx, chat_id: Uuid, file_ids: &[Uuid]) -> sqlx::Result<usize> {
    let linked: Vec<Uuid> = sqlx::query_scalar("SELECT file_id FROM chat_file_links WHERE chat_id = $1")
        .bind(chat_id)
        .fetch_all(&mut **tx)
        .await?;
    let new: Vec<Uuid> = file_ids.iter().copied().filter(|id| !linked.contains(id)).collect();
    if new.is_empty() || linked.len() + new.len() > MAX_CHAT_FILES {
        return Ok(new.len());
    }
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO chat_file_links (chat_id, file_id) ");
    query.push_values(&new, |mut row, file_id| {
        row.push_bind(chat_id).push_bind(file_id);
    });
    query.push(" ON CONFLICT (chat_id, file_id) DO NOTHING");
    let inserted = query.build().execute(&mut **tx).await?.rows_affected();
    Ok(new.len().saturating_sub(usize::try_from(inserted).unwrap_or(usize::MAX)))
}
