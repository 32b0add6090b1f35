-- Files that people and tools attach to chats.

CREATE TABLE chat_files (
    id BLOB PRIMARY KEY,
    owner_id BLOB NOT NULL,
    organization_id BLOB NOT NULL,
    created_at TEXT NOT NULL,
    name TEXT NOT NULL,
    mimetype TEXT NOT NULL,
    data BLOB NOT NULL
);

CREATE TABLE chat_file_links (
    chat_id BLOB NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    file_id BLOB NOT NULL REFERENCES chat_files (id) ON DELETE CASCADE,
    PRIMARY KEY (chat_id, file_id)
);

CREATE INDEX chat_file_links_file ON chat_file_links (file_id);
