-- What past calls cost was worked out again: who did it, over which days, and what it changed.

CREATE TABLE recomputes (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    at INTEGER NOT NULL,
    author TEXT NOT NULL,               -- a person's id, or the name of what is no person
    starts_at INTEGER NOT NULL,         -- first day, ms
    ends_at INTEGER NOT NULL,           -- start of the day after the last
    prices TEXT NOT NULL,               -- today: those of the day it was done; then: of each call's time
    calls INTEGER NOT NULL,             -- that changed
    before INTEGER NOT NULL,            -- nano-dollars of those calls; what had no cost is none
    after INTEGER NOT NULL
) STRICT;
