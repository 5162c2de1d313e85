-- What calls took of budgets and rate limits, written with their rows, so that no crash forgets money that was logged.

CREATE TABLE spent (
    limit_id TEXT NOT NULL,
    grp TEXT NOT NULL,                  -- which of the limit's counters; '': one for all
    period INTEGER NOT NULL,            -- its start, ms
    amount INTEGER NOT NULL,            -- nano-dollars, tokens or requests
    unpriced INTEGER NOT NULL,          -- calls whose cost is unknown
    PRIMARY KEY (limit_id, grp, period)
) STRICT, WITHOUT ROWID;

-- What was held for a call when the process ended, until it is released or its period is over.
CREATE TABLE unsettled (
    call TEXT NOT NULL,
    limit_id TEXT NOT NULL,
    grp TEXT NOT NULL,
    period INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (call, limit_id, grp, period)
) STRICT, WITHOUT ROWID;

-- What came under a rate limit, as long as a window may hold it.
CREATE TABLE window_uses (
    limit_id TEXT NOT NULL,
    grp TEXT NOT NULL,
    at INTEGER NOT NULL,                -- ms
    amount INTEGER NOT NULL,            -- requests or tokens
    PRIMARY KEY (at, limit_id, grp)
) STRICT, WITHOUT ROWID;
