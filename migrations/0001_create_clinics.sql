-- The clinics whose records are kept here. `state` is open, frozen, suspended, moved or arriving; the list is in the
-- code. `record_limit` is how many records a clinic may have; null if the operator has set no limit.
CREATE TABLE clinics (
  id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  state TEXT NOT NULL,
  created_at TEXT NOT NULL,
  record_limit INTEGER CHECK (record_limit >= 0)
) STRICT, WITHOUT ROWID;

-- The patients and other ownables that a clinic's records may name. The clinic's main system keeps this list current.
CREATE TABLE ownables (
  clinic_id TEXT NOT NULL CHECK (length(clinic_id) BETWEEN 1 AND 64),
  type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 64),
  id INTEGER NOT NULL CHECK (id > 0),
  created_at TEXT NOT NULL,
  PRIMARY KEY (clinic_id, type, id)
) STRICT, WITHOUT ROWID;
