-- Personal data of a patient or another ownable. As in every resource, ids count 1, 2, 3 … within the clinic; an id is
-- never used twice, and the highest is 2^24, where the tree of deletions ends. `uid` is random and fixed at creation;
-- `version` counts from 1. The SSN is sealed to the operator's public key; only its last four digits can be read here.
CREATE TABLE person_informations (
  clinic_id TEXT NOT NULL,
  id INTEGER NOT NULL CONSTRAINT id_in_range CHECK (id BETWEEN 1 AND 16777216),
  uid TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  ownable_type TEXT NOT NULL,
  ownable_id INTEGER NOT NULL,
  first_name TEXT NOT NULL CHECK (length(first_name) BETWEEN 1 AND 255),
  last_name TEXT NOT NULL CHECK (length(last_name) BETWEEN 1 AND 255),
  date_of_birth TEXT NOT NULL CHECK (
    date_of_birth GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]' AND date_of_birth >= '1900-01-01'
  ),
  last_name_folded TEXT NOT NULL,
  first_name_folded TEXT NOT NULL,
  last_name_identity TEXT NOT NULL,
  first_name_identity TEXT NOT NULL,
  last_name_words TEXT,
  ssn_key_id TEXT,
  ssn_sealed TEXT,
  ssn_last_four TEXT CHECK (ssn_last_four GLOB '[0-9][0-9][0-9][0-9]'),
  phone TEXT CHECK (length(phone) BETWEEN 1 AND 255),
  email TEXT CHECK (length(email) BETWEEN 1 AND 254),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (clinic_id, id),
  FOREIGN KEY (clinic_id, ownable_type, ownable_id)
    REFERENCES ownables (clinic_id, type, id) ON UPDATE RESTRICT ON DELETE RESTRICT,
  CHECK ((ssn_key_id IS NULL) = (ssn_sealed IS NULL) AND (ssn_sealed IS NULL) = (ssn_last_four IS NULL))
) STRICT, WITHOUT ROWID;

-- Within an owner, the entries are ordered by `id`, which is the rest of the primary key.
CREATE INDEX person_informations_by_owner
  ON person_informations (clinic_id, ownable_type, ownable_id);

-- Search finds people by the beginning of their last name or by their date of birth. With the owner, the second index
-- also finds whether a person already exists; the `_identity` columns are the names to compare. `last_name_words` says
-- where else search finds a last name.
CREATE INDEX person_informations_by_name
  ON person_informations (clinic_id, last_name_folded, first_name_folded);
CREATE INDEX person_informations_by_date_of_birth
  ON person_informations (clinic_id, date_of_birth, last_name_folded, first_name_folded);
