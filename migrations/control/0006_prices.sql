-- Models as a workspace has them: its own, those switched off, and its own prices. And how each provider's last test went.
-- A provider is named by its slug: prices outlive a set-up file that leaves it out for a while.

CREATE TABLE models (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    provider TEXT NOT NULL,             -- slug
    model TEXT NOT NULL,                -- as the vendor calls it
    custom INTEGER NOT NULL,            -- 1: added by hand
    enabled INTEGER NOT NULL,           -- 0: calls are refused
    context INTEGER,                    -- tokens; NULL: as the price data says
    origin TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, provider, model)
) STRICT, WITHOUT ROWID;

-- Picodollars a token, which is millionths of a dollar a million. A row never changes: a new price is a new row, in
-- force from its time on; of two with one time, the later one. Without any figure, the list price holds again.
CREATE TABLE prices (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    provider TEXT NOT NULL,             -- slug
    model TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    input INTEGER,
    cached INTEGER,                     -- NULL: as input
    output INTEGER,
    author TEXT,                        -- a person's id, or what is no person
    origin TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX prices_by_model ON prices (workspace, provider, model, starts_at);

CREATE TABLE provider_tests (
    provider TEXT PRIMARY KEY REFERENCES providers (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    good INTEGER NOT NULL,
    status INTEGER NOT NULL,            -- 0: no answer
    took_ms INTEGER NOT NULL,
    words TEXT NOT NULL                 -- for people; credentials masked
) STRICT;
