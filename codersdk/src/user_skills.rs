//! Skills of a user's own, which their chats can read.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

/// A skill without its content: `codersdk.UserSkillMetadata`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserSkillMetadata {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Its name, unique among the user's skills: groups of small letters and digits with single hyphens between them.
    #[serde(default)]
    pub name: String,
    /// What it is for; may be empty.
    #[serde(default)]
    pub description: String,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
}

/// A skill: `codersdk.UserSkill`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserSkill {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Its name, unique among the user's skills: groups of small letters and digits with single hyphens between them.
    #[serde(default)]
    pub name: String,
    /// What it is for; may be empty.
    #[serde(default)]
    pub description: String,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// Its text as it was given: YAML between two `---` lines that names and describes it, then Markdown.
    #[serde(default)]
    pub content: String,
}

/// Creates a skill: `codersdk.CreateUserSkillRequest`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateUserSkillRequest {
    /// Its text, at most 65,536 bytes: YAML between two `---` lines with its `name` (at most 256 bytes) and perhaps a
    /// `description` (at most 4,096 bytes), then Markdown, which must not be empty.
    #[serde(default)]
    pub content: String,
}

/// Replaces the text of a skill: `codersdk.UpdateUserSkillRequest`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserSkillRequest {
    /// Its text, under the rules of [`CreateUserSkillRequest::content`]. It must give the name that the skill has.
    #[serde(default)]
    pub content: String,
}

api_trait! {
    /// Skills of a user's own, which their chats can read.
    ///
    /// `user` is a username, an id, or `me`. Administrators may read and delete the skills of others.
    ///
    /// ```
    /// use codersdk::{CreateUserSkillRequest, Result, UserSkillsApi};
    ///
    /// async fn teach(skills: &dyn UserSkillsApi) -> Result<()> {
    ///     let content = "---\nname: greet\ndescription: How to greet\n---\nSay hello twice.\n".to_owned();
    ///     let skill = skills.create_user_skill("me", CreateUserSkillRequest { content }).await?;
    ///     assert_eq!(skill.name, "greet");
    ///     Ok(())
    /// }
    /// # let _ = teach;
    /// ```
    pub trait UserSkillsApi {
        /// Creates a skill. A user has at most 100.
        ///
        /// `POST /api/experimental/users/{user}/skills`
        ///
        /// # Errors
        /// Besides those of every call: [`is_bad_request`](crate::Error::is_bad_request) for content that breaks the
        /// rules, [`is_conflict`](crate::Error::is_conflict) when the name is taken or there are too many.
        async fn create_user_skill(&self, user: &str, req: CreateUserSkillRequest) -> UserSkill;

        /// Lists the skills, by name, without their content.
        ///
        /// `GET /api/experimental/users/{user}/skills`
        async fn user_skills(&self, user: &str) -> Vec<UserSkillMetadata>;

        /// Returns a skill.
        ///
        /// `GET /api/experimental/users/{user}/skills/{name}`
        async fn user_skill_by_name(&self, user: &str, name: &str) -> UserSkill;

        /// Replaces the text of a skill.
        ///
        /// `PATCH /api/experimental/users/{user}/skills/{name}`
        ///
        /// # Errors
        /// Besides those of every call: [`is_bad_request`](crate::Error::is_bad_request) for content that breaks the
        /// rules or gives another name.
        async fn update_user_skill(&self, user: &str, name: &str, req: UpdateUserSkillRequest) -> UserSkill;

        /// Deletes a skill.
        ///
        /// `DELETE /api/experimental/users/{user}/skills/{name}`
        async fn delete_user_skill(&self, user: &str, name: &str);
    }
}

#[async_trait::async_trait]
impl UserSkillsApi for Client {
    async fn create_user_skill(&self, user: &str, req: CreateUserSkillRequest) -> Result<UserSkill> {
        self.send(Request::post("/api/experimental/users/{user}/skills", &[&user]).json(&req).expect(&[201]))
            .await?
            .json()
    }

    async fn user_skills(&self, user: &str) -> Result<Vec<UserSkillMetadata>> {
        self.send(Request::get("/api/experimental/users/{user}/skills", &[&user]).expect(&[200])).await?.json_list()
    }

    async fn user_skill_by_name(&self, user: &str, name: &str) -> Result<UserSkill> {
        self.send(Request::get("/api/experimental/users/{user}/skills/{name}", &[&user, &name]).expect(&[200]))
            .await?
            .json()
    }

    async fn update_user_skill(&self, user: &str, name: &str, req: UpdateUserSkillRequest) -> Result<UserSkill> {
        self.send(
            Request::patch("/api/experimental/users/{user}/skills/{name}", &[&user, &name]).json(&req).expect(&[200]),
        )
        .await?
        .json()
    }

    async fn delete_user_skill(&self, user: &str, name: &str) -> Result<()> {
        self.send(Request::delete("/api/experimental/users/{user}/skills/{name}", &[&user, &name]).expect(&[204]))
            .await
            .map(drop)
    }
}
