-- When a workspace was last changed, and who is told by mail of a key's budget.

ALTER TABLE workspaces ADD COLUMN updated_at INTEGER;   -- NULL: as it was made

CREATE TABLE alert_emails (
    key TEXT PRIMARY KEY REFERENCES api_keys (id) ON DELETE CASCADE,
    emails TEXT NOT NULL                                -- JSON array of addresses
) STRICT;
