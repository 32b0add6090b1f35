//! Calls about workspaces and their builds.

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use crate::request::Request;
use crate::search_terms::SearchTerms;
use crate::types::*;
use crate::{Client, EventStream, Result};

/// Which workspaces to list. Not sent as JSON, but as query parameters: all but the page as one line of search terms.
/// What is empty asks nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkspaceFilter {
    /// User name of the owner, or `me`.
    pub owner: String,
    /// Name of the template.
    pub template: String,
    /// Part of the name.
    pub name: String,
    /// Where the workspace stands, such as `running`.
    pub status: String,
    /// Name or id of the organization.
    pub organization: String,
    /// Whether the workspace is shared.
    pub shared: Option<bool>,
    /// A user with whom it is shared.
    pub shared_with_user: String,
    /// A group with which it is shared.
    pub shared_with_group: String,
    /// Further search terms, such as `has-agent:connected`.
    pub filter_query: String,
    /// The size of a page; 0 for no limit.
    pub limit: u32,
    /// How many to leave out.
    pub offset: u32,
}

impl WorkspaceFilter {
    fn pairs(&self) -> impl Iterator<Item = (String, String)> + use<> {
        let page = Pagination { after_id: None, limit: self.limit, offset: self.offset };
        let terms = SearchTerms::default()
            .term("owner", &self.owner)
            .term("name", &self.name)
            .term("template", &self.template)
            .term("status", &self.status)
            .term("organization", &self.organization)
            .flag("shared", self.shared)
            .term("shared_with_user", &self.shared_with_user)
            .term("shared_with_group", &self.shared_with_group)
            .words(&self.filter_query);
        page.pairs().chain([terms.pair()])
    }
}

