-- People insured through a primary holder, an ownable of type Patient. The constant column is for the foreign key.
CREATE TABLE dependents (
  clinic_id TEXT NOT NULL,
  id INTEGER NOT NULL CONSTRAINT id_in_range CHECK (id BETWEEN 1 AND 16777216),
  uid TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  primary_holder_type TEXT NOT NULL GENERATED ALWAYS AS ('Patient') VIRTUAL,
  primary_holder_id INTEGER NOT NULL,
  first_name TEXT NOT NULL CHECK (length(first_name) BETWEEN 1 AND 255),
  last_name TEXT NOT NULL CHECK (length(last_name) BETWEEN 1 AND 255),
  date_of_birth TEXT NOT NULL CHECK (
    date_of_birth GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]' AND date_of_birth >= '1900-01-01'
  ),
  relationship TEXT NOT NULL,
  last_name_folded TEXT NOT NULL,
  first_name_folded TEXT NOT NULL,
  last_name_identity TEXT NOT NULL,
  first_name_identity TEXT NOT NULL,
  last_name_words TEXT,
  ssn_key_id TEXT,
  ssn_sealed TEXT,
  ssn_last_four TEXT CHECK (ssn_last_four GLOB '[0-9][0-9][0-9][0-9]'),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (clinic_id, id),
  FOREIGN KEY (clinic_id, primary_holder_type, primary_holder_id)
    REFERENCES ownables (clinic_id, type, id) ON UPDATE RESTRICT ON DELETE RESTRICT,
  CHECK ((ssn_key_id IS NULL) = (ssn_sealed IS NULL) AND (ssn_sealed IS NULL) = (ssn_last_four IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX dependents_by_owner ON dependents (clinic_id, primary_holder_id);

-- The same as for person_informations.
CREATE INDEX dependents_by_name
  ON dependents (clinic_id, last_name_folded, first_name_folded);
CREATE INDEX dependents_by_date_of_birth
  ON dependents (clinic_id, date_of_birth, last_name_folded, first_name_folded);
