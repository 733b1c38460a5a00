-- The ids that deleted records leave behind, numbered by `ordinal` 1, 2, 3 … within a clinic and resource.
-- `listed_before` is how many records are listed before the gap: id - ordinal. So the k-th record of a list is
-- the first whose id is at least k + the greatest ordinal among gaps with fewer than k records before them,
-- and every page is found by a seek.
CREATE TABLE gaps (
  clinic_id TEXT NOT NULL,
  resource TEXT NOT NULL,
  id INTEGER NOT NULL CHECK (id > 0),
  ordinal INTEGER NOT NULL CHECK (ordinal > 0),
  listed_before INTEGER NOT NULL CHECK (listed_before = id - ordinal),
  PRIMARY KEY (clinic_id, resource, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX gaps_by_listed_before ON gaps (clinic_id, resource, listed_before, ordinal);