api_trait! {
    /// Workspaces and their builds.
    ///
    /// `user` is a user's name or id, or `me`.
    ///
    /// ```no_run
    /// use codersdk::{CreateWorkspaceBuildRequest, WorkspaceTransition, prelude::*};
    ///
    /// # async fn run(client: Client) -> codersdk::Result<()> {
    /// let workspace = client.workspace_by_owner_and_name("me", "dev", false).await?;
    /// let stop = CreateWorkspaceBuildRequest { transition: WorkspaceTransition::Stop, ..Default::default() };
    /// client.create_workspace_build(workspace.id, stop).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub trait WorkspacesApi {
        /// The workspaces that match and that the caller may read: favourites first, then those that run.
        /// `GET /api/v2/workspaces`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for search terms that it does not know.
        async fn workspaces(&self, filter: WorkspaceFilter) -> WorkspacesResponse;

        /// A workspace. `GET /api/v2/workspaces/{workspace}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none that the caller may read; status 410 for a
        /// deleted one.
        async fn workspace(&self, id: Uuid) -> Workspace;

        /// A workspace, deleted or not. `GET /api/v2/workspaces/{workspace}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none that the caller may read.
        async fn deleted_workspace(&self, id: Uuid) -> Workspace;

        /// A workspace by its name. `GET /api/v2/users/{user}/workspace/{workspacename}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none that the caller may read.
        async fn workspace_by_owner_and_name(&self, owner: &str, name: &str, include_deleted: bool) -> Workspace;

        /// Makes a workspace and starts it. The answer comes before the build is done.
        /// `POST /api/v2/users/{user}/workspaces`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) with validations;
        /// [`is_forbidden`](crate::Error::is_forbidden); [`is_conflict`](crate::Error::is_conflict) if the name is
        /// taken.
        async fn create_user_workspace(&self, user: &str, req: CreateWorkspaceRequest) -> Workspace;

        /// Asks for a build. The answer comes before it is done. `POST /api/v2/workspaces/{workspace}/builds`.
        ///
        /// # Errors
        /// [`is_forbidden`](crate::Error::is_forbidden); [`is_conflict`](crate::Error::is_conflict) while another
        /// build is under way, and for a deleted workspace.
        async fn create_workspace_build(&self, workspace: Uuid, req: CreateWorkspaceBuildRequest) -> WorkspaceBuild;

        /// The builds of a workspace, newest first, those asked for after `since`.
        /// `GET /api/v2/workspaces/{workspace}/builds`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for a page after a build that is not there.
        async fn workspace_builds(&self, workspace: Uuid, page: Pagination, since: Option<DateTime<Utc>>)
            -> Vec<WorkspaceBuild>;

        /// A build. `GET /api/v2/workspacebuilds/{workspacebuild}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found).
        async fn workspace_build(&self, id: Uuid) -> WorkspaceBuild;

        /// A build by its number. `GET /api/v2/users/{user}/workspace/{workspacename}/builds/{buildnumber}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found).
        async fn workspace_build_by_number(&self, owner: &str, workspace: &str, number: &str) -> WorkspaceBuild;

        /// Cancels a build, if it is in the expected state. `PATCH /api/v2/workspacebuilds/{workspacebuild}/cancel`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for one that is over; status 412 for one in another state.
        async fn cancel_workspace_build(&self, id: Uuid, expect_status: Option<ProvisionerJobStatus>);

        /// Renames a workspace. `PATCH /api/v2/workspaces/{workspace}`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) where that is not allowed.
        async fn update_workspace(&self, id: Uuid, req: UpdateWorkspaceRequest);

        /// Sets how long a start lasts. `PUT /api/v2/workspaces/{workspace}/ttl`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) below a minute or above thirty days.
        async fn update_workspace_ttl(&self, id: Uuid, req: UpdateWorkspaceTtlRequest);

        /// Sets when a workspace starts by itself. `PUT /api/v2/workspaces/{workspace}/autostart`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for what is no weekly schedule.
        async fn update_workspace_autostart(&self, id: Uuid, req: UpdateWorkspaceAutostartRequest);

        /// Lets a workspace sleep, or wakes it. `PUT /api/v2/workspaces/{workspace}/dormant`.
        ///
        /// # Errors
        /// Those of every call. What is already so is no error.
        async fn update_workspace_dormancy(&self, id: Uuid, req: UpdateWorkspaceDormancy);

        /// Sets whether a start brings the workspace to the active version.
        /// `PUT /api/v2/workspaces/{workspace}/autoupdates`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for another word than the two.
        async fn update_workspace_automatic_updates(&self, id: Uuid, req: UpdateWorkspaceAutomaticUpdatesRequest);

        /// Moves the time at which a workspace is stopped. `PUT /api/v2/workspaces/{workspace}/extend`.
        ///
        /// # Errors
        /// [`is_conflict`](crate::Error::is_conflict) for one that does not run or is not stopped by itself.
        async fn put_extend_workspace(&self, id: Uuid, req: PutExtendWorkspaceRequest);

        /// Marks a workspace of the caller's as a favourite. `PUT /api/v2/workspaces/{workspace}/favorite`.
        ///
        /// # Errors
        /// [`is_forbidden`](crate::Error::is_forbidden) for somebody else's.
        async fn favorite_workspace(&self, id: Uuid);

        /// Takes the mark away. `DELETE /api/v2/workspaces/{workspace}/favorite`.
        ///
        /// # Errors
        /// As for marking.
        async fn unfavorite_workspace(&self, id: Uuid);

        /// Says that the workspace is in use. `POST /api/v2/workspaces/{workspace}/usage`.
        ///
        /// # Errors
        /// Those of every call.
        async fn post_workspace_usage(&self, id: Uuid);

        /// Follows a workspace: as it is, and again whenever it changes. Dropping the stream ends it.
        /// `GET /api/v2/workspaces/{workspace}/watch`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found).
        async fn watch_workspace(&self, id: Uuid) -> EventStream<Workspace>;
    }
}

#[async_trait::async_trait]
impl WorkspacesApi for Client {
    async fn workspaces(&self, filter: WorkspaceFilter) -> Result<WorkspacesResponse> {
        self.send(Request::get("/api/v2/workspaces", &[]).query_pairs(filter.pairs()).expect(&[200])).await?.json()
    }

    async fn workspace(&self, id: Uuid) -> Result<Workspace> {
        self.send(Request::get("/api/v2/workspaces/{workspace}", &[&id]).expect(&[200])).await?.json()
    }

    async fn deleted_workspace(&self, id: Uuid) -> Result<Workspace> {
        let request = Request::get("/api/v2/workspaces/{workspace}", &[&id]).query("include_deleted", true);
        self.send(request.expect(&[200])).await?.json()
    }

    async fn workspace_by_owner_and_name(&self, owner: &str, name: &str, include_deleted: bool) -> Result<Workspace> {
        let request = Request::get("/api/v2/users/{user}/workspace/{workspacename}", &[&owner, &name]);
        self.send(request.query("include_deleted", include_deleted).expect(&[200])).await?.json()
    }

    async fn create_user_workspace(&self, user: &str, req: CreateWorkspaceRequest) -> Result<Workspace> {
        self.send(Request::post("/api/v2/users/{user}/workspaces", &[&user]).json(&req).expect(&[201])).await?.json()
    }

