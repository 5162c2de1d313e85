-- Blocks in a form that is walked in a third of the time, and beside each what was called by whom: counts need no more.

DROP TABLE call_blocks;

-- Made anew from the calls, the newest hour first; until then the calls themselves are read.
CREATE TABLE call_blocks (
    workspace TEXT NOT NULL,
    hour INTEGER NOT NULL,              -- start, ms
    calls INTEGER NOT NULL,
    tallies BLOB NOT NULL,              -- calls, tokens and cost by provider, model, key and status (src/store/blocks/tallies.rs)
    block BLOB NOT NULL,                -- (src/store/blocks/form.rs)
    PRIMARY KEY (workspace, hour)
) STRICT;
