//! Users: their data, settings, roles.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Error, Result};

/// The old form of [`CreateUserRequestWithOrgs`], with one organization.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateUserRequest {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Full name; may be empty.
    #[serde(default)]
    pub name: String,
    /// Password in clear.
    #[serde(default)]
    pub password: String,
    /// How the user logs in.
    pub login_type: LoginType,
    /// Whether the user cannot log in at all.
    #[serde(default)]
    pub disable_login: bool,
    /// The organization it belongs to.
    pub organization_id: Uuid,
}

debug_without_secrets!(CreateUserRequest { email, username, name, login_type, disable_login, organization_id; password });

/// Creates a user.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateUserRequestWithOrgs {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Full name; may be empty.
    #[serde(default)]
    pub name: String,
    /// Password in clear.
    #[serde(default)]
    pub password: String,
    /// How the user logs in.
    pub login_type: LoginType,
    /// State to start in; dormant if left out, for users who have yet to log in.
    #[serde(default)]
    pub user_status: Option<UserStatus>,
    /// Organizations to become a member of; at least one.
    #[serde(default)]
    pub organization_ids: Nullable<Vec<Uuid>>,
    /// Whether to create a machine account that cannot log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<bool>,
    /// Roles on the whole deployment, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
}

debug_without_secrets!(CreateUserRequestWithOrgs { email, username, name, login_type, user_status, organization_ids, service_account, roles; password });

/// A page of users.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetUsersResponse {
    /// The users of this page.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<User>>"))]
    pub users: Vec<User>,
    /// How many users match, on all pages.
    #[serde(default)]
    pub count: i64,
}

/// A user without organizations and roles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReducedUser {
    /// Unique id.
    pub id: Uuid,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Full name; may be empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// URL of the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When the user last made a request.
    pub last_seen_at: DateTime<Utc>,
    /// State it is in.
    pub status: UserStatus,
    /// How the user logs in.
    pub login_type: LoginType,
    /// Whether it is a machine account that cannot log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_service_account: Option<bool>,
    /// Name of the dashboard theme; empty if never chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme_preference: Option<String>,
}

/// Replaces the roles of a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateRoles {
    /// All roles to hold from now on, by name.
    #[serde(default)]
    pub roles: Nullable<Vec<String>>,
}

/// Changes a password.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserPasswordRequest {
    /// The password until now; needed unless an admin changes somebody else's.
    #[serde(default)]
    pub old_password: String,
    /// Password in clear.
    #[serde(default)]
    pub password: String,
}

debug_without_secrets!(UpdateUserPasswordRequest { ; old_password, password });

/// Changes a user's names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserProfileRequest {
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Full name; may be empty.
    #[serde(default)]
    pub name: String,
}

/// A user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct User {
    /// Unique id.
    pub id: Uuid,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Full name; may be empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// URL of the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When the user last made a request.
    pub last_seen_at: DateTime<Utc>,
    /// State it is in.
    pub status: UserStatus,
    /// How the user logs in.
    pub login_type: LoginType,
    /// Whether it is a machine account that cannot log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_service_account: Option<bool>,
    /// Name of the dashboard theme; empty if never chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme_preference: Option<String>,
    /// Organizations the user is a member of.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<Uuid>>"))]
    pub organization_ids: Vec<Uuid>,
    /// Roles held.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<SlimRole>>"))]
    pub roles: Vec<SlimRole>,
    /// Whether the user takes up one of the licensed AI seats.
    #[serde(default)]
    pub has_ai_seat: bool,
}

/// A template parameter's value that a user used last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserParameter {
    /// Name of the template parameter.
    #[serde(default)]
    pub name: String,
    /// Value last used.
    #[serde(default)]
    pub value: String,
}

/// The roles of a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserRoles {
    /// Roles on the whole deployment.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub roles: Vec<String>,
    /// Roles by organization.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<BTreeMap<Uuid, Vec<String>>>"))]
    pub organization_roles: BTreeMap<Uuid, Vec<String>>,
}

open_enum! {
    /// The state of a user.
    pub enum UserStatus {
        /// `active`
        Active => "active",
        /// `dormant`
        Dormant => "dormant",
        /// `suspended`
        Suspended => "suspended",
    }
}

/// Which users to list. Not sent as JSON, but as query parameters: all but the page as one line of search terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UsersRequest {
    /// Part of the name or e-mail address.
    pub search: String,
    /// Part of the full name.
    pub name: String,
    /// Only users in this state.
    pub status: Option<UserStatus>,
    /// Only users with this role.
    pub role: String,
    /// Only users who log in one of these ways; all, if empty.
    pub login_type: Vec<LoginType>,
    /// Further search terms, such as `last_seen_before:"2026-01-01"`.
    pub search_query: String,
    /// Which page.
    pub pagination: Pagination,
}

