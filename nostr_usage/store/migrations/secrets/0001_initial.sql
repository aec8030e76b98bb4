-- The keys of accounts, apart from the store: a copy of the ledger is no copy of these.

CREATE TABLE account_secrets (
  account BLOB NOT NULL PRIMARY KEY CHECK (length(account) = 32),
  request_secret BLOB NOT NULL CHECK (length(request_secret) = 32),
  operator_secret BLOB NOT NULL CHECK (length(operator_secret) = 32),
  account_secret BLOB CHECK (length(account_secret) = 32)
) STRICT;
