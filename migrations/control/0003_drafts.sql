-- Configs as people edit them: a draft, and versions with a note. And what the admin API tells of keys and providers.

-- Goes up with each change of draft and publication: an editor sends back the one it began with.
ALTER TABLE configs ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE config_versions ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- One draft for all who edit a config. A config that was never published has the empty version.
CREATE TABLE drafts (
    config TEXT PRIMARY KEY REFERENCES configs (id) ON DELETE CASCADE,
    body TEXT NOT NULL,                 -- as typed; it need not be JSON
    base INTEGER NOT NULL,              -- number of the version it began from; 0: none
    author TEXT,
    updated_at INTEGER NOT NULL
) STRICT;

-- What a person typed and could not save, for another one was quicker.
CREATE TABLE asides (
    config TEXT NOT NULL REFERENCES configs (id) ON DELETE CASCADE,
    person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (config, person)
) STRICT;

ALTER TABLE api_keys ADD COLUMN kind TEXT NOT NULL DEFAULT 'workspace-service';
ALTER TABLE api_keys ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN config_override INTEGER NOT NULL DEFAULT 1; -- 0: a call may not bring its own config
ALTER TABLE api_keys ADD COLUMN updated_at INTEGER;                         -- NULL: as it was made

-- Secrets of before a rotation, for as long as they still open.
CREATE TABLE past_secrets (
    secret_hash BLOB PRIMARY KEY,
    key TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    until INTEGER NOT NULL
) STRICT;

ALTER TABLE providers ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE providers ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE providers ADD COLUMN standing TEXT NOT NULL DEFAULT 'provider'; -- provider, integration or both
ALTER TABLE providers ADD COLUMN integration TEXT REFERENCES providers (id); -- whose vendor, address and credential it has; NULL: its own
