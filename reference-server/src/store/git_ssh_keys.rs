//! The SSH keys with which workspaces reach git servers in their owner's name.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Store;

/// A user's key, without its private half.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct GitSshKeyRow {
    pub(crate) user_id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) public_key: String,
}

impl Store {
    /// The user's key, made when it is first asked for.
    pub(crate) async fn git_ssh_key(&self, user_id: Uuid, now: DateTime<Utc>) -> sqlx::Result<GitSshKeyRow> {
        let found = sqlx::query_as("SELECT * FROM gitsshkeys WHERE user_id = $1").bind(user_id);
        if let Some(row) = found.fetch_optional(self.pool()).await? {
            return Ok(row);
        }
        // Where two requests are first at once, both get the key of one.
        self.write_git_ssh_key(user_id, now, "public_key = gitsshkeys.public_key").await
    }

    /// Both halves of the user's key: the public one, then the private one, which is a secret.
    pub(crate) async fn git_ssh_key_pair(&self, user_id: Uuid, now: DateTime<Utc>) -> sqlx::Result<(String, String)> {
        self.git_ssh_key(user_id, now).await?;
        sqlx::query_as("SELECT public_key, private_key FROM gitsshkeys WHERE user_id = $1")
            .bind(user_id)
            .fetch_one(self.pool())
            .await
    }

    /// Replaces the user's key.
    pub(crate) async fn regenerate_git_ssh_key(&self, user_id: Uuid, now: DateTime<Utc>) -> sqlx::Result<GitSshKeyRow> {
        let replace = "updated_at = excluded.updated_at, private_key = excluded.private_key, \
                       public_key = excluded.public_key";
        self.write_git_ssh_key(user_id, now, replace).await
    }

    async fn write_git_ssh_key(
        &self,
        user_id: Uuid,
        now: DateTime<Utc>,
        on_conflict: &'static str,
    ) -> sqlx::Result<GitSshKeyRow> {
        let (private_key, public_key) = generate();
        let sql = format!(
            "INSERT INTO gitsshkeys (user_id, created_at, updated_at, private_key, public_key) \
             VALUES ($1, $2, $2, $3, $4) ON CONFLICT (user_id) DO UPDATE SET {on_conflict} RETURNING *"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(user_id)
            .bind(now)
            .bind(private_key)
            .bind(public_key)
            .fetch_one(self.pool())
            .await
    }
}

const KIND: &[u8] = b"ssh-ed25519";

/// A new key: the private half as OpenSSH's file, the public half as a line.
fn generate() -> (String, String) {
    let seed: [u8; 32] = rand::random();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed of the right length");
    let public = pair.public_key().as_ref();
    let mut public_blob = Vec::new();
    put(&mut public_blob, KIND);
    put(&mut public_blob, public);

    let check: [u8; 4] = rand::random();
    let mut secret = [check, check].concat();
    put(&mut secret, KIND);
    put(&mut secret, public);
    put(&mut secret, &[&seed, public].concat());
    put(&mut secret, b"");
    let padding = (8 - secret.len() % 8) % 8;
    secret.extend((1..).take(padding));

    let mut file = b"openssh-key-v1\0".to_vec();
    for field in [b"none".as_slice(), b"none", b""] {
        put(&mut file, field);
    }
    file.extend(1_u32.to_be_bytes());
    put(&mut file, &public_blob);
    put(&mut file, &secret);

    let encoded = STANDARD.encode(file);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).expect("base64 is ASCII")).collect();
    let private_key =
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n", lines.join("\n"));
    (private_key, format!("ssh-ed25519 {}\n", STANDARD.encode(public_blob)))
}

fn put(to: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).expect("fields of a key are short");
    to.extend(length.to_be_bytes());
    to.extend(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_are_in_the_form_of_openssh() {
        let (private, public) = generate();
        let blob = STANDARD.decode(public.strip_prefix("ssh-ed25519 ").unwrap().trim_end()).unwrap();
        assert_eq!((blob.len(), &blob[4..15]), (51, KIND));
        let body: String = private.lines().filter(|line| !line.starts_with('-')).collect();
        let file = STANDARD.decode(body).unwrap();
        assert!(file.starts_with(b"openssh-key-v1\0"));
        assert!(file.windows(blob.len()).any(|part| part == blob));
        assert_ne!(generate().1, public);
    }
}
