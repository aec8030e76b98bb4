-- Organisations: accounts whose entries name a member. Who is behind a pseudonym is the operator's own knowledge
-- and never published; entries carry the pseudonym alone.

CREATE TABLE organisations (
  account_no INTEGER PRIMARY KEY REFERENCES accounts,
  created_at INTEGER NOT NULL CHECK (created_at >= 0)
) STRICT;

CREATE TABLE departments (
  account_no INTEGER NOT NULL REFERENCES organisations,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  pseudonym TEXT NOT NULL CHECK (length(pseudonym) BETWEEN 1 AND 100),
  created_at INTEGER NOT NULL CHECK (created_at >= 0),
  PRIMARY KEY (account_no, name),
  UNIQUE (account_no, pseudonym)
) STRICT, WITHOUT ROWID;

-- A member who left is kept: entries go on naming them.
CREATE TABLE members (
  account_no INTEGER NOT NULL REFERENCES organisations,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  pseudonym TEXT NOT NULL CHECK (length(pseudonym) BETWEEN 1 AND 100),
  department TEXT,
  added_at INTEGER NOT NULL CHECK (added_at >= 0),
  removed_at INTEGER CHECK (removed_at >= added_at),
  PRIMARY KEY (account_no, name),
  UNIQUE (account_no, pseudonym),
  FOREIGN KEY (account_no, department) REFERENCES departments (account_no, name)
) STRICT, WITHOUT ROWID;
