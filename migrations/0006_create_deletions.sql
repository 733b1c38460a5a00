-- How many ids of a clinic's resource are deleted, as a Fenwick tree over the ids (Fenwick 1994): `n` counts the
-- deleted ids of node - (node & -node) + 1 … node, so that node 2^24 counts them all. A deletion adds 1 along
-- node + (node & -node), 25 nodes at most; the k-th listed record is found by descending from the top.
CREATE TABLE deletions (
  clinic_id TEXT NOT NULL,
  resource TEXT NOT NULL,
  node INTEGER NOT NULL CHECK (node BETWEEN 1 AND 16777216),
  n INTEGER NOT NULL CHECK (n >= 0),
  PRIMARY KEY (clinic_id, resource, node)
) STRICT, WITHOUT ROWID;
