-- When each secret of a key was last used, what people were told of budgets, and what is still to be sent.

CREATE TABLE secret_use (
    secret INTEGER PRIMARY KEY,         -- the first eight bytes of its SHA-256
    last_used_at INTEGER NOT NULL
) STRICT;

-- Each is told once: a period of a budget has one row for each amount that it crossed.
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL,
    budget TEXT NOT NULL,               -- id
    part TEXT NOT NULL,                 -- of a budget that counts by groups, which one; else empty
    period INTEGER NOT NULL,            -- its start, ms
    kind TEXT NOT NULL,                 -- threshold, exhausted
    level INTEGER NOT NULL,             -- the amount crossed
    told TEXT NOT NULL,                 -- JSON, as the webhook gets it
    at INTEGER NOT NULL,                -- ms
    UNIQUE (budget, part, period, kind, level)
) STRICT;

CREATE INDEX alerts_by_workspace ON alerts (workspace, id);

-- The outbox: written with its alert, gone through until each is sent or given up.
CREATE TABLE alert_sends (
    alert TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    way TEXT NOT NULL,                  -- webhook, mail
    tries INTEGER NOT NULL,
    next_at INTEGER,                    -- ms; NULL: sent, or given up
    sent_at INTEGER,                    -- ms
    error TEXT,                         -- of the last try
    PRIMARY KEY (alert, way)
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_sends_due ON alert_sends (next_at) WHERE next_at IS NOT NULL;
