-- One catalogue for all clinics. Plans are never deleted, only made inactive, so ids have no gaps. Filters and sorting
-- use the folded columns; search uses `words`, which come from the name and the carrier.
CREATE TABLE plans (
  id INTEGER PRIMARY KEY,
  external_id TEXT NOT NULL UNIQUE CHECK (length(external_id) BETWEEN 1 AND 255),
  plan_name TEXT NOT NULL CHECK (length(plan_name) BETWEEN 1 AND 255),
  carrier TEXT NOT NULL CHECK (length(carrier) BETWEEN 1 AND 255),
  plan_type TEXT NOT NULL CHECK (length(plan_type) BETWEEN 1 AND 255),
  coverage_details TEXT NOT NULL CHECK (json_type(coverage_details) = 'object'),
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  plan_name_folded TEXT NOT NULL,
  carrier_folded TEXT NOT NULL,
  plan_type_folded TEXT NOT NULL,
  words TEXT NOT NULL CHECK (json_type(words) = 'array'),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

-- The plans of an import, in the order of its file, until all are staged and go into `plans` at once.
CREATE TABLE staged_plans (
  position INTEGER PRIMARY KEY,
  external_id TEXT NOT NULL UNIQUE,
  plan_name TEXT NOT NULL,
  carrier TEXT NOT NULL,
  plan_type TEXT NOT NULL,
  coverage_details TEXT NOT NULL,
  active INTEGER NOT NULL,
  plan_name_folded TEXT NOT NULL,
  carrier_folded TEXT NOT NULL,
  plan_type_folded TEXT NOT NULL,
  words TEXT NOT NULL
) STRICT;

-- The catalogue's version, set anew in each transaction that changes `plans`. Edges cache what they read by version.
CREATE TABLE catalogue (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version TEXT NOT NULL
) STRICT;

-- Every possible list: the ids of its plans in order, a hundred per chunk, and their total. `list` is a JSON array of
-- the sorting and of the filters' values, null for no filter. So a page of any list reads at most two chunks.
CREATE TABLE plan_lists (
  list TEXT NOT NULL,
  chunk INTEGER NOT NULL,
  ids TEXT NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (list, chunk)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_words (
  word TEXT NOT NULL,
  plan_id INTEGER NOT NULL,
  PRIMARY KEY (word, plan_id)
) STRICT, WITHOUT ROWID;

-- All carriers and plan types, for drop-downs.
CREATE TABLE plan_facets (
  facet TEXT NOT NULL,
  folded TEXT NOT NULL,
  name TEXT NOT NULL,
  plans INTEGER NOT NULL,
  PRIMARY KEY (facet, folded)
) STRICT, WITHOUT ROWID;
