-- The journal: one row for every write of a record, in the transaction that wrote it. D1 has one writer, so `seq` is
-- the order of commits. The highest id and `seq` ever given out are found here. `before` is the record as it was stored
-- until then; null for a creation. `changed` names the fields that an amendment changed. After a restore to an earlier
-- time, a row with action `skip` has the highest id that may have been given out, and -seq as its version.
CREATE TABLE changes (
  clinic_id TEXT NOT NULL,
  seq INTEGER NOT NULL CHECK (seq > 0),
  resource TEXT NOT NULL,
  record_id INTEGER NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0 OR version = -seq),
  action TEXT NOT NULL,
  at TEXT NOT NULL,
  token_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  changed TEXT NOT NULL CHECK (json_type(changed) = 'array'),
  before TEXT CHECK (json_type(before) = 'object'),
  PRIMARY KEY (clinic_id, seq)
) STRICT, WITHOUT ROWID;

-- A record's history.
CREATE UNIQUE INDEX changes_by_record ON changes (clinic_id, resource, record_id, version);
