-- The context that a chat works with: the hash of what its agent had pushed when it was pinned. It drifts when the agent
-- pushes another.
ALTER TABLE chats ADD COLUMN context_hash BLOB;
