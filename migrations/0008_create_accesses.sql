-- Requests that read records, were refused, or did something else that changes no record: one row each, never changed.
-- `ids` names records as ranges, such as 1-25,31, and has nothing of their content.
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

-- Each clinic's streams, `changes` and `accesses`, are cut into segments to be sealed: put into R2 under
-- clinic/stream/n/sha256. A segment is pending until R2 has it, then sealed. Once it is aged, its rows may be only in
-- R2. `sha256` is the digest of its NDJSON, whose first line has the digest of segment n - 1. `last` is the place of
-- its last row: a seq, or the time and request of an access.
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

-- The segments of accesses that will age next, oldest first.
CREATE INDEX segments_to_age ON segments (sealed_at) WHERE stream = 'accesses' AND state = 'sealed';
