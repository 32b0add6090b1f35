//! Workspaces, their agents, templates, tasks, skills of users.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use codersdk::prelude::*;
use codersdk::{Pagination, TaskStatus, TasksFilter, TemplateFilter, WorkspaceFilter};
use uuid::Uuid;

use crate::harness::{Args, Method, method, nothing, opened, value};

const CLIENT: &str = "codersdk.Client";
const EXPERIMENTAL: &str = "codersdk.ExperimentalClient";

pub fn methods() -> Vec<Method> {
    [workspaces(), settings(), builds(), agents(), templates(), tasks(), user_skills()].into_iter().flatten().collect()
}

fn page(a: &Args, at: usize) -> Pagination {
    Pagination { after_id: Some(a.field(at, "after_id")), limit: a.field(at, "limit"), offset: a.field(at, "offset") }
}

fn workspaces() -> Vec<Method> {
    vec![
        method(CLIENT, "Workspaces", |c, a| async move {
            let filter = WorkspaceFilter {
                owner: a.field(0, "owner"),
                template: a.field(0, "template"),
                name: a.field(0, "name"),
                status: a.field(0, "status"),
                organization: a.field(0, "organization"),
                shared: a.field(0, "shared"),
                shared_with_user: a.field(0, "shared_with_user"),
                shared_with_group: a.field(0, "shared_with_group"),
                filter_query: a.field(0, "q"),
                limit: a.field(0, "limit"),
                offset: a.field(0, "offset"),
            };
            value(c.workspaces(filter).await)
        }),
        method(CLIENT, "Workspace", |c, a| async move { value(c.workspace(a.get(0)).await) }),
        method(CLIENT, "DeletedWorkspace", |c, a| async move { value(c.deleted_workspace(a.get(0)).await) }),
        method(CLIENT, "WorkspaceByOwnerAndName", |c, a| async move {
            let deleted = a.field(2, "include_deleted");
            value(c.workspace_by_owner_and_name(&a.text(0), &a.text(1), deleted).await)
        }),
        method(CLIENT, "WatchWorkspace", |c, a| async move { nothing(c.watch_workspace(a.get(0)).await.map(drop)) }),
        method(CLIENT, "CreateUserWorkspace", |c, a| async move {
            value(c.create_user_workspace(&a.text(0), a.get(1)).await)
        }),
        // Its first argument, an organization, is not sent.
        method(
            CLIENT,
            "CreateWorkspace",
            |c, a| async move { value(c.create_user_workspace(&a.text(1), a.get(2)).await) },
        ),
    ]
}

fn settings() -> Vec<Method> {
    vec![
        method(CLIENT, "UpdateWorkspace", |c, a| async move { nothing(c.update_workspace(a.get(0), a.get(1)).await) }),
        method(CLIENT, "UpdateWorkspaceTTL", |c, a| async move {
            nothing(c.update_workspace_ttl(a.get(0), a.get(1)).await)
        }),
        method(CLIENT, "UpdateWorkspaceAutostart", |c, a| async move {
            nothing(c.update_workspace_autostart(a.get(0), a.get(1)).await)
        }),
        method(CLIENT, "UpdateWorkspaceDormancy", |c, a| async move {
            nothing(c.update_workspace_dormancy(a.get(0), a.get(1)).await)
        }),
        method(CLIENT, "UpdateWorkspaceAutomaticUpdates", |c, a| async move {
            nothing(c.update_workspace_automatic_updates(a.get(0), a.get(1)).await)
        }),
        method(CLIENT, "PutExtendWorkspace", |c, a| async move {
            nothing(c.put_extend_workspace(a.get(0), a.get(1)).await)
        }),
        method(CLIENT, "FavoriteWorkspace", |c, a| async move { nothing(c.favorite_workspace(a.get(0)).await) }),
        method(CLIENT, "UnfavoriteWorkspace", |c, a| async move { nothing(c.unfavorite_workspace(a.get(0)).await) }),
        method(CLIENT, "PostWorkspaceUsage", |c, a| async move { nothing(c.post_workspace_usage(a.get(0)).await) }),
    ]
}

fn builds() -> Vec<Method> {
    vec![
        method(CLIENT, "CreateWorkspaceBuild", |c, a| async move {
            value(c.create_workspace_build(a.get(0), a.get(1)).await)
        }),
        method(CLIENT, "WorkspaceBuild", |c, a| async move { value(c.workspace_build(a.get(0)).await) }),
        method(CLIENT, "WorkspaceBuilds", |c, a| async move {
            let since: Option<DateTime<Utc>> = a.field(0, "since");
            value(c.workspace_builds(a.field(0, "workspace_id"), page(&a, 0), since).await)
        }),
        method(CLIENT, "WorkspaceBuildByUsernameAndWorkspaceNameAndBuildNumber", |c, a| async move {
            value(c.workspace_build_by_number(&a.text(0), &a.text(1), &a.text(2)).await)
        }),
        method(CLIENT, "CancelWorkspaceBuild", |c, a| async move {
            let expected: Option<String> = a.field(1, "expect_status");
            nothing(c.cancel_workspace_build(a.get(0), expected.map(Into::into)).await)
        }),
    ]
}

