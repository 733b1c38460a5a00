-- Which record a key made, so that the same request sent again finds it. A key and its record are written
-- in one batch. `fingerprint` is SHA-256 over the masked request; rows live for a day.
CREATE TABLE idempotency_keys (
  clinic_id TEXT NOT NULL,
  token_id TEXT NOT NULL,
  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint TEXT NOT NULL,
  request_id TEXT NOT NULL,
  record_id INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (clinic_id, token_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_created_at ON idempotency_keys (created_at);
