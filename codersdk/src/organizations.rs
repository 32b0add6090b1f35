//! Organizations and their members.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

/// Creates an organization.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateOrganizationRequest {
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Text that explains it to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// URL or path of the icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
}

/// An organization.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Organization {
    /// Unique id.
    pub id: Uuid,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// URL or path of the icon.
    #[serde(default)]
    pub icon: String,
    /// Text that explains it to people.
    #[serde(default)]
    pub description: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether new users become members of it.
    #[serde(default)]
    pub is_default: bool,
    /// Roles that every member has without being given them.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub default_org_member_roles: Vec<String>,
}

/// A membership of an organization.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrganizationMember {
    /// The user concerned.
    pub user_id: Uuid,
    /// The organization it belongs to.
    pub organization_id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Roles held in the organization.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<SlimRole>>"))]
    pub roles: Vec<SlimRole>,
}

/// A membership of an organization, with the user's data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrganizationMemberWithUserData {
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
    /// State it is in.
    pub status: UserStatus,
    /// How the user logs in.
    pub login_type: LoginType,
    /// When the user last made a request.
    pub last_seen_at: DateTime<Utc>,
    /// When the user was created.
    pub user_created_at: DateTime<Utc>,
    /// When the user last changed.
    pub user_updated_at: DateTime<Utc>,
    /// Whether it is a machine account that cannot log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_service_account: Option<bool>,
    /// Roles held on the whole deployment.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<SlimRole>>"))]
    pub global_roles: Vec<SlimRole>,
    /// Whether the user takes up one of the licensed AI seats.
    #[serde(default)]
    pub has_ai_seat: bool,
    /// The user concerned.
    pub user_id: Uuid,
    /// The organization it belongs to.
    pub organization_id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Roles held in the organization.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<SlimRole>>"))]
    pub roles: Vec<SlimRole>,
}

/// A page of members.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PaginatedMembersResponse {
    /// The members of this page.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<OrganizationMemberWithUserData>>"))]
    pub members: Vec<OrganizationMemberWithUserData>,
    /// How many members match, on all pages.
    #[serde(default)]
    pub count: i64,
}

/// Changes an organization; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateOrganizationRequest {
    /// Name, unique within its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Text that explains it to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// URL or path of the icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Roles that every member has without being given them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_org_member_roles: Option<Vec<String>>,
}

/// Which members of an organization to list. Not sent as JSON, but as a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrganizationMembersQuery {
    /// Only this user.
    pub user_id: Option<Uuid>,
    /// Whether to list users that are part of the system, too.
    pub include_system: bool,
    /// Only the user with this id at GitHub; 0 for all.
    pub github_user_id: i64,
}

