-- Answers kept for calls that ask the same again. This file may be deleted at any time.

CREATE TABLE entries (
    key BLOB PRIMARY KEY,               -- SHA-256 of what was asked
    stored_at INTEGER NOT NULL,         -- ms
    expires_at INTEGER NOT NULL,        -- ms; no call may have it later, whatever its config says
    size INTEGER NOT NULL,              -- bytes of the entry
    last_hit INTEGER NOT NULL,          -- ms; when it was stored, where it was not asked for again
    hits INTEGER NOT NULL,
    entry BLOB NOT NULL                 -- facts and answer, zstd
) STRICT;

CREATE INDEX entries_expiry ON entries (expires_at);

-- What was asked for longest ago goes first; sizes are summed without a look at the entries.
CREATE INDEX entries_unused ON entries (last_hit, size);
