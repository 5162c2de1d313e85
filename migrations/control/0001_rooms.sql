-- People, providers, keys and configs: what is edited by hand and must outlive everything else.

CREATE TABLE workspaces (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Objects of the set-up file and of the environment belong here; the first account joins it as its owner.
INSERT INTO workspaces (id, slug, name, created_at) VALUES ('default', 'default', 'Default', 0);

CREATE TABLE people (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password_hash TEXT NOT NULL,
    origin TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    person TEXT NOT NULL REFERENCES people (id),
    role TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, person)
) STRICT;

CREATE TABLE invites (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    secret_hash BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    created_by TEXT NOT NULL REFERENCES people (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    taken_by TEXT REFERENCES people (id),
    taken_at INTEGER
) STRICT;

CREATE TABLE providers (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    slug TEXT NOT NULL,
    vendor TEXT NOT NULL,
    base_url TEXT,                      -- NULL: the vendor's own
    credential BLOB,                    -- sealed; NULL: none needed
    hint TEXT NOT NULL,                 -- such as csk-…9f2e
    origin TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace, slug)
) STRICT;

CREATE TABLE configs (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,              -- the published row of config_versions
    origin TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace, slug)
) STRICT;

-- Immutable: publishing adds a row and moves configs.version.
CREATE TABLE config_versions (
    id TEXT PRIMARY KEY,
    config TEXT NOT NULL REFERENCES configs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    author TEXT,                        -- NULL: a file
    created_at INTEGER NOT NULL,
    UNIQUE (config, number)
) STRICT;

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,   -- SHA-256: keys have the entropy
    last_four TEXT NOT NULL,
    scopes TEXT NOT NULL,               -- JSON array of text
    config TEXT,                        -- slug of the default config
    metadata TEXT NOT NULL,             -- JSON object of text
    origin TEXT NOT NULL,
    created_by TEXT REFERENCES people (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE INDEX api_keys_by_workspace ON api_keys (workspace, created_at);
