-- Chats, their messages and queues: what the chat daemon keeps.

CREATE TABLE chats (
    id BLOB PRIMARY KEY,
    organization_id BLOB NOT NULL,
    owner_id BLOB NOT NULL,
    workspace_id BLOB,
    build_id BLOB,
    agent_id BLOB,
    parent_chat_id BLOB REFERENCES chats (id) ON DELETE CASCADE,
    root_chat_id BLOB REFERENCES chats (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    mode TEXT,
    plan_mode TEXT,
    client_type TEXT NOT NULL,
    last_model_config_id BLOB NOT NULL,
    mcp_server_ids TEXT NOT NULL DEFAULT '[]',
    labels TEXT NOT NULL DEFAULT '{}',
    dynamic_tools TEXT,
    pin_order INTEGER NOT NULL DEFAULT 0,
    last_read_message_id INTEGER NOT NULL DEFAULT 0,
    last_turn_summary TEXT,
    user_acl TEXT NOT NULL DEFAULT '{}',
    group_acl TEXT NOT NULL DEFAULT '{}',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    -- Execution state: written by the state machine alone.
    status TEXT NOT NULL,
    archived BOOLEAN NOT NULL DEFAULT FALSE,
    last_error TEXT,
    snapshot_version INTEGER NOT NULL DEFAULT 1,
    history_version INTEGER NOT NULL DEFAULT 0,
    queue_version INTEGER NOT NULL DEFAULT 0,
    generation_attempt INTEGER NOT NULL DEFAULT 0,
    retry_state TEXT,
    retry_state_version INTEGER NOT NULL DEFAULT 0,
    requires_action_deadline_at TEXT,
    -- Ownership: the worker and its runner that drive the chat, and when they last said so.
    worker_id BLOB,
    runner_id BLOB,
    heartbeat_at TEXT,
    CHECK (pin_order = 0 OR (NOT archived AND parent_chat_id IS NULL))
);

CREATE INDEX chats_owner ON chats (owner_id);
CREATE INDEX chats_parent ON chats (parent_chat_id) WHERE parent_chat_id IS NOT NULL;
CREATE INDEX chats_root ON chats (root_chat_id) WHERE root_chat_id IS NOT NULL;
CREATE INDEX chats_to_acquire ON chats (updated_at)
    WHERE status IN ('running', 'interrupting', 'requires_action') AND NOT archived;
CREATE INDEX chats_worker ON chats (worker_id) WHERE worker_id IS NOT NULL;

CREATE TABLE chat_messages (
    -- Ids are cursors for clients, so one is never given twice.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id BLOB NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    role TEXT NOT NULL,
    visibility TEXT NOT NULL,
    content TEXT,
    content_version INTEGER NOT NULL,
    created_by BLOB,
    api_key_id TEXT,
    model_config_id BLOB,
    compressed BOOLEAN NOT NULL DEFAULT FALSE,
    deleted BOOLEAN NOT NULL DEFAULT FALSE,
    revision INTEGER NOT NULL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    total_tokens INTEGER,
    reasoning_tokens INTEGER,
    cache_creation_tokens INTEGER,
    cache_read_tokens INTEGER,
    context_limit INTEGER,
    total_cost_micros INTEGER,
    runtime_ms INTEGER,
    provider_response_id TEXT,
    CHECK (role <> 'user' OR api_key_id IS NOT NULL)
);

CREATE INDEX chat_messages_chat ON chat_messages (chat_id, id);
CREATE INDEX chat_messages_created_at ON chat_messages (created_at) WHERE total_cost_micros IS NOT NULL;

CREATE TABLE chat_queued_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id BLOB NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    content TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_by BLOB NOT NULL,
    api_key_id TEXT,
    model_config_id BLOB
);

CREATE INDEX chat_queued_messages_chat ON chat_queued_messages (chat_id, position, id);

CREATE TABLE chat_diff_statuses (
    chat_id BLOB PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
    url TEXT,
    pull_request_state TEXT,
    pull_request_title TEXT NOT NULL DEFAULT '',
    pull_request_draft BOOLEAN NOT NULL DEFAULT FALSE,
    changes_requested BOOLEAN NOT NULL DEFAULT FALSE,
    additions INTEGER NOT NULL DEFAULT 0,
    deletions INTEGER NOT NULL DEFAULT 0,
    changed_files INTEGER NOT NULL DEFAULT 0,
    author_login TEXT,
    author_avatar_url TEXT,
    base_branch TEXT,
    head_branch TEXT,
    pr_number INTEGER,
    commits INTEGER,
    approved BOOLEAN,
    reviewer_count INTEGER,
    git_branch TEXT NOT NULL DEFAULT '',
    git_remote_origin TEXT NOT NULL DEFAULT '',
    refreshed_at TEXT,
    stale_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
