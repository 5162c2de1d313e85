-- Budgets and rate limits, as people set them; what is spent of them stands in the journal.

CREATE TABLE limits (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    scope TEXT NOT NULL,                -- key, provider, integration, workspace, policy
    subject TEXT NOT NULL,              -- id of the key or provider; else ''
    rule TEXT NOT NULL,                 -- JSON {budget} or {rate}
    conditions TEXT NOT NULL,           -- JSON array of {key, values, excludes}
    group_by TEXT NOT NULL,             -- JSON array of keys
    lacking TEXT NOT NULL,              -- refuse, pass: what becomes of calls without a key that is named here
    origin TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    since INTEGER NOT NULL              -- what came before does not count, ms
) STRICT;

CREATE INDEX limits_by_workspace ON limits (workspace, id);

-- When the counter of one group began anew by hand.
CREATE TABLE limit_resets (
    limit_id TEXT NOT NULL REFERENCES limits (id) ON DELETE CASCADE,
    grp TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (limit_id, grp)
) STRICT, WITHOUT ROWID;
