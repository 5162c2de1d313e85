-- A key of metadata may have a thousand values: what they had in an hour or a day becomes one row, so that a month of them is read at once.

CREATE TABLE rollup_values (
    workspace TEXT NOT NULL,
    grain INTEGER NOT NULL,             -- ms: 3600000 or 86400000
    key TEXT NOT NULL,                  -- of metadata
    at INTEGER NOT NULL,                -- start, ms
    pack BLOB NOT NULL,                 -- figures of each value (src/store/values/pack.rs)
    PRIMARY KEY (workspace, grain, key, at)
) STRICT;

-- Sums of metadata that are not packed yet: the next start does it, a stretch at a time.
CREATE TABLE values_unpacked (
    workspace TEXT NOT NULL,
    grain INTEGER NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (workspace, grain, key, at)
) STRICT, WITHOUT ROWID;

INSERT INTO values_unpacked
SELECT DISTINCT workspace, grain, substr(dimension, 6), at FROM rollup_sums WHERE dimension GLOB 'meta.*';
