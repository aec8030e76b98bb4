-- The store: signed events, the entries that they carry, and what is known of each relay.
-- Ids are 32 bytes, times unix seconds, costs micro-dollars.
-- CHECKs spell their choices with OR: for IN, SQLite builds a table anew for every row, 2 µs each time.

CREATE TABLE settings (
  name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  account_no INTEGER PRIMARY KEY,
  account BLOB NOT NULL UNIQUE CHECK (length(account) = 32),
  label TEXT UNIQUE CHECK (length(label) BETWEEN 1 AND 200),
  plan TEXT CHECK (length(plan) BETWEEN 1 AND 100),
  anchor INTEGER NOT NULL CHECK (anchor >= 0),
  open_number INTEGER UNIQUE CHECK (open_number >= 1),
  created_at INTEGER NOT NULL CHECK (created_at >= 0)
) STRICT;

-- The head of each stream, with the fold's state after it: a balance costs one row, whatever the history.
CREATE TABLE streams (
  stream_no INTEGER PRIMARY KEY,
  account_no INTEGER NOT NULL REFERENCES accounts,
  meter TEXT NOT NULL CHECK (length(meter) BETWEEN 1 AND 100),
  seq INTEGER NOT NULL CHECK (seq >= 1),
  head_id BLOB NOT NULL CHECK (length(head_id) = 32),
  created_at INTEGER NOT NULL CHECK (created_at >= 0),
  state TEXT NOT NULL,
  status TEXT NOT NULL CHECK (
    status = 'provisional' OR status = 'verified' OR status = 'incomplete' OR status = 'stale'
    OR status = 'conflict'),
  UNIQUE (account_no, meter)
) STRICT;

CREATE TRIGGER stream_never_goes_back BEFORE UPDATE OF seq ON streams WHEN NEW.seq < OLD.seq
BEGIN SELECT raise(ABORT, 'a stream never goes back'); END;
CREATE TRIGGER stream_is_kept BEFORE DELETE ON streams
BEGIN SELECT raise(ABORT, 'streams are append-only'); END;

-- Every signed event, in the order of commit; apart from `entries`, so that a scan of the ledger stays narrow.
CREATE TABLE events (
  event_no INTEGER PRIMARY KEY,
  event_id BLOB NOT NULL CHECK (length(event_id) = 32),
  event BLOB NOT NULL CHECK (length(event) > 0),
  sig_checked INTEGER NOT NULL CHECK (sig_checked IN (0, 1)),
  has_entry INTEGER NOT NULL CHECK (has_entry IN (0, 1))
) STRICT;

CREATE INDEX events_without_entries ON events (event_no) WHERE has_entry = 0;

-- Ids are random, so a commit dirties a page of this index for every row: the shorter, the fewer. Eight bytes
-- find the row, the whole id is then compared; an id held twice is kept out by the slot (entries) or by a
-- look first (other events).
CREATE INDEX events_by_id ON events (substr(event_id, 1, 8));

-- A copy whose signature was not checked may give way to one whose signature was; nothing else changes.
CREATE TRIGGER event_is_final BEFORE UPDATE ON events
WHEN OLD.sig_checked = 1 OR NEW.sig_checked = 0 OR NEW.event_no <> OLD.event_no
  OR NEW.event_id <> OLD.event_id OR NEW.has_entry <> OLD.has_entry
BEGIN SELECT raise(ABORT, 'events are append-only'); END;
CREATE TRIGGER event_is_kept BEFORE DELETE ON events
BEGIN SELECT raise(ABORT, 'events are append-only'); END;

CREATE TABLE entries (
  entry_no INTEGER PRIMARY KEY REFERENCES events,
  stream_no INTEGER NOT NULL REFERENCES streams,
  seq INTEGER NOT NULL CHECK (seq >= 1),
  entry_id BLOB NOT NULL CHECK (length(entry_id) = 32),
  operation TEXT NOT NULL CHECK (
    operation = 'debit' OR operation = 'grant' OR operation = 'expire' OR operation = 'close'
    OR operation = 'refund' OR operation = 'reverse' OR operation = 'open' OR operation = 'plan'
    OR operation = 'memo' OR operation = 'gauge'),
  type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 100),
  tokens INTEGER NOT NULL CHECK (tokens BETWEEN 0 AND 999999999999999),
  cost INTEGER NOT NULL CHECK (cost >= 0),
  balance INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL CHECK (occurred_at >= 0),
  created_at INTEGER NOT NULL CHECK (created_at >= 0),
  month TEXT NOT NULL CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]'),
  request BLOB NOT NULL CHECK (length(request) = 16),
  ref BLOB CHECK (length(ref) = 32),
  lot_source TEXT CHECK (
    lot_source = 'allowance' OR lot_source = 'purchased' OR lot_source = 'rollover' OR lot_source = 'promo'
    OR lot_source = 'gift' OR lot_source = 'adjustment'),
  actor TEXT,
  member_group TEXT,
  prompt TEXT,
  draws TEXT,
  UNIQUE (stream_no, seq)
) STRICT;

