-- The result of a write under a key, so that the same request sent again gets the same answer. A key and its write are
-- one transaction, and the write is derived from this row. `fingerprint` is SHA-256 over the masked request. A key
-- lasts for 24 hours and until the next hourly sweep, which reads all keys, so no index by time is needed.
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
