-- What each attempt used and waited for, what a hit of the cache saved, and how often the cache was asked.

ALTER TABLE attempts ADD COLUMN tokens_in INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN tokens_out INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN cost INTEGER;                           -- nano-dollars; NULL: unpriced
ALTER TABLE attempts ADD COLUMN waited_us INTEGER NOT NULL DEFAULT 0;   -- before it began
ALTER TABLE attempts ADD COLUMN retry INTEGER NOT NULL DEFAULT 0;       -- 0: first try of its target

ALTER TABLE calls ADD COLUMN saved_cost INTEGER;                        -- nano-dollars that a hit saved; NULL: unpriced
ALTER TABLE calls ADD COLUMN saved_us INTEGER NOT NULL DEFAULT 0;

ALTER TABLE rollups ADD COLUMN cache_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollups ADD COLUMN cache_asked INTEGER NOT NULL DEFAULT 0;  -- calls that asked the cache, hits included

ALTER TABLE rollup_hours ADD COLUMN cache_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollup_hours ADD COLUMN cache_asked INTEGER NOT NULL DEFAULT 0;
