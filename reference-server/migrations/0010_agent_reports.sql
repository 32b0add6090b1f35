-- What agents report over their RPC connection.

-- The last statistics of each agent.
CREATE TABLE workspace_agent_stats (
    agent_id BLOB PRIMARY KEY NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    connections_by_proto TEXT NOT NULL,
    connection_count INTEGER NOT NULL,
    connection_median_latency_ms REAL NOT NULL,
    rx_packets INTEGER NOT NULL,
    rx_bytes INTEGER NOT NULL,
    tx_packets INTEGER NOT NULL,
    tx_bytes INTEGER NOT NULL,
    session_count_vscode INTEGER NOT NULL,
    session_count_jetbrains INTEGER NOT NULL,
    session_count_reconnecting_pty INTEGER NOT NULL,
    session_count_ssh INTEGER NOT NULL
);

-- Connections of users to agents. They outlive both.
CREATE TABLE connection_logs (
    id BLOB PRIMARY KEY NOT NULL,
    connect_time TEXT NOT NULL,
    organization_id BLOB NOT NULL,
    workspace_owner_id BLOB NOT NULL,
    workspace_id BLOB NOT NULL,
    workspace_name TEXT NOT NULL,
    agent_name TEXT NOT NULL,
    type TEXT NOT NULL,
    ip TEXT,
    connection_id BLOB NOT NULL,
    code INTEGER,
    disconnect_time TEXT,
    disconnect_reason TEXT
);
CREATE UNIQUE INDEX connection_logs_connection ON connection_logs (connection_id, workspace_id, agent_name);

-- Runs of Agent Boundaries, and what each of them let through or not.
CREATE TABLE boundary_sessions (
    id BLOB PRIMARY KEY NOT NULL,
    workspace_agent_id BLOB NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    owner_id BLOB NOT NULL,
    confined_process_name TEXT NOT NULL,
    started_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE TABLE boundary_logs (
    id BLOB PRIMARY KEY NOT NULL,
    session_id BLOB NOT NULL REFERENCES boundary_sessions (id) ON DELETE CASCADE,
    owner_id BLOB NOT NULL,
    sequence_number INTEGER NOT NULL,
    captured_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    proto TEXT NOT NULL,
    method TEXT NOT NULL,
    detail TEXT NOT NULL,
    -- Absent for what was denied.
    matched_rule TEXT
);
CREATE INDEX boundary_logs_session ON boundary_logs (session_id, sequence_number);

-- The context resources of a workspace as its agent last pushed them.
CREATE TABLE workspace_agent_context_snapshots (
    workspace_agent_id BLOB PRIMARY KEY NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    aggregate_hash BLOB NOT NULL,
    snapshot_error TEXT NOT NULL,
    received_at TEXT NOT NULL
);
CREATE TABLE workspace_agent_context_resources (
    workspace_agent_id BLOB NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    source_path TEXT NOT NULL,
    body_kind TEXT NOT NULL,
    -- JSON.
    body TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    status TEXT NOT NULL,
    error TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (workspace_agent_id, source)
);