    async fn create_workspace_build(
        &self,
        workspace: Uuid,
        req: CreateWorkspaceBuildRequest,
    ) -> Result<WorkspaceBuild> {
        let request = Request::post("/api/v2/workspaces/{workspace}/builds", &[&workspace]);
        self.send(request.json(&req).expect(&[201])).await?.json()
    }

    async fn workspace_builds(
        &self,
        workspace: Uuid,
        page: Pagination,
        since: Option<DateTime<Utc>>,
    ) -> Result<Vec<WorkspaceBuild>> {
        let since = since.unwrap_or_else(zero_time).to_rfc3339_opts(SecondsFormat::Secs, true);
        let request = Request::get("/api/v2/workspaces/{workspace}/builds", &[&workspace]);
        self.send(request.query_pairs(page.pairs()).query("since", since).expect(&[200])).await?.json_list()
    }

    async fn workspace_build(&self, id: Uuid) -> Result<WorkspaceBuild> {
        self.send(Request::get("/api/v2/workspacebuilds/{workspacebuild}", &[&id]).expect(&[200])).await?.json()
    }

    async fn workspace_build_by_number(&self, owner: &str, workspace: &str, number: &str) -> Result<WorkspaceBuild> {
        let request = Request::get(
            "/api/v2/users/{user}/workspace/{workspacename}/builds/{buildnumber}",
            &[&owner, &workspace, &number],
        );
        self.send(request.expect(&[200])).await?.json()
    }

    async fn cancel_workspace_build(&self, id: Uuid, expect_status: Option<ProvisionerJobStatus>) -> Result<()> {
        let expected = expect_status.as_ref().map_or("", ProvisionerJobStatus::as_str);
        let request = Request::patch("/api/v2/workspacebuilds/{workspacebuild}/cancel", &[&id]);
        self.send(request.query("expect_status", expected).expect(&[200])).await.map(drop)
    }

    async fn update_workspace(&self, id: Uuid, req: UpdateWorkspaceRequest) -> Result<()> {
        let request = Request::patch("/api/v2/workspaces/{workspace}", &[&id]);
        self.send(request.json(&req).expect(&[204])).await.map(drop)
    }

    async fn update_workspace_ttl(&self, id: Uuid, req: UpdateWorkspaceTtlRequest) -> Result<()> {
        let request = Request::put("/api/v2/workspaces/{workspace}/ttl", &[&id]);
        self.send(request.json(&req).expect(&[204])).await.map(drop)
    }

    async fn update_workspace_autostart(&self, id: Uuid, req: UpdateWorkspaceAutostartRequest) -> Result<()> {
        let request = Request::put("/api/v2/workspaces/{workspace}/autostart", &[&id]);
        self.send(request.json(&req).expect(&[204])).await.map(drop)
    }

    async fn update_workspace_dormancy(&self, id: Uuid, req: UpdateWorkspaceDormancy) -> Result<()> {
        let request = Request::put("/api/v2/workspaces/{workspace}/dormant", &[&id]);
        self.send(request.json(&req).expect(&[200, 304])).await.map(drop)
    }

    async fn update_workspace_automatic_updates(
        &self,
        id: Uuid,
        req: UpdateWorkspaceAutomaticUpdatesRequest,
    ) -> Result<()> {
        let request = Request::put("/api/v2/workspaces/{workspace}/autoupdates", &[&id]);
        self.send(request.json(&req).expect(&[204])).await.map(drop)
    }

    async fn put_extend_workspace(&self, id: Uuid, req: PutExtendWorkspaceRequest) -> Result<()> {
        let request = Request::put("/api/v2/workspaces/{workspace}/extend", &[&id]);
        self.send(request.json(&req).expect(&[200, 304])).await.map(drop)
    }

    async fn favorite_workspace(&self, id: Uuid) -> Result<()> {
        self.send(Request::put("/api/v2/workspaces/{workspace}/favorite", &[&id]).expect(&[204])).await.map(drop)
    }

    async fn unfavorite_workspace(&self, id: Uuid) -> Result<()> {
        self.send(Request::delete("/api/v2/workspaces/{workspace}/favorite", &[&id]).expect(&[204])).await.map(drop)
    }

    async fn post_workspace_usage(&self, id: Uuid) -> Result<()> {
        self.send(Request::post("/api/v2/workspaces/{workspace}/usage", &[&id]).expect(&[204])).await.map(drop)
    }

    async fn watch_workspace(&self, id: Uuid) -> Result<EventStream<Workspace>> {
        self.event_stream(Request::get("/api/v2/workspaces/{workspace}/watch", &[&id])).await
    }
}
