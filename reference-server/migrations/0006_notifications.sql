-- What people are told of.
CREATE TABLE notification_messages (
    id BLOB PRIMARY KEY NOT NULL,
    template_id BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    labels TEXT NOT NULL,
    targets TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    -- Minutes since 1970: an equal notice is given once a minute.
    minute INTEGER NOT NULL
);
CREATE UNIQUE INDEX notification_messages_once
    ON notification_messages (template_id, user_id, labels, targets, minute);
CREATE INDEX notification_messages_user ON notification_messages (user_id, created_at);
