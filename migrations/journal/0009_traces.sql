-- A call that is given no trace is its own: the trace's id is the call's, which needs no index.

DROP INDEX calls_by_trace;
CREATE INDEX calls_by_trace ON calls (trace_id) WHERE trace_id <> id;

-- What is asked by trace is asked of this: each half has its index.
CREATE VIEW traced AS
SELECT * FROM calls WHERE trace_id <> id UNION ALL SELECT * FROM calls WHERE id = trace_id;
