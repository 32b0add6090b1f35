-- People, where they belong, and how they prove who they are.

CREATE TABLE users (
    id BLOB PRIMARY KEY NOT NULL,
    email TEXT NOT NULL,
    username TEXT NOT NULL,
    name TEXT NOT NULL,
    avatar_url TEXT NOT NULL DEFAULT '',
    -- Empty for those who do not sign in with a password.
    hashed_password TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    status TEXT NOT NULL,
    rbac_roles TEXT NOT NULL DEFAULT '[]',
    login_type TEXT NOT NULL,
    -- Deleted people stay, so that what they made keeps its author; their names are free again.
    deleted BOOLEAN NOT NULL DEFAULT FALSE,
    is_service_account BOOLEAN NOT NULL DEFAULT FALSE,
    -- Lets who forgot a password set a new one, once and for a while.
    hashed_one_time_passcode TEXT NOT NULL DEFAULT '',
    one_time_passcode_expires_at TEXT
);
CREATE UNIQUE INDEX users_email_lower ON users (lower(email)) WHERE deleted = FALSE AND email <> '';
CREATE UNIQUE INDEX users_username_lower ON users (lower(username)) WHERE deleted = FALSE;

CREATE TABLE organizations (
    id BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    icon TEXT NOT NULL DEFAULT '',
    is_default BOOLEAN NOT NULL DEFAULT FALSE,
    default_org_member_roles TEXT NOT NULL DEFAULT '[]',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX organizations_name_lower ON organizations (lower(name));
CREATE UNIQUE INDEX organizations_one_default ON organizations (is_default) WHERE is_default = TRUE;

CREATE TABLE organization_members (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    roles TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX organization_members_user ON organization_members (user_id);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY NOT NULL,
    hashed_secret BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    last_used TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    login_type TEXT NOT NULL,
    lifetime_seconds BIGINT NOT NULL,
    token_name TEXT NOT NULL DEFAULT '',
    scopes TEXT NOT NULL,
    allow_list TEXT NOT NULL
);
CREATE INDEX api_keys_user ON api_keys (user_id);
CREATE UNIQUE INDEX api_keys_name ON api_keys (user_id, token_name) WHERE login_type = 'token';

-- A person's settings of the web page, by key.
CREATE TABLE user_configs (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (user_id, key)
);

-- The deployment's settings, by key.
CREATE TABLE site_configs (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE gitsshkeys (
    user_id BLOB PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    -- In the form of OpenSSH, not encrypted.
    private_key TEXT NOT NULL,
    -- A line of an authorized_keys file.
    public_key TEXT NOT NULL
);
