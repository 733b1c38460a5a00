-- Whom a clinic's insurance records may name: the clinic's main system keeps this registry current.
CREATE TABLE ownables (
  clinic_id TEXT NOT NULL CHECK (length(clinic_id) BETWEEN 1 AND 64),
  type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 64),
  id INTEGER NOT NULL CHECK (id > 0),
  created_at TEXT NOT NULL,
  PRIMARY KEY (clinic_id, type, id)
) STRICT, WITHOUT ROWID;

-- Records are never deleted, so `position` numbers a clinic's records 1, 2, 3 … without a gap:
-- max(position) is their count and a page is a range of positions.
-- The SSN is sealed to the operator's public key; only its last four digits can be read here.
CREATE TABLE person_informations (
  id INTEGER PRIMARY KEY,
  clinic_id TEXT NOT NULL,
  position INTEGER NOT NULL CHECK (position > 0),
  ownable_type TEXT NOT NULL,
  ownable_id INTEGER NOT NULL,
  first_name TEXT NOT NULL CHECK (length(first_name) BETWEEN 1 AND 255),
  last_name TEXT NOT NULL CHECK (length(last_name) BETWEEN 1 AND 255),
  date_of_birth TEXT NOT NULL CHECK (
    date_of_birth GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]' AND date_of_birth >= '1900-01-01'
  ),
  ssn_key_id TEXT,
  ssn_sealed TEXT,
  ssn_last_four TEXT CHECK (ssn_last_four GLOB '[0-9][0-9][0-9][0-9]'),
  phone TEXT CHECK (length(phone) BETWEEN 1 AND 255),
  email TEXT CHECK (length(email) BETWEEN 1 AND 254),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (clinic_id, position),
  FOREIGN KEY (clinic_id, ownable_type, ownable_id)
    REFERENCES ownables (clinic_id, type, id) ON UPDATE RESTRICT ON DELETE RESTRICT,
  CHECK ((ssn_key_id IS NULL) = (ssn_sealed IS NULL) AND (ssn_sealed IS NULL) = (ssn_last_four IS NULL))
) STRICT;

CREATE INDEX person_informations_by_ownable
  ON person_informations (clinic_id, ownable_type, ownable_id);

-- A primary holder is an ownable of type Patient; the constant column lets the foreign key say so.
CREATE TABLE dependents (
  id INTEGER PRIMARY KEY,
  clinic_id TEXT NOT NULL,
  position INTEGER NOT NULL CHECK (position > 0),
  primary_holder_type TEXT NOT NULL DEFAULT 'Patient' CHECK (primary_holder_type = 'Patient'),
  primary_holder_id INTEGER NOT NULL,
  first_name TEXT NOT NULL CHECK (length(first_name) BETWEEN 1 AND 255),
  last_name TEXT NOT NULL CHECK (length(last_name) BETWEEN 1 AND 255),
  date_of_birth TEXT NOT NULL CHECK (
    date_of_birth GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]' AND date_of_birth >= '1900-01-01'
  ),
  relationship TEXT NOT NULL CHECK (relationship IN ('spouse', 'child', 'parent', 'other')),
  ssn_key_id TEXT,
  ssn_sealed TEXT,
  ssn_last_four TEXT CHECK (ssn_last_four GLOB '[0-9][0-9][0-9][0-9]'),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (clinic_id, position),
  FOREIGN KEY (clinic_id, primary_holder_type, primary_holder_id)
    REFERENCES ownables (clinic_id, type, id) ON UPDATE RESTRICT ON DELETE RESTRICT,
  CHECK ((ssn_key_id IS NULL) = (ssn_sealed IS NULL) AND (ssn_sealed IS NULL) = (ssn_last_four IS NULL))
) STRICT;

CREATE INDEX dependents_by_primary_holder
  ON dependents (clinic_id, primary_holder_type, primary_holder_id);

-- One catalogue for all clinics. Plans are never deleted, only made inactive, so `id` itself is dense.
-- NOCASE folds ASCII only, which is how filters on carrier and plan type compare.
CREATE TABLE plans (
  id INTEGER PRIMARY KEY,
  external_id TEXT NOT NULL UNIQUE CHECK (length(external_id) BETWEEN 1 AND 255),
  plan_name TEXT NOT NULL CHECK (length(plan_name) BETWEEN 1 AND 255),
  carrier TEXT NOT NULL COLLATE NOCASE CHECK (length(carrier) BETWEEN 1 AND 255),
  plan_type TEXT NOT NULL COLLATE NOCASE CHECK (length(plan_type) BETWEEN 1 AND 255),
  coverage_details TEXT NOT NULL CHECK (json_valid(coverage_details) AND json_type(coverage_details) = 'object'),
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

CREATE INDEX plans_by_plan_type ON plans (plan_type, carrier, active);
CREATE INDEX plans_by_carrier ON plans (carrier, active);
CREATE INDEX plans_by_active ON plans (active, plan_type);
