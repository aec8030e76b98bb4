-- Spending safely: tokens that are promised but not yet used, what was spent of budgets, alerts already given.
-- Holds are the operator's own and never published; only the debits that they become are.

-- key_digest names a hold as long as the file lives, as `requests` does for entries.
CREATE TABLE holds (
  hold_no INTEGER PRIMARY KEY,
  hold_id BLOB NOT NULL UNIQUE CHECK (length(hold_id) = 16),
  account_no INTEGER NOT NULL REFERENCES accounts,
  stream_no INTEGER NOT NULL REFERENCES streams,
  tokens INTEGER NOT NULL CHECK (tokens BETWEEN 0 AND 999999999999999),
  activity TEXT NOT NULL CHECK (length(activity) BETWEEN 1 AND 100),
  add_ons TEXT NOT NULL,
  actor TEXT,
  member_group TEXT,
  model TEXT,
  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
  key_digest BLOB NOT NULL CHECK (length(key_digest) = 32),
  body_digest BLOB NOT NULL CHECK (length(body_digest) = 32),
  state TEXT NOT NULL CHECK (
    state = 'open' OR state = 'settled' OR state = 'voided' OR state = 'expired'),
  created_at INTEGER NOT NULL CHECK (created_at >= 0),
  expires_at INTEGER NOT NULL CHECK (expires_at > created_at),
  settle_digest BLOB CHECK (length(settle_digest) = 32),
  entry_no INTEGER REFERENCES entries,
  CHECK ((state = 'settled') = (entry_no IS NOT NULL AND settle_digest IS NOT NULL)),
  UNIQUE (account_no, key_digest)
) STRICT;

CREATE INDEX holds_open ON holds (stream_no, expires_at, tokens) WHERE state = 'open';

CREATE TRIGGER hold_ends_once BEFORE UPDATE ON holds
WHEN OLD.state = 'settled' OR OLD.state = 'voided' OR NEW.hold_id <> OLD.hold_id
  OR NEW.key_digest <> OLD.key_digest OR (NEW.tokens <> OLD.tokens AND OLD.state <> 'expired')
BEGIN SELECT raise(ABORT, 'a hold ends once'); END;
CREATE TRIGGER hold_is_kept BEFORE DELETE ON holds
BEGIN SELECT raise(ABORT, 'a hold ends once'); END;

-- Which models a debit names: budgets by model count by it.
CREATE TABLE entry_models (
  entry_no INTEGER NOT NULL REFERENCES entries,
  model TEXT NOT NULL,
  PRIMARY KEY (entry_no, model)
) STRICT, WITHOUT ROWID;

-- What a subject spent in its current window, up to and including through_seq. Only a saved sum: entries say
-- the same, and a row that is missing is added up again.
CREATE TABLE tallies (
  stream_no INTEGER NOT NULL REFERENCES streams,
  scope TEXT NOT NULL CHECK (
    scope = 'account' OR scope = 'member' OR scope = 'group' OR scope = 'model' OR scope = 'activity'),
  subject TEXT NOT NULL,
  period TEXT NOT NULL CHECK (period = 'day' OR period = 'month'),
  start INTEGER NOT NULL,
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  through_seq INTEGER NOT NULL CHECK (through_seq >= 0),
  PRIMARY KEY (stream_no, scope, subject, period)
) STRICT, WITHOUT ROWID;

-- Budgets of an account's own: they go before its plan's for the same scope, subject and period.
CREATE TABLE budgets (
  account_no INTEGER NOT NULL REFERENCES accounts,
  scope TEXT NOT NULL CHECK (
    scope = 'account' OR scope = 'member' OR scope = 'group' OR scope = 'model' OR scope = 'activity'),
  subject TEXT NOT NULL CHECK (length(subject) <= 100),
  period TEXT NOT NULL CHECK (period = 'day' OR period = 'month'),
  tokens INTEGER NOT NULL CHECK (tokens BETWEEN 0 AND 999999999999999),
  enforcement TEXT NOT NULL CHECK (
    enforcement = 'warn' OR enforcement = 'refuse' OR enforcement = 'raise_or_wait'),
  PRIMARY KEY (account_no, scope, subject, period)
) STRICT, WITHOUT ROWID;

-- Alerts given: each once a cycle or window, and again only after a top-up. armed_by is what grows with one:
-- the tokens ever granted to the stream, or the size of the budget.
CREATE TABLE alerts (
  stream_no INTEGER NOT NULL REFERENCES streams,
  kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 20),
  subject TEXT NOT NULL,
  threshold INTEGER NOT NULL,
  since INTEGER NOT NULL,
  armed_by INTEGER NOT NULL,
  remaining INTEGER NOT NULL,
  given_at INTEGER NOT NULL,
  PRIMARY KEY (stream_no, kind, subject, threshold, since)
) STRICT, WITHOUT ROWID;
