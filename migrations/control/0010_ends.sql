-- When a provider ends, where somebody set it: calls of it are refused from then on.

CREATE TABLE provider_ends (
    provider TEXT PRIMARY KEY REFERENCES providers (id) ON DELETE CASCADE,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
