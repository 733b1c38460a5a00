-- Who touched whose records, and when: one row a request, appended and never changed. It names records by
-- id and holds nothing of their content.
CREATE TABLE audit_events (
  id INTEGER PRIMARY KEY,
  occurred_at TEXT NOT NULL,
  request_id TEXT NOT NULL UNIQUE,
  clinic_id TEXT NOT NULL,
  token_id TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('list', 'read', 'create', 'register')),
  resource TEXT NOT NULL CHECK (resource IN ('person_informations', 'dependents', 'ownables')),
  record_ids TEXT NOT NULL CHECK (json_valid(record_ids) AND json_type(record_ids) = 'array'),
  status INTEGER NOT NULL CHECK (status BETWEEN 200 AND 599)
) STRICT;

CREATE INDEX audit_events_by_clinic ON audit_events (clinic_id, occurred_at);