impl UsersRequest {
    /// The query pairs that are sent for it.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        let mut terms = Vec::new();
        let mut term = |name: &str, value: &str| {
            if !value.is_empty() {
                terms.push(format!("{name}{value}"));
            }
        };
        term("", &self.search);
        term("name:", &self.name);
        term("status:", self.status.as_ref().map_or("", UserStatus::as_str));
        term("role:", &self.role);
        term("", &self.search_query);
        terms.extend(self.login_type.iter().map(|kind| format!("login_type:{kind}")));
        self.pagination.pairs().chain([("q".to_owned(), terms.join(" "))]).collect()
    }
}

api_trait! {
    /// Users: their data, settings and roles.
    ///
    /// `user` is a user's name or id, or `me`.
    pub trait UsersApi {
        /// The users that match, by page. `GET /api/v2/users`.
        ///
        /// # Errors
        /// [`is_bad_request`](Error::is_bad_request) for search terms that it does not know.
        async fn users(&self, req: UsersRequest) -> GetUsersResponse;

        /// A user. `GET /api/v2/users/{user}`.
        ///
        /// # Errors
        /// [`is_not_found`](Error::is_not_found) if there is none that the caller may see;
        /// [`is_bad_request`](Error::is_bad_request) for text that is neither a name nor an id.
        async fn user(&self, user: &str) -> User;

        /// Creates a user. `POST /api/v2/users`.
        ///
        /// # Errors
        /// [`is_bad_request`](Error::is_bad_request) with validations, for a weak password or a missing
        /// organization, too; [`is_conflict`](Error::is_conflict) if name or address are taken.
        async fn create_user_with_orgs(&self, req: CreateUserRequestWithOrgs) -> User;

        /// Creates a user in one organization: the old form of
        /// [`create_user_with_orgs`](Self::create_user_with_orgs).
        ///
        /// # Errors
        /// As there.
        async fn create_user(&self, req: CreateUserRequest) -> User;

        /// Deletes a user. `DELETE /api/v2/users/{user}`.
        ///
        /// # Errors
        /// [`is_forbidden`](Error::is_forbidden) for the caller's own; [`is_bad_request`](Error::is_bad_request)
        /// while the user has workspaces.
        async fn delete_user(&self, id: Uuid);

        /// Changes a user's names. `PUT /api/v2/users/{user}/profile`.
        ///
        /// # Errors
        /// [`is_conflict`](Error::is_conflict) if the name is taken.
        async fn update_user_profile(&self, user: &str, req: UpdateUserProfileRequest) -> User;

        /// Activates or suspends a user. `PUT /api/v2/users/{user}/status/activate` or `…/suspend`.
        ///
        /// # Errors
        /// [`is_invalid_request`](Error::is_invalid_request) for any other status;
        /// [`is_bad_request`](Error::is_bad_request) for suspending oneself or an owner.
        async fn update_user_status(&self, user: &str, status: UserStatus) -> User;

        /// Changes a password. `PUT /api/v2/users/{user}/password`.
        ///
        /// # Errors
        /// [`is_bad_request`](Error::is_bad_request) for a weak password or a wrong old one.
        async fn update_user_password(&self, user: &str, req: UpdateUserPasswordRequest);

        /// How the dashboard looks to a user. `GET /api/v2/users/{user}/appearance`.
        ///
        /// # Errors
        /// [`is_not_found`](Error::is_not_found) for a user that the caller may not see.
        async fn get_user_appearance_settings(&self, user: &str) -> UserAppearanceSettings;

        /// Changes how the dashboard looks to a user. `PUT /api/v2/users/{user}/appearance`.
        ///
        /// # Errors
        /// [`is_bad_request`](Error::is_bad_request) for an unknown theme or font.
        async fn update_user_appearance_settings(
            &self,
            user: &str,
            req: UpdateUserAppearanceSettingsRequest,
        ) -> UserAppearanceSettings;

        /// A user's preferences. `GET /api/v2/users/{user}/preferences`.
        ///
        /// # Errors
        /// [`is_not_found`](Error::is_not_found) for a user that the caller may not see.
        async fn get_user_preference_settings(&self, user: &str) -> UserPreferenceSettings;

        /// Changes a user's preferences. `PUT /api/v2/users/{user}/preferences`.
        ///
        /// # Errors
        /// [`is_bad_request`](Error::is_bad_request) for an unknown value.
        async fn update_user_preference_settings(
            &self,
            user: &str,
            req: UpdateUserPreferenceSettingsRequest,
        ) -> UserPreferenceSettings;

        /// The values of a template's parameters that the user used last.
        /// `GET /api/v2/users/{user}/autofill-parameters`.
        ///
        /// # Errors
        /// [`is_not_found`](Error::is_not_found) for a user that the caller may not see.
        async fn user_autofill_parameters(&self, user: &str, template: Uuid) -> Vec<UserParameter>;

        /// A user's roles, on the deployment and in organizations. `GET /api/v2/users/{user}/roles`.
        ///
        /// # Errors
        /// [`is_not_found`](Error::is_not_found) for a user that the caller may not see.
        async fn user_roles(&self, user: &str) -> UserRoles;

        /// Replaces a user's roles on the deployment. `PUT /api/v2/users/{user}/roles`.
        ///
        /// # Errors
        /// [`is_bad_request`](Error::is_bad_request) for an unknown role or the caller's own roles.
        async fn update_user_roles(&self, user: &str, req: UpdateRoles) -> User;

        /// A user's quiet hours. `GET /api/v2/users/{user}/quiet-hours`.
        ///
        /// # Errors
        /// [`is_forbidden`](Error::is_forbidden) from deployments without the licence for it.
        async fn user_quiet_hours_schedule(&self, user: &str) -> UserQuietHoursScheduleResponse;

        /// Changes a user's quiet hours. `PUT /api/v2/users/{user}/quiet-hours`.
        ///
        /// # Errors
        /// [`is_bad_request`](Error::is_bad_request) for a schedule that cannot be read.
        async fn update_user_quiet_hours_schedule(
            &self,
            user: &str,
            req: UpdateUserQuietHoursScheduleRequest,
        ) -> UserQuietHoursScheduleResponse;
    }
}

