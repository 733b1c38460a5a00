-- What a write under a key gave, so that the same request sent again gives the same. A key and its write are one
-- transaction, and all that the write does follows from this row. `fingerprint` is SHA-256 over the masked request.
-- A key answers for 24 hours and until the hourly sweep, which goes through all keys, so no index by time is needed.
CREATE TABLE idempotency_keys (
  clinic_id TEXT NOT NULL,
  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  at TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  request_id TEXT NOT NULL,
  status INTEGER NOT NULL,
  record_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  records INTEGER NOT NULL,
  PRIMARY KEY (clinic_id, key)
) STRICT, WITHOUT ROWID;
