-- The events that the embedded relay holds. Ids are 32 bytes, times unix seconds.

CREATE TABLE settings (
  name TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys tags in the index below. Random, so that nobody can aim at two tags with one key.
INSERT INTO settings VALUES ('tag_salt', randomblob(16));

-- A number of a few bytes stands for a public key of 32 in every index.
CREATE TABLE authors (
  author_no INTEGER PRIMARY KEY,
  pubkey TEXT NOT NULL UNIQUE CHECK (length(pubkey) = 64)
) STRICT;

-- `arrival` counts up in the order of acceptance and is never used twice. `json` is served as it is; it is
-- compact, so it holds no line feed. `address` is set where one version is kept (replaceable, addressable).
CREATE TABLE events (
  arrival INTEGER PRIMARY KEY,
  event_id BLOB NOT NULL UNIQUE CHECK (length(event_id) = 32),
  author_no INTEGER NOT NULL REFERENCES authors,
  kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 65535),
  created_at INTEGER NOT NULL CHECK (created_at >= 0),
  address BLOB UNIQUE CHECK (length(address) = 32),
  json BLOB NOT NULL
) STRICT;

-- Pages are read newest first, so every index ends with the time.
CREATE INDEX events_by_author_kind ON events (author_no, kind, created_at DESC);
CREATE INDEX events_by_author ON events (author_no, created_at DESC);
CREATE INDEX events_by_kind ON events (kind, created_at DESC);
CREATE INDEX events_by_time ON events (created_at DESC);

-- One row per different (letter, value) of an event; kind and author are here to be tested without a look at
-- the event itself.
CREATE TABLE tags (
  tag_key INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  arrival INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  author_no INTEGER NOT NULL,
  PRIMARY KEY (tag_key, created_at DESC, arrival)
) STRICT, WITHOUT ROWID;