CREATE INDEX entries_by_ref ON entries (ref) WHERE ref IS NOT NULL;

CREATE TRIGGER entry_is_final BEFORE UPDATE ON entries
BEGIN SELECT raise(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entry_is_kept BEFORE DELETE ON entries
BEGIN SELECT raise(ABORT, 'entries are append-only'); END;

-- Sums by month of occurred_at, kept in the transaction that appends the entries.
CREATE TABLE month_totals (
  stream_no INTEGER NOT NULL REFERENCES streams,
  month TEXT NOT NULL,
  operation TEXT NOT NULL,
  type TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 1),
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  cost INTEGER NOT NULL CHECK (cost >= 0),
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  PRIMARY KEY (stream_no, month, operation, type)
) STRICT, WITHOUT ROWID;

CREATE INDEX month_totals_by_month ON month_totals (month);

-- The operator's idempotency: which entry answered a request, kept as long as the entry.
CREATE TABLE requests (
  account_no INTEGER NOT NULL REFERENCES accounts,
  key_digest BLOB NOT NULL CHECK (length(key_digest) BETWEEN 16 AND 32),
  body_digest BLOB NOT NULL CHECK (length(body_digest) BETWEEN 16 AND 32),
  entry_no INTEGER NOT NULL REFERENCES entries,
  PRIMARY KEY (account_no, key_digest)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER request_is_final BEFORE UPDATE ON requests
BEGIN SELECT raise(ABORT, 'requests are append-only'); END;
CREATE TRIGGER request_is_kept BEFORE DELETE ON requests
BEGIN SELECT raise(ABORT, 'requests are append-only'); END;

-- Private text known here; relays hold it sealed, or only its hash.
CREATE TABLE details (
  entry_no INTEGER PRIMARY KEY REFERENCES entries,
  description TEXT,
  salt BLOB,
  metadata TEXT
) STRICT;

-- 63 relays at most: `sightings.relay_mask` has one bit for each.
-- `confirmed` counts the rows of the outbox in that state, which are most of it.
CREATE TABLE relays (
  relay_no INTEGER PRIMARY KEY CHECK (relay_no BETWEEN 0 AND 62),
  url TEXT NOT NULL UNIQUE CHECK (length(url) BETWEEN 1 AND 2000),
  confirmed INTEGER NOT NULL DEFAULT 0 CHECK (confirmed >= 0)
) STRICT;

-- next_attempt_at: when to send a pending event, or to read back an accepted one.
CREATE TABLE outbox (
  event_no INTEGER NOT NULL REFERENCES events,
  relay_no INTEGER NOT NULL REFERENCES relays,
  state TEXT NOT NULL CHECK (
    state = 'pending' OR state = 'accepted' OR state = 'confirmed' OR state = 'refused'),
  attempts INTEGER NOT NULL CHECK (attempts >= 0),
  next_attempt_at INTEGER NOT NULL,
  reason TEXT NOT NULL CHECK (length(reason) <= 1000),
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (event_no, relay_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due ON outbox (relay_no, state, next_attempt_at, event_no)
WHERE state = 'pending' OR state = 'accepted' OR state = 'refused';

CREATE TABLE sightings (
  entry_no INTEGER PRIMARY KEY REFERENCES entries,
  relay_mask INTEGER NOT NULL
) STRICT;

-- Evidence: events that claim the slot of the entry held.
CREATE TABLE forks (
  stream_no INTEGER NOT NULL REFERENCES streams,
  seq INTEGER NOT NULL CHECK (seq >= 1),
  event_id BLOB NOT NULL CHECK (length(event_id) = 32),
  event BLOB NOT NULL,
  sig_checked INTEGER NOT NULL CHECK (sig_checked IN (0, 1)),
  PRIMARY KEY (stream_no, seq, event_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE problems (
  problem_no INTEGER PRIMARY KEY,
  stream_no INTEGER NOT NULL REFERENCES streams,
  code TEXT NOT NULL CHECK (length(code) BETWEEN 1 AND 100),
  seq INTEGER,
  entry_id BLOB CHECK (length(entry_id) = 32),
  message TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX problems_once
ON problems (stream_no, code, coalesce(seq, 0), coalesce(entry_id, x''), message);

-- The last (seq, id) that the user has seen of a stream.
CREATE TABLE pins (
  stream_no INTEGER PRIMARY KEY REFERENCES streams,
  seq INTEGER NOT NULL CHECK (seq >= 1),
  entry_id BLOB NOT NULL CHECK (length(entry_id) = 32)
) STRICT;

CREATE TRIGGER pin_never_goes_back BEFORE UPDATE ON pins
WHEN NEW.stream_no <> OLD.stream_no OR NEW.seq < OLD.seq
  OR (NEW.seq = OLD.seq AND NEW.entry_id <> OLD.entry_id)
BEGIN SELECT raise(ABORT, 'a pin never goes back'); END;
CREATE TRIGGER pin_is_kept BEFORE DELETE ON pins
BEGIN SELECT raise(ABORT, 'a pin never goes back'); END;
