//! Calls about tasks.

use uuid::Uuid;

use crate::request::Request;
use crate::search_terms::SearchTerms;
use crate::types::*;
use crate::{Client, Result};

/// Which tasks to list. Not sent as JSON, but as one line of search terms. What is empty asks nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TasksFilter {
    /// User name of the owner, or `me`.
    pub owner: String,
    /// Name or id of the organization.
    pub organization: String,
    /// Where the task stands.
    pub status: Option<TaskStatus>,
    /// Further search terms.
    pub filter_query: String,
}

api_trait! {
    /// Tasks: prompts that workspaces work on.
    ///
    /// `user` is a user's name or id, or `me`. What names one task fails with
    /// [`is_not_found`](crate::Error::is_not_found) if there is none that the caller may read.
    pub trait TasksApi {
        /// The tasks that match, newest first. `GET /api/v2/tasks`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for search terms that it does not know.
        async fn tasks(&self, filter: TasksFilter) -> Vec<Task>;

        /// A task of anybody's. `GET /api/v2/tasks/me/{task}`.
        ///
        /// # Errors
        /// See above.
        async fn task_by_id(&self, id: Uuid) -> Task;

        /// A task by its name. `GET /api/v2/tasks/{user}/{task}`.
        ///
        /// # Errors
        /// See above.
        async fn task_by_owner_and_name(&self, owner: &str, name: &str) -> Task;

        /// Makes a task, with a workspace that works on it. `POST /api/v2/tasks/{user}`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for a version that is not made for tasks;
        /// [`is_conflict`](crate::Error::is_conflict) if the name is taken.
        async fn create_task(&self, user: &str, req: CreateTaskRequest) -> Task;

        /// Deletes a task and its workspace. `DELETE /api/v2/tasks/{user}/{task}`.
        ///
        /// # Errors
        /// See above.
        async fn delete_task(&self, user: &str, id: Uuid);

        /// Stops the workspace of a task. `POST /api/v2/tasks/{user}/{task}/pause`.
        ///
        /// # Errors
        /// See above.
        async fn pause_task(&self, user: &str, id: Uuid) -> PauseTaskResponse;

        /// Starts it again. `POST /api/v2/tasks/{user}/{task}/resume`.
        ///
        /// # Errors
        /// [`is_conflict`](crate::Error::is_conflict) if it runs.
        async fn resume_task(&self, user: &str, id: Uuid) -> ResumeTaskResponse;

        /// Says something to a task. `POST /api/v2/tasks/{user}/{task}/send`.
        ///
        /// # Errors
        /// [`is_conflict`](crate::Error::is_conflict) unless it is active.
        async fn task_send(&self, user: &str, id: Uuid, req: TaskSendRequest);

        /// Changes the prompt of a paused task. `PATCH /api/v2/tasks/{user}/{task}/input`.
        ///
        /// # Errors
        /// [`is_conflict`](crate::Error::is_conflict) unless it is paused.
        async fn update_task_input(&self, user: &str, id: Uuid, req: UpdateTaskInputRequest);

        /// What a task has shown. `GET /api/v2/tasks/{user}/{task}/logs`.
        ///
        /// # Errors
        /// [`is_conflict`](crate::Error::is_conflict) in a state in which nothing is known.
        async fn task_logs(&self, user: &str, id: Uuid) -> TaskLogsResponse;
    }
}

#[async_trait::async_trait]
impl TasksApi for Client {
    async fn tasks(&self, filter: TasksFilter) -> Result<Vec<Task>> {
        let terms = SearchTerms::default()
            .term("owner", &filter.owner)
            .term("organization", &filter.organization)
            .term("status", filter.status.as_ref().map_or("", TaskStatus::as_str))
            .words(&filter.filter_query);
        let request = Request::get("/api/v2/tasks", &[]).query_pairs([terms.pair()]);
        let answer: TasksListResponse = self.send(request.expect(&[200])).await?.json()?;
        Ok(answer.tasks.into_inner())
    }

    async fn task_by_id(&self, id: Uuid) -> Result<Task> {
        self.send(Request::get("/api/v2/tasks/{user}/{task}", &[&"me", &id]).expect(&[200])).await?.json()
    }

    async fn task_by_owner_and_name(&self, owner: &str, name: &str) -> Result<Task> {
        self.send(Request::get("/api/v2/tasks/{user}/{task}", &[&owner, &name]).expect(&[200])).await?.json()
    }

    async fn create_task(&self, user: &str, req: CreateTaskRequest) -> Result<Task> {
        self.send(Request::post("/api/v2/tasks/{user}", &[&user]).json(&req).expect(&[201])).await?.json()
    }

    async fn delete_task(&self, user: &str, id: Uuid) -> Result<()> {
        self.send(Request::delete("/api/v2/tasks/{user}/{task}", &[&user, &id]).expect(&[202])).await.map(drop)
    }

    async fn pause_task(&self, user: &str, id: Uuid) -> Result<PauseTaskResponse> {
        self.send(Request::post("/api/v2/tasks/{user}/{task}/pause", &[&user, &id]).expect(&[202])).await?.json()
    }

    async fn resume_task(&self, user: &str, id: Uuid) -> Result<ResumeTaskResponse> {
        self.send(Request::post("/api/v2/tasks/{user}/{task}/resume", &[&user, &id]).expect(&[202])).await?.json()
    }

    async fn task_send(&self, user: &str, id: Uuid, req: TaskSendRequest) -> Result<()> {
        let request = Request::post("/api/v2/tasks/{user}/{task}/send", &[&user, &id]);
        self.send(request.json(&req).expect(&[204])).await.map(drop)
    }

    async fn update_task_input(&self, user: &str, id: Uuid, req: UpdateTaskInputRequest) -> Result<()> {
        let request = Request::patch("/api/v2/tasks/{user}/{task}/input", &[&user, &id]);
        self.send(request.json(&req).expect(&[204])).await.map(drop)
    }

    async fn task_logs(&self, user: &str, id: Uuid) -> Result<TaskLogsResponse> {
        self.send(Request::get("/api/v2/tasks/{user}/{task}/logs", &[&user, &id]).expect(&[200])).await?.json()
    }
}
