-- The clinics whose records are kept here. `state` says whether one is open, frozen or suspended. `epoch` counts how
-- often the database was set back to an earlier time; changes are numbered on after `seq_floor`, so that no number is
-- given twice.
CREATE TABLE clinics (
  id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  state TEXT NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 1 CHECK (epoch > 0),
  seq_floor INTEGER NOT NULL DEFAULT 0 CHECK (seq_floor >= 0),
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Whom a clinic's records may be about: its main system keeps this registry current.
CREATE TABLE ownables (
  clinic_id TEXT NOT NULL CHECK (length(clinic_id) BETWEEN 1 AND 64),
  type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 64),
  id INTEGER NOT NULL CHECK (id > 0),
  created_at TEXT NOT NULL,
  PRIMARY KEY (clinic_id, type, id)
) STRICT, WITHOUT ROWID;
