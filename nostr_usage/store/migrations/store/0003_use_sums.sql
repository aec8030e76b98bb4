-- What was used by day and month: by activity, model, member, group, prompt and hour. Only saved sums of debits
-- less refunds, through an entry that `use_sums_through` names: entries say the same, and views add what came after.
-- Nothing that writes entries writes here; views bring it up to date.

-- period counts days, or months, since January 1970 (UTC); an empty name is what was not known.
CREATE TABLE use_sums (
  stream_no INTEGER NOT NULL REFERENCES streams,
  span TEXT NOT NULL CHECK (span = 'day' OR span = 'month'),
  dimension TEXT NOT NULL CHECK (length(dimension) BETWEEN 1 AND 20),
  period INTEGER NOT NULL CHECK (period >= 0),
  name TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  tokens INTEGER NOT NULL,
  cost INTEGER NOT NULL,
  PRIMARY KEY (stream_no, span, dimension, period, name)
) STRICT, WITHOUT ROWID;

-- What models reported: prompt and completion tokens and other units, each in one bucket.
CREATE TABLE unit_sums (
  stream_no INTEGER NOT NULL REFERENCES streams,
  span TEXT NOT NULL CHECK (span = 'day' OR span = 'month'),
  period INTEGER NOT NULL CHECK (period >= 0),
  model TEXT NOT NULL,
  bucket TEXT NOT NULL,
  units INTEGER NOT NULL CHECK (units >= 0),
  PRIMARY KEY (stream_no, span, period, model, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE use_sums_through (
  stream_no INTEGER PRIMARY KEY REFERENCES streams,
  seq INTEGER NOT NULL CHECK (seq >= 1)
) STRICT;
