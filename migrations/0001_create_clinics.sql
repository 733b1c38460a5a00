-- The clinics whose records are kept here. `state` is open, frozen, suspended, moved or arriving; code owns the list.
-- `record_limit` is how many records it may have; null if the operator has set no limit.
CREATE TABLE clinics (
  id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  state TEXT NOT NULL,
  created_at TEXT NOT NULL,
  record_limit INTEGER CHECK (record_limit >= 0)
) STRICT, WITHOUT ROWID;

-- Whom a clinic's records may be about: its main system keeps this registry current.
CREATE TABLE ownables (
  clinic_id TEXT NOT NULL CHECK (length(clinic_id) BETWEEN 1 AND 64),
  type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 64),
  id INTEGER NOT NULL CHECK (id > 0),
  created_at TEXT NOT NULL,
  PRIMARY KEY (clinic_id, type, id)
) STRICT, WITHOUT ROWID;
