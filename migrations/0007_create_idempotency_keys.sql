-- What a write under a key gave, so that the same request sent again gives the same. A key and its write are one
-- transaction. `fingerprint` is SHA-256 over the masked request. Keys are kept by the day of their first use,
-- looked up in today and yesterday, and swept by day, so they need no index by time.
CREATE TABLE idempotency_keys (
  day TEXT NOT NULL,
  clinic_id TEXT NOT NULL,
  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint TEXT NOT NULL,
  request_id TEXT NOT NULL,
  status INTEGER NOT NULL,
  record_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  records INTEGER NOT NULL,
  PRIMARY KEY (day, clinic_id, key)
) STRICT, WITHOUT ROWID;
