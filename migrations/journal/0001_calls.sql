-- What happened: one row a call, one an attempt, the bodies apart, and the figures that charts read.

-- Ids are UUIDv7, so the primary key is the order of time and a span of time is a span of ids.
CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL,
    key_id TEXT NOT NULL,
    key_name TEXT NOT NULL,
    at INTEGER NOT NULL,                -- start, ms
    kind TEXT NOT NULL,                 -- chat, complete, embed, models, custom
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status INTEGER NOT NULL,            -- as answered; 499 client left, 0 interrupted
    outcome TEXT NOT NULL,              -- finished, failed, cancelled, interrupted
    error TEXT,
    stream INTEGER NOT NULL,
    provider TEXT NOT NULL,             -- slug
    vendor TEXT NOT NULL,
    model_asked TEXT NOT NULL,
    model_served TEXT NOT NULL,
    tokens_in INTEGER NOT NULL,         -- cache reads included
    tokens_cached INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,        -- reasoning included
    tokens_reasoning INTEGER NOT NULL,
    cost INTEGER,                       -- nano-dollars; NULL: unpriced
    price TEXT,                         -- how the cost came about, JSON array of cost lines
    latency_us INTEGER NOT NULL,
    first_token_us INTEGER,
    overhead_us INTEGER NOT NULL,
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    parent_span_id TEXT,
    span_name TEXT NOT NULL,
    metadata TEXT NOT NULL,             -- JSON object of text
    config TEXT,                        -- slug
    config_version TEXT,
    cache_status TEXT NOT NULL,
    mode TEXT NOT NULL,                 -- single, fallback, …
    target TEXT NOT NULL,               -- JSON path of the target used
    retries INTEGER NOT NULL,
    runtime TEXT NOT NULL,              -- JSON {sdk_version, runtime, runtime_version}
    tokens_estimated INTEGER NOT NULL   -- 1: counted here, not by the provider
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_by_trace ON calls (trace_id);

CREATE TABLE attempts (
    call TEXT NOT NULL,
    number INTEGER NOT NULL,
    provider TEXT NOT NULL,
    vendor TEXT NOT NULL,
    model TEXT NOT NULL,
    target TEXT NOT NULL,
    url TEXT NOT NULL,
    status INTEGER NOT NULL,            -- 0: no answer
    error TEXT,
    started_us INTEGER NOT NULL,        -- after the call's start
    latency_us INTEGER NOT NULL,
    first_token_us INTEGER,
    PRIMARY KEY (call, number)
) STRICT, WITHOUT ROWID;

-- Headers and bodies of a call in one compressed frame (src/journal/frame.rs).
CREATE TABLE bodies (
    call TEXT PRIMARY KEY,
    frame BLOB NOT NULL
) STRICT;

-- One row a minute and combination; sketches are mergeable, so any span has its percentiles.
CREATE TABLE rollups (
    workspace TEXT NOT NULL,
    minute INTEGER NOT NULL,            -- start, ms
    provider TEXT NOT NULL,
    model TEXT NOT NULL,                -- as served
    key_id TEXT NOT NULL,
    status INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    latency BLOB NOT NULL,              -- sketch of microseconds (src/journal/sketch.rs)
    first_token BLOB NOT NULL,
    PRIMARY KEY (workspace, minute, provider, model, key_id, status)
) STRICT, WITHOUT ROWID;

-- The same by the hour, added up a day later (src/journal/fold.rs): a month is read in milliseconds.
CREATE TABLE rollup_hours (
    workspace TEXT NOT NULL,
    hour INTEGER NOT NULL,              -- start, ms
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    key_id TEXT NOT NULL,
    status INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    latency BLOB NOT NULL,
    first_token BLOB NOT NULL,
    PRIMARY KEY (workspace, hour, provider, model, key_id, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_use (
    key_id TEXT PRIMARY KEY,
    last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
