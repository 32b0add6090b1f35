-- Users, sign-in, organizations.
CREATE TABLE site_configs (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