fn agents() -> Vec<Method> {
    vec![
        method(CLIENT, "WorkspaceAgent", |c, a| async move { value(c.workspace_agent(a.get(0)).await) }),
        method(CLIENT, "WorkspaceAgentLogsAfter", |c, a| async move {
            opened(c.follow_workspace_agent_logs(a.get(0), a.get(1)).await)
        }),
        method(CLIENT, "WorkspaceAgentListeningPorts", |c, a| async move {
            value(c.workspace_agent_listening_ports(a.get(0)).await)
        }),
        method(CLIENT, "WorkspaceAgentListContainers", |c, a| async move {
            let labels = a.get::<Option<BTreeMap<String, String>>>(1).unwrap_or_default();
            value(c.workspace_agent_list_containers(a.get(0), &labels).await)
        }),
        method(CLIENT, "WorkspaceAgentRecreateDevcontainer", |c, a| async move {
            value(c.workspace_agent_recreate_devcontainer(a.get(0), &a.text(1)).await)
        }),
        method(CLIENT, "WorkspaceAgentDeleteDevcontainer", |c, a| async move {
            nothing(c.workspace_agent_delete_devcontainer(a.get(0), &a.text(1)).await)
        }),
    ]
}

fn templates() -> Vec<Method> {
    vec![
        method(CLIENT, "Templates", |c, a| async move {
            let filter = TemplateFilter {
                organization_id: Some(a.field::<Uuid>(0, "OrganizationID")),
                exact_name: a.field(0, "ExactName"),
                fuzzy_name: a.field(0, "FuzzyName"),
                author_username: a.field(0, "AuthorUsername"),
                search_query: a.field(0, "q"),
            };
            value(c.templates(filter).await)
        }),
        method(
            CLIENT,
            "TemplatesByOrganization",
            |c, a| async move { value(c.templates_by_organization(a.get(0)).await) },
        ),
        method(CLIENT, "Template", |c, a| async move { value(c.template(a.get(0)).await) }),
        method(CLIENT, "TemplateByName", |c, a| async move { value(c.template_by_name(a.get(0), &a.text(1)).await) }),
        method(CLIENT, "TemplateVersion", |c, a| async move { value(c.template_version(a.get(0)).await) }),
        method(CLIENT, "TemplateVersionByName", |c, a| async move {
            value(c.template_version_by_name(a.get(0), &a.text(1)).await)
        }),
        method(CLIENT, "TemplateVersionsByTemplate", |c, a| async move {
            let archived = a.field(0, "include_archived");
            value(c.template_versions_by_template(a.field(0, "template_id"), archived, page(&a, 0)).await)
        }),
    ]
}

fn tasks() -> Vec<Method> {
    vec![
        method(CLIENT, "Tasks", |c, a| async move {
            let filter = TasksFilter {
                owner: a.field(0, "owner"),
                organization: a.field(0, "organization"),
                status: a.field::<Option<TaskStatus>>(0, "status"),
                filter_query: a.field(0, "filter_query"),
            };
            value(c.tasks(filter).await)
        }),
        method(CLIENT, "TaskByID", |c, a| async move { value(c.task_by_id(a.get(0)).await) }),
        method(CLIENT, "TaskByOwnerAndName", |c, a| async move {
            value(c.task_by_owner_and_name(&a.text(0), &a.text(1)).await)
        }),
        method(CLIENT, "CreateTask", |c, a| async move { value(c.create_task(&a.text(0), a.get(1)).await) }),
        method(CLIENT, "DeleteTask", |c, a| async move { nothing(c.delete_task(&a.text(0), a.get(1)).await) }),
        method(CLIENT, "PauseTask", |c, a| async move { value(c.pause_task(&a.text(0), a.get(1)).await) }),
        method(CLIENT, "ResumeTask", |c, a| async move { value(c.resume_task(&a.text(0), a.get(1)).await) }),
        method(CLIENT, "TaskSend", |c, a| async move { nothing(c.task_send(&a.text(0), a.get(1), a.get(2)).await) }),
        method(CLIENT, "UpdateTaskInput", |c, a| async move {
            nothing(c.update_task_input(&a.text(0), a.get(1), a.get(2)).await)
        }),
        method(CLIENT, "TaskLogs", |c, a| async move { value(c.task_logs(&a.text(0), a.get(1)).await) }),
    ]
}

fn user_skills() -> Vec<Method> {
    vec![
        method(EXPERIMENTAL, "CreateUserSkill", |c, a| async move {
            value(c.create_user_skill(&a.text(0), a.get(1)).await)
        }),
        method(EXPERIMENTAL, "UserSkills", |c, a| async move { value(c.user_skills(&a.text(0)).await) }),
        method(EXPERIMENTAL, "UserSkillByName", |c, a| async move {
            value(c.user_skill_by_name(&a.text(0), &a.text(1)).await)
        }),
        method(EXPERIMENTAL, "UpdateUserSkill", |c, a| async move {
            value(c.update_user_skill(&a.text(0), &a.text(1), a.get(2)).await)
        }),
        method(EXPERIMENTAL, "DeleteUserSkill", |c, a| async move {
            nothing(c.delete_user_skill(&a.text(0), &a.text(1)).await)
        }),
    ]
}
