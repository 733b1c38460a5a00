-- A patient's insurance: a plan of the catalogue or, if the catalogue lacks it, a carrier by name. `relationship` is
-- what the patient is to the subscriber: the patient (`self`), another patient, or someone known by name. The
-- `_identity` columns are for comparing coverages. The named rules are also in src/resources/coverage.ts, with their
-- messages.
CREATE TABLE coverages (
  clinic_id TEXT NOT NULL,
  id INTEGER NOT NULL CONSTRAINT id_in_range CHECK (id BETWEEN 1 AND 16777216),
  uid TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  patient_type TEXT NOT NULL GENERATED ALWAYS AS ('Patient') VIRTUAL,
  patient_id INTEGER NOT NULL,
  plan_id INTEGER REFERENCES plans (id) ON UPDATE RESTRICT ON DELETE RESTRICT,
  carrier TEXT CHECK (length(carrier) BETWEEN 1 AND 255),
  member_id TEXT NOT NULL CHECK (length(member_id) BETWEEN 1 AND 80),
  group_number TEXT CHECK (length(group_number) BETWEEN 1 AND 50),
  relationship TEXT NOT NULL,
  subscriber_id INTEGER,
  subscriber_first_name TEXT CHECK (length(subscriber_first_name) BETWEEN 1 AND 255),
  subscriber_last_name TEXT CHECK (length(subscriber_last_name) BETWEEN 1 AND 255),
  subscriber_date_of_birth TEXT CHECK (
    subscriber_date_of_birth GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'
    AND subscriber_date_of_birth >= '1900-01-01'
  ),
  priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 9),
  starts_on TEXT CHECK (
    starts_on GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]' AND starts_on >= '1900-01-01'
  ),
  ends_on TEXT CHECK (
    ends_on GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]' AND ends_on >= '1900-01-01'
  ),
  carrier_identity TEXT,
  member_id_identity TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (clinic_id, id),
  FOREIGN KEY (clinic_id, patient_type, patient_id)
    REFERENCES ownables (clinic_id, type, id) ON UPDATE RESTRICT ON DELETE RESTRICT,
  FOREIGN KEY (clinic_id, patient_type, subscriber_id)
    REFERENCES ownables (clinic_id, type, id) ON UPDATE RESTRICT ON DELETE RESTRICT,
  CONSTRAINT plan_or_carrier CHECK (plan_id IS NOT NULL OR carrier IS NOT NULL),
  CONSTRAINT plan_without_carrier CHECK (plan_id IS NULL OR carrier IS NULL),
  CONSTRAINT self_without_subscriber CHECK (relationship <> 'self' OR (subscriber_id IS NULL AND subscriber_first_name IS NULL AND subscriber_last_name IS NULL)),
  CONSTRAINT subscriber_needed CHECK (relationship = 'self' OR subscriber_id IS NOT NULL OR subscriber_first_name IS NOT NULL OR subscriber_last_name IS NOT NULL),
  CONSTRAINT subscriber_is_another CHECK (subscriber_id IS NULL OR subscriber_id <> patient_id),
  CONSTRAINT one_subscriber CHECK (subscriber_id IS NULL OR (subscriber_first_name IS NULL AND subscriber_last_name IS NULL)),
  CONSTRAINT subscriber_names_together CHECK ((subscriber_first_name IS NULL) = (subscriber_last_name IS NULL)),
  CONSTRAINT subscriber_birth_with_names CHECK (subscriber_date_of_birth IS NULL OR subscriber_first_name IS NOT NULL OR subscriber_last_name IS NOT NULL),
  CONSTRAINT ends_on_after_starts_on CHECK (ends_on IS NULL OR starts_on IS NULL OR ends_on >= starts_on)
) STRICT, WITHOUT ROWID;

-- A patient's coverages. The one that pays first comes first.
CREATE INDEX coverages_by_patient ON coverages (clinic_id, patient_id, priority);
-- The coverages of a plan, oldest first.
CREATE INDEX coverages_by_plan ON coverages (clinic_id, plan_id) WHERE plan_id IS NOT NULL;
