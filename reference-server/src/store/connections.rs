//! The connections of the store, and transactions on them.
//!
//! sqlx has a pool of its own, made for databases across a network: it starts a task for each connection that is given
//! back and waits for a sign of life from it. Here the database is in the same process, and both cost more than most
//! statements.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, Pool, PoolError, RecycleResult};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, stream};
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteConnection, SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo,
};
use sqlx::{ConnectOptions, Connection, Describe, Either, Error, Execute, Executor, SqlStr};

/// How long a connection is waited for.
const WAIT: Duration = Duration::from_secs(30);

/// Connections to one database. Its reference executes single statements.
#[derive(Debug, Clone)]
pub(crate) struct Connections(Pool<Opener>);

#[derive(Debug)]
struct Opener(SqliteConnectOptions);

impl managed::Manager for Opener {
    type Type = SqliteConnection;
    type Error = Error;

    async fn create(&self) -> Result<SqliteConnection, Error> {
        self.0.connect().await
    }

    async fn recycle(&self, _: &mut SqliteConnection, _: &Metrics) -> RecycleResult<Error> {
        Ok(())
    }
}

/// A write transaction. Dropping it without [`Tx::commit`] undoes it.
#[derive(Debug)]
pub(crate) struct Tx {
    connection: Option<Object<Opener>>,
}

impl Connections {
    /// Connections by these options, at most `most` of them, opened when they are needed and kept.
    pub(crate) fn new(options: SqliteConnectOptions, most: usize) -> Self {
        let pool = Pool::builder(Opener(options)).max_size(most).wait_timeout(Some(WAIT)).runtime(Runtime::Tokio1);
        Self(pool.build().expect("a pool with timeouts has its runtime"))
    }

    async fn get(&self) -> Result<Object<Opener>, Error> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Closed => Error::PoolClosed,
            PoolError::Timeout(_) => Error::PoolTimedOut,
            error => Error::Io(std::io::Error::other(error)),
        })
    }

    /// Begins a write transaction; writers queue here rather than fail later.
    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        let mut tx = Tx { connection: Some(self.get().await?) };
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *tx).await?;
        Ok(tx)
    }

    /// Applies the migrations that the database lacks.
    pub(crate) async fn migrate(&self, migrator: &sqlx::migrate::Migrator) -> Result<(), Error> {
        Ok(migrator.run(&mut *self.get().await?).await?)
    }

    /// Closes the connections: those that rest before it returns, those at work when they are given back.
    pub(crate) async fn close(&self) {
        let resting = self.0.retain(|_, _| false).removed;
        self.0.close();
        for connection in resting {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a connection to the database did not close cleanly");
            }
        }
    }
}

impl Tx {
    /// Makes what was done permanent.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        sqlx::query("COMMIT").execute(&mut *self).await?;
        self.connection = None;
        Ok(())
    }
}

impl Deref for Tx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect("only the end of a transaction takes its connection")
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("only the end of a transaction takes its connection")
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        // Nobody else may have the connection before the transaction is undone. Its beginning or its end may have been
        // given up halfway, so there may be none, which is the one way in which this fails.
        let undo = async move { sqlx::query("ROLLBACK").execute(&mut *connection).await };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(undo);
        }
    }
}

impl<'c> Executor<'c> for &'c Connections {
    type Database = Sqlite;

    fn execute<'e, 'q, E>(self, query: E) -> BoxFuture<'e, Result<SqliteQueryResult, Error>>
    where
        'c: 'e,
        'q: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        async move { self.get().await?.execute(query).await }.boxed()
    }

    fn fetch_all<'e, 'q, E>(self, query: E) -> BoxFuture<'e, Result<Vec<SqliteRow>, Error>>
    where
        'c: 'e,
        'q: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        async move { self.get().await?.fetch_all(query).await }.boxed()
    }

    fn fetch_optional<'e, 'q, E>(self, query: E) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        'q: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        async move { self.get().await?.fetch_optional(query).await }.boxed()
    }

    fn fetch_many<'e, 'q, E>(self, query: E) -> BoxStream<'e, Result<Either<SqliteQueryResult, SqliteRow>, Error>>
    where
        'c: 'e,
        'q: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let all = async move {
            match self.get().await {
                Ok(mut connection) => connection.fetch_many(query).collect().await,
                Err(error) => vec![Err(error)],
            }
        };
        all.map(stream::iter).flatten_stream().boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'c: 'e,
    {
        async move { self.get().await?.prepare_with(sql, parameters).await }.boxed()
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Sqlite>, Error>>
    where
        'c: 'e,
    {
        async move { self.get().await?.describe(sql).await }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    async fn numbers() -> Connections {
        let connections = Connections::new(SqliteConnectOptions::new().in_memory(true), 1);
        sqlx::query("CREATE TABLE numbers (n INTEGER)").execute(&connections).await.unwrap();
        connections
    }

    async fn count(connections: &Connections) -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM numbers").fetch_one(connections).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_not_committed_is_undone_before_anybody_else_looks() {
        let connections = numbers().await;
        let mut tx = connections.begin().await.unwrap();
        sqlx::query("INSERT INTO numbers VALUES (1)").execute(&mut *tx).await.unwrap();
        drop(tx);
        assert_eq!(count(&connections).await, 0);
        let mut tx = connections.begin().await.unwrap();
        sqlx::query("INSERT INTO numbers VALUES (2)").execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(&connections).await, 1);
    }

    #[tokio::test]
    async fn a_transaction_given_up_at_its_beginning_or_end_leaves_nothing_open() {
        let connections = numbers().await;
        let mut beginning = Box::pin(connections.begin());
        let _ = poll!(beginning.as_mut());
        drop(beginning);
        let mut tx = connections.begin().await.unwrap();
        sqlx::query("INSERT INTO numbers VALUES (1)").execute(&mut *tx).await.unwrap();
        let mut end = Box::pin(tx.commit());
        let _ = poll!(end.as_mut());
        drop(end);
        // The end was on its way and is not taken back.
        assert_eq!(count(&connections).await, 1);
        connections.begin().await.unwrap().commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_is_not_waited_for_for_ever() {
        let connections = numbers().await;
        let held = connections.begin().await.unwrap();
        tokio::time::pause();
        assert!(matches!(connections.begin().await, Err(Error::PoolTimedOut)));
        held.commit().await.unwrap();
    }

    #[tokio::test]
    async fn closed_connections_are_refused() {
        let connections = numbers().await;
        connections.close().await;
        assert!(matches!(connections.begin().await, Err(Error::PoolClosed)));
    }
}
