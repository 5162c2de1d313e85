-- The index of traces apart from the calls. Trace ids are random: an index that each call changes at once costs a page a
-- call, one that thousands change in their own order a fraction of that (src/store/traced.rs).

DROP VIEW traced;

CREATE TABLE trace_calls (
    trace_id TEXT NOT NULL,
    id TEXT NOT NULL,                   -- of a call that is not its own trace
    PRIMARY KEY (trace_id, id)
) STRICT, WITHOUT ROWID;

INSERT INTO trace_calls SELECT trace_id, id FROM calls WHERE trace_id <> id ORDER BY 1, 2;
DROP INDEX calls_by_trace;

-- Calls that are still to come into it: a row a transaction.
CREATE TABLE trace_fresh (
    n INTEGER PRIMARY KEY,
    calls TEXT NOT NULL                 -- JSON array of ids
) STRICT;

-- What is asked by trace is asked of this, once no call is fresh: each half has its index.
CREATE VIEW traced AS
SELECT t.id AS id, workspace, key_id, key_name, at, kind, method, path, status, outcome, error, stream, provider, vendor,
       model_asked, model_served, tokens_in, tokens_cached, tokens_out, tokens_reasoning, cost, price, latency_us,
       first_token_us, overhead_us, t.trace_id AS trace_id, span_id, parent_span_id, span_name, metadata, config,
       config_version, cache_status, mode, target, retries, runtime, tokens_estimated, saved_cost, saved_us
FROM trace_calls AS t CROSS JOIN calls AS c ON c.id = t.id
UNION ALL
SELECT id, workspace, key_id, key_name, at, kind, method, path, status, outcome, error, stream, provider, vendor,
       model_asked, model_served, tokens_in, tokens_cached, tokens_out, tokens_reasoning, cost, price, latency_us,
       first_token_us, overhead_us, trace_id, span_id, parent_span_id, span_name, metadata, config,
       config_version, cache_status, mode, target, retries, runtime, tokens_estimated, saved_cost, saved_us
FROM calls WHERE id = trace_id;
