-- What people think of a trace, and the exports of logs.

CREATE TABLE feedback (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    value INTEGER NOT NULL,             -- -10 to 10
    weight REAL NOT NULL,               -- 0 to 1
    metadata TEXT NOT NULL,             -- JSON object of text
    key_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,        -- ms
    updated_at INTEGER NOT NULL         -- ms
) STRICT, WITHOUT ROWID;

CREATE INDEX feedback_by_trace ON feedback (workspace, trace_id);

CREATE TABLE exports (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL,
    description TEXT NOT NULL,
    filters TEXT NOT NULL,              -- JSON object, as it was sent
    requested_data TEXT NOT NULL,       -- JSON array of field names, as they were sent
    status TEXT NOT NULL,               -- draft, in_progress, success, failed, stopped
    reason TEXT,                        -- why it failed
    run INTEGER NOT NULL,               -- counts starts; the file's name holds it
    written INTEGER NOT NULL,           -- lines in the file
    created_by TEXT NOT NULL,           -- id of a key
    created_at INTEGER NOT NULL,        -- ms
    updated_at INTEGER NOT NULL         -- ms
) STRICT, WITHOUT ROWID;

CREATE INDEX exports_by_workspace ON exports (workspace, id);
