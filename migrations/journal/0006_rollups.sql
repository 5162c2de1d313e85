-- Figures also by config, cache status and metadata, and sums of each dimension alone, so that a month is read in milliseconds.

-- By the minute, as the journal's writer leaves them: every one of them is added up within the half hour.
CREATE TABLE rollup_fresh (
    workspace TEXT NOT NULL,
    minute INTEGER NOT NULL,            -- start, ms
    provider TEXT NOT NULL,
    model TEXT NOT NULL,                -- as served
    key_id TEXT NOT NULL,
    status INTEGER NOT NULL,
    config TEXT NOT NULL,               -- slug; empty: none
    cache TEXT NOT NULL,                -- cache status
    calls INTEGER NOT NULL,
    errors INTEGER NOT NULL,            -- 400 and above, interrupted and cancelled
    tokens_in INTEGER NOT NULL,
    tokens_cached INTEGER NOT NULL,     -- of them, read from the provider's cache
    tokens_out INTEGER NOT NULL,
    cost INTEGER NOT NULL,              -- nano-dollars
    unpriced INTEGER NOT NULL,
    cache_hits INTEGER NOT NULL,
    cache_asked INTEGER NOT NULL,       -- hits included
    saved_cost INTEGER NOT NULL,        -- nano-dollars that hits saved
    saved_us INTEGER NOT NULL,
    hit_us INTEGER NOT NULL,            -- what hits took
    took_us INTEGER NOT NULL,           -- what the calls in `latency` took together
    latency BLOB NOT NULL,              -- sketch of microseconds (src/journal/sketch.rs); hits are not in it
    first_token BLOB NOT NULL,
    PRIMARY KEY (workspace, minute, provider, model, key_id, status, config, cache)
) STRICT, WITHOUT ROWID;

-- The same once they are in the sums.
CREATE TABLE rollup_minutes (
    workspace TEXT NOT NULL,
    minute INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    key_id TEXT NOT NULL,
    status INTEGER NOT NULL,
    config TEXT NOT NULL,
    cache TEXT NOT NULL,
    calls INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_cached INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cache_hits INTEGER NOT NULL,
    cache_asked INTEGER NOT NULL,
    saved_cost INTEGER NOT NULL,
    saved_us INTEGER NOT NULL,
    hit_us INTEGER NOT NULL,
    took_us INTEGER NOT NULL,
    latency BLOB NOT NULL,
    first_token BLOB NOT NULL,
    PRIMARY KEY (workspace, minute, provider, model, key_id, status, config, cache)
) STRICT, WITHOUT ROWID;

-- By the minute and pair of metadata, until they are in the sums. At most 1,000 values of a key a day; the rest is one.
CREATE TABLE rollup_pairs (
    workspace TEXT NOT NULL,
    minute INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    calls INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_cached INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cache_hits INTEGER NOT NULL,
    cache_asked INTEGER NOT NULL,
    saved_cost INTEGER NOT NULL,
    saved_us INTEGER NOT NULL,
    hit_us INTEGER NOT NULL,
    took_us INTEGER NOT NULL,
    latency BLOB NOT NULL,
    first_token BLOB NOT NULL,
    PRIMARY KEY (workspace, minute, key, value)
) STRICT, WITHOUT ROWID;

-- Sums by the quarter, the hour and the day: marginals, not a cube.
CREATE TABLE rollup_sums (
    workspace TEXT NOT NULL,
    grain INTEGER NOT NULL,             -- ms: 900000, 3600000 or 86400000
    dimension TEXT NOT NULL,            -- all, route, key, config, status, cache, or meta. and a key of metadata
    at INTEGER NOT NULL,                -- start, ms
    value TEXT NOT NULL,
    calls INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_cached INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cache_hits INTEGER NOT NULL,
    cache_asked INTEGER NOT NULL,
    saved_cost INTEGER NOT NULL,
    saved_us INTEGER NOT NULL,
    hit_us INTEGER NOT NULL,
    took_us INTEGER NOT NULL,
    latency BLOB NOT NULL,
    first_token BLOB NOT NULL,
    PRIMARY KEY (workspace, grain, dimension, at, value)
) STRICT, WITHOUT ROWID;

-- Older figures lack config, cache status and what hits took and saved: `switchyard rollups rebuild` fills them in.
INSERT INTO rollup_fresh
SELECT workspace, minute, provider, model, key_id, status, '', '', calls,
       CASE WHEN status >= 400 OR status = 0 THEN calls ELSE 0 END, tokens_in, 0, tokens_out, cost, unpriced,
       cache_hits, cache_asked, 0, 0, 0, 0, latency, first_token
FROM rollups;

DROP TABLE rollups;
DROP TABLE rollup_hours;

CREATE VIEW rollups AS
SELECT * FROM rollup_minutes UNION ALL SELECT * FROM rollup_fresh;

-- An hour of calls in few bytes, made once it is over (src/store/blocks/form.rs): filters without a sum walk over these.
CREATE TABLE call_blocks (
    workspace TEXT NOT NULL,
    hour INTEGER NOT NULL,              -- start, ms
    calls INTEGER NOT NULL,
    block BLOB NOT NULL,
    PRIMARY KEY (workspace, hour)
) STRICT;

-- How many calls of an hour were written after it: a block made meanwhile would lack them.
CREATE TABLE late_calls (
    workspace TEXT NOT NULL,
    hour INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (workspace, hour)
) STRICT, WITHOUT ROWID;