impl OrganizationMembersQuery {
    fn terms(&self) -> String {
        let user = self.user_id.filter(|id| !id.is_nil()).map(|id| format!("user_id:{id}"));
        let system = self.include_system.then(|| "include_system:true".to_owned());
        let github = (self.github_user_id != 0).then(|| format!("github_user_id:{}", self.github_user_id));
        [user, system, github].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

api_trait! {
    /// Organizations and their members.
    ///
    /// An organization given as text is a name or an id, or `default`; `user` is a user's name or id, or `me`.
    pub trait OrganizationsApi {
        /// The organizations that the caller may see. `GET /api/v2/organizations`.
        ///
        /// # Errors
        /// None of its own.
        async fn organizations(&self) -> Vec<Organization>;

        /// An organization by id. `GET /api/v2/organizations/{organization}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none that the caller may see.
        async fn organization(&self, id: Uuid) -> Organization;

        /// An organization by name, or the `default` one. `GET /api/v2/organizations/{organization}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none that the caller may see.
        async fn organization_by_name(&self, name: &str) -> Organization;

        /// The organizations of a user. `GET /api/v2/users/{user}/organizations`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) for a user that the caller may not see.
        async fn organizations_by_user(&self, user: &str) -> Vec<Organization>;

        /// An organization of a user by name. `GET /api/v2/users/{user}/organizations/{name}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none.
        async fn organization_by_user_and_name(&self, user: &str, name: &str) -> Organization;

        /// Creates an organization. `POST /api/v2/organizations`.
        ///
        /// # Errors
        /// [`is_forbidden`](crate::Error::is_forbidden) from deployments without the premium licence;
        /// [`is_conflict`](crate::Error::is_conflict) if the name is taken.
        async fn create_organization(&self, req: CreateOrganizationRequest) -> Organization;

        /// Changes an organization. `PATCH /api/v2/organizations/{organization}`.
        ///
        /// # Errors
        /// As [`create_organization`](Self::create_organization).
        async fn update_organization(&self, organization: &str, req: UpdateOrganizationRequest) -> Organization;

        /// Deletes an organization that is empty and not the default one.
        /// `DELETE /api/v2/organizations/{organization}`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for the default one.
        async fn delete_organization(&self, organization: &str);

        /// Makes a user a member. `POST /api/v2/organizations/{organization}/members/{user}`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for a user who is a member already.
        async fn post_organization_member(&self, organization: Uuid, user: &str) -> OrganizationMember;

        /// Ends a membership. `DELETE /api/v2/organizations/{organization}/members/{user}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none.
        async fn delete_organization_member(&self, organization: Uuid, user: &str);

        /// A membership with the user's data. `GET /api/v2/organizations/{organization}/members/{user}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none.
        async fn organization_member(&self, organization: &str, user: &str) -> OrganizationMemberWithUserData;

        /// The members. `GET /api/v2/organizations/{organization}/members/`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) for an organization that the caller may not see.
        async fn organization_members(
            &self,
            organization: Uuid,
            query: OrganizationMembersQuery,
        ) -> Vec<OrganizationMemberWithUserData>;

        /// A page of the members that match. `GET /api/v2/organizations/{organization}/paginated-members`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for search terms that it does not know.
        async fn organization_members_paginated(&self, organization: Uuid, req: UsersRequest) -> PaginatedMembersResponse;

        /// Replaces a member's roles in the organization.
        /// `PUT /api/v2/organizations/{organization}/members/{user}/roles`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for an unknown role or the caller's own membership.
        async fn update_organization_member_roles(
            &self,
            organization: Uuid,
            user: &str,
            req: UpdateRoles,
        ) -> OrganizationMember;
    }
}

#[async_trait::async_trait]
impl OrganizationsApi for Client {
    async fn organizations(&self) -> Result<Vec<Organization>> {
        self.send(Request::get("/api/v2/organizations", &[])).await?.json_list()
    }

    async fn organization(&self, id: Uuid) -> Result<Organization> {
        self.send(Request::get("/api/v2/organizations/{organization}", &[&id])).await?.json()
    }

    async fn organization_by_name(&self, name: &str) -> Result<Organization> {
        self.send(Request::get("/api/v2/organizations/{organization}", &[&name])).await?.json()
    }

    async fn organizations_by_user(&self, user: &str) -> Result<Vec<Organization>> {
        self.send(Request::get("/api/v2/users/{user}/organizations", &[&user])).await?.json_list()
    }

    async fn organization_by_user_and_name(&self, user: &str, name: &str) -> Result<Organization> {
        self.send(Request::get("/api/v2/users/{user}/organizations/{name}", &[&user, &name])).await?.json()
    }

    async fn create_organization(&self, req: CreateOrganizationRequest) -> Result<Organization> {
        self.send(Request::post("/api/v2/organizations", &[]).json(&req)).await?.json()
    }

    async fn update_organization(&self, organization: &str, req: UpdateOrganizationRequest) -> Result<Organization> {
        let request = Request::patch("/api/v2/organizations/{organization}", &[&organization]);
        self.send(request.json(&req)).await?.json()
    }

    async fn delete_organization(&self, organization: &str) -> Result<()> {
        self.send(Request::delete("/api/v2/organizations/{organization}", &[&organization])).await.map(drop)
    }

    async fn post_organization_member(&self, organization: Uuid, user: &str) -> Result<OrganizationMember> {
        self.send(Request::post(MEMBER, &[&organization, &user])).await?.json()
    }

    async fn delete_organization_member(&self, organization: Uuid, user: &str) -> Result<()> {
        self.send(Request::delete(MEMBER, &[&organization, &user])).await.map(drop)
    }

    async fn organization_member(&self, organization: &str, user: &str) -> Result<OrganizationMemberWithUserData> {
        self.send(Request::get(MEMBER, &[&organization, &user])).await?.json()
    }

    async fn organization_members(
        &self,
        organization: Uuid,
        query: OrganizationMembersQuery,
    ) -> Result<Vec<OrganizationMemberWithUserData>> {
        let request = Request::get("/api/v2/organizations/{organization}/members/", &[&organization]);
        self.send(request.query_opt("q", query.terms())).await?.json_list()
    }

    async fn organization_members_paginated(
        &self,
        organization: Uuid,
        req: UsersRequest,
    ) -> Result<PaginatedMembersResponse> {
        let request = Request::get("/api/v2/organizations/{organization}/paginated-members", &[&organization]);
        self.send(request.query_pairs(req.pairs())).await?.json()
    }

    async fn update_organization_member_roles(
        &self,
        organization: Uuid,
        user: &str,
        req: UpdateRoles,
    ) -> Result<OrganizationMember> {
        let route = "/api/v2/organizations/{organization}/members/{user}/roles";
        self.send(Request::put(route, &[&organization, &user]).json(&req)).await?.json()
    }
}

const MEMBER: &str = "/api/v2/organizations/{organization}/members/{user}";
