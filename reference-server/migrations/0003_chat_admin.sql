-- What administrators and users set up for chats: providers, models, limits, MCP servers, skills, debug runs.

-- Deleted providers keep their row, so that models which point at them can still be explained.
CREATE TABLE ai_providers (
    id BLOB PRIMARY KEY,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT,
    enabled BOOLEAN NOT NULL,
    deleted BOOLEAN NOT NULL DEFAULT FALSE,
    base_url TEXT NOT NULL,
    settings TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX ai_providers_name_unique ON ai_providers (name) WHERE deleted = FALSE;

CREATE TABLE ai_provider_keys (
    id BLOB PRIMARY KEY,
    provider_id BLOB NOT NULL REFERENCES ai_providers (id) ON DELETE CASCADE,
    api_key TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX ai_provider_keys_provider ON ai_provider_keys (provider_id, created_at, id);

CREATE TABLE user_ai_provider_keys (
    user_id BLOB NOT NULL,
    ai_provider_id BLOB NOT NULL REFERENCES ai_providers (id) ON DELETE CASCADE,
    api_key TEXT NOT NULL CHECK (api_key <> ''),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (user_id, ai_provider_id)
);

CREATE TABLE chat_model_configs (
    id BLOB PRIMARY KEY,
    provider TEXT NOT NULL,
    ai_provider_id BLOB NOT NULL REFERENCES ai_providers (id),
    model TEXT NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    enabled BOOLEAN NOT NULL,
    is_default BOOLEAN NOT NULL DEFAULT FALSE,
    deleted BOOLEAN NOT NULL DEFAULT FALSE,
    context_limit BIGINT NOT NULL CHECK (context_limit > 0),
    compression_threshold INTEGER NOT NULL CHECK (compression_threshold BETWEEN 0 AND 100),
    options TEXT NOT NULL DEFAULT '{}',
    created_by BLOB,
    updated_by BLOB,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX chat_model_configs_single_default ON chat_model_configs (is_default)
    WHERE is_default = TRUE AND deleted = FALSE;
CREATE INDEX chat_model_configs_provider ON chat_model_configs (ai_provider_id);

-- At most one row, whose id is 1.
CREATE TABLE chat_usage_limit_config (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    enabled BOOLEAN NOT NULL,
    default_limit_micros BIGINT NOT NULL CHECK (default_limit_micros >= 0),
    period TEXT NOT NULL CHECK (period IN ('day', 'week', 'month')),
    updated_at TEXT NOT NULL
);

CREATE TABLE chat_user_limits (
    user_id BLOB PRIMARY KEY,
    spend_limit_micros BIGINT NOT NULL CHECK (spend_limit_micros > 0)
);

-- The only groups are those of everybody in an organization, and such a group has its organization's id.
CREATE TABLE chat_group_limits (
    group_id BLOB PRIMARY KEY,
    spend_limit_micros BIGINT NOT NULL CHECK (spend_limit_micros > 0)
);

CREATE TABLE chat_debug_runs (
    id BLOB PRIMARY KEY,
    chat_id BLOB NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    root_chat_id BLOB,
    parent_chat_id BLOB,
    model_config_id BLOB,
    trigger_message_id BIGINT,
    history_tip_message_id BIGINT,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    provider TEXT,
    model TEXT,
    summary TEXT NOT NULL DEFAULT '{}',
    started_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    finished_at TEXT
);
CREATE INDEX chat_debug_runs_chat ON chat_debug_runs (chat_id, started_at DESC);

CREATE TABLE chat_debug_steps (
    id BLOB PRIMARY KEY,
    run_id BLOB NOT NULL REFERENCES chat_debug_runs (id) ON DELETE CASCADE,
    chat_id BLOB NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    step_number INTEGER NOT NULL,
    operation TEXT NOT NULL,
    status TEXT NOT NULL,
    history_tip_message_id BIGINT,
    assistant_message_id BIGINT,
    normalized_request TEXT NOT NULL,
    normalized_response TEXT,
    usage TEXT,
    attempts TEXT NOT NULL DEFAULT '[]',
    error TEXT,
    metadata TEXT NOT NULL DEFAULT '{}',
    started_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    finished_at TEXT,
    UNIQUE (run_id, step_number)
);

CREATE TABLE mcp_server_configs (
    id BLOB PRIMARY KEY,
    display_name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    icon_url TEXT NOT NULL DEFAULT '',
    transport TEXT NOT NULL,
    url TEXT NOT NULL,
    auth_type TEXT NOT NULL,
    oauth2_client_id TEXT NOT NULL DEFAULT '',
    oauth2_client_secret TEXT NOT NULL DEFAULT '',
    oauth2_auth_url TEXT NOT NULL DEFAULT '',
    oauth2_token_url TEXT NOT NULL DEFAULT '',
    oauth2_scopes TEXT NOT NULL DEFAULT '',
    api_key_header TEXT NOT NULL DEFAULT '',
    api_key_value TEXT NOT NULL DEFAULT '',
    custom_headers TEXT NOT NULL DEFAULT '{}',
    tool_allow_list TEXT NOT NULL DEFAULT '[]',
    tool_deny_list TEXT NOT NULL DEFAULT '[]',
    availability TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    model_intent BOOLEAN NOT NULL DEFAULT FALSE,
    allow_in_plan_mode BOOLEAN NOT NULL DEFAULT FALSE,
    forward_coder_headers BOOLEAN NOT NULL DEFAULT FALSE,
    created_by BLOB,
    updated_by BLOB,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);

CREATE TABLE mcp_server_user_tokens (
    mcp_server_config_id BLOB NOT NULL REFERENCES mcp_server_configs (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL,
    access_token TEXT NOT NULL,
    refresh_token TEXT NOT NULL DEFAULT '',
    token_type TEXT NOT NULL DEFAULT 'Bearer',
    expiry TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (mcp_server_config_id, user_id)
);

CREATE TABLE user_skills (
    id BLOB PRIMARY KEY,
    user_id BLOB NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    content TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (user_id, name)
);