#[async_trait::async_trait]
impl UsersApi for Client {
    async fn users(&self, req: UsersRequest) -> Result<GetUsersResponse> {
        self.send(Request::get("/api/v2/users", &[]).query_pairs(req.pairs())).await?.json()
    }

    async fn user(&self, user: &str) -> Result<User> {
        self.send(Request::get("/api/v2/users/{user}", &[&user])).await?.json()
    }

    async fn create_user_with_orgs(&self, req: CreateUserRequestWithOrgs) -> Result<User> {
        self.send(Request::post("/api/v2/users", &[]).json(&req)).await?.json()
    }

    async fn create_user(&self, req: CreateUserRequest) -> Result<User> {
        self.create_user_with_orgs(CreateUserRequestWithOrgs {
            email: req.email,
            username: req.username,
            name: req.name,
            password: req.password,
            login_type: if req.disable_login { LoginType::None } else { req.login_type },
            organization_ids: vec![req.organization_id].into(),
            ..CreateUserRequestWithOrgs::default()
        })
        .await
    }

    async fn delete_user(&self, id: Uuid) -> Result<()> {
        self.send(Request::delete("/api/v2/users/{user}", &[&id])).await.map(drop)
    }

    async fn update_user_profile(&self, user: &str, req: UpdateUserProfileRequest) -> Result<User> {
        self.send(Request::put("/api/v2/users/{user}/profile", &[&user]).json(&req)).await?.json()
    }

    async fn update_user_status(&self, user: &str, status: UserStatus) -> Result<User> {
        let route = match status {
            UserStatus::Active => "/api/v2/users/{user}/status/activate",
            UserStatus::Suspended => "/api/v2/users/{user}/status/suspend",
            other => return Err(Error::request(format!("status {:?} is not supported", other.as_str()))),
        };
        self.send(Request::put(route, &[&user])).await?.json()
    }

    async fn update_user_password(&self, user: &str, req: UpdateUserPasswordRequest) -> Result<()> {
        self.send(Request::put("/api/v2/users/{user}/password", &[&user]).json(&req)).await.map(drop)
    }

    async fn get_user_appearance_settings(&self, user: &str) -> Result<UserAppearanceSettings> {
        self.send(Request::get("/api/v2/users/{user}/appearance", &[&user])).await?.json()
    }

    async fn update_user_appearance_settings(
        &self,
        user: &str,
        req: UpdateUserAppearanceSettingsRequest,
    ) -> Result<UserAppearanceSettings> {
        self.send(Request::put("/api/v2/users/{user}/appearance", &[&user]).json(&req)).await?.json()
    }

    async fn get_user_preference_settings(&self, user: &str) -> Result<UserPreferenceSettings> {
        self.send(Request::get("/api/v2/users/{user}/preferences", &[&user])).await?.json()
    }

    async fn update_user_preference_settings(
        &self,
        user: &str,
        req: UpdateUserPreferenceSettingsRequest,
    ) -> Result<UserPreferenceSettings> {
        self.send(Request::put("/api/v2/users/{user}/preferences", &[&user]).json(&req)).await?.json()
    }

    async fn user_autofill_parameters(&self, user: &str, template: Uuid) -> Result<Vec<UserParameter>> {
        let request = Request::get("/api/v2/users/{user}/autofill-parameters", &[&user]);
        self.send(request.query("template_id", template)).await?.json_list()
    }

    async fn user_roles(&self, user: &str) -> Result<UserRoles> {
        self.send(Request::get("/api/v2/users/{user}/roles", &[&user])).await?.json()
    }

    async fn update_user_roles(&self, user: &str, req: UpdateRoles) -> Result<User> {
        self.send(Request::put("/api/v2/users/{user}/roles", &[&user]).json(&req)).await?.json()
    }

    async fn user_quiet_hours_schedule(&self, user: &str) -> Result<UserQuietHoursScheduleResponse> {
        self.send(Request::get("/api/v2/users/{user}/quiet-hours", &[&user])).await?.json()
    }

    async fn update_user_quiet_hours_schedule(
        &self,
        user: &str,
        req: UpdateUserQuietHoursScheduleRequest,
    ) -> Result<UserQuietHoursScheduleResponse> {
        self.send(Request::put("/api/v2/users/{user}/quiet-hours", &[&user]).json(&req)).await?.json()
    }
}
