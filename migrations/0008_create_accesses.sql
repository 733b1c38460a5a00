-- Who read what, was refused, or did something else that changes no record: one row a request, appended and
-- never changed. `ids` names records as ranges, such as 1-25,31, and holds nothing of their content.
CREATE TABLE accesses (
  clinic_id TEXT NOT NULL,
  at TEXT NOT NULL CHECK (length(at) = 24),
  request_id TEXT NOT NULL,
  token_id TEXT NOT NULL,
  action TEXT NOT NULL,
  resource TEXT NOT NULL,
  ids TEXT NOT NULL,
  status INTEGER NOT NULL,
  PRIMARY KEY (clinic_id, at, request_id)
) STRICT, WITHOUT ROWID;

-- The parts into which each clinic's streams, `changes` and `accesses`, are cut to be sealed: put into R2 under
-- clinic/stream/n/sha256. A segment is pending until it is there, then sealed. Once it is aged, R2 alone need have its
-- rows. `sha256` is of its NDJSON, whose first line has that of segment n - 1. `last` is the place of its last row: a
-- seq, or the time and request of an access.
CREATE TABLE segments (
  clinic_id TEXT NOT NULL,
  stream TEXT NOT NULL,
  n INTEGER NOT NULL CHECK (n > 0),
  state TEXT NOT NULL,
  row_count INTEGER NOT NULL CHECK (row_count > 0),
  last TEXT NOT NULL,
  last_at TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  sealed_at TEXT,
  PRIMARY KEY (clinic_id, stream, n)
) STRICT, WITHOUT ROWID;

-- The segments of accesses that are to age, oldest first.
CREATE INDEX segments_to_age ON segments (sealed_at) WHERE stream = 'accesses' AND state = 'sealed';
