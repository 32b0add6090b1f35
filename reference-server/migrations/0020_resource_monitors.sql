-- What agents watch of the machines that they run on.
CREATE TABLE workspace_agent_resource_monitors (
    agent_id BLOB NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    -- Where the volume is; empty for memory.
    path TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- From how much on it is too much, in percent.
    threshold INTEGER NOT NULL,
    -- Whether it was too much when the agent last told.
    alarmed BOOLEAN NOT NULL DEFAULT FALSE,
    -- Until when the owner is not told again.
    quiet_until TEXT NOT NULL,
    PRIMARY KEY (agent_id, path)
);

-- What a notice says beyond its labels.
ALTER TABLE notification_messages ADD COLUMN data TEXT NOT NULL DEFAULT '{}';
