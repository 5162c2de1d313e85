-- What a key may call, whether a call may override its metadata, and how secrets of before a rotation are shown.

ALTER TABLE api_keys ADD COLUMN metadata_enforced INTEGER NOT NULL DEFAULT 1; -- 0: a call's own metadata wins
ALTER TABLE api_keys ADD COLUMN models TEXT NOT NULL DEFAULT '[]';            -- JSON array of patterns; empty: all
ALTER TABLE api_keys ADD COLUMN providers TEXT NOT NULL DEFAULT '[]';         -- JSON array of slugs; empty: all
ALTER TABLE past_secrets ADD COLUMN last_four TEXT NOT NULL DEFAULT '';
