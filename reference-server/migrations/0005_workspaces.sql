-- Templates, the workspaces made from them, and the agents that run inside.

-- Accounts that the deployment itself uses: nobody signs in with them, and no list of people shows them.
ALTER TABLE users ADD COLUMN is_system BOOLEAN NOT NULL DEFAULT FALSE;
-- Owns workspaces that are built ahead of time, until somebody claims them.
INSERT INTO users (id, email, username, name, created_at, updated_at, last_seen_at, status, login_type, is_system)
VALUES (x'c42fdf753097471c8c33fb52454d81c0', 'prebuilds@system', 'prebuilds', 'Prebuilds Owner',
        '0001-01-01T00:00:00+00:00', '0001-01-01T00:00:00+00:00', '0001-01-01T00:00:00+00:00', 'active', 'none', TRUE);

-- Work that a provisioner does: importing a version of a template, building a workspace.
CREATE TABLE provisioner_jobs (
    id BLOB PRIMARY KEY NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    started_at TEXT,
    canceled_at TEXT,
    completed_at TEXT,
    -- Empty for a job that did not fail.
    error TEXT NOT NULL DEFAULT '',
    error_code TEXT NOT NULL DEFAULT '',
    organization_id BLOB NOT NULL,
    initiator_id BLOB NOT NULL,
    type TEXT NOT NULL,
    worker_id BLOB,
    file_id BLOB NOT NULL,
    tags TEXT NOT NULL DEFAULT '{"owner":"","scope":"organization"}',
    logs_overflowed BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX provisioner_jobs_open ON provisioner_jobs (created_at) WHERE completed_at IS NULL;

CREATE TABLE provisioner_job_logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id BLOB NOT NULL REFERENCES provisioner_jobs (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    source TEXT NOT NULL,
    level TEXT NOT NULL,
    stage TEXT NOT NULL,
    output TEXT NOT NULL
);
CREATE INDEX provisioner_job_logs_job ON provisioner_job_logs (job_id, id);

CREATE TABLE templates (
    id BLOB PRIMARY KEY NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    organization_id BLOB NOT NULL,
    deleted BOOLEAN NOT NULL DEFAULT FALSE,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    icon TEXT NOT NULL DEFAULT '',
    provisioner TEXT NOT NULL,
    active_version_id BLOB NOT NULL,
    created_by BLOB NOT NULL,
    -- Durations in milliseconds.
    default_ttl_ms INTEGER NOT NULL DEFAULT 0,
    activity_bump_ms INTEGER NOT NULL DEFAULT 3600000,
    failure_ttl_ms INTEGER NOT NULL DEFAULT 0,
    time_til_dormant_ms INTEGER NOT NULL DEFAULT 0,
    time_til_dormant_autodelete_ms INTEGER NOT NULL DEFAULT 0,
    time_til_autostop_notify_ms INTEGER NOT NULL DEFAULT 0,
    allow_user_autostart BOOLEAN NOT NULL DEFAULT TRUE,
    allow_user_autostop BOOLEAN NOT NULL DEFAULT TRUE,
    allow_user_cancel_workspace_jobs BOOLEAN NOT NULL DEFAULT FALSE,
    require_active_version BOOLEAN NOT NULL DEFAULT FALSE,
    use_classic_parameter_flow BOOLEAN NOT NULL DEFAULT FALSE,
    disable_module_cache BOOLEAN NOT NULL DEFAULT FALSE,
    -- Why it is not to be used any more; empty while it is.
    deprecated TEXT NOT NULL DEFAULT '',
    max_port_share_level TEXT NOT NULL DEFAULT 'public',
    cors_behavior TEXT NOT NULL DEFAULT 'simple',
    user_acl TEXT NOT NULL DEFAULT '{}',
    group_acl TEXT NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX templates_name ON templates (organization_id, lower(name)) WHERE deleted = FALSE;

CREATE TABLE template_versions (
    id BLOB PRIMARY KEY NOT NULL,
    -- Absent until a template is made of it.
    template_id BLOB,
    organization_id BLOB NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    name TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    readme TEXT NOT NULL DEFAULT '',
    job_id BLOB NOT NULL REFERENCES provisioner_jobs (id),
    created_by BLOB NOT NULL,
    archived BOOLEAN NOT NULL DEFAULT FALSE,
    has_ai_task BOOLEAN NOT NULL DEFAULT FALSE,
    -- What a build makes: resources with their agents.
    plan TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX template_versions_template ON template_versions (template_id);

CREATE TABLE workspaces (
    id BLOB PRIMARY KEY NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    organization_id BLOB NOT NULL,
    template_id BLOB NOT NULL,
    deleted BOOLEAN NOT NULL DEFAULT FALSE,
    name TEXT NOT NULL,
    autostart_schedule TEXT,
    ttl_ms INTEGER,
    last_used_at TEXT NOT NULL,
    dormant_at TEXT,
    deleting_at TEXT,
    automatic_updates TEXT NOT NULL DEFAULT 'never',
    favorite BOOLEAN NOT NULL DEFAULT FALSE,
    user_acl TEXT NOT NULL DEFAULT '{}',
    group_acl TEXT NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX workspaces_name ON workspaces (owner_id, lower(name)) WHERE deleted = FALSE;
CREATE INDEX workspaces_template ON workspaces (template_id) WHERE deleted = FALSE;

CREATE TABLE workspace_builds (
    id BLOB PRIMARY KEY NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    template_version_id BLOB NOT NULL,
    build_number INTEGER NOT NULL,
    transition TEXT NOT NULL,
    initiator_id BLOB NOT NULL,
    job_id BLOB NOT NULL UNIQUE REFERENCES provisioner_jobs (id),
    reason TEXT NOT NULL,
    -- When the workspace is stopped; absent for never.
    deadline TEXT,
    max_deadline TEXT,
    daily_cost INTEGER NOT NULL DEFAULT 0,
    has_ai_task BOOLEAN NOT NULL DEFAULT FALSE,
    has_external_agent BOOLEAN NOT NULL DEFAULT FALSE,
    template_version_preset_id BLOB
);
CREATE UNIQUE INDEX workspace_builds_number ON workspace_builds (workspace_id, build_number);

CREATE TABLE workspace_resources (
    id BLOB PRIMARY KEY NOT NULL,
    created_at TEXT NOT NULL,
    build_id BLOB NOT NULL REFERENCES workspace_builds (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    hide BOOLEAN NOT NULL DEFAULT FALSE,
    icon TEXT NOT NULL DEFAULT '',
    daily_cost INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX workspace_resources_build ON workspace_resources (build_id);

CREATE TABLE workspace_agents (
    id BLOB PRIMARY KEY NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The agent that runs this one in a dev container of its own.
    parent_id BLOB REFERENCES workspace_agents (id) ON DELETE CASCADE,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    build_id BLOB NOT NULL REFERENCES workspace_builds (id) ON DELETE CASCADE,
    resource_id BLOB NOT NULL REFERENCES workspace_resources (id) ON DELETE CASCADE,
    -- Kept readable: whoever runs an agent in a container of its own asks for it again.
    auth_token BLOB NOT NULL,
    auth_instance_id TEXT,
    api_key_scope TEXT NOT NULL DEFAULT 'all',
    architecture TEXT NOT NULL,
    operating_system TEXT NOT NULL,
    environment_variables TEXT,
    directory TEXT NOT NULL DEFAULT '',
    expanded_directory TEXT NOT NULL DEFAULT '',
    motd_file TEXT NOT NULL DEFAULT '',
    troubleshooting_url TEXT NOT NULL DEFAULT '',
    connection_timeout_seconds INTEGER NOT NULL DEFAULT 0,
    display_apps TEXT NOT NULL DEFAULT '[]',
    display_order INTEGER NOT NULL DEFAULT 0,
    -- What the agent says of itself when it starts.
    version TEXT NOT NULL DEFAULT '',
    api_version TEXT NOT NULL DEFAULT '',
    subsystems TEXT NOT NULL DEFAULT '[]',
    -- Moved by its connection.
    first_connected_at TEXT,
    last_connected_at TEXT,
    disconnected_at TEXT,
    lifecycle_state TEXT NOT NULL DEFAULT 'created',
    started_at TEXT,
    ready_at TEXT,
    -- In bytes, of what is stored.
    logs_length INTEGER NOT NULL DEFAULT 0,
    logs_overflowed BOOLEAN NOT NULL DEFAULT FALSE,
    deleted BOOLEAN NOT NULL DEFAULT FALSE,
    CHECK (logs_length <= 1048576)
);
CREATE INDEX workspace_agents_token ON workspace_agents (auth_token);
CREATE INDEX workspace_agents_build ON workspace_agents (build_id);
CREATE INDEX workspace_agents_instance ON workspace_agents (auth_instance_id) WHERE auth_instance_id IS NOT NULL;

CREATE TABLE workspace_agent_log_sources (
    workspace_agent_id BLOB NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    id BLOB NOT NULL,
    created_at TEXT NOT NULL,
    display_name TEXT NOT NULL,
    icon TEXT NOT NULL,
    PRIMARY KEY (workspace_agent_id, id)
);

CREATE TABLE workspace_agent_scripts (
    id BLOB PRIMARY KEY NOT NULL,
    workspace_agent_id BLOB NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    log_source_id BLOB NOT NULL,
    created_at TEXT NOT NULL,
    display_name TEXT NOT NULL,
    log_path TEXT NOT NULL,
    script TEXT NOT NULL,
    cron TEXT NOT NULL,
    start_blocks_login BOOLEAN NOT NULL,
    run_on_start BOOLEAN NOT NULL,
    run_on_stop BOOLEAN NOT NULL,
    timeout_seconds INTEGER NOT NULL
);
CREATE INDEX workspace_agent_scripts_agent ON workspace_agent_scripts (workspace_agent_id);

-- Every run of a script.
CREATE TABLE workspace_agent_script_timings (
    script_id BLOB NOT NULL REFERENCES workspace_agent_scripts (id) ON DELETE CASCADE,
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    exit_code INTEGER NOT NULL,
    stage TEXT NOT NULL,
    status TEXT NOT NULL
);
CREATE UNIQUE INDEX workspace_agent_script_timings_run ON workspace_agent_script_timings (script_id, started_at);

CREATE TABLE workspace_agent_logs (
    -- Ids are cursors for clients, so one is never given twice.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id BLOB NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    log_source_id BLOB NOT NULL,
    created_at TEXT NOT NULL,
    output TEXT NOT NULL,
    level TEXT NOT NULL
);
CREATE INDEX workspace_agent_logs_agent ON workspace_agent_logs (agent_id, id);

CREATE TABLE workspace_agent_metadata (
    workspace_agent_id BLOB NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    display_name TEXT NOT NULL,
    script TEXT NOT NULL,
    -- In seconds.
    interval INTEGER NOT NULL,
    timeout INTEGER NOT NULL,
    value TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    collected_at TEXT NOT NULL,
    display_order INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_agent_id, key)
);

CREATE TABLE workspace_agent_devcontainers (
    id BLOB PRIMARY KEY NOT NULL,
    workspace_agent_id BLOB NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    workspace_folder TEXT NOT NULL,
    config_path TEXT NOT NULL,
    name TEXT NOT NULL,
    subagent_id BLOB
);

CREATE TABLE workspace_apps (
    id BLOB PRIMARY KEY NOT NULL,
    created_at TEXT NOT NULL,
    agent_id BLOB NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    slug TEXT NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    icon TEXT NOT NULL DEFAULT '',
    command TEXT NOT NULL DEFAULT '',
    url TEXT NOT NULL DEFAULT '',
    external BOOLEAN NOT NULL DEFAULT FALSE,
    subdomain BOOLEAN NOT NULL DEFAULT FALSE,
    sharing_level TEXT NOT NULL DEFAULT 'owner',
    healthcheck_url TEXT NOT NULL DEFAULT '',
    -- In seconds.
    healthcheck_interval INTEGER NOT NULL DEFAULT 0,
    healthcheck_threshold INTEGER NOT NULL DEFAULT 0,
    health TEXT NOT NULL DEFAULT 'disabled',
    display_order INTEGER NOT NULL DEFAULT 0,
    display_group TEXT NOT NULL DEFAULT '',
    hidden BOOLEAN NOT NULL DEFAULT FALSE,
    open_in TEXT NOT NULL DEFAULT 'slim-window',
    tooltip TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX workspace_apps_slug ON workspace_apps (agent_id, slug);

CREATE TABLE workspace_app_statuses (
    -- Grows with every report, so that the latest is the greatest.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    agent_id BLOB NOT NULL,
    app_id BLOB NOT NULL REFERENCES workspace_apps (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    message TEXT NOT NULL,
    uri TEXT NOT NULL DEFAULT ''
);
CREATE INDEX workspace_app_statuses_app ON workspace_app_statuses (app_id, seq);
CREATE INDEX workspace_app_statuses_workspace ON workspace_app_statuses (workspace_id, seq);

CREATE TABLE tasks (
    id BLOB PRIMARY KEY NOT NULL,
    organization_id BLOB NOT NULL,
    owner_id BLOB NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    workspace_id BLOB REFERENCES workspaces (id) ON DELETE SET NULL,
    template_version_id BLOB NOT NULL,
    prompt TEXT NOT NULL,
    created_at TEXT NOT NULL,
    deleted_at TEXT
);
CREATE UNIQUE INDEX tasks_name ON tasks (owner_id, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX tasks_workspace ON tasks (workspace_id);

-- The app that shows a task, build by build.
CREATE TABLE task_workspace_apps (
    task_id BLOB NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    workspace_build_number INTEGER NOT NULL,
    workspace_agent_id BLOB,
    workspace_app_id BLOB,
    PRIMARY KEY (task_id, workspace_build_number)
);

-- What a task's app last showed, for when it is away.
CREATE TABLE task_snapshots (
    task_id BLOB PRIMARY KEY NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    log_snapshot TEXT NOT NULL,
    log_snapshot_created_at TEXT NOT NULL
);

-- With which accounts elsewhere people have signed in.
CREATE TABLE external_auth_links (
    provider_id TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    oauth_access_token TEXT NOT NULL,
    oauth_refresh_token TEXT NOT NULL,
    -- Absent for never.
    oauth_expiry TEXT,
    oauth_extra TEXT,
    oauth_refresh_failure_reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (provider_id, user_id)
);

CREATE INDEX chats_workspace ON chats (workspace_id) WHERE workspace_id IS NOT NULL;
