-- What the context of a chat holds: copies of what its agent had pushed when the context was pinned.
ALTER TABLE chats ADD COLUMN context_dirty_since TEXT;
ALTER TABLE chats ADD COLUMN context_error TEXT NOT NULL DEFAULT '';
CREATE TABLE chat_context_resources (
    chat_id BLOB NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    body_kind TEXT NOT NULL,
    -- JSON.
    body TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    status TEXT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (chat_id, source)
);
