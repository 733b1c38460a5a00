-- trail/segments: ?1 clinicId, ?2 after, ?3 upTo, ?4 since, ?5 limit
SELECT CAST(seq AS TEXT) AS place, json_object('seq', seq, 'at', at, 'token_id', token_id, 'request_id', request_id, 'action', action,
      'resource', resource, 'record_id', record_id, 'version', version, 'changed', json(changed)) AS line FROM changes
      WHERE clinic_id = ?1 AND (seq) > CAST(?2 AS INTEGER)
        AND (seq) <= CAST(?3 AS INTEGER) AND at >= ?4
      ORDER BY seq LIMIT CAST(?5 AS INTEGER)

  SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq>? AND seq<?)

-- trail/segments: ?1 clinicId, ?2 after, ?3 upTo, ?4 since, ?5 limit
SELECT at || ' ' || request_id AS place, json_object('at', at, 'token_id', token_id, 'request_id', request_id, 'action', action,
      'resource', resource, 'ids', ids, 'status', status) AS line FROM accesses
      WHERE clinic_id = ?1 AND (at, request_id) > (substr(?2, 1, 24), substr(?2, 26))
        AND (at, request_id) <= (substr(?3, 1, 24), substr(?3, 26)) AND at >= ?4
      ORDER BY at, request_id LIMIT CAST(?5 AS INTEGER)

  SEARCH accesses USING PRIMARY KEY (clinic_id=? AND (at,request_id)>(?,?) AND (at,request_id)<(?,?))

-- trail/segments: ?1 clinicId, ?2 stream, ?3 n
SELECT * FROM segments WHERE clinic_id = ?1 AND stream = ?2
    AND n > CAST(?3 AS INTEGER) ORDER BY n LIMIT 500

  SEARCH segments USING PRIMARY KEY (clinic_id=? AND stream=? AND n>?)

-- trail/segments: ?1 clinicId
UPDATE segments SET state = 'aged' WHERE clinic_id = ?1 AND state = 'sealed'

  SEARCH segments USING PRIMARY KEY (clinic_id=?)

-- trail/age: ?1 until, ?2 limit
SELECT *, clinic_id AS clinicId FROM segments
    WHERE stream = 'accesses' AND state = 'sealed' AND sealed_at < ?1
    ORDER BY sealed_at LIMIT CAST(?2 AS INTEGER)

  SEARCH segments USING INDEX segments_to_age (sealed_at<?)

-- trail/age: ?1 clinicId, ?2 places
SELECT at || ' ' || request_id AS place, json_object('at', at, 'token_id', token_id, 'request_id', request_id, 'action', action,
      'resource', resource, 'ids', ids, 'status', status) AS line
    FROM accesses WHERE clinic_id = ?1 AND (at, request_id) IN (
  SELECT substr(value, 1, 24), substr(value, 26) FROM json_each(?2)) ORDER BY at, request_id

  SEARCH accesses USING PRIMARY KEY (clinic_id=? AND at=? AND request_id=?)
  LIST SUBQUERY 3
    SCAN json_each VIRTUAL TABLE INDEX 1:
  USE TEMP B-TREE FOR ORDER BY

-- trail/age: ?1 clinicId, ?2 n
UPDATE segments SET state = 'aged'
    WHERE clinic_id = ?1 AND stream = 'accesses' AND n = CAST(?2 AS INTEGER) AND state = 'sealed'

  SEARCH segments USING PRIMARY KEY (clinic_id=? AND stream=? AND n=?)

-- trail/age: ?1 clinicId, ?2 places
DELETE FROM accesses WHERE clinic_id = ?1 AND (at, request_id) IN (
  SELECT substr(value, 1, 24), substr(value, 26) FROM json_each(?2))

  SEARCH accesses USING PRIMARY KEY (clinic_id=? AND at=? AND request_id=?)
  LIST SUBQUERY 2
    SCAN json_each VIRTUAL TABLE INDEX 1:

-- trail/unsealed: ?1 settled, ?2 limit
WITH RECURSIVE changes_clinics (id) AS (
    SELECT min(clinic_id) FROM changes
    UNION ALL SELECT (SELECT min(clinic_id) FROM changes WHERE clinic_id > id) FROM changes_clinics
      WHERE id IS NOT NULL), accesses_clinics (id) AS (
    SELECT min(clinic_id) FROM accesses
    UNION ALL SELECT (SELECT min(clinic_id) FROM accesses WHERE clinic_id > id) FROM accesses_clinics
      WHERE id IS NOT NULL),
    waiting (clinic_id, stream, since) AS (
      SELECT id, 'changes', (SELECT at FROM changes
        WHERE clinic_id = id AND seq > CAST(coalesce((SELECT last FROM segments WHERE clinic_id = id AND stream = 'changes'
    AND state <> 'pending' ORDER BY n DESC LIMIT 1), '') AS INTEGER) ORDER BY seq LIMIT 1)
      FROM changes_clinics
      UNION ALL
      SELECT id, 'accesses', (SELECT at FROM accesses
        WHERE clinic_id = id AND at < ?1
          AND (at, request_id) > (substr(last, 1, 24), substr(last, 26)) ORDER BY at LIMIT 1)
      FROM (SELECT id, coalesce((SELECT last FROM segments WHERE clinic_id = id AND stream = 'accesses'
    AND state <> 'pending' ORDER BY n DESC LIMIT 1), '') AS last FROM accesses_clinics WHERE id IS NOT NULL))
    SELECT clinic_id AS clinicId, stream, since FROM waiting WHERE since IS NOT NULL
      AND clinic_id NOT IN (SELECT id FROM clinics WHERE state = 'arriving')
    ORDER BY since LIMIT CAST(?2 AS INTEGER)

  MERGE (UNION ALL)
    LEFT
      CO-ROUTINE changes_clinics
        SETUP
          SEARCH changes USING COVERING INDEX changes_by_record
        RECURSIVE STEP
          SCAN changes_clinics
          CORRELATED SCALAR SUBQUERY 2
            SEARCH changes USING COVERING INDEX changes_by_record (clinic_id>?)
      SCAN changes_clinics
      LIST SUBQUERY 14
        SCAN clinics
        CREATE BLOOM FILTER
      CORRELATED SCALAR SUBQUERY 8
        SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq>?)
        CORRELATED SCALAR SUBQUERY 7
          SEARCH segments USING PRIMARY KEY (clinic_id=? AND stream=?)
      CORRELATED SCALAR SUBQUERY 8
        SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq>?)
        CORRELATED SCALAR SUBQUERY 7
          SEARCH segments USING PRIMARY KEY (clinic_id=? AND stream=?)
      USE TEMP B-TREE FOR ORDER BY
    RIGHT
      CO-ROUTINE accesses_clinics
        SETUP
          SEARCH accesses USING PRIMARY KEY
        RECURSIVE STEP
          SCAN accesses_clinics
          CORRELATED SCALAR SUBQUERY 5
            SEARCH accesses USING PRIMARY KEY (clinic_id>?)
      SCAN accesses_clinics
      REUSE LIST SUBQUERY 14
      CORRELATED SCALAR SUBQUERY 10
        SEARCH accesses USING PRIMARY KEY (clinic_id=? AND (at,request_id)>(?,?) AND at<?)
        CORRELATED SCALAR SUBQUERY 11
          SEARCH segments USING PRIMARY KEY (clinic_id=? AND stream=?)
        CORRELATED SCALAR SUBQUERY 11
          SEARCH segments USING PRIMARY KEY (clinic_id=? AND stream=?)
        REUSE SUBQUERY 11
        REUSE SUBQUERY 11
      CORRELATED SCALAR SUBQUERY 10
        SEARCH accesses USING PRIMARY KEY (clinic_id=? AND (at,request_id)>(?,?) AND at<?)
        CORRELATED SCALAR SUBQUERY 11
          SEARCH segments USING PRIMARY KEY (clinic_id=? AND stream=?)
        CORRELATED SCALAR SUBQUERY 11
          SEARCH segments USING PRIMARY KEY (clinic_id=? AND stream=?)
        REUSE SUBQUERY 11
        REUSE SUBQUERY 11
      USE TEMP B-TREE FOR ORDER BY

-- trail/seal: ?1 clinicId, ?2 stream, ?3 n, ?4 rowCount, ?5 last, ?6 lastAt, ?7 digest
INSERT INTO segments (clinic_id, stream, n, state, row_count, last, last_at, sha256)
    VALUES (?1, ?2, CAST(?3 AS INTEGER), 'pending', CAST(?4 AS INTEGER), ?5, ?6, ?7)
    ON CONFLICT DO NOTHING



-- trail/seal: ?1 now, ?2 clinicId, ?3 stream, ?4 n, ?5 digest
UPDATE segments SET state = 'sealed', sealed_at = ?1
    WHERE clinic_id = ?2 AND stream = ?3 AND n = CAST(?4 AS INTEGER)
      AND state = 'pending' AND sha256 = ?5

  SEARCH segments USING PRIMARY KEY (clinic_id=? AND stream=? AND n=?)

-- trail/seal: ?1 clinicId, ?2 stream
SELECT * FROM segments WHERE clinic_id = ?1 AND stream = ?2
    ORDER BY n DESC LIMIT 2

  SEARCH segments USING PRIMARY KEY (clinic_id=? AND stream=?)

-- clinics: ?1 id
SELECT * FROM clinics WHERE id = ?1

  SEARCH clinics USING PRIMARY KEY (id=?)

-- clinics: ?1 id, ?2 created_at, ?3 record_limit
INSERT INTO clinics (id, state, created_at, record_limit)
  VALUES (?1, 'arriving', ?2, CAST(?3 AS INTEGER))
  ON CONFLICT (id) DO UPDATE SET state = 'arriving', record_limit = excluded.record_limit
    WHERE created_at = excluded.created_at AND state IN ('arriving', 'moved')



-- clinics: ?1 id, ?2 created_at
DELETE FROM clinics
  WHERE id = ?1 AND created_at = ?2 AND state = 'arriving'

  SEARCH clinics USING PRIMARY KEY (id=?)

-- clinics: ?1 id
SELECT state FROM clinics WHERE id = ?1

  SEARCH clinics USING PRIMARY KEY (id=?)

-- clinics: 
SELECT id, state, created_at FROM clinics ORDER BY id

  SCAN clinics

-- clinics: ?1 id
INSERT INTO clinics (id, state, created_at)
  VALUES (?1, 'open', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ON CONFLICT DO NOTHING RETURNING id



-- clinics: ?1 state, ?2 id, ?3 from
UPDATE clinics SET state = ?1
  WHERE id = ?2
    AND (state = ?1 OR state IN (SELECT value FROM json_each(?3))) RETURNING id

  SEARCH clinics USING PRIMARY KEY (id=?)
  LIST SUBQUERY 1
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER

-- clinics: ?1 limit, ?2 id
UPDATE clinics SET record_limit = CAST(?1 AS INTEGER) WHERE id = ?2

  SEARCH clinics USING PRIMARY KEY (id=?)

-- trail/access: ?1 clinicId, ?2 at, ?3 requestId, ?4 tokenId, ?5 action, ?6 resource, ?7 ids, ?8 status
INSERT INTO accesses (clinic_id, at, request_id, token_id, action, resource, ids, status)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, CAST(?8 AS INTEGER))
    ON CONFLICT DO NOTHING



-- ownables/queries: ?1 clinicId, ?2 type, ?3 now, ?4 ids
INSERT INTO ownables (clinic_id, type, id, created_at)
    SELECT ?1, ?2, given.value, ?3
    FROM clinics CROSS JOIN json_each(?4) AS given
    WHERE clinics.id = ?1 AND clinics.state = 'open'
    ON CONFLICT DO NOTHING

  SEARCH clinics USING PRIMARY KEY (id=?)
  SCAN given VIRTUAL TABLE INDEX 1:
  SEARCH coverages USING PRIMARY KEY (clinic_id=?)
  SEARCH coverages USING PRIMARY KEY (clinic_id=?)
  SEARCH dependents USING PRIMARY KEY (clinic_id=?)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=?)

-- ownables/queries: ?1 clinicId, ?2 now, ?3 requestId, ?4 tokenId, ?5 ranges
INSERT INTO accesses (clinic_id, at, request_id, token_id, action, resource, ids, status)
    SELECT ?1, ?2, ?3, ?4, 'register', 'ownables', ?5, 204
    FROM clinics WHERE id = ?1 AND state = 'open'
    ON CONFLICT DO NOTHING

  SEARCH clinics USING PRIMARY KEY (id=?)

-- ownables/queries: ?1 clinicId
SELECT state FROM clinics WHERE id = ?1

  SEARCH clinics USING PRIMARY KEY (id=?)

-- plans: ?1 list, ?2 isDescending, ?3 skipped, ?4 size
SELECT (SELECT version FROM catalogue) AS version, json_group_array(json_object('id', id, 'plan_name', plan_name, 'carrier', carrier, 'plan_type', plan_type, 'coverage_details', json(coverage_details), 'active', json(iif(active, 'true', 'false')), 'created_at', created_at, 'updated_at', updated_at)) AS json,
    (SELECT total FROM plan_lists WHERE list = ?1 AND chunk = 0) AS total
  FROM (
    SELECT plans.id AS id, plan_name, carrier, plan_type, coverage_details, active, created_at, updated_at
    FROM (
      SELECT iif(CAST(?2 AS INTEGER), total - CAST(?3 AS INTEGER) - CAST(?4 AS INTEGER), CAST(?3 AS INTEGER)) AS low
      FROM plan_lists WHERE list = ?1 AND chunk = 0
    ) JOIN plan_lists AS part ON list = ?1
      AND chunk BETWEEN low / 100 AND (low + CAST(?4 AS INTEGER) - 1) / 100
    JOIN json_each(part.ids) AS listed ON chunk * 100 + listed.key BETWEEN low AND low + CAST(?4 AS INTEGER) - 1
    JOIN plans ON plans.id = listed.value
    ORDER BY iif(CAST(?2 AS INTEGER), -1, 1) * (chunk * 100 + listed.key))

  CO-ROUTINE (subquery-4)
    SEARCH plan_lists USING PRIMARY KEY (list=? AND chunk=?)
    SEARCH part USING PRIMARY KEY (list=? AND chunk>? AND chunk<?)
    SCAN listed VIRTUAL TABLE INDEX 1:
    SEARCH plans USING INTEGER PRIMARY KEY (rowid=?)
    USE TEMP B-TREE FOR ORDER BY
  SCAN (subquery-4)
  SCALAR SUBQUERY 1
    SCAN catalogue
  SCALAR SUBQUERY 2
    SEARCH plan_lists USING PRIMARY KEY (list=? AND chunk=?)

-- plans: ?1 skipped, ?2 size
SELECT (SELECT version FROM catalogue) AS version, json_group_array(json_object('id', id, 'plan_name', plan_name, 'carrier', carrier, 'plan_type', plan_type, 'coverage_details', json(coverage_details), 'active', json(iif(active, 'true', 'false')), 'created_at', created_at, 'updated_at', updated_at)) AS json, (SELECT max(id) FROM plans) AS total
  FROM (
    SELECT plans.id AS id, plan_name, carrier, plan_type, coverage_details, active, created_at, updated_at FROM plans
    WHERE id BETWEEN CAST(?1 AS INTEGER) + 1 AND CAST(?1 AS INTEGER) + CAST(?2 AS INTEGER) ORDER BY id)

  CO-ROUTINE (subquery-3)
    SEARCH plans USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
  SCAN (subquery-3)
  SCALAR SUBQUERY 1
    SCAN catalogue
  SCALAR SUBQUERY 2
    SEARCH plans

-- plans: ?1 externalId, ?2 planType, ?3 carrier, ?4 active, ?5 size, ?6 skipped
WITH found AS MATERIALIZED (
    SELECT plans.id AS id, plan_name, carrier, plan_type, coverage_details, active, created_at, updated_at FROM plans WHERE external_id = ?1 AND 
  (?2 IS NULL OR plan_type_folded = ?2)
  AND (?3 IS NULL OR carrier_folded = ?3)
  AND (CAST(?4 AS INTEGER) IS NULL OR active = CAST(?4 AS INTEGER)))
  SELECT (SELECT version FROM catalogue) AS version, json_group_array(json_object('id', id, 'plan_name', plan_name, 'carrier', carrier, 'plan_type', plan_type, 'coverage_details', json(coverage_details), 'active', json(iif(active, 'true', 'false')), 'created_at', created_at, 'updated_at', updated_at)) AS json, (SELECT count(*) FROM found) AS total
  FROM (SELECT * FROM found LIMIT CAST(?5 AS INTEGER) OFFSET CAST(?6 AS INTEGER))

  CO-ROUTINE (subquery-4)
    MATERIALIZE found
      SEARCH plans USING INDEX sqlite_autoindex_plans_1 (external_id=?)
    SCAN found
  SCAN (subquery-4)
  SCALAR SUBQUERY 2
    SCAN catalogue
  SCALAR SUBQUERY 3
    SCAN found

-- plans: ?1 words, ?2 planType, ?3 carrier, ?4 active, ?5 externalId, ?6 isDescending, ?7 sortBy, ?8 size, ?9 skipped
WITH rarest AS MATERIALIZED (
    SELECT value AS start FROM (SELECT value FROM json_each(?1) LIMIT 5)
    ORDER BY (SELECT count(*) FROM (SELECT 1 FROM plan_words WHERE word >= value AND word < value || char(1114111) LIMIT 5001)) LIMIT 1
  ), candidates AS MATERIALIZED (
    SELECT DISTINCT plan_id FROM (
      SELECT plan_id FROM plan_words WHERE word >= (SELECT start FROM rarest) AND word < (SELECT start FROM rarest) || char(1114111) LIMIT 5001)
  ), matching AS MATERIALIZED (
    SELECT plans.* FROM candidates JOIN plans ON plans.id = plan_id
    WHERE 
  (?2 IS NULL OR plan_type_folded = ?2)
  AND (?3 IS NULL OR carrier_folded = ?3)
  AND (CAST(?4 AS INTEGER) IS NULL OR active = CAST(?4 AS INTEGER)) AND (?5 IS NULL OR external_id = ?5)
      AND NOT EXISTS (SELECT * FROM json_each(?1) WHERE instr(words, '"' || value) = 0)
  )
  SELECT (SELECT version FROM catalogue) AS version, json_group_array(json_object('id', id, 'plan_name', plan_name, 'carrier', carrier, 'plan_type', plan_type, 'coverage_details', json(coverage_details), 'active', json(iif(active, 'true', 'false')), 'created_at', created_at, 'updated_at', updated_at)) AS json, (SELECT count(*) FROM matching) AS total,
    (SELECT count(*) FROM candidates) AS candidates
  FROM (
    SELECT plans.id AS id, plan_name, carrier, plan_type, coverage_details, active, created_at, updated_at FROM matching AS plans
    ORDER BY iif(CAST(?6 AS INTEGER), NULL, CASE ?7 WHEN 'plan_name' THEN plan_name_folded WHEN 'carrier' THEN carrier_folded END), CASE ?7 WHEN 'plan_name' THEN plan_name_folded WHEN 'carrier' THEN carrier_folded END DESC, iif(CAST(?6 AS INTEGER), -id, id)
    LIMIT CAST(?8 AS INTEGER) OFFSET CAST(?9 AS INTEGER))

  CO-ROUTINE (subquery-14)
    MATERIALIZE matching
      MATERIALIZE candidates
        CO-ROUTINE (subquery-7)
          SEARCH plan_words USING PRIMARY KEY (word>? AND word<?)
          SCALAR SUBQUERY 5
            MATERIALIZE rarest
              CO-ROUTINE (subquery-1)
                SCAN json_each VIRTUAL TABLE INDEX 1:
              SCAN (subquery-1)
              CORRELATED SCALAR SUBQUERY 3
                CO-ROUTINE (subquery-2)
                  SEARCH plan_words USING PRIMARY KEY (word>? AND word<?)
                SCAN (subquery-2)
              USE TEMP B-TREE FOR ORDER BY
            SCAN rarest
          SCALAR SUBQUERY 6
            SCAN rarest
        SCAN (subquery-7)
        USE TEMP B-TREE FOR DISTINCT
      SCAN candidates
      SEARCH plans USING INTEGER PRIMARY KEY (rowid=?)
      CORRELATED SCALAR SUBQUERY 9
        SCAN json_each VIRTUAL TABLE INDEX 1:
    SCAN plans
    USE TEMP B-TREE FOR ORDER BY
  SCAN (subquery-14)
  SCALAR SUBQUERY 11
    SCAN catalogue
  SCALAR SUBQUERY 12
    SCAN matching
  SCALAR SUBQUERY 13
    SCAN candidates

-- plans: ?1 id
SELECT (SELECT version FROM catalogue) AS version, (SELECT json_object('id', id, 'plan_name', plan_name, 'carrier', carrier, 'plan_type', plan_type, 'coverage_details', json(coverage_details), 'active', json(iif(active, 'true', 'false')), 'created_at', created_at, 'updated_at', updated_at) FROM (
    SELECT plans.id AS id, plan_name, carrier, plan_type, coverage_details, active, created_at, updated_at FROM plans WHERE id = CAST(?1 AS INTEGER))) AS json

  SCAN CONSTANT ROW
  SCALAR SUBQUERY 1
    SCAN catalogue
  SCALAR SUBQUERY 3
    SEARCH plans USING INTEGER PRIMARY KEY (rowid=?)

-- plans: 
SELECT (SELECT version FROM catalogue) AS version,
    json_object('carriers', json((
  SELECT json_group_array(json_object('name', name, 'count', plans)) FROM (
    SELECT name, plans FROM plan_facets WHERE facet = 'carrier' ORDER BY folded))), 'plan_types', json((
  SELECT json_group_array(json_object('name', name, 'count', plans)) FROM (
    SELECT name, plans FROM plan_facets WHERE facet = 'plan_type' ORDER BY folded)))) AS json

  SCAN CONSTANT ROW
  SCALAR SUBQUERY 1
    SCAN catalogue
  SCALAR SUBQUERY 3
    CO-ROUTINE (subquery-2)
      SEARCH plan_facets USING PRIMARY KEY (facet=?)
    SCAN (subquery-2)
  SCALAR SUBQUERY 5
    CO-ROUTINE (subquery-4)
      SEARCH plan_facets USING PRIMARY KEY (facet=?)
    SCAN (subquery-4)

-- idempotency: ?1 afterClinic, ?2 afterKey, ?3 portion
SELECT clinic_id, key FROM idempotency_keys WHERE (clinic_id, key) > (?1, ?2)
  ORDER BY clinic_id, key LIMIT 1 OFFSET CAST(?3 AS INTEGER) - 1

  SEARCH idempotency_keys USING PRIMARY KEY ((clinic_id,key)>(?,?))

-- idempotency: ?1 afterClinic, ?2 afterKey, ?3 untilClinic, ?4 untilKey, ?5 before
DELETE FROM idempotency_keys WHERE (clinic_id, key) > (?1, ?2)
    AND (clinic_id, key) <= (?3, ?4) AND at < ?5

  SEARCH idempotency_keys USING PRIMARY KEY ((clinic_id,key)>(?,?) AND (clinic_id,key)<(?,?))

-- health/readiness: 
SELECT name FROM d1_migrations

  SCAN d1_migrations USING COVERING INDEX sqlite_autoindex_d1_migrations_1

-- create person_informations: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 count
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 201, 1 + coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = 'person_informations'), 0), 1, CAST(?6 AS INTEGER)
    FROM clinics WHERE id = ?3 AND state = 'open' AND (record_limit IS NULL OR (
    WITH RECURSIVE known (resource) AS (
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3)
      UNION ALL
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3 AND resource > known.resource)
      FROM known WHERE known.resource IS NOT NULL)
    SELECT coalesce(sum(
      (SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = known.resource)
      - coalesce((SELECT n FROM deletions
          WHERE clinic_id = ?3 AND resource = known.resource AND node = 16777216), 0)), 0)
    FROM known WHERE known.resource IS NOT NULL) + CAST(?6 AS INTEGER) <= record_limit)
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SCALAR SUBQUERY 9
    CO-ROUTINE known
      SETUP
        SCAN CONSTANT ROW
        SCALAR SUBQUERY 3
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=?)
      RECURSIVE STEP
        SCAN known
        CORRELATED SCALAR SUBQUERY 5
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource>?)
    SCAN known
    CORRELATED SCALAR SUBQUERY 7
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    CORRELATED SCALAR SUBQUERY 8
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  SCALAR SUBQUERY 2
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)

-- create person_informations: ?1 clinicId, ?2 tokenId, ?3 records, ?4 key, ?5 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0) + given.key, 'person_informations', record_id + given.key, version, 'create', at, ?2,
      request_id, '[]'
    FROM idempotency_keys AS used CROSS JOIN json_each(?3) AS given WHERE used.clinic_id = ?1 AND used.key = ?4 AND used.request_id = ?5 AND status = 201

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCAN given VIRTUAL TABLE INDEX 1:
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- create person_informations: ?1 clinicId, ?2 records, ?3 key, ?4 requestId
INSERT INTO person_informations (clinic_id, id, uid, version, ownable_id, ownable_type, first_name, last_name, date_of_birth, phone, email, first_name_folded, first_name_identity, last_name_folded, last_name_identity, last_name_words, ssn_key_id, ssn_sealed, ssn_last_four, created_at, updated_at)
    SELECT ?1, used.record_id + given.key, given.value ->> 'uid', used.version, given.value ->> 'ownable_id', given.value ->> 'ownable_type', given.value ->> 'first_name', given.value ->> 'last_name', given.value ->> 'date_of_birth', given.value ->> 'phone', given.value ->> 'email', given.value ->> 'first_name_folded', given.value ->> 'first_name_identity', given.value ->> 'last_name_folded', given.value ->> 'last_name_identity', given.value ->> 'last_name_words', given.value ->> 'ssn_key_id', given.value ->> 'ssn_sealed', given.value ->> 'ssn_last_four', used.at, used.at
    FROM idempotency_keys AS used CROSS JOIN json_each(?2) AS given WHERE used.clinic_id = ?1 AND used.key = ?3 AND used.request_id = ?4 AND status = 201

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCAN given VIRTUAL TABLE INDEX 1:

-- create person_informations: ?1 clinicId, ?2 count
SELECT coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = 'person_informations'), 0) + CAST(?2 AS INTEGER) > 16777216 AS is_full,
      NOT (record_limit IS NULL OR (
    WITH RECURSIVE known (resource) AS (
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?1)
      UNION ALL
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?1 AND resource > known.resource)
      FROM known WHERE known.resource IS NOT NULL)
    SELECT coalesce(sum(
      (SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = known.resource)
      - coalesce((SELECT n FROM deletions
          WHERE clinic_id = ?1 AND resource = known.resource AND node = 16777216), 0)), 0)
    FROM known WHERE known.resource IS NOT NULL) + CAST(?2 AS INTEGER) <= record_limit) AS is_limited
    FROM clinics WHERE id = ?1

  SEARCH clinics USING PRIMARY KEY (id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
  SCALAR SUBQUERY 8
    CO-ROUTINE known
      SETUP
        SCAN CONSTANT ROW
        SCALAR SUBQUERY 2
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=?)
      RECURSIVE STEP
        SCAN known
        CORRELATED SCALAR SUBQUERY 4
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource>?)
    SCAN known
    CORRELATED SCALAR SUBQUERY 6
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    CORRELATED SCALAR SUBQUERY 7
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)

-- person_informations just written: ?1 clinicId, ?2 key, ?3 requestId
SELECT id, substr(uid, 1, 8) || '.' || version AS etag, json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', '***-**-' || ssn_last_four, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at) AS json FROM person_informations
    WHERE clinic_id = ?1
      AND id BETWEEN (SELECT record_id FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)
        AND (SELECT record_id + records - 1 FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)
    ORDER BY id

  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id>? AND id<?)
  SCALAR SUBQUERY 1
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCALAR SUBQUERY 2
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)

-- create person_informations: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 count, ?7 records
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
      SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, iif(same.id IS NULL, 201, 200),
        coalesce(same.id, 1 + coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = 'person_informations'), 0)), coalesce(same.version, 1), iif(same.id IS NULL, CAST(?6 AS INTEGER), 1)
      FROM clinics LEFT JOIN person_informations AS same ON same.clinic_id = ?3 AND same.id = (
        SELECT min(other.id) FROM json_each(?7) AS given
          CROSS JOIN person_informations AS other INDEXED BY person_informations_by_date_of_birth
        WHERE other.clinic_id = ?3 AND other.date_of_birth IS given.value ->> 'date_of_birth' AND other.last_name_folded IS given.value ->> 'last_name_folded' AND other.first_name_folded IS given.value ->> 'first_name_folded' AND other.last_name_identity IS given.value ->> 'last_name_identity' AND other.first_name_identity IS given.value ->> 'first_name_identity' AND other.ownable_type IS given.value ->> 'ownable_type' AND other.ownable_id IS given.value ->> 'ownable_id' AND (other.ssn_last_four <> given.value ->> 'ssn_last_four') IS NOT TRUE)
      WHERE clinics.id = ?3 AND state = 'open' AND (same.id IS NOT NULL OR (record_limit IS NULL OR (
    WITH RECURSIVE known (resource) AS (
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3)
      UNION ALL
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3 AND resource > known.resource)
      FROM known WHERE known.resource IS NOT NULL)
    SELECT coalesce(sum(
      (SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = known.resource)
      - coalesce((SELECT n FROM deletions
          WHERE clinic_id = ?3 AND resource = known.resource AND node = 16777216), 0)), 0)
    FROM known WHERE known.resource IS NOT NULL) + CAST(?6 AS INTEGER) <= record_limit))
      RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH same USING PRIMARY KEY (clinic_id=? AND id=?) LEFT-JOIN
  SCALAR SUBQUERY 3
    SEARCH given VIRTUAL TABLE INDEX 1:
    SEARCH other USING INDEX person_informations_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded=? AND first_name_folded=?)
  SCALAR SUBQUERY 10
    CO-ROUTINE known
      SETUP
        SCAN CONSTANT ROW
        SCALAR SUBQUERY 4
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=?)
      RECURSIVE STEP
        SCAN known
        CORRELATED SCALAR SUBQUERY 6
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource>?)
    SCAN known
    CORRELATED SCALAR SUBQUERY 8
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    CORRELATED SCALAR SUBQUERY 9
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  SCALAR SUBQUERY 2
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)

-- add words of person_informations: ?1 clinicId, ?2 key, ?3 requestId
INSERT INTO name_words (clinic_id, resource, date_of_birth, word, record_id)
    SELECT ?1, 'person_informations', date_of_birth, word.value, record.id
    FROM idempotency_keys AS used CROSS JOIN person_informations AS record ON record.clinic_id = ?1
        AND record.id BETWEEN used.record_id AND used.record_id + used.records - 1
      CROSS JOIN json_each(last_name_words) AS word WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3
    ON CONFLICT DO NOTHING

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH record USING PRIMARY KEY (clinic_id=? AND id>? AND id<?)
  SCAN word VIRTUAL TABLE INDEX 1:

-- why person_informations were not written: ?1 clinicId, ?2 key
SELECT state, used.request_id, fingerprint, status, EXISTS (
        SELECT * FROM changes WHERE clinic_id = ?1 AND resource = 'person_informations'
          AND record_id = used.record_id AND version = used.version AND request_id = used.request_id) AS is_journaled
    FROM clinics LEFT JOIN idempotency_keys AS used ON used.clinic_id = clinics.id AND used.key = ?2
    WHERE clinics.id = ?1

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?) LEFT-JOIN
  CORRELATED SCALAR SUBQUERY 1
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- person_informations of a key: ?1 clinicId, ?2 key, ?3 fingerprint
SELECT id, substr(uid, 1, 8) || '.' || version AS etag, json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', '***-**-' || ssn_last_four, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at) AS json
    FROM (
      SELECT record_id AS first_id, record_id + records - 1 AS last_id, version AS made FROM idempotency_keys
      WHERE clinic_id = ?1 AND key = ?2 AND fingerprint = ?3) AS used CROSS JOIN person_informations
      ON clinic_id = ?1 AND id BETWEEN first_id AND last_id AND version = made
    UNION ALL
    SELECT record_id, substr((before ->> 'uid'), 1, 8) || '.' || (before ->> 'version'), json_object('id', before ->> 'id', 'ownable_id', before ->> 'ownable_id', 'ownable_type', before ->> 'ownable_type', 'first_name', before ->> 'first_name', 'last_name', before ->> 'last_name', 'date_of_birth', before ->> 'date_of_birth', 'ssn', '***-**-' || (before ->> 'ssn_last_four'), 'phone', before ->> 'phone', 'email', before ->> 'email', 'created_at', before ->> 'created_at', 'updated_at', before ->> 'updated_at')
    FROM (
      SELECT record_id AS first_id, record_id + records - 1 AS last_id, version AS made FROM idempotency_keys
      WHERE clinic_id = ?1 AND key = ?2 AND fingerprint = ?3) AS used CROSS JOIN changes
      ON clinic_id = ?1 AND resource = 'person_informations' AND version = made + 1
        AND record_id BETWEEN first_id AND last_id AND before IS NOT NULL
    ORDER BY id

  MERGE (UNION ALL)
    LEFT
      SEARCH idempotency_keys USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id>? AND id<?)
    RIGHT
      SEARCH idempotency_keys USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id>? AND record_id<?)

-- what person_informations would break: ?1 clinicId, ?2 rows
SELECT place, json_array(iif(EXISTS (SELECT * FROM ownables
      WHERE clinic_id = ?1 AND type = ownable_type AND id = merged.ownable_id), NULL, 'ownable_id')) AS broken FROM (
      SELECT given.key AS place, iif(json_type(given.value, '$.ownable_type') IS NULL, stored.ownable_type, given.value ->> 'ownable_type') AS ownable_type, iif(json_type(given.value, '$.ownable_id') IS NULL, stored.ownable_id, given.value ->> 'ownable_id') AS ownable_id
      FROM json_each(?2) AS given LEFT JOIN person_informations AS stored
        ON stored.clinic_id = ?1 AND stored.id = given.value ->> 'id') AS merged
    WHERE NOT (EXISTS (SELECT * FROM ownables
      WHERE clinic_id = ?1 AND type = ownable_type AND id = merged.ownable_id))

  SCAN given VIRTUAL TABLE INDEX 1:
  SEARCH stored USING PRIMARY KEY (clinic_id=? AND id=?) LEFT-JOIN
  CORRELATED SCALAR SUBQUERY 3
    SEARCH ownables USING PRIMARY KEY (clinic_id=? AND type=? AND id=?)
  CORRELATED SCALAR SUBQUERY 1
    SEARCH ownables USING PRIMARY KEY (clinic_id=? AND type=? AND id=?)

-- amend person_informations: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 given, ?7 id, ?8 etags, ?9 fixed
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id,
      target.version + EXISTS (SELECT iif(key = 'ssn_sealed', 'ssn', key) AS name FROM json_each(?6)
      WHERE value IS NOT (content ->> key) AND key NOT IN ('ssn_key_id', 'ssn_last_four')
        AND key NOT LIKE '%\_folded' ESCAPE '\' AND key NOT LIKE '%\_identity' ESCAPE '\'
        AND key NOT LIKE '%\_words' ESCAPE '\'), 1
    FROM clinics CROSS JOIN (SELECT id, uid, version, json_object('id', id, 'uid', uid, 'version', version, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'phone', phone, 'email', email, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM person_informations
      WHERE clinic_id = ?3 AND id = CAST(?7 AS INTEGER)) AS target
    WHERE clinics.id = ?3 AND state = 'open' AND (?8 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?8))) AND NOT EXISTS (SELECT key FROM json_each(?9) WHERE value IS NOT (content ->> key))
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 4
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER
  CORRELATED SCALAR SUBQUERY 5
    SCAN json_each VIRTUAL TABLE INDEX 1:
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  CORRELATED SCALAR SUBQUERY 2
    SCAN json_each VIRTUAL TABLE INDEX 1:

-- amend person_informations: ?1 clinicId, ?2 tokenId, ?3 given, ?4 id, ?5 key, ?6 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'person_informations', target.id, used.version, 'amend', used.at, ?2, used.request_id,
      (SELECT json_group_array(name) FROM (SELECT iif(key = 'ssn_sealed', 'ssn', key) AS name FROM json_each(?3)
      WHERE value IS NOT (content ->> key) AND key NOT IN ('ssn_key_id', 'ssn_last_four')
        AND key NOT LIKE '%\_folded' ESCAPE '\' AND key NOT LIKE '%\_identity' ESCAPE '\'
        AND key NOT LIKE '%\_words' ESCAPE '\')), content
    FROM idempotency_keys AS used CROSS JOIN (SELECT id, uid, version, json_object('id', id, 'uid', uid, 'version', version, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'phone', phone, 'email', email, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM person_informations
      WHERE clinic_id = ?1 AND id = CAST(?4 AS INTEGER)) AS target WHERE used.clinic_id = ?1 AND used.key = ?5 AND used.request_id = ?6 AND target.version = used.version - 1
    RETURNING seq

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  CORRELATED SCALAR SUBQUERY 3
    SCAN json_each VIRTUAL TABLE INDEX 1:

-- amend person_informations: ?1 given, ?2 clinicId, ?3 key, ?4 requestId, ?5 id
UPDATE person_informations SET version = used.version, updated_at = used.at, ownable_id = ?1 ->> 'ownable_id', ownable_type = ?1 ->> 'ownable_type', first_name = ?1 ->> 'first_name', last_name = ?1 ->> 'last_name', date_of_birth = ?1 ->> 'date_of_birth', phone = ?1 ->> 'phone', email = ?1 ->> 'email', first_name_folded = ?1 ->> 'first_name_folded', first_name_identity = ?1 ->> 'first_name_identity', last_name_folded = ?1 ->> 'last_name_folded', last_name_identity = ?1 ->> 'last_name_identity', last_name_words = ?1 ->> 'last_name_words', ssn_key_id = ?1 ->> 'ssn_key_id', ssn_sealed = ?1 ->> 'ssn_sealed', ssn_last_four = ?1 ->> 'ssn_last_four'
      FROM idempotency_keys AS used
      WHERE used.clinic_id = ?2 AND used.key = ?3 AND used.request_id = ?4
        AND person_informations.clinic_id = ?2 AND person_informations.id = CAST(?5 AS INTEGER) AND person_informations.version = used.version - 1

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)

-- amend person_informations: ?1 etags, ?2 fixed, ?3 clinicId, ?4 id
SELECT (?1 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?1))) AS fits, (SELECT json_group_array(key) FROM (SELECT key FROM json_each(?2) WHERE value IS NOT (content ->> key))) AS wrong FROM (SELECT id, uid, version, json_object('id', id, 'uid', uid, 'version', version, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'phone', phone, 'email', email, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM person_informations
      WHERE clinic_id = ?3 AND id = CAST(?4 AS INTEGER)) AS target

  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 1
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER
  CORRELATED SCALAR SUBQUERY 3
    SCAN json_each VIRTUAL TABLE INDEX 1:

-- remove words of person_informations: ?1 clinicId, ?2 key, ?3 requestId
DELETE FROM name_words WHERE (clinic_id, resource, date_of_birth, word, record_id) IN (
      SELECT ?1, 'person_informations', before ->> 'date_of_birth', word.value, change.record_id
      FROM idempotency_keys AS used CROSS JOIN changes AS change ON change.clinic_id = ?1 AND resource = 'person_informations'
          AND change.record_id = used.record_id AND change.version = used.version
          AND change.request_id = used.request_id
        CROSS JOIN json_each(before ->> 'last_name_words') AS word
      WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3 AND NOT EXISTS (
        SELECT * FROM person_informations AS record CROSS JOIN json_each(last_name_words) AS kept
        WHERE record.clinic_id = ?1 AND record.id = used.record_id
          AND date_of_birth = before ->> 'date_of_birth' AND kept.value = word.value))

  SEARCH name_words USING COVERING INDEX name_words_by_word (clinic_id=? AND resource=? AND word=? AND date_of_birth=? AND record_id=?)
  LIST SUBQUERY 3
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
    SEARCH change USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)
    SCAN word VIRTUAL TABLE INDEX 1:
    CORRELATED SCALAR SUBQUERY 1
      SEARCH record USING PRIMARY KEY (clinic_id=? AND id=?)
      SCAN kept VIRTUAL TABLE INDEX 1:

-- delete person_informations: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id, ?7 etags
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 204, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN person_informations AS target
    WHERE clinics.id = ?3 AND state = 'open'
      AND target.clinic_id = ?3 AND target.id = CAST(?6 AS INTEGER) AND (?7 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?7)))
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH target USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 2
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- delete person_informations: ?1 clinicId, ?2 tokenId, ?3 id, ?4 key, ?5 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'person_informations', target.id, used.version, 'delete', used.at, ?2,
      used.request_id, '[]', content
    FROM idempotency_keys AS used CROSS JOIN (SELECT id, json_object('id', id, 'uid', uid, 'version', version, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'phone', phone, 'email', email, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM person_informations
      WHERE clinic_id = ?1 AND id = CAST(?3 AS INTEGER)) AS target WHERE used.clinic_id = ?1 AND used.key = ?4 AND used.request_id = ?5

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- delete person_informations: ?1 clinicId, ?2 key, ?3 requestId
DELETE FROM person_informations WHERE clinic_id = ?1 AND id = (SELECT record_id FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)

  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)

-- count deletions of person_informations: ?1 clinicId, ?2 key, ?3 requestId
INSERT INTO deletions (clinic_id, resource, node, n)
    WITH RECURSIVE path (node) AS (
      SELECT id FROM idempotency_keys AS used CROSS JOIN person_informations AS target ON target.clinic_id = ?1 AND id = record_id
        AND target.version = used.version - 1 WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3
      UNION ALL SELECT node + (node & -node) FROM path WHERE node < 16777216)
    SELECT ?1, 'person_informations', node, 1 FROM path WHERE true
    ON CONFLICT DO UPDATE SET n = n + 1

  CO-ROUTINE path
    SETUP
      SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH target USING PRIMARY KEY (clinic_id=? AND id=?)
    RECURSIVE STEP
      SCAN path
  SCAN path

-- delete person_informations: ?1 etags, ?2 clinicId, ?3 id
SELECT (?1 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?1))) AS fits FROM person_informations WHERE clinic_id = ?2 AND id = CAST(?3 AS INTEGER)

  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 1
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER

-- list person_informations: ?1 clinicId, ?2 rank, ?3 size
SELECT json_group_array(json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', ssn, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at)) AS json, json_group_array(id) AS ids, (SELECT coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = 'person_informations'), 0) - coalesce((
      SELECT n FROM deletions WHERE clinic_id = ?1 AND resource = 'person_informations' AND node = 16777216), 0)) AS total FROM (
      SELECT id, ownable_id, ownable_type, first_name, last_name, date_of_birth, '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at FROM person_informations
      WHERE clinic_id = ?1 AND id >= iif(coalesce((
      SELECT n FROM deletions WHERE clinic_id = ?1 AND resource = 'person_informations' AND node = 16777216), 0) = 0, CAST(?2 AS INTEGER), (
      WITH RECURSIVE seek (step, at, rank) AS (
        SELECT 16777216 / 2, 0, CAST(?2 AS INTEGER)
        UNION ALL
        SELECT step / 2, iif(step - coalesce(n, 0) < rank, at + step, at),
          iif(step - coalesce(n, 0) < rank, rank - step + coalesce(n, 0), rank)
        FROM seek LEFT JOIN deletions
          ON clinic_id = ?1 AND resource = 'person_informations' AND node = at + step
        WHERE step > 0)
      SELECT at + 1 FROM seek WHERE step = 0))
      ORDER BY id LIMIT CAST(?3 AS INTEGER))

  CO-ROUTINE (subquery-8)
    SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id>?)
    SCALAR SUBQUERY 4
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)
    SCALAR SUBQUERY 7
      CO-ROUTINE seek
        SETUP
          SCAN CONSTANT ROW
        RECURSIVE STEP
          SCAN seek
          SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?) LEFT-JOIN
      BLOOM FILTER ON seek (step=?)
      SEARCH seek USING AUTOMATIC PARTIAL COVERING INDEX (step=?)
  SCAN (subquery-8)
  SCALAR SUBQUERY 3
    SCAN CONSTANT ROW
    SCALAR SUBQUERY 1
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    SCALAR SUBQUERY 2
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)

-- filter person_informations: ?1 clinicId, ?2 patient_id, ?3 most, ?4 size, ?5 skipped
SELECT json_group_array(json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', ssn, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at)) AS json, json_group_array(id) AS ids, (SELECT count(*) FROM (SELECT 1 FROM person_informations INDEXED BY person_informations_by_owner
        WHERE clinic_id = ?1 AND ownable_type = 'Patient' AND ownable_id = CAST(?2 AS INTEGER)  LIMIT CAST(?3 AS INTEGER))) AS total FROM (
        SELECT id, ownable_id, ownable_type, first_name, last_name, date_of_birth, '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at FROM person_informations INDEXED BY person_informations_by_owner
        WHERE clinic_id = ?1 AND ownable_type = 'Patient' AND ownable_id = CAST(?2 AS INTEGER) 
        ORDER BY id LIMIT CAST(?4 AS INTEGER) OFFSET min(CAST(?5 AS INTEGER), CAST(?3 AS INTEGER)))

  CO-ROUTINE (subquery-3)
    SEARCH person_informations USING INDEX person_informations_by_owner (clinic_id=? AND ownable_type=? AND ownable_id=?)
  SCAN (subquery-3)
  SCALAR SUBQUERY 2
    CO-ROUTINE (subquery-1)
      SEARCH person_informations USING COVERING INDEX person_informations_by_owner (clinic_id=? AND ownable_type=? AND ownable_id=?)
    SCAN (subquery-1)

-- read person_informations: ?1 clinicId, ?2 id
SELECT id, substr(uid, 1, 8) || '.' || version AS etag, json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', '***-**-' || ssn_last_four, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at) AS json FROM person_informations WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)

  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)

-- read person_informations: ?1 clinicId, ?2 id
SELECT * FROM person_informations WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)

  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)

-- history of person_informations: ?1 clinicId, ?2 id, ?3 size, ?4 skipped
SELECT total, json_group_array(json_object('version', version, 'action', action, 'at', at, 'token_id', iif(token_id LIKE 'operator:%', 'operator', token_id),
        'request_id', request_id, 'changed', json(changed), 'person_information', json((
          SELECT json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', '***-**-' || ssn_last_four, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at) FROM person_informations WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER) AND version = change.version
          UNION ALL
          SELECT json_object('id', before ->> 'id', 'ownable_id', before ->> 'ownable_id', 'ownable_type', before ->> 'ownable_type', 'first_name', before ->> 'first_name', 'last_name', before ->> 'last_name', 'date_of_birth', before ->> 'date_of_birth', 'ssn', '***-**-' || (before ->> 'ssn_last_four'), 'phone', before ->> 'phone', 'email', before ->> 'email', 'created_at', before ->> 'created_at', 'updated_at', before ->> 'updated_at') FROM changes
          WHERE clinic_id = ?1 AND resource = 'person_informations' AND record_id = CAST(?2 AS INTEGER) AND version > 0 AND version = change.version + 1 AND before IS NOT NULL)))) AS json
    FROM (SELECT max(version) AS total FROM changes WHERE clinic_id = ?1 AND resource = 'person_informations' AND record_id = CAST(?2 AS INTEGER) AND version > 0) LEFT JOIN (
      SELECT * FROM changes WHERE clinic_id = ?1 AND resource = 'person_informations' AND record_id = CAST(?2 AS INTEGER) AND version > 0
      ORDER BY version DESC LIMIT CAST(?3 AS INTEGER) OFFSET CAST(?4 AS INTEGER)) AS change ON true

  CO-ROUTINE (subquery-3)
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version>?)
  MATERIALIZE change
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version>?)
  SCAN (subquery-3)
  SCAN change LEFT-JOIN
  CORRELATED SCALAR SUBQUERY 2
    COMPOUND QUERY
      LEFT-MOST SUBQUERY
        SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
      UNION ALL
        SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- search person_informations: ?1 clinicId, ?2 lastName, ?3 most
SELECT * FROM (SELECT count(*) AS candidates, coalesce(sum(true), 0) AS matches
      FROM (SELECT first_name_folded FROM person_informations INDEXED BY person_informations_by_name WHERE clinic_id = ?1 AND  last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111) LIMIT CAST(?3 AS INTEGER) + 1))

  CO-ROUTINE (subquery-2)
    CO-ROUTINE (subquery-1)
      SEARCH person_informations USING COVERING INDEX person_informations_by_name (clinic_id=? AND last_name_folded>? AND last_name_folded<?)
    SCAN (subquery-1)
  SCAN (subquery-2)

-- search person_informations: ?1 clinicId, ?2 lastName, ?3 end, ?4 most
SELECT id, place, json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', ssn, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at) AS json FROM (
          SELECT id, ownable_id, ownable_type, first_name, last_name, date_of_birth, '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place FROM person_informations INDEXED BY person_informations_by_name WHERE clinic_id = ?1 AND  last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111) AND true
            
          ORDER BY last_name_folded, first_name_folded, id LIMIT min(CAST(?3 AS INTEGER), CAST(?4 AS INTEGER)))

  CO-ROUTINE (subquery-1)
    SEARCH person_informations USING INDEX person_informations_by_name (clinic_id=? AND last_name_folded>? AND last_name_folded<?)
  SCAN (subquery-1)

-- search person_informations: ?1 lastName, ?2 clinicId, ?3 most
SELECT id, place, iif(is_match, json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', ssn, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at), NULL) AS json FROM (
          SELECT id, ownable_id, ownable_type, first_name, last_name, date_of_birth, '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place, true AND NOT (last_name_folded >= ?1 AND last_name_folded < ?1 || char(1114111)) AS is_match FROM (
            SELECT record_id FROM name_words
            WHERE ?1 <> '' AND clinic_id = ?2 AND resource = 'person_informations'
              AND  word >= ?1 AND word < ?1 || char(1114111)
            LIMIT CAST(?3 AS INTEGER) + 1)
            CROSS JOIN person_informations ON clinic_id = ?2 AND id = record_id)

  CO-ROUTINE (subquery-1)
    SEARCH name_words USING COVERING INDEX name_words_by_word (clinic_id=? AND resource=? AND word>? AND word<?)
  SCAN (subquery-1)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)

-- search person_informations: ?1 firstName, ?2 clinicId, ?3 lastName, ?4 most
SELECT * FROM (SELECT count(*) AS candidates, coalesce(sum(first_name_folded >= ?1 AND first_name_folded < ?1 || char(1114111)), 0) AS matches
      FROM (SELECT first_name_folded FROM person_informations INDEXED BY person_informations_by_name WHERE clinic_id = ?2 AND  last_name_folded >= ?3 AND last_name_folded < ?3 || char(1114111) LIMIT CAST(?4 AS INTEGER) + 1))

  CO-ROUTINE (subquery-2)
    CO-ROUTINE (subquery-1)
      SEARCH person_informations USING COVERING INDEX person_informations_by_name (clinic_id=? AND last_name_folded>? AND last_name_folded<?)
    SCAN (subquery-1)
  SCAN (subquery-2)

-- search person_informations: ?1 clinicId, ?2 lastName, ?3 firstName, ?4 most, ?5 end
SELECT id, place, json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', ssn, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at) AS json FROM (
          SELECT id, ownable_id, ownable_type, first_name, last_name, date_of_birth, '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place FROM person_informations INDEXED BY person_informations_by_name WHERE clinic_id = ?1 AND  last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111) AND first_name_folded >= ?3 AND first_name_folded < ?3 || char(1114111)
            AND (SELECT candidates FROM (SELECT count(*) AS candidates, coalesce(sum(first_name_folded >= ?3 AND first_name_folded < ?3 || char(1114111)), 0) AS matches
      FROM (SELECT first_name_folded FROM person_informations INDEXED BY person_informations_by_name WHERE clinic_id = ?1 AND  last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111) LIMIT CAST(?4 AS INTEGER) + 1))) <= CAST(?4 AS INTEGER)
          ORDER BY last_name_folded, first_name_folded, id LIMIT min(CAST(?5 AS INTEGER), CAST(?4 AS INTEGER)))

  CO-ROUTINE (subquery-4)
    SEARCH person_informations USING INDEX person_informations_by_name (clinic_id=? AND last_name_folded>? AND last_name_folded<?)
    SCALAR SUBQUERY 3
      CO-ROUTINE (subquery-2)
        CO-ROUTINE (subquery-1)
          SEARCH person_informations USING COVERING INDEX person_informations_by_name (clinic_id=? AND last_name_folded>? AND last_name_folded<?)
        SCAN (subquery-1)
      SCAN (subquery-2)
  SCAN (subquery-4)

-- search person_informations: ?1 firstName, ?2 lastName, ?3 clinicId, ?4 most
SELECT id, place, iif(is_match, json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', ssn, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at), NULL) AS json FROM (
          SELECT id, ownable_id, ownable_type, first_name, last_name, date_of_birth, '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place, first_name_folded >= ?1 AND first_name_folded < ?1 || char(1114111) AND NOT (last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111)) AS is_match FROM (
            SELECT record_id FROM name_words
            WHERE ?2 <> '' AND clinic_id = ?3 AND resource = 'person_informations'
              AND  word >= ?2 AND word < ?2 || char(1114111)
            LIMIT CAST(?4 AS INTEGER) + 1)
            CROSS JOIN person_informations ON clinic_id = ?3 AND id = record_id)

  CO-ROUTINE (subquery-1)
    SEARCH name_words USING COVERING INDEX name_words_by_word (clinic_id=? AND resource=? AND word>? AND word<?)
  SCAN (subquery-1)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)

-- search person_informations: ?1 clinicId, ?2 dateOfBirth, ?3 lastName, ?4 most
SELECT * FROM (SELECT count(*) AS candidates, coalesce(sum(true), 0) AS matches
      FROM (SELECT first_name_folded FROM person_informations INDEXED BY person_informations_by_date_of_birth WHERE clinic_id = ?1 AND date_of_birth = ?2 AND last_name_folded >= ?3 AND last_name_folded < ?3 || char(1114111) LIMIT CAST(?4 AS INTEGER) + 1))

  CO-ROUTINE (subquery-2)
    CO-ROUTINE (subquery-1)
      SEARCH person_informations USING COVERING INDEX person_informations_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded>? AND last_name_folded<?)
    SCAN (subquery-1)
  SCAN (subquery-2)

-- search person_informations: ?1 clinicId, ?2 dateOfBirth, ?3 lastName, ?4 end, ?5 most
SELECT id, place, json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', ssn, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at) AS json FROM (
          SELECT id, ownable_id, ownable_type, first_name, last_name, date_of_birth, '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place FROM person_informations INDEXED BY person_informations_by_date_of_birth WHERE clinic_id = ?1 AND date_of_birth = ?2 AND last_name_folded >= ?3 AND last_name_folded < ?3 || char(1114111) AND true
            
          ORDER BY last_name_folded, first_name_folded, id LIMIT min(CAST(?4 AS INTEGER), CAST(?5 AS INTEGER)))

  CO-ROUTINE (subquery-1)
    SEARCH person_informations USING INDEX person_informations_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded>? AND last_name_folded<?)
  SCAN (subquery-1)

-- search person_informations: ?1 lastName, ?2 clinicId, ?3 dateOfBirth, ?4 most
SELECT id, place, iif(is_match, json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', ssn, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at), NULL) AS json FROM (
          SELECT id, ownable_id, ownable_type, first_name, last_name, date_of_birth, '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place, true AND NOT (last_name_folded >= ?1 AND last_name_folded < ?1 || char(1114111)) AS is_match FROM (
            SELECT record_id FROM name_words
            WHERE ?1 <> '' AND clinic_id = ?2 AND resource = 'person_informations'
              AND date_of_birth = ?3 AND word >= ?1 AND word < ?1 || char(1114111)
            LIMIT CAST(?4 AS INTEGER) + 1)
            CROSS JOIN person_informations ON clinic_id = ?2 AND id = record_id)

  CO-ROUTINE (subquery-1)
    SEARCH name_words USING PRIMARY KEY (clinic_id=? AND resource=? AND date_of_birth=? AND word>? AND word<?)
  SCAN (subquery-1)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)

-- search person_informations: ?1 firstName, ?2 clinicId, ?3 dateOfBirth, ?4 lastName, ?5 most
SELECT * FROM (SELECT count(*) AS candidates, coalesce(sum(first_name_folded >= ?1 AND first_name_folded < ?1 || char(1114111)), 0) AS matches
      FROM (SELECT first_name_folded FROM person_informations INDEXED BY person_informations_by_date_of_birth WHERE clinic_id = ?2 AND date_of_birth = ?3 AND last_name_folded >= ?4 AND last_name_folded < ?4 || char(1114111) LIMIT CAST(?5 AS INTEGER) + 1))

  CO-ROUTINE (subquery-2)
    CO-ROUTINE (subquery-1)
      SEARCH person_informations USING COVERING INDEX person_informations_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded>? AND last_name_folded<?)
    SCAN (subquery-1)
  SCAN (subquery-2)

-- search person_informations: ?1 clinicId, ?2 dateOfBirth, ?3 lastName, ?4 firstName, ?5 most, ?6 end
SELECT id, place, json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', ssn, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at) AS json FROM (
          SELECT id, ownable_id, ownable_type, first_name, last_name, date_of_birth, '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place FROM person_informations INDEXED BY person_informations_by_date_of_birth WHERE clinic_id = ?1 AND date_of_birth = ?2 AND last_name_folded >= ?3 AND last_name_folded < ?3 || char(1114111) AND first_name_folded >= ?4 AND first_name_folded < ?4 || char(1114111)
            AND (SELECT candidates FROM (SELECT count(*) AS candidates, coalesce(sum(first_name_folded >= ?4 AND first_name_folded < ?4 || char(1114111)), 0) AS matches
      FROM (SELECT first_name_folded FROM person_informations INDEXED BY person_informations_by_date_of_birth WHERE clinic_id = ?1 AND date_of_birth = ?2 AND last_name_folded >= ?3 AND last_name_folded < ?3 || char(1114111) LIMIT CAST(?5 AS INTEGER) + 1))) <= CAST(?5 AS INTEGER)
          ORDER BY last_name_folded, first_name_folded, id LIMIT min(CAST(?6 AS INTEGER), CAST(?5 AS INTEGER)))

  CO-ROUTINE (subquery-4)
    SEARCH person_informations USING INDEX person_informations_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded>? AND last_name_folded<?)
    SCALAR SUBQUERY 3
      CO-ROUTINE (subquery-2)
        CO-ROUTINE (subquery-1)
          SEARCH person_informations USING COVERING INDEX person_informations_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded>? AND last_name_folded<?)
        SCAN (subquery-1)
      SCAN (subquery-2)
  SCAN (subquery-4)

-- search person_informations: ?1 firstName, ?2 lastName, ?3 clinicId, ?4 dateOfBirth, ?5 most
SELECT id, place, iif(is_match, json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', ssn, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at), NULL) AS json FROM (
          SELECT id, ownable_id, ownable_type, first_name, last_name, date_of_birth, '***-**-' || ssn_last_four AS ssn, phone, email, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place, first_name_folded >= ?1 AND first_name_folded < ?1 || char(1114111) AND NOT (last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111)) AS is_match FROM (
            SELECT record_id FROM name_words
            WHERE ?2 <> '' AND clinic_id = ?3 AND resource = 'person_informations'
              AND date_of_birth = ?4 AND word >= ?2 AND word < ?2 || char(1114111)
            LIMIT CAST(?5 AS INTEGER) + 1)
            CROSS JOIN person_informations ON clinic_id = ?3 AND id = record_id)

  CO-ROUTINE (subquery-1)
    SEARCH name_words USING PRIMARY KEY (clinic_id=? AND resource=? AND date_of_birth=? AND word>? AND word<?)
  SCAN (subquery-1)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)

-- create dependents: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 count
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 201, 1 + coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = 'dependents'), 0), 1, CAST(?6 AS INTEGER)
    FROM clinics WHERE id = ?3 AND state = 'open' AND (record_limit IS NULL OR (
    WITH RECURSIVE known (resource) AS (
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3)
      UNION ALL
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3 AND resource > known.resource)
      FROM known WHERE known.resource IS NOT NULL)
    SELECT coalesce(sum(
      (SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = known.resource)
      - coalesce((SELECT n FROM deletions
          WHERE clinic_id = ?3 AND resource = known.resource AND node = 16777216), 0)), 0)
    FROM known WHERE known.resource IS NOT NULL) + CAST(?6 AS INTEGER) <= record_limit)
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SCALAR SUBQUERY 9
    CO-ROUTINE known
      SETUP
        SCAN CONSTANT ROW
        SCALAR SUBQUERY 3
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=?)
      RECURSIVE STEP
        SCAN known
        CORRELATED SCALAR SUBQUERY 5
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource>?)
    SCAN known
    CORRELATED SCALAR SUBQUERY 7
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    CORRELATED SCALAR SUBQUERY 8
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  SCALAR SUBQUERY 2
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)

-- create dependents: ?1 clinicId, ?2 tokenId, ?3 records, ?4 key, ?5 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0) + given.key, 'dependents', record_id + given.key, version, 'create', at, ?2,
      request_id, '[]'
    FROM idempotency_keys AS used CROSS JOIN json_each(?3) AS given WHERE used.clinic_id = ?1 AND used.key = ?4 AND used.request_id = ?5 AND status = 201

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCAN given VIRTUAL TABLE INDEX 1:
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- create dependents: ?1 clinicId, ?2 records, ?3 key, ?4 requestId
INSERT INTO dependents (clinic_id, id, uid, version, primary_holder_id, first_name, last_name, date_of_birth, relationship, first_name_folded, first_name_identity, last_name_folded, last_name_identity, last_name_words, ssn_key_id, ssn_sealed, ssn_last_four, created_at, updated_at)
    SELECT ?1, used.record_id + given.key, given.value ->> 'uid', used.version, given.value ->> 'primary_holder_id', given.value ->> 'first_name', given.value ->> 'last_name', given.value ->> 'date_of_birth', given.value ->> 'relationship', given.value ->> 'first_name_folded', given.value ->> 'first_name_identity', given.value ->> 'last_name_folded', given.value ->> 'last_name_identity', given.value ->> 'last_name_words', given.value ->> 'ssn_key_id', given.value ->> 'ssn_sealed', given.value ->> 'ssn_last_four', used.at, used.at
    FROM idempotency_keys AS used CROSS JOIN json_each(?2) AS given WHERE used.clinic_id = ?1 AND used.key = ?3 AND used.request_id = ?4 AND status = 201

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCAN given VIRTUAL TABLE INDEX 1:

-- create dependents: ?1 clinicId, ?2 count
SELECT coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = 'dependents'), 0) + CAST(?2 AS INTEGER) > 16777216 AS is_full,
      NOT (record_limit IS NULL OR (
    WITH RECURSIVE known (resource) AS (
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?1)
      UNION ALL
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?1 AND resource > known.resource)
      FROM known WHERE known.resource IS NOT NULL)
    SELECT coalesce(sum(
      (SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = known.resource)
      - coalesce((SELECT n FROM deletions
          WHERE clinic_id = ?1 AND resource = known.resource AND node = 16777216), 0)), 0)
    FROM known WHERE known.resource IS NOT NULL) + CAST(?2 AS INTEGER) <= record_limit) AS is_limited
    FROM clinics WHERE id = ?1

  SEARCH clinics USING PRIMARY KEY (id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
  SCALAR SUBQUERY 8
    CO-ROUTINE known
      SETUP
        SCAN CONSTANT ROW
        SCALAR SUBQUERY 2
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=?)
      RECURSIVE STEP
        SCAN known
        CORRELATED SCALAR SUBQUERY 4
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource>?)
    SCAN known
    CORRELATED SCALAR SUBQUERY 6
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    CORRELATED SCALAR SUBQUERY 7
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)

-- dependents just written: ?1 clinicId, ?2 key, ?3 requestId
SELECT id, substr(uid, 1, 8) || '.' || version AS etag, json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', '***-**-' || ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS json FROM dependents
    WHERE clinic_id = ?1
      AND id BETWEEN (SELECT record_id FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)
        AND (SELECT record_id + records - 1 FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)
    ORDER BY id

  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id>? AND id<?)
  SCALAR SUBQUERY 1
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCALAR SUBQUERY 2
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)

-- create dependents: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 count, ?7 records
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
      SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, iif(same.id IS NULL, 201, 200),
        coalesce(same.id, 1 + coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = 'dependents'), 0)), coalesce(same.version, 1), iif(same.id IS NULL, CAST(?6 AS INTEGER), 1)
      FROM clinics LEFT JOIN dependents AS same ON same.clinic_id = ?3 AND same.id = (
        SELECT min(other.id) FROM json_each(?7) AS given
          CROSS JOIN dependents AS other INDEXED BY dependents_by_date_of_birth
        WHERE other.clinic_id = ?3 AND other.date_of_birth IS given.value ->> 'date_of_birth' AND other.last_name_folded IS given.value ->> 'last_name_folded' AND other.first_name_folded IS given.value ->> 'first_name_folded' AND other.last_name_identity IS given.value ->> 'last_name_identity' AND other.first_name_identity IS given.value ->> 'first_name_identity' AND other.primary_holder_id IS given.value ->> 'primary_holder_id' AND (other.ssn_last_four <> given.value ->> 'ssn_last_four') IS NOT TRUE)
      WHERE clinics.id = ?3 AND state = 'open' AND (same.id IS NOT NULL OR (record_limit IS NULL OR (
    WITH RECURSIVE known (resource) AS (
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3)
      UNION ALL
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3 AND resource > known.resource)
      FROM known WHERE known.resource IS NOT NULL)
    SELECT coalesce(sum(
      (SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = known.resource)
      - coalesce((SELECT n FROM deletions
          WHERE clinic_id = ?3 AND resource = known.resource AND node = 16777216), 0)), 0)
    FROM known WHERE known.resource IS NOT NULL) + CAST(?6 AS INTEGER) <= record_limit))
      RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH same USING PRIMARY KEY (clinic_id=? AND id=?) LEFT-JOIN
  SCALAR SUBQUERY 3
    SEARCH given VIRTUAL TABLE INDEX 1:
    SEARCH other USING INDEX dependents_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded=? AND first_name_folded=?)
  SCALAR SUBQUERY 10
    CO-ROUTINE known
      SETUP
        SCAN CONSTANT ROW
        SCALAR SUBQUERY 4
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=?)
      RECURSIVE STEP
        SCAN known
        CORRELATED SCALAR SUBQUERY 6
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource>?)
    SCAN known
    CORRELATED SCALAR SUBQUERY 8
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    CORRELATED SCALAR SUBQUERY 9
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  SCALAR SUBQUERY 2
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)

-- add words of dependents: ?1 clinicId, ?2 key, ?3 requestId
INSERT INTO name_words (clinic_id, resource, date_of_birth, word, record_id)
    SELECT ?1, 'dependents', date_of_birth, word.value, record.id
    FROM idempotency_keys AS used CROSS JOIN dependents AS record ON record.clinic_id = ?1
        AND record.id BETWEEN used.record_id AND used.record_id + used.records - 1
      CROSS JOIN json_each(last_name_words) AS word WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3
    ON CONFLICT DO NOTHING

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH record USING PRIMARY KEY (clinic_id=? AND id>? AND id<?)
  SCAN word VIRTUAL TABLE INDEX 1:

-- why dependents were not written: ?1 clinicId, ?2 key
SELECT state, used.request_id, fingerprint, status, EXISTS (
        SELECT * FROM changes WHERE clinic_id = ?1 AND resource = 'dependents'
          AND record_id = used.record_id AND version = used.version AND request_id = used.request_id) AS is_journaled
    FROM clinics LEFT JOIN idempotency_keys AS used ON used.clinic_id = clinics.id AND used.key = ?2
    WHERE clinics.id = ?1

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?) LEFT-JOIN
  CORRELATED SCALAR SUBQUERY 1
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- dependents of a key: ?1 clinicId, ?2 key, ?3 fingerprint
SELECT id, substr(uid, 1, 8) || '.' || version AS etag, json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', '***-**-' || ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS json
    FROM (
      SELECT record_id AS first_id, record_id + records - 1 AS last_id, version AS made FROM idempotency_keys
      WHERE clinic_id = ?1 AND key = ?2 AND fingerprint = ?3) AS used CROSS JOIN dependents
      ON clinic_id = ?1 AND id BETWEEN first_id AND last_id AND version = made
    UNION ALL
    SELECT record_id, substr((before ->> 'uid'), 1, 8) || '.' || (before ->> 'version'), json_object('id', before ->> 'id', 'primary_holder_id', before ->> 'primary_holder_id', 'first_name', before ->> 'first_name', 'last_name', before ->> 'last_name', 'date_of_birth', before ->> 'date_of_birth', 'relationship', before ->> 'relationship', 'ssn', '***-**-' || (before ->> 'ssn_last_four'), 'created_at', before ->> 'created_at', 'updated_at', before ->> 'updated_at')
    FROM (
      SELECT record_id AS first_id, record_id + records - 1 AS last_id, version AS made FROM idempotency_keys
      WHERE clinic_id = ?1 AND key = ?2 AND fingerprint = ?3) AS used CROSS JOIN changes
      ON clinic_id = ?1 AND resource = 'dependents' AND version = made + 1
        AND record_id BETWEEN first_id AND last_id AND before IS NOT NULL
    ORDER BY id

  MERGE (UNION ALL)
    LEFT
      SEARCH idempotency_keys USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id>? AND id<?)
    RIGHT
      SEARCH idempotency_keys USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id>? AND record_id<?)

-- what dependents would break: ?1 clinicId, ?2 rows
SELECT place, json_array(iif(EXISTS (SELECT * FROM ownables
      WHERE clinic_id = ?1 AND type = 'Patient' AND id = merged.primary_holder_id), NULL, 'primary_holder_id')) AS broken FROM (
      SELECT given.key AS place, iif(json_type(given.value, '$.primary_holder_id') IS NULL, stored.primary_holder_id, given.value ->> 'primary_holder_id') AS primary_holder_id
      FROM json_each(?2) AS given LEFT JOIN dependents AS stored
        ON stored.clinic_id = ?1 AND stored.id = given.value ->> 'id') AS merged
    WHERE NOT (EXISTS (SELECT * FROM ownables
      WHERE clinic_id = ?1 AND type = 'Patient' AND id = merged.primary_holder_id))

  SCAN given VIRTUAL TABLE INDEX 1:
  SEARCH stored USING PRIMARY KEY (clinic_id=? AND id=?) LEFT-JOIN
  CORRELATED SCALAR SUBQUERY 3
    SEARCH ownables USING PRIMARY KEY (clinic_id=? AND type=? AND id=?)
  CORRELATED SCALAR SUBQUERY 1
    SEARCH ownables USING PRIMARY KEY (clinic_id=? AND type=? AND id=?)

-- amend dependents: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 given, ?7 id, ?8 etags, ?9 fixed
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id,
      target.version + EXISTS (SELECT iif(key = 'ssn_sealed', 'ssn', key) AS name FROM json_each(?6)
      WHERE value IS NOT (content ->> key) AND key NOT IN ('ssn_key_id', 'ssn_last_four')
        AND key NOT LIKE '%\_folded' ESCAPE '\' AND key NOT LIKE '%\_identity' ESCAPE '\'
        AND key NOT LIKE '%\_words' ESCAPE '\'), 1
    FROM clinics CROSS JOIN (SELECT id, uid, version, json_object('id', id, 'uid', uid, 'version', version, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM dependents
      WHERE clinic_id = ?3 AND id = CAST(?7 AS INTEGER)) AS target
    WHERE clinics.id = ?3 AND state = 'open' AND (?8 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?8))) AND NOT EXISTS (SELECT key FROM json_each(?9) WHERE value IS NOT (content ->> key))
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 4
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER
  CORRELATED SCALAR SUBQUERY 5
    SCAN json_each VIRTUAL TABLE INDEX 1:
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  CORRELATED SCALAR SUBQUERY 2
    SCAN json_each VIRTUAL TABLE INDEX 1:

-- amend dependents: ?1 clinicId, ?2 tokenId, ?3 given, ?4 id, ?5 key, ?6 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'dependents', target.id, used.version, 'amend', used.at, ?2, used.request_id,
      (SELECT json_group_array(name) FROM (SELECT iif(key = 'ssn_sealed', 'ssn', key) AS name FROM json_each(?3)
      WHERE value IS NOT (content ->> key) AND key NOT IN ('ssn_key_id', 'ssn_last_four')
        AND key NOT LIKE '%\_folded' ESCAPE '\' AND key NOT LIKE '%\_identity' ESCAPE '\'
        AND key NOT LIKE '%\_words' ESCAPE '\')), content
    FROM idempotency_keys AS used CROSS JOIN (SELECT id, uid, version, json_object('id', id, 'uid', uid, 'version', version, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM dependents
      WHERE clinic_id = ?1 AND id = CAST(?4 AS INTEGER)) AS target WHERE used.clinic_id = ?1 AND used.key = ?5 AND used.request_id = ?6 AND target.version = used.version - 1
    RETURNING seq

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  CORRELATED SCALAR SUBQUERY 3
    SCAN json_each VIRTUAL TABLE INDEX 1:

-- amend dependents: ?1 given, ?2 clinicId, ?3 key, ?4 requestId, ?5 id
UPDATE dependents SET version = used.version, updated_at = used.at, primary_holder_id = ?1 ->> 'primary_holder_id', first_name = ?1 ->> 'first_name', last_name = ?1 ->> 'last_name', date_of_birth = ?1 ->> 'date_of_birth', relationship = ?1 ->> 'relationship', first_name_folded = ?1 ->> 'first_name_folded', first_name_identity = ?1 ->> 'first_name_identity', last_name_folded = ?1 ->> 'last_name_folded', last_name_identity = ?1 ->> 'last_name_identity', last_name_words = ?1 ->> 'last_name_words', ssn_key_id = ?1 ->> 'ssn_key_id', ssn_sealed = ?1 ->> 'ssn_sealed', ssn_last_four = ?1 ->> 'ssn_last_four'
      FROM idempotency_keys AS used
      WHERE used.clinic_id = ?2 AND used.key = ?3 AND used.request_id = ?4
        AND dependents.clinic_id = ?2 AND dependents.id = CAST(?5 AS INTEGER) AND dependents.version = used.version - 1

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)

-- amend dependents: ?1 etags, ?2 fixed, ?3 clinicId, ?4 id
SELECT (?1 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?1))) AS fits, (SELECT json_group_array(key) FROM (SELECT key FROM json_each(?2) WHERE value IS NOT (content ->> key))) AS wrong FROM (SELECT id, uid, version, json_object('id', id, 'uid', uid, 'version', version, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM dependents
      WHERE clinic_id = ?3 AND id = CAST(?4 AS INTEGER)) AS target

  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 1
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER
  CORRELATED SCALAR SUBQUERY 3
    SCAN json_each VIRTUAL TABLE INDEX 1:

-- remove words of dependents: ?1 clinicId, ?2 key, ?3 requestId
DELETE FROM name_words WHERE (clinic_id, resource, date_of_birth, word, record_id) IN (
      SELECT ?1, 'dependents', before ->> 'date_of_birth', word.value, change.record_id
      FROM idempotency_keys AS used CROSS JOIN changes AS change ON change.clinic_id = ?1 AND resource = 'dependents'
          AND change.record_id = used.record_id AND change.version = used.version
          AND change.request_id = used.request_id
        CROSS JOIN json_each(before ->> 'last_name_words') AS word
      WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3 AND NOT EXISTS (
        SELECT * FROM dependents AS record CROSS JOIN json_each(last_name_words) AS kept
        WHERE record.clinic_id = ?1 AND record.id = used.record_id
          AND date_of_birth = before ->> 'date_of_birth' AND kept.value = word.value))

  SEARCH name_words USING COVERING INDEX name_words_by_word (clinic_id=? AND resource=? AND word=? AND date_of_birth=? AND record_id=?)
  LIST SUBQUERY 3
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
    SEARCH change USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)
    SCAN word VIRTUAL TABLE INDEX 1:
    CORRELATED SCALAR SUBQUERY 1
      SEARCH record USING PRIMARY KEY (clinic_id=? AND id=?)
      SCAN kept VIRTUAL TABLE INDEX 1:

-- delete dependents: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id, ?7 etags
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 204, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN dependents AS target
    WHERE clinics.id = ?3 AND state = 'open'
      AND target.clinic_id = ?3 AND target.id = CAST(?6 AS INTEGER) AND (?7 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?7)))
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH target USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 2
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- delete dependents: ?1 clinicId, ?2 tokenId, ?3 id, ?4 key, ?5 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'dependents', target.id, used.version, 'delete', used.at, ?2,
      used.request_id, '[]', content
    FROM idempotency_keys AS used CROSS JOIN (SELECT id, json_object('id', id, 'uid', uid, 'version', version, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM dependents
      WHERE clinic_id = ?1 AND id = CAST(?3 AS INTEGER)) AS target WHERE used.clinic_id = ?1 AND used.key = ?4 AND used.request_id = ?5

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- delete dependents: ?1 clinicId, ?2 key, ?3 requestId
DELETE FROM dependents WHERE clinic_id = ?1 AND id = (SELECT record_id FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)

  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)

-- count deletions of dependents: ?1 clinicId, ?2 key, ?3 requestId
INSERT INTO deletions (clinic_id, resource, node, n)
    WITH RECURSIVE path (node) AS (
      SELECT id FROM idempotency_keys AS used CROSS JOIN dependents AS target ON target.clinic_id = ?1 AND id = record_id
        AND target.version = used.version - 1 WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3
      UNION ALL SELECT node + (node & -node) FROM path WHERE node < 16777216)
    SELECT ?1, 'dependents', node, 1 FROM path WHERE true
    ON CONFLICT DO UPDATE SET n = n + 1

  CO-ROUTINE path
    SETUP
      SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH target USING PRIMARY KEY (clinic_id=? AND id=?)
    RECURSIVE STEP
      SCAN path
  SCAN path

-- delete dependents: ?1 etags, ?2 clinicId, ?3 id
SELECT (?1 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?1))) AS fits FROM dependents WHERE clinic_id = ?2 AND id = CAST(?3 AS INTEGER)

  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 1
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER

-- list dependents: ?1 clinicId, ?2 rank, ?3 size
SELECT json_group_array(json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', ssn, 'created_at', created_at, 'updated_at', updated_at)) AS json, json_group_array(id) AS ids, (SELECT coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = 'dependents'), 0) - coalesce((
      SELECT n FROM deletions WHERE clinic_id = ?1 AND resource = 'dependents' AND node = 16777216), 0)) AS total FROM (
      SELECT id, primary_holder_id, first_name, last_name, date_of_birth, relationship, '***-**-' || ssn_last_four AS ssn, created_at, updated_at FROM dependents
      WHERE clinic_id = ?1 AND id >= iif(coalesce((
      SELECT n FROM deletions WHERE clinic_id = ?1 AND resource = 'dependents' AND node = 16777216), 0) = 0, CAST(?2 AS INTEGER), (
      WITH RECURSIVE seek (step, at, rank) AS (
        SELECT 16777216 / 2, 0, CAST(?2 AS INTEGER)
        UNION ALL
        SELECT step / 2, iif(step - coalesce(n, 0) < rank, at + step, at),
          iif(step - coalesce(n, 0) < rank, rank - step + coalesce(n, 0), rank)
        FROM seek LEFT JOIN deletions
          ON clinic_id = ?1 AND resource = 'dependents' AND node = at + step
        WHERE step > 0)
      SELECT at + 1 FROM seek WHERE step = 0))
      ORDER BY id LIMIT CAST(?3 AS INTEGER))

  CO-ROUTINE (subquery-8)
    SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id>?)
    SCALAR SUBQUERY 4
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)
    SCALAR SUBQUERY 7
      CO-ROUTINE seek
        SETUP
          SCAN CONSTANT ROW
        RECURSIVE STEP
          SCAN seek
          SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?) LEFT-JOIN
      BLOOM FILTER ON seek (step=?)
      SEARCH seek USING AUTOMATIC PARTIAL COVERING INDEX (step=?)
  SCAN (subquery-8)
  SCALAR SUBQUERY 3
    SCAN CONSTANT ROW
    SCALAR SUBQUERY 1
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    SCALAR SUBQUERY 2
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)

-- filter dependents: ?1 clinicId, ?2 primary_holder_id, ?3 most, ?4 size, ?5 skipped
SELECT json_group_array(json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', ssn, 'created_at', created_at, 'updated_at', updated_at)) AS json, json_group_array(id) AS ids, (SELECT count(*) FROM (SELECT 1 FROM dependents INDEXED BY dependents_by_owner
        WHERE clinic_id = ?1 AND primary_holder_id = CAST(?2 AS INTEGER)  LIMIT CAST(?3 AS INTEGER))) AS total FROM (
        SELECT id, primary_holder_id, first_name, last_name, date_of_birth, relationship, '***-**-' || ssn_last_four AS ssn, created_at, updated_at FROM dependents INDEXED BY dependents_by_owner
        WHERE clinic_id = ?1 AND primary_holder_id = CAST(?2 AS INTEGER) 
        ORDER BY id LIMIT CAST(?4 AS INTEGER) OFFSET min(CAST(?5 AS INTEGER), CAST(?3 AS INTEGER)))

  CO-ROUTINE (subquery-3)
    SEARCH dependents USING INDEX dependents_by_owner (clinic_id=? AND primary_holder_id=?)
  SCAN (subquery-3)
  SCALAR SUBQUERY 2
    CO-ROUTINE (subquery-1)
      SEARCH dependents USING COVERING INDEX dependents_by_owner (clinic_id=? AND primary_holder_id=?)
    SCAN (subquery-1)

-- read dependents: ?1 clinicId, ?2 id
SELECT id, substr(uid, 1, 8) || '.' || version AS etag, json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', '***-**-' || ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS json FROM dependents WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)

  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)

-- read dependents: ?1 clinicId, ?2 id
SELECT * FROM dependents WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)

  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)

-- history of dependents: ?1 clinicId, ?2 id, ?3 size, ?4 skipped
SELECT total, json_group_array(json_object('version', version, 'action', action, 'at', at, 'token_id', iif(token_id LIKE 'operator:%', 'operator', token_id),
        'request_id', request_id, 'changed', json(changed), 'dependent', json((
          SELECT json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', '***-**-' || ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) FROM dependents WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER) AND version = change.version
          UNION ALL
          SELECT json_object('id', before ->> 'id', 'primary_holder_id', before ->> 'primary_holder_id', 'first_name', before ->> 'first_name', 'last_name', before ->> 'last_name', 'date_of_birth', before ->> 'date_of_birth', 'relationship', before ->> 'relationship', 'ssn', '***-**-' || (before ->> 'ssn_last_four'), 'created_at', before ->> 'created_at', 'updated_at', before ->> 'updated_at') FROM changes
          WHERE clinic_id = ?1 AND resource = 'dependents' AND record_id = CAST(?2 AS INTEGER) AND version > 0 AND version = change.version + 1 AND before IS NOT NULL)))) AS json
    FROM (SELECT max(version) AS total FROM changes WHERE clinic_id = ?1 AND resource = 'dependents' AND record_id = CAST(?2 AS INTEGER) AND version > 0) LEFT JOIN (
      SELECT * FROM changes WHERE clinic_id = ?1 AND resource = 'dependents' AND record_id = CAST(?2 AS INTEGER) AND version > 0
      ORDER BY version DESC LIMIT CAST(?3 AS INTEGER) OFFSET CAST(?4 AS INTEGER)) AS change ON true

  CO-ROUTINE (subquery-3)
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version>?)
  MATERIALIZE change
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version>?)
  SCAN (subquery-3)
  SCAN change LEFT-JOIN
  CORRELATED SCALAR SUBQUERY 2
    COMPOUND QUERY
      LEFT-MOST SUBQUERY
        SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
      UNION ALL
        SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- search dependents: ?1 clinicId, ?2 lastName, ?3 most
SELECT * FROM (SELECT count(*) AS candidates, coalesce(sum(true), 0) AS matches
      FROM (SELECT first_name_folded FROM dependents INDEXED BY dependents_by_name WHERE clinic_id = ?1 AND  last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111) LIMIT CAST(?3 AS INTEGER) + 1))

  CO-ROUTINE (subquery-2)
    CO-ROUTINE (subquery-1)
      SEARCH dependents USING COVERING INDEX dependents_by_name (clinic_id=? AND last_name_folded>? AND last_name_folded<?)
    SCAN (subquery-1)
  SCAN (subquery-2)

-- search dependents: ?1 clinicId, ?2 lastName, ?3 end, ?4 most
SELECT id, place, json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', ssn, 'created_at', created_at, 'updated_at', updated_at) AS json FROM (
          SELECT id, primary_holder_id, first_name, last_name, date_of_birth, relationship, '***-**-' || ssn_last_four AS ssn, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place FROM dependents INDEXED BY dependents_by_name WHERE clinic_id = ?1 AND  last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111) AND true
            
          ORDER BY last_name_folded, first_name_folded, id LIMIT min(CAST(?3 AS INTEGER), CAST(?4 AS INTEGER)))

  CO-ROUTINE (subquery-1)
    SEARCH dependents USING INDEX dependents_by_name (clinic_id=? AND last_name_folded>? AND last_name_folded<?)
  SCAN (subquery-1)

-- search dependents: ?1 lastName, ?2 clinicId, ?3 most
SELECT id, place, iif(is_match, json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', ssn, 'created_at', created_at, 'updated_at', updated_at), NULL) AS json FROM (
          SELECT id, primary_holder_id, first_name, last_name, date_of_birth, relationship, '***-**-' || ssn_last_four AS ssn, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place, true AND NOT (last_name_folded >= ?1 AND last_name_folded < ?1 || char(1114111)) AS is_match FROM (
            SELECT record_id FROM name_words
            WHERE ?1 <> '' AND clinic_id = ?2 AND resource = 'dependents'
              AND  word >= ?1 AND word < ?1 || char(1114111)
            LIMIT CAST(?3 AS INTEGER) + 1)
            CROSS JOIN dependents ON clinic_id = ?2 AND id = record_id)

  CO-ROUTINE (subquery-1)
    SEARCH name_words USING COVERING INDEX name_words_by_word (clinic_id=? AND resource=? AND word>? AND word<?)
  SCAN (subquery-1)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)

-- search dependents: ?1 firstName, ?2 clinicId, ?3 lastName, ?4 most
SELECT * FROM (SELECT count(*) AS candidates, coalesce(sum(first_name_folded >= ?1 AND first_name_folded < ?1 || char(1114111)), 0) AS matches
      FROM (SELECT first_name_folded FROM dependents INDEXED BY dependents_by_name WHERE clinic_id = ?2 AND  last_name_folded >= ?3 AND last_name_folded < ?3 || char(1114111) LIMIT CAST(?4 AS INTEGER) + 1))

  CO-ROUTINE (subquery-2)
    CO-ROUTINE (subquery-1)
      SEARCH dependents USING COVERING INDEX dependents_by_name (clinic_id=? AND last_name_folded>? AND last_name_folded<?)
    SCAN (subquery-1)
  SCAN (subquery-2)

-- search dependents: ?1 clinicId, ?2 lastName, ?3 firstName, ?4 most, ?5 end
SELECT id, place, json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', ssn, 'created_at', created_at, 'updated_at', updated_at) AS json FROM (
          SELECT id, primary_holder_id, first_name, last_name, date_of_birth, relationship, '***-**-' || ssn_last_four AS ssn, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place FROM dependents INDEXED BY dependents_by_name WHERE clinic_id = ?1 AND  last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111) AND first_name_folded >= ?3 AND first_name_folded < ?3 || char(1114111)
            AND (SELECT candidates FROM (SELECT count(*) AS candidates, coalesce(sum(first_name_folded >= ?3 AND first_name_folded < ?3 || char(1114111)), 0) AS matches
      FROM (SELECT first_name_folded FROM dependents INDEXED BY dependents_by_name WHERE clinic_id = ?1 AND  last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111) LIMIT CAST(?4 AS INTEGER) + 1))) <= CAST(?4 AS INTEGER)
          ORDER BY last_name_folded, first_name_folded, id LIMIT min(CAST(?5 AS INTEGER), CAST(?4 AS INTEGER)))

  CO-ROUTINE (subquery-4)
    SEARCH dependents USING INDEX dependents_by_name (clinic_id=? AND last_name_folded>? AND last_name_folded<?)
    SCALAR SUBQUERY 3
      CO-ROUTINE (subquery-2)
        CO-ROUTINE (subquery-1)
          SEARCH dependents USING COVERING INDEX dependents_by_name (clinic_id=? AND last_name_folded>? AND last_name_folded<?)
        SCAN (subquery-1)
      SCAN (subquery-2)
  SCAN (subquery-4)

-- search dependents: ?1 firstName, ?2 lastName, ?3 clinicId, ?4 most
SELECT id, place, iif(is_match, json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', ssn, 'created_at', created_at, 'updated_at', updated_at), NULL) AS json FROM (
          SELECT id, primary_holder_id, first_name, last_name, date_of_birth, relationship, '***-**-' || ssn_last_four AS ssn, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place, first_name_folded >= ?1 AND first_name_folded < ?1 || char(1114111) AND NOT (last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111)) AS is_match FROM (
            SELECT record_id FROM name_words
            WHERE ?2 <> '' AND clinic_id = ?3 AND resource = 'dependents'
              AND  word >= ?2 AND word < ?2 || char(1114111)
            LIMIT CAST(?4 AS INTEGER) + 1)
            CROSS JOIN dependents ON clinic_id = ?3 AND id = record_id)

  CO-ROUTINE (subquery-1)
    SEARCH name_words USING COVERING INDEX name_words_by_word (clinic_id=? AND resource=? AND word>? AND word<?)
  SCAN (subquery-1)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)

-- search dependents: ?1 clinicId, ?2 dateOfBirth, ?3 lastName, ?4 most
SELECT * FROM (SELECT count(*) AS candidates, coalesce(sum(true), 0) AS matches
      FROM (SELECT first_name_folded FROM dependents INDEXED BY dependents_by_date_of_birth WHERE clinic_id = ?1 AND date_of_birth = ?2 AND last_name_folded >= ?3 AND last_name_folded < ?3 || char(1114111) LIMIT CAST(?4 AS INTEGER) + 1))

  CO-ROUTINE (subquery-2)
    CO-ROUTINE (subquery-1)
      SEARCH dependents USING COVERING INDEX dependents_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded>? AND last_name_folded<?)
    SCAN (subquery-1)
  SCAN (subquery-2)

-- search dependents: ?1 clinicId, ?2 dateOfBirth, ?3 lastName, ?4 end, ?5 most
SELECT id, place, json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', ssn, 'created_at', created_at, 'updated_at', updated_at) AS json FROM (
          SELECT id, primary_holder_id, first_name, last_name, date_of_birth, relationship, '***-**-' || ssn_last_four AS ssn, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place FROM dependents INDEXED BY dependents_by_date_of_birth WHERE clinic_id = ?1 AND date_of_birth = ?2 AND last_name_folded >= ?3 AND last_name_folded < ?3 || char(1114111) AND true
            
          ORDER BY last_name_folded, first_name_folded, id LIMIT min(CAST(?4 AS INTEGER), CAST(?5 AS INTEGER)))

  CO-ROUTINE (subquery-1)
    SEARCH dependents USING INDEX dependents_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded>? AND last_name_folded<?)
  SCAN (subquery-1)

-- search dependents: ?1 lastName, ?2 clinicId, ?3 dateOfBirth, ?4 most
SELECT id, place, iif(is_match, json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', ssn, 'created_at', created_at, 'updated_at', updated_at), NULL) AS json FROM (
          SELECT id, primary_holder_id, first_name, last_name, date_of_birth, relationship, '***-**-' || ssn_last_four AS ssn, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place, true AND NOT (last_name_folded >= ?1 AND last_name_folded < ?1 || char(1114111)) AS is_match FROM (
            SELECT record_id FROM name_words
            WHERE ?1 <> '' AND clinic_id = ?2 AND resource = 'dependents'
              AND date_of_birth = ?3 AND word >= ?1 AND word < ?1 || char(1114111)
            LIMIT CAST(?4 AS INTEGER) + 1)
            CROSS JOIN dependents ON clinic_id = ?2 AND id = record_id)

  CO-ROUTINE (subquery-1)
    SEARCH name_words USING PRIMARY KEY (clinic_id=? AND resource=? AND date_of_birth=? AND word>? AND word<?)
  SCAN (subquery-1)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)

-- search dependents: ?1 firstName, ?2 clinicId, ?3 dateOfBirth, ?4 lastName, ?5 most
SELECT * FROM (SELECT count(*) AS candidates, coalesce(sum(first_name_folded >= ?1 AND first_name_folded < ?1 || char(1114111)), 0) AS matches
      FROM (SELECT first_name_folded FROM dependents INDEXED BY dependents_by_date_of_birth WHERE clinic_id = ?2 AND date_of_birth = ?3 AND last_name_folded >= ?4 AND last_name_folded < ?4 || char(1114111) LIMIT CAST(?5 AS INTEGER) + 1))

  CO-ROUTINE (subquery-2)
    CO-ROUTINE (subquery-1)
      SEARCH dependents USING COVERING INDEX dependents_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded>? AND last_name_folded<?)
    SCAN (subquery-1)
  SCAN (subquery-2)

-- search dependents: ?1 clinicId, ?2 dateOfBirth, ?3 lastName, ?4 firstName, ?5 most, ?6 end
SELECT id, place, json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', ssn, 'created_at', created_at, 'updated_at', updated_at) AS json FROM (
          SELECT id, primary_holder_id, first_name, last_name, date_of_birth, relationship, '***-**-' || ssn_last_four AS ssn, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place FROM dependents INDEXED BY dependents_by_date_of_birth WHERE clinic_id = ?1 AND date_of_birth = ?2 AND last_name_folded >= ?3 AND last_name_folded < ?3 || char(1114111) AND first_name_folded >= ?4 AND first_name_folded < ?4 || char(1114111)
            AND (SELECT candidates FROM (SELECT count(*) AS candidates, coalesce(sum(first_name_folded >= ?4 AND first_name_folded < ?4 || char(1114111)), 0) AS matches
      FROM (SELECT first_name_folded FROM dependents INDEXED BY dependents_by_date_of_birth WHERE clinic_id = ?1 AND date_of_birth = ?2 AND last_name_folded >= ?3 AND last_name_folded < ?3 || char(1114111) LIMIT CAST(?5 AS INTEGER) + 1))) <= CAST(?5 AS INTEGER)
          ORDER BY last_name_folded, first_name_folded, id LIMIT min(CAST(?6 AS INTEGER), CAST(?5 AS INTEGER)))

  CO-ROUTINE (subquery-4)
    SEARCH dependents USING INDEX dependents_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded>? AND last_name_folded<?)
    SCALAR SUBQUERY 3
      CO-ROUTINE (subquery-2)
        CO-ROUTINE (subquery-1)
          SEARCH dependents USING COVERING INDEX dependents_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded>? AND last_name_folded<?)
        SCAN (subquery-1)
      SCAN (subquery-2)
  SCAN (subquery-4)

-- search dependents: ?1 firstName, ?2 lastName, ?3 clinicId, ?4 dateOfBirth, ?5 most
SELECT id, place, iif(is_match, json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', ssn, 'created_at', created_at, 'updated_at', updated_at), NULL) AS json FROM (
          SELECT id, primary_holder_id, first_name, last_name, date_of_birth, relationship, '***-**-' || ssn_last_four AS ssn, created_at, updated_at, hex(last_name_folded || char(0) || first_name_folded) AS place, first_name_folded >= ?1 AND first_name_folded < ?1 || char(1114111) AND NOT (last_name_folded >= ?2 AND last_name_folded < ?2 || char(1114111)) AS is_match FROM (
            SELECT record_id FROM name_words
            WHERE ?2 <> '' AND clinic_id = ?3 AND resource = 'dependents'
              AND date_of_birth = ?4 AND word >= ?2 AND word < ?2 || char(1114111)
            LIMIT CAST(?5 AS INTEGER) + 1)
            CROSS JOIN dependents ON clinic_id = ?3 AND id = record_id)

  CO-ROUTINE (subquery-1)
    SEARCH name_words USING PRIMARY KEY (clinic_id=? AND resource=? AND date_of_birth=? AND word>? AND word<?)
  SCAN (subquery-1)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)

-- create coverages: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 count
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 201, 1 + coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = 'coverages'), 0), 1, CAST(?6 AS INTEGER)
    FROM clinics WHERE id = ?3 AND state = 'open' AND (record_limit IS NULL OR (
    WITH RECURSIVE known (resource) AS (
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3)
      UNION ALL
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3 AND resource > known.resource)
      FROM known WHERE known.resource IS NOT NULL)
    SELECT coalesce(sum(
      (SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = known.resource)
      - coalesce((SELECT n FROM deletions
          WHERE clinic_id = ?3 AND resource = known.resource AND node = 16777216), 0)), 0)
    FROM known WHERE known.resource IS NOT NULL) + CAST(?6 AS INTEGER) <= record_limit)
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SCALAR SUBQUERY 9
    CO-ROUTINE known
      SETUP
        SCAN CONSTANT ROW
        SCALAR SUBQUERY 3
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=?)
      RECURSIVE STEP
        SCAN known
        CORRELATED SCALAR SUBQUERY 5
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource>?)
    SCAN known
    CORRELATED SCALAR SUBQUERY 7
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    CORRELATED SCALAR SUBQUERY 8
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  SCALAR SUBQUERY 2
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)

-- create coverages: ?1 clinicId, ?2 tokenId, ?3 records, ?4 key, ?5 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0) + given.key, 'coverages', record_id + given.key, version, 'create', at, ?2,
      request_id, '[]'
    FROM idempotency_keys AS used CROSS JOIN json_each(?3) AS given WHERE used.clinic_id = ?1 AND used.key = ?4 AND used.request_id = ?5 AND status = 201

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCAN given VIRTUAL TABLE INDEX 1:
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- create coverages: ?1 clinicId, ?2 records, ?3 key, ?4 requestId
INSERT INTO coverages (clinic_id, id, uid, version, patient_id, plan_id, carrier, member_id, group_number, relationship, subscriber_id, subscriber_first_name, subscriber_last_name, subscriber_date_of_birth, priority, starts_on, ends_on, carrier_identity, member_id_identity, created_at, updated_at)
    SELECT ?1, used.record_id + given.key, given.value ->> 'uid', used.version, given.value ->> 'patient_id', given.value ->> 'plan_id', given.value ->> 'carrier', given.value ->> 'member_id', given.value ->> 'group_number', given.value ->> 'relationship', given.value ->> 'subscriber_id', given.value ->> 'subscriber_first_name', given.value ->> 'subscriber_last_name', given.value ->> 'subscriber_date_of_birth', given.value ->> 'priority', given.value ->> 'starts_on', given.value ->> 'ends_on', given.value ->> 'carrier_identity', given.value ->> 'member_id_identity', used.at, used.at
    FROM idempotency_keys AS used CROSS JOIN json_each(?2) AS given WHERE used.clinic_id = ?1 AND used.key = ?3 AND used.request_id = ?4 AND status = 201

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCAN given VIRTUAL TABLE INDEX 1:

-- create coverages: ?1 clinicId, ?2 count
SELECT coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = 'coverages'), 0) + CAST(?2 AS INTEGER) > 16777216 AS is_full,
      NOT (record_limit IS NULL OR (
    WITH RECURSIVE known (resource) AS (
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?1)
      UNION ALL
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?1 AND resource > known.resource)
      FROM known WHERE known.resource IS NOT NULL)
    SELECT coalesce(sum(
      (SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = known.resource)
      - coalesce((SELECT n FROM deletions
          WHERE clinic_id = ?1 AND resource = known.resource AND node = 16777216), 0)), 0)
    FROM known WHERE known.resource IS NOT NULL) + CAST(?2 AS INTEGER) <= record_limit) AS is_limited
    FROM clinics WHERE id = ?1

  SEARCH clinics USING PRIMARY KEY (id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
  SCALAR SUBQUERY 8
    CO-ROUTINE known
      SETUP
        SCAN CONSTANT ROW
        SCALAR SUBQUERY 2
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=?)
      RECURSIVE STEP
        SCAN known
        CORRELATED SCALAR SUBQUERY 4
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource>?)
    SCAN known
    CORRELATED SCALAR SUBQUERY 6
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    CORRELATED SCALAR SUBQUERY 7
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)

-- coverages just written: ?1 clinicId, ?2 key, ?3 requestId
SELECT id, substr(uid, 1, 8) || '.' || version AS etag, json_object('id', id, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'created_at', created_at, 'updated_at', updated_at) AS json FROM coverages
    WHERE clinic_id = ?1
      AND id BETWEEN (SELECT record_id FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)
        AND (SELECT record_id + records - 1 FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)
    ORDER BY id

  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id>? AND id<?)
  SCALAR SUBQUERY 1
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCALAR SUBQUERY 2
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)

-- create coverages: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 count, ?7 records
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
      SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, iif(same.id IS NULL, 201, 200),
        coalesce(same.id, 1 + coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = 'coverages'), 0)), coalesce(same.version, 1), iif(same.id IS NULL, CAST(?6 AS INTEGER), 1)
      FROM clinics LEFT JOIN coverages AS same ON same.clinic_id = ?3 AND same.id = (
        SELECT min(other.id) FROM json_each(?7) AS given
          CROSS JOIN coverages AS other INDEXED BY coverages_by_patient
        WHERE other.clinic_id = ?3 AND other.patient_id IS given.value ->> 'patient_id' AND other.plan_id IS given.value ->> 'plan_id' AND other.carrier_identity IS given.value ->> 'carrier_identity' AND other.member_id_identity IS given.value ->> 'member_id_identity' AND other.starts_on IS given.value ->> 'starts_on' AND true)
      WHERE clinics.id = ?3 AND state = 'open' AND (same.id IS NOT NULL OR (record_limit IS NULL OR (
    WITH RECURSIVE known (resource) AS (
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3)
      UNION ALL
      SELECT (SELECT min(resource) FROM changes WHERE clinic_id = ?3 AND resource > known.resource)
      FROM known WHERE known.resource IS NOT NULL)
    SELECT coalesce(sum(
      (SELECT max(record_id) FROM changes WHERE clinic_id = ?3 AND resource = known.resource)
      - coalesce((SELECT n FROM deletions
          WHERE clinic_id = ?3 AND resource = known.resource AND node = 16777216), 0)), 0)
    FROM known WHERE known.resource IS NOT NULL) + CAST(?6 AS INTEGER) <= record_limit))
      RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH same USING PRIMARY KEY (clinic_id=? AND id=?) LEFT-JOIN
  SCALAR SUBQUERY 3
    SEARCH given VIRTUAL TABLE INDEX 1:
    SEARCH other USING INDEX coverages_by_patient (clinic_id=? AND patient_id=?)
  SCALAR SUBQUERY 10
    CO-ROUTINE known
      SETUP
        SCAN CONSTANT ROW
        SCALAR SUBQUERY 4
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=?)
      RECURSIVE STEP
        SCAN known
        CORRELATED SCALAR SUBQUERY 6
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource>?)
    SCAN known
    CORRELATED SCALAR SUBQUERY 8
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    CORRELATED SCALAR SUBQUERY 9
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  SCALAR SUBQUERY 2
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)

-- why coverages were not written: ?1 clinicId, ?2 key
SELECT state, used.request_id, fingerprint, status, EXISTS (
        SELECT * FROM changes WHERE clinic_id = ?1 AND resource = 'coverages'
          AND record_id = used.record_id AND version = used.version AND request_id = used.request_id) AS is_journaled
    FROM clinics LEFT JOIN idempotency_keys AS used ON used.clinic_id = clinics.id AND used.key = ?2
    WHERE clinics.id = ?1

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?) LEFT-JOIN
  CORRELATED SCALAR SUBQUERY 1
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- coverages of a key: ?1 clinicId, ?2 key, ?3 fingerprint
SELECT id, substr(uid, 1, 8) || '.' || version AS etag, json_object('id', id, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'created_at', created_at, 'updated_at', updated_at) AS json
    FROM (
      SELECT record_id AS first_id, record_id + records - 1 AS last_id, version AS made FROM idempotency_keys
      WHERE clinic_id = ?1 AND key = ?2 AND fingerprint = ?3) AS used CROSS JOIN coverages
      ON clinic_id = ?1 AND id BETWEEN first_id AND last_id AND version = made
    UNION ALL
    SELECT record_id, substr((before ->> 'uid'), 1, 8) || '.' || (before ->> 'version'), json_object('id', before ->> 'id', 'patient_id', before ->> 'patient_id', 'plan_id', before ->> 'plan_id', 'carrier', before ->> 'carrier', 'member_id', before ->> 'member_id', 'group_number', before ->> 'group_number', 'relationship', before ->> 'relationship', 'subscriber_id', before ->> 'subscriber_id', 'subscriber_first_name', before ->> 'subscriber_first_name', 'subscriber_last_name', before ->> 'subscriber_last_name', 'subscriber_date_of_birth', before ->> 'subscriber_date_of_birth', 'priority', before ->> 'priority', 'starts_on', before ->> 'starts_on', 'ends_on', before ->> 'ends_on', 'created_at', before ->> 'created_at', 'updated_at', before ->> 'updated_at')
    FROM (
      SELECT record_id AS first_id, record_id + records - 1 AS last_id, version AS made FROM idempotency_keys
      WHERE clinic_id = ?1 AND key = ?2 AND fingerprint = ?3) AS used CROSS JOIN changes
      ON clinic_id = ?1 AND resource = 'coverages' AND version = made + 1
        AND record_id BETWEEN first_id AND last_id AND before IS NOT NULL
    ORDER BY id

  MERGE (UNION ALL)
    LEFT
      SEARCH idempotency_keys USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id>? AND id<?)
    RIGHT
      SEARCH idempotency_keys USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id>? AND record_id<?)

-- what coverages would break: ?1 clinicId, ?2 rows
SELECT place, json_array(iif(EXISTS (SELECT * FROM ownables
      WHERE clinic_id = ?1 AND type = 'Patient' AND id = merged.patient_id), NULL, 'patient_id'), iif((plan_id IS NULL OR EXISTS (SELECT * FROM plans WHERE plans.id = merged.plan_id)), NULL, 'plan_id'), iif((subscriber_id IS NULL OR EXISTS (SELECT * FROM ownables
      WHERE clinic_id = ?1 AND type = 'Patient' AND ownables.id = merged.subscriber_id)), NULL, 'subscriber_id'), iif((plan_id IS NOT NULL OR carrier IS NOT NULL), NULL, 'plan_or_carrier'), iif((plan_id IS NULL OR carrier IS NULL), NULL, 'plan_without_carrier'), iif((relationship <> 'self' OR (subscriber_id IS NULL AND subscriber_first_name IS NULL AND subscriber_last_name IS NULL)), NULL, 'self_without_subscriber'), iif((relationship = 'self' OR subscriber_id IS NOT NULL OR subscriber_first_name IS NOT NULL OR subscriber_last_name IS NOT NULL), NULL, 'subscriber_needed'), iif((subscriber_id IS NULL OR subscriber_id <> patient_id), NULL, 'subscriber_is_another'), iif((subscriber_id IS NULL OR (subscriber_first_name IS NULL AND subscriber_last_name IS NULL)), NULL, 'one_subscriber'), iif(((subscriber_first_name IS NULL) = (subscriber_last_name IS NULL)), NULL, 'subscriber_names_together'), iif((subscriber_date_of_birth IS NULL OR subscriber_first_name IS NOT NULL OR subscriber_last_name IS NOT NULL), NULL, 'subscriber_birth_with_names'), iif((ends_on IS NULL OR starts_on IS NULL OR ends_on >= starts_on), NULL, 'ends_on_after_starts_on')) AS broken FROM (
      SELECT given.key AS place, iif(json_type(given.value, '$.patient_id') IS NULL, stored.patient_id, given.value ->> 'patient_id') AS patient_id, iif(json_type(given.value, '$.plan_id') IS NULL, stored.plan_id, given.value ->> 'plan_id') AS plan_id, iif(json_type(given.value, '$.subscriber_id') IS NULL, stored.subscriber_id, given.value ->> 'subscriber_id') AS subscriber_id, iif(json_type(given.value, '$.carrier') IS NULL, stored.carrier, given.value ->> 'carrier') AS carrier, iif(json_type(given.value, '$.relationship') IS NULL, stored.relationship, given.value ->> 'relationship') AS relationship, iif(json_type(given.value, '$.subscriber_first_name') IS NULL, stored.subscriber_first_name, given.value ->> 'subscriber_first_name') AS subscriber_first_name, iif(json_type(given.value, '$.subscriber_last_name') IS NULL, stored.subscriber_last_name, given.value ->> 'subscriber_last_name') AS subscriber_last_name, iif(json_type(given.value, '$.subscriber_date_of_birth') IS NULL, stored.subscriber_date_of_birth, given.value ->> 'subscriber_date_of_birth') AS subscriber_date_of_birth, iif(json_type(given.value, '$.starts_on') IS NULL, stored.starts_on, given.value ->> 'starts_on') AS starts_on, iif(json_type(given.value, '$.ends_on') IS NULL, stored.ends_on, given.value ->> 'ends_on') AS ends_on
      FROM json_each(?2) AS given LEFT JOIN coverages AS stored
        ON stored.clinic_id = ?1 AND stored.id = given.value ->> 'id') AS merged
    WHERE NOT (EXISTS (SELECT * FROM ownables
      WHERE clinic_id = ?1 AND type = 'Patient' AND id = merged.patient_id) AND (plan_id IS NULL OR EXISTS (SELECT * FROM plans WHERE plans.id = merged.plan_id)) AND (subscriber_id IS NULL OR EXISTS (SELECT * FROM ownables
      WHERE clinic_id = ?1 AND type = 'Patient' AND ownables.id = merged.subscriber_id)) AND (plan_id IS NOT NULL OR carrier IS NOT NULL) AND (plan_id IS NULL OR carrier IS NULL) AND (relationship <> 'self' OR (subscriber_id IS NULL AND subscriber_first_name IS NULL AND subscriber_last_name IS NULL)) AND (relationship = 'self' OR subscriber_id IS NOT NULL OR subscriber_first_name IS NOT NULL OR subscriber_last_name IS NOT NULL) AND (subscriber_id IS NULL OR subscriber_id <> patient_id) AND (subscriber_id IS NULL OR (subscriber_first_name IS NULL AND subscriber_last_name IS NULL)) AND ((subscriber_first_name IS NULL) = (subscriber_last_name IS NULL)) AND (subscriber_date_of_birth IS NULL OR subscriber_first_name IS NOT NULL OR subscriber_last_name IS NOT NULL) AND (ends_on IS NULL OR starts_on IS NULL OR ends_on >= starts_on))

  SCAN given VIRTUAL TABLE INDEX 1:
  SEARCH stored USING PRIMARY KEY (clinic_id=? AND id=?) LEFT-JOIN
  CORRELATED SCALAR SUBQUERY 5
    SEARCH ownables USING PRIMARY KEY (clinic_id=? AND type=? AND id=?)
  CORRELATED SCALAR SUBQUERY 6
    SEARCH plans USING INTEGER PRIMARY KEY (rowid=?)
  CORRELATED SCALAR SUBQUERY 7
    SEARCH ownables USING PRIMARY KEY (clinic_id=? AND type=? AND id=?)
  CORRELATED SCALAR SUBQUERY 1
    SEARCH ownables USING PRIMARY KEY (clinic_id=? AND type=? AND id=?)
  CORRELATED SCALAR SUBQUERY 2
    SEARCH plans USING INTEGER PRIMARY KEY (rowid=?)
  CORRELATED SCALAR SUBQUERY 3
    SEARCH ownables USING PRIMARY KEY (clinic_id=? AND type=? AND id=?)

-- amend coverages: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 given, ?7 id, ?8 etags, ?9 fixed
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id,
      target.version + EXISTS (SELECT iif(key = 'ssn_sealed', 'ssn', key) AS name FROM json_each(?6)
      WHERE value IS NOT (content ->> key) AND key NOT IN ('ssn_key_id', 'ssn_last_four')
        AND key NOT LIKE '%\_folded' ESCAPE '\' AND key NOT LIKE '%\_identity' ESCAPE '\'
        AND key NOT LIKE '%\_words' ESCAPE '\'), 1
    FROM clinics CROSS JOIN (SELECT id, uid, version, json_object('id', id, 'uid', uid, 'version', version, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'carrier_identity', carrier_identity, 'member_id_identity', member_id_identity, 'created_at', created_at, 'updated_at', updated_at) AS content FROM coverages
      WHERE clinic_id = ?3 AND id = CAST(?7 AS INTEGER)) AS target
    WHERE clinics.id = ?3 AND state = 'open' AND (?8 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?8))) AND NOT EXISTS (SELECT key FROM json_each(?9) WHERE value IS NOT (content ->> key))
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 4
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER
  CORRELATED SCALAR SUBQUERY 5
    SCAN json_each VIRTUAL TABLE INDEX 1:
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  CORRELATED SCALAR SUBQUERY 2
    SCAN json_each VIRTUAL TABLE INDEX 1:

-- amend coverages: ?1 clinicId, ?2 tokenId, ?3 given, ?4 id, ?5 key, ?6 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'coverages', target.id, used.version, 'amend', used.at, ?2, used.request_id,
      (SELECT json_group_array(name) FROM (SELECT iif(key = 'ssn_sealed', 'ssn', key) AS name FROM json_each(?3)
      WHERE value IS NOT (content ->> key) AND key NOT IN ('ssn_key_id', 'ssn_last_four')
        AND key NOT LIKE '%\_folded' ESCAPE '\' AND key NOT LIKE '%\_identity' ESCAPE '\'
        AND key NOT LIKE '%\_words' ESCAPE '\')), content
    FROM idempotency_keys AS used CROSS JOIN (SELECT id, uid, version, json_object('id', id, 'uid', uid, 'version', version, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'carrier_identity', carrier_identity, 'member_id_identity', member_id_identity, 'created_at', created_at, 'updated_at', updated_at) AS content FROM coverages
      WHERE clinic_id = ?1 AND id = CAST(?4 AS INTEGER)) AS target WHERE used.clinic_id = ?1 AND used.key = ?5 AND used.request_id = ?6 AND target.version = used.version - 1
    RETURNING seq

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  CORRELATED SCALAR SUBQUERY 3
    SCAN json_each VIRTUAL TABLE INDEX 1:

-- amend coverages: ?1 given, ?2 clinicId, ?3 key, ?4 requestId, ?5 id
UPDATE coverages SET version = used.version, updated_at = used.at, patient_id = ?1 ->> 'patient_id', plan_id = ?1 ->> 'plan_id', carrier = ?1 ->> 'carrier', member_id = ?1 ->> 'member_id', group_number = ?1 ->> 'group_number', relationship = ?1 ->> 'relationship', subscriber_id = ?1 ->> 'subscriber_id', subscriber_first_name = ?1 ->> 'subscriber_first_name', subscriber_last_name = ?1 ->> 'subscriber_last_name', subscriber_date_of_birth = ?1 ->> 'subscriber_date_of_birth', priority = ?1 ->> 'priority', starts_on = ?1 ->> 'starts_on', ends_on = ?1 ->> 'ends_on', carrier_identity = ?1 ->> 'carrier_identity', member_id_identity = ?1 ->> 'member_id_identity'
      FROM idempotency_keys AS used
      WHERE used.clinic_id = ?2 AND used.key = ?3 AND used.request_id = ?4
        AND coverages.clinic_id = ?2 AND coverages.id = CAST(?5 AS INTEGER) AND coverages.version = used.version - 1

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)

-- amend coverages: ?1 etags, ?2 fixed, ?3 clinicId, ?4 id
SELECT (?1 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?1))) AS fits, (SELECT json_group_array(key) FROM (SELECT key FROM json_each(?2) WHERE value IS NOT (content ->> key))) AS wrong FROM (SELECT id, uid, version, json_object('id', id, 'uid', uid, 'version', version, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'carrier_identity', carrier_identity, 'member_id_identity', member_id_identity, 'created_at', created_at, 'updated_at', updated_at) AS content FROM coverages
      WHERE clinic_id = ?3 AND id = CAST(?4 AS INTEGER)) AS target

  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 1
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER
  CORRELATED SCALAR SUBQUERY 3
    SCAN json_each VIRTUAL TABLE INDEX 1:

-- delete coverages: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id, ?7 etags
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 204, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN coverages AS target
    WHERE clinics.id = ?3 AND state = 'open'
      AND target.clinic_id = ?3 AND target.id = CAST(?6 AS INTEGER) AND (?7 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?7)))
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH target USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 2
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- delete coverages: ?1 clinicId, ?2 tokenId, ?3 id, ?4 key, ?5 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'coverages', target.id, used.version, 'delete', used.at, ?2,
      used.request_id, '[]', content
    FROM idempotency_keys AS used CROSS JOIN (SELECT id, json_object('id', id, 'uid', uid, 'version', version, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'carrier_identity', carrier_identity, 'member_id_identity', member_id_identity, 'created_at', created_at, 'updated_at', updated_at) AS content FROM coverages
      WHERE clinic_id = ?1 AND id = CAST(?3 AS INTEGER)) AS target WHERE used.clinic_id = ?1 AND used.key = ?4 AND used.request_id = ?5

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- delete coverages: ?1 clinicId, ?2 key, ?3 requestId
DELETE FROM coverages WHERE clinic_id = ?1 AND id = (SELECT record_id FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)

  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)

-- count deletions of coverages: ?1 clinicId, ?2 key, ?3 requestId
INSERT INTO deletions (clinic_id, resource, node, n)
    WITH RECURSIVE path (node) AS (
      SELECT id FROM idempotency_keys AS used CROSS JOIN coverages AS target ON target.clinic_id = ?1 AND id = record_id
        AND target.version = used.version - 1 WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3
      UNION ALL SELECT node + (node & -node) FROM path WHERE node < 16777216)
    SELECT ?1, 'coverages', node, 1 FROM path WHERE true
    ON CONFLICT DO UPDATE SET n = n + 1

  CO-ROUTINE path
    SETUP
      SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH target USING PRIMARY KEY (clinic_id=? AND id=?)
    RECURSIVE STEP
      SCAN path
  SCAN path

-- delete coverages: ?1 etags, ?2 clinicId, ?3 id
SELECT (?1 IS NULL OR substr(uid, 1, 8) || '.' || version IN (SELECT value FROM json_each(?1))) AS fits FROM coverages WHERE clinic_id = ?2 AND id = CAST(?3 AS INTEGER)

  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 1
    SCAN json_each VIRTUAL TABLE INDEX 1:
    CREATE BLOOM FILTER

-- list coverages: ?1 clinicId, ?2 rank, ?3 size
SELECT json_group_array(json_object('id', id, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'created_at', created_at, 'updated_at', updated_at)) AS json, json_group_array(id) AS ids, (SELECT coalesce((
    SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = 'coverages'), 0) - coalesce((
      SELECT n FROM deletions WHERE clinic_id = ?1 AND resource = 'coverages' AND node = 16777216), 0)) AS total FROM (
      SELECT id, patient_id, plan_id, carrier, member_id, group_number, relationship, subscriber_id, subscriber_first_name, subscriber_last_name, subscriber_date_of_birth, priority, starts_on, ends_on, created_at, updated_at FROM coverages
      WHERE clinic_id = ?1 AND id >= iif(coalesce((
      SELECT n FROM deletions WHERE clinic_id = ?1 AND resource = 'coverages' AND node = 16777216), 0) = 0, CAST(?2 AS INTEGER), (
      WITH RECURSIVE seek (step, at, rank) AS (
        SELECT 16777216 / 2, 0, CAST(?2 AS INTEGER)
        UNION ALL
        SELECT step / 2, iif(step - coalesce(n, 0) < rank, at + step, at),
          iif(step - coalesce(n, 0) < rank, rank - step + coalesce(n, 0), rank)
        FROM seek LEFT JOIN deletions
          ON clinic_id = ?1 AND resource = 'coverages' AND node = at + step
        WHERE step > 0)
      SELECT at + 1 FROM seek WHERE step = 0))
      ORDER BY id LIMIT CAST(?3 AS INTEGER))

  CO-ROUTINE (subquery-8)
    SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id>?)
    SCALAR SUBQUERY 4
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)
    SCALAR SUBQUERY 7
      CO-ROUTINE seek
        SETUP
          SCAN CONSTANT ROW
        RECURSIVE STEP
          SCAN seek
          SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?) LEFT-JOIN
      BLOOM FILTER ON seek (step=?)
      SEARCH seek USING AUTOMATIC PARTIAL COVERING INDEX (step=?)
  SCAN (subquery-8)
  SCALAR SUBQUERY 3
    SCAN CONSTANT ROW
    SCALAR SUBQUERY 1
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    SCALAR SUBQUERY 2
      SEARCH deletions USING PRIMARY KEY (clinic_id=? AND resource=? AND node=?)

-- filter coverages: ?1 clinicId, ?2 patient_id, ?3 active_on, ?4 plan_id, ?5 most, ?6 size, ?7 skipped
SELECT json_group_array(json_object('id', id, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'created_at', created_at, 'updated_at', updated_at)) AS json, json_group_array(id) AS ids, (SELECT count(*) FROM (SELECT 1 FROM coverages INDEXED BY coverages_by_patient
        WHERE clinic_id = ?1 AND patient_id = CAST(?2 AS INTEGER) AND (?3 IS NULL OR (starts_on IS NULL OR starts_on <= ?3) AND (ends_on IS NULL OR ends_on >= ?3)) AND (CAST(?4 AS INTEGER) IS NULL OR plan_id = CAST(?4 AS INTEGER)) LIMIT CAST(?5 AS INTEGER))) AS total FROM (
        SELECT id, patient_id, plan_id, carrier, member_id, group_number, relationship, subscriber_id, subscriber_first_name, subscriber_last_name, subscriber_date_of_birth, priority, starts_on, ends_on, created_at, updated_at FROM coverages INDEXED BY coverages_by_patient
        WHERE clinic_id = ?1 AND patient_id = CAST(?2 AS INTEGER) AND (?3 IS NULL OR (starts_on IS NULL OR starts_on <= ?3) AND (ends_on IS NULL OR ends_on >= ?3)) AND (CAST(?4 AS INTEGER) IS NULL OR plan_id = CAST(?4 AS INTEGER))
        ORDER BY priority, id LIMIT CAST(?6 AS INTEGER) OFFSET min(CAST(?7 AS INTEGER), CAST(?5 AS INTEGER)))

  CO-ROUTINE (subquery-3)
    SEARCH coverages USING INDEX coverages_by_patient (clinic_id=? AND patient_id=?)
  SCAN (subquery-3)
  SCALAR SUBQUERY 2
    CO-ROUTINE (subquery-1)
      SEARCH coverages USING INDEX coverages_by_patient (clinic_id=? AND patient_id=?)
    SCAN (subquery-1)

-- filter coverages: ?1 clinicId, ?2 plan_id, ?3 patient_id, ?4 active_on, ?5 most, ?6 size, ?7 skipped
SELECT json_group_array(json_object('id', id, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'created_at', created_at, 'updated_at', updated_at)) AS json, json_group_array(id) AS ids, (SELECT count(*) FROM (SELECT 1 FROM coverages INDEXED BY coverages_by_plan
        WHERE clinic_id = ?1 AND plan_id = CAST(?2 AS INTEGER) AND (CAST(?3 AS INTEGER) IS NULL OR patient_id = CAST(?3 AS INTEGER)) AND (?4 IS NULL OR (starts_on IS NULL OR starts_on <= ?4) AND (ends_on IS NULL OR ends_on >= ?4)) LIMIT CAST(?5 AS INTEGER))) AS total FROM (
        SELECT id, patient_id, plan_id, carrier, member_id, group_number, relationship, subscriber_id, subscriber_first_name, subscriber_last_name, subscriber_date_of_birth, priority, starts_on, ends_on, created_at, updated_at FROM coverages INDEXED BY coverages_by_plan
        WHERE clinic_id = ?1 AND plan_id = CAST(?2 AS INTEGER) AND (CAST(?3 AS INTEGER) IS NULL OR patient_id = CAST(?3 AS INTEGER)) AND (?4 IS NULL OR (starts_on IS NULL OR starts_on <= ?4) AND (ends_on IS NULL OR ends_on >= ?4))
        ORDER BY id LIMIT CAST(?6 AS INTEGER) OFFSET min(CAST(?7 AS INTEGER), CAST(?5 AS INTEGER)))

  CO-ROUTINE (subquery-3)
    SEARCH coverages USING INDEX coverages_by_plan (clinic_id=? AND plan_id=?)
  SCAN (subquery-3)
  SCALAR SUBQUERY 2
    CO-ROUTINE (subquery-1)
      SEARCH coverages USING INDEX coverages_by_plan (clinic_id=? AND plan_id=?)
    SCAN (subquery-1)

-- read coverages: ?1 clinicId, ?2 id
SELECT id, substr(uid, 1, 8) || '.' || version AS etag, json_object('id', id, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'created_at', created_at, 'updated_at', updated_at) AS json FROM coverages WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)

  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)

-- read coverages: ?1 clinicId, ?2 id
SELECT * FROM coverages WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)

  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)

-- history of coverages: ?1 clinicId, ?2 id, ?3 size, ?4 skipped
SELECT total, json_group_array(json_object('version', version, 'action', action, 'at', at, 'token_id', iif(token_id LIKE 'operator:%', 'operator', token_id),
        'request_id', request_id, 'changed', json(changed), 'coverage', json((
          SELECT json_object('id', id, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'created_at', created_at, 'updated_at', updated_at) FROM coverages WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER) AND version = change.version
          UNION ALL
          SELECT json_object('id', before ->> 'id', 'patient_id', before ->> 'patient_id', 'plan_id', before ->> 'plan_id', 'carrier', before ->> 'carrier', 'member_id', before ->> 'member_id', 'group_number', before ->> 'group_number', 'relationship', before ->> 'relationship', 'subscriber_id', before ->> 'subscriber_id', 'subscriber_first_name', before ->> 'subscriber_first_name', 'subscriber_last_name', before ->> 'subscriber_last_name', 'subscriber_date_of_birth', before ->> 'subscriber_date_of_birth', 'priority', before ->> 'priority', 'starts_on', before ->> 'starts_on', 'ends_on', before ->> 'ends_on', 'created_at', before ->> 'created_at', 'updated_at', before ->> 'updated_at') FROM changes
          WHERE clinic_id = ?1 AND resource = 'coverages' AND record_id = CAST(?2 AS INTEGER) AND version > 0 AND version = change.version + 1 AND before IS NOT NULL)))) AS json
    FROM (SELECT max(version) AS total FROM changes WHERE clinic_id = ?1 AND resource = 'coverages' AND record_id = CAST(?2 AS INTEGER) AND version > 0) LEFT JOIN (
      SELECT * FROM changes WHERE clinic_id = ?1 AND resource = 'coverages' AND record_id = CAST(?2 AS INTEGER) AND version > 0
      ORDER BY version DESC LIMIT CAST(?3 AS INTEGER) OFFSET CAST(?4 AS INTEGER)) AS change ON true

  CO-ROUTINE (subquery-3)
    SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version>?)
  MATERIALIZE change
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version>?)
  SCAN (subquery-3)
  SCAN change LEFT-JOIN
  CORRELATED SCALAR SUBQUERY 2
    COMPOUND QUERY
      LEFT-MOST SUBQUERY
        SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
      UNION ALL
        SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- changes: ?1 clinicId, ?2 after, ?3 limit
SELECT json_group_array(json_object('seq', seq, 'resource', resource, 'id', record_id, 'version', version,
        'action', action, 'at', at, 'record', json(CASE resource WHEN 'person_informations' THEN (
          SELECT json_object('id', id, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'ssn', '***-**-' || ssn_last_four, 'phone', phone, 'email', email, 'created_at', created_at, 'updated_at', updated_at) FROM person_informations WHERE clinic_id = ?1 AND id = record_id) WHEN 'dependents' THEN (
          SELECT json_object('id', id, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'ssn', '***-**-' || ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) FROM dependents WHERE clinic_id = ?1 AND id = record_id) WHEN 'coverages' THEN (
          SELECT json_object('id', id, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'created_at', created_at, 'updated_at', updated_at) FROM coverages WHERE clinic_id = ?1 AND id = record_id) END)))
        FILTER (WHERE action <> 'skip') AS json,
      json_group_array(seq) FILTER (WHERE action <> 'skip') AS seqs, max(seq) AS last,
      EXISTS (SELECT * FROM changes WHERE clinic_id = ?1 AND seq = CAST(?2 AS INTEGER)) AS is_known
    FROM (SELECT * FROM changes WHERE clinic_id = ?1 AND seq > CAST(?2 AS INTEGER) ORDER BY seq LIMIT CAST(?3 AS INTEGER))

  CO-ROUTINE (subquery-5)
    SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq>?)
  SCAN (subquery-5)
  CORRELATED SCALAR SUBQUERY 1
    SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
  CORRELATED SCALAR SUBQUERY 2
    SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
  CORRELATED SCALAR SUBQUERY 3
    SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 4
    SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq=?)

-- named plans: ?1 names
SELECT plans.id, external_id FROM json_each(?1) AS given
      CROSS JOIN plans ON plans.id = given.value

  SCAN given VIRTUAL TABLE INDEX 1:
  SEARCH plans USING INTEGER PRIMARY KEY (rowid=?)

-- named plans: ?1 names
SELECT plans.id, external_id FROM json_each(?1) AS given
      CROSS JOIN plans ON plans.external_id = given.value

  SCAN given VIRTUAL TABLE INDEX 1:
  SEARCH plans USING COVERING INDEX sqlite_autoindex_plans_1 (external_id=?)

-- named plans: ?1 clinicId
WITH named (id) AS (
    SELECT plan_id FROM coverages WHERE clinic_id = ?1
    UNION SELECT before ->> 'plan_id' FROM changes WHERE clinic_id = ?1 AND resource = 'coverages')
  SELECT plans.id, plans.external_id FROM named CROSS JOIN plans ON plans.id = named.id ORDER BY plans.id

  CO-ROUTINE named
    MERGE (UNION)
      LEFT
        SEARCH coverages USING PRIMARY KEY (clinic_id=?)
        USE TEMP B-TREE FOR ORDER BY
      RIGHT
        SEARCH changes USING PRIMARY KEY (clinic_id=?)
        USE TEMP B-TREE FOR ORDER BY
  SCAN named
  SEARCH plans USING INTEGER PRIMARY KEY (rowid=?)
  USE TEMP B-TREE FOR ORDER BY

-- repair: ?1 clinicId, ?2 key, ?3 requestId
SELECT status FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)

-- marks: 
SELECT id AS clinic_id, coalesce((SELECT max(seq) FROM changes WHERE clinic_id = clinics.id), 0) AS seq,
    (SELECT json_group_object(resource, highest) FROM (
      SELECT resource, max(record_id) AS highest FROM changes WHERE clinic_id = clinics.id GROUP BY resource)) AS ids
  FROM clinics ORDER BY id

  SCAN clinics
  CORRELATED SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)
  CORRELATED SCALAR SUBQUERY 3
    CO-ROUTINE (subquery-2)
      SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=?)
    SCAN (subquery-2)

-- resume: ?1 clinicId, ?2 now
INSERT INTO clinics (id, state, created_at) VALUES (?1, 'open', ?2) ON CONFLICT DO NOTHING



-- resume: ?1 clinicId, ?2 ids
INSERT INTO deletions (clinic_id, resource, node, n)
  WITH RECURSIVE path (resource, first, last, node) AS (
    SELECT resource, first, last, first FROM (SELECT key AS resource, value AS last, 1 + coalesce((
        SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = given.key), 0) AS first
      FROM json_each(?2) AS given) AS lost WHERE first <= last
    UNION ALL
    SELECT resource, first, last, iif(node < last, node + 1, node + (node & -node)) FROM path WHERE node < 16777216)
  SELECT ?1, resource, node, sum(min(node, last) - max(first - 1, node - (node & -node))) FROM path
  GROUP BY resource, node ON CONFLICT DO UPDATE SET n = n + excluded.n

  CO-ROUTINE path
    SETUP
      SCAN given VIRTUAL TABLE INDEX 1:
      CORRELATED SCALAR SUBQUERY 1
        SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
      CORRELATED SCALAR SUBQUERY 1
        SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
      CORRELATED SCALAR SUBQUERY 1
        SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
    RECURSIVE STEP
      SCAN path
  SCAN path
  USE TEMP B-TREE FOR GROUP BY

-- resume: ?1 clinicId, ?2 now, ?3 tokenId, ?4 requestId, ?5 seq, ?6 ids
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
  SELECT ?1, seq, resource, record_id, -seq, 'skip',
    max(?2, coalesce((SELECT at FROM changes WHERE clinic_id = ?1 ORDER BY seq DESC LIMIT 1), '')),
    ?3, ?4, '[]'
  FROM (
    SELECT resource, max(last, first - 1) AS record_id,
      max(coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), CAST(?5 AS INTEGER) - count(*) OVER ()) + row_number() OVER (ORDER BY resource) AS seq
    FROM (SELECT key AS resource, value AS last, 1 + coalesce((
        SELECT max(record_id) FROM changes WHERE clinic_id = ?1 AND resource = given.key), 0) AS first
      FROM json_each(?6) AS given) AS lost WHERE first <= last OR CAST(?5 AS INTEGER) > coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0))

  CO-ROUTINE (subquery-6)
    CO-ROUTINE (subquery-8)
      CO-ROUTINE (subquery-9)
        SCAN given VIRTUAL TABLE INDEX 1:
        CORRELATED SCALAR SUBQUERY 3
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
        SCALAR SUBQUERY 5
          SEARCH changes USING PRIMARY KEY (clinic_id=?)
        CORRELATED SCALAR SUBQUERY 3
          SEARCH changes USING COVERING INDEX changes_by_record (clinic_id=? AND resource=?)
        USE TEMP B-TREE FOR ORDER BY
      SCAN (subquery-9)
    SCAN (subquery-8)
    SCALAR SUBQUERY 2
      SEARCH changes USING PRIMARY KEY (clinic_id=?)
  SCAN (subquery-6)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- operator/stats: ?1 now, ?2 clinicId, ?3 since
SELECT CAST((julianday(?1) - julianday(at)) / 7 AS INTEGER) AS weeks_ago, count(*) AS count
    FROM changes
    WHERE clinic_id = ?2 AND action = 'create' AND at > ?3 AND at <= ?1
    GROUP BY weeks_ago

  SEARCH changes USING PRIMARY KEY (clinic_id=?)
  USE TEMP B-TREE FOR GROUP BY

-- operator/tables: 
SELECT name,
      (SELECT json_group_array(name ORDER BY cid) FROM pragma_table_info(master.name)) AS columns,
      (SELECT json_group_array(name ORDER BY pk) FROM pragma_table_info(master.name)
        WHERE pk > 0 AND name <> 'clinic_id') AS key,
      (SELECT json_group_array("table") FROM pragma_foreign_key_list(master.name)) AS referenced
    FROM sqlite_master AS master WHERE type = 'table' AND name NOT LIKE 'd1~_%' ESCAPE '~'
      AND name NOT LIKE '~_%' ESCAPE '~' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
    ORDER BY master.rowid

  SCAN master
  CORRELATED SCALAR SUBQUERY 1
    USE TEMP B-TREE FOR json_group_array(ORDER BY)
    SCAN pragma_table_info VIRTUAL TABLE INDEX 0:
  CORRELATED SCALAR SUBQUERY 2
    USE TEMP B-TREE FOR json_group_array(ORDER BY)
    SCAN pragma_table_info VIRTUAL TABLE INDEX 0:
  CORRELATED SCALAR SUBQUERY 3
    SCAN pragma_foreign_key_list VIRTUAL TABLE INDEX 0:

-- verify trail: 
SELECT clinic_id, stream, max(n) AS n, sha256 FROM segments WHERE state <> 'pending'
    GROUP BY clinic_id, stream

  SCAN segments

-- verify trail: 
SELECT id FROM clinics UNION SELECT clinic_id FROM changes
    UNION SELECT clinic_id FROM accesses UNION SELECT clinic_id FROM segments

  MERGE (UNION)
    LEFT
      MERGE (UNION)
        LEFT
          SCAN clinics
        RIGHT
          SCAN changes USING COVERING INDEX changes_by_record
    RIGHT
      MERGE (UNION)
        LEFT
          SCAN accesses
        RIGHT
          SCAN segments

-- verify trail: ?1 clinicId, ?2 stream, ?3 n
SELECT state = 'aged' AND (stream = 'accesses' OR EXISTS (
      SELECT * FROM clinics WHERE id = clinic_id AND clinics.state = 'moved')) AS may_lack_rows
    FROM segments WHERE clinic_id = ?1 AND stream = ?2 AND n = CAST(?3 AS INTEGER)

  SEARCH segments USING PRIMARY KEY (clinic_id=? AND stream=? AND n=?)
  CORRELATED SCALAR SUBQUERY 1
    SEARCH clinics USING PRIMARY KEY (id=?)

-- verify trail: ?1 clinicId, ?2 after
SELECT count(*) AS count FROM changes WHERE clinic_id = ?1 AND (seq) > CAST(?2 AS INTEGER)

  SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq>?)

-- verify trail: ?1 clinicId
SELECT CAST(seq AS TEXT) AS place FROM changes WHERE clinic_id = ?1 AND action IN ('skip', 'resume')

  SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- verify trail: ?1 clinicId, ?2 after
SELECT count(*) AS count FROM accesses WHERE clinic_id = ?1 AND (at, request_id) > (substr(?2, 1, 24), substr(?2, 26))

  SEARCH accesses USING PRIMARY KEY (clinic_id=? AND (at,request_id)>(?,?))

-- verify trail: ?1 clinicId
SELECT at || ' ' || request_id AS place FROM accesses WHERE clinic_id = ?1 AND action IN ('skip', 'resume')

  SEARCH accesses USING PRIMARY KEY (clinic_id=?)

-- find to import person_informations: ?1 rows, ?2 clinicId
SELECT given.key AS place, stored.* FROM json_each(?1) AS given
      CROSS JOIN person_informations AS stored INDEXED BY person_informations_by_date_of_birth
      ON stored.clinic_id = ?2 AND stored.date_of_birth IS given.value ->> 'date_of_birth' AND stored.last_name_folded IS given.value ->> 'last_name_folded' AND stored.first_name_folded IS given.value ->> 'first_name_folded' AND stored.ownable_type IS given.value ->> 'ownable_type' AND stored.ownable_id IS given.value ->> 'ownable_id'

  SCAN given VIRTUAL TABLE INDEX 1:
  SEARCH stored USING INDEX person_informations_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded=? AND first_name_folded=?)

-- amend many person_informations: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 count
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, 0, 0, CAST(?6 AS INTEGER)
    FROM clinics WHERE id = ?3 AND state = 'open'
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- amend many person_informations: ?1 clinicId, ?2 tokenId, ?3 rows, ?4 key, ?5 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0) + row_number() OVER (ORDER BY nth) - 1, 'person_informations', stored.id, stored.version + 1,
      'amend', used.at, ?2, used.request_id, given ->> 'changed', content
    FROM idempotency_keys AS used CROSS JOIN (SELECT key AS nth, value AS given FROM json_each(?3)) AS given
      CROSS JOIN (SELECT id, version, json_object('id', id, 'uid', uid, 'version', version, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'phone', phone, 'email', email, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM person_informations WHERE clinic_id = ?1) AS stored
      ON stored.id = given ->> 'id' AND stored.version = given ->> 'version'
    WHERE used.clinic_id = ?1 AND used.key = ?4 AND used.request_id = ?5
    RETURNING record_id

  CO-ROUTINE (subquery-5)
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
    SCAN json_each VIRTUAL TABLE INDEX 1:
    SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
    USE TEMP B-TREE FOR ORDER BY
  SCAN (subquery-5)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- amend many person_informations: ?1 rows, ?2 clinicId, ?3 key, ?4 requestId
WITH own AS MATERIALIZED (
      SELECT changes.record_id AS own_id, changes.version, changes.at, json_patch(before, given -> 'given') AS content
      FROM idempotency_keys AS used CROSS JOIN (SELECT key AS nth, value AS given FROM json_each(?1)) AS given CROSS JOIN changes
        ON changes.clinic_id = ?2 AND resource = 'person_informations' AND changes.record_id = given ->> 'id'
          AND changes.version = (given ->> 'version') + 1 AND changes.request_id = used.request_id
      WHERE used.clinic_id = ?2 AND used.key = ?3 AND used.request_id = ?4)
    UPDATE person_informations SET version = own.version, first_name = content ->> 'first_name', last_name = content ->> 'last_name', date_of_birth = content ->> 'date_of_birth', phone = content ->> 'phone', email = content ->> 'email', first_name_folded = content ->> 'first_name_folded', first_name_identity = content ->> 'first_name_identity', last_name_folded = content ->> 'last_name_folded', last_name_identity = content ->> 'last_name_identity', last_name_words = content ->> 'last_name_words', ssn_key_id = content ->> 'ssn_key_id', ssn_sealed = content ->> 'ssn_sealed', ssn_last_four = content ->> 'ssn_last_four', updated_at = own.at FROM own
    WHERE person_informations.clinic_id = ?2 AND id IN (SELECT own_id FROM own)
      AND id = own_id AND person_informations.version = own.version - 1

  MATERIALIZE own
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
    SCAN json_each VIRTUAL TABLE INDEX 1:
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 3
    SCAN own
  BLOOM FILTER ON own (own_id=?)
  SEARCH own USING AUTOMATIC COVERING INDEX (own_id=?)

-- amend many person_informations: ?1 rows, ?2 clinicId, ?3 key, ?4 requestId
SELECT changes.record_id FROM idempotency_keys AS used CROSS JOIN (SELECT key AS nth, value AS given FROM json_each(?1)) AS given CROSS JOIN changes
        ON changes.clinic_id = ?2 AND resource = 'person_informations' AND changes.record_id = given ->> 'id'
          AND changes.version = (given ->> 'version') + 1 AND changes.request_id = used.request_id
      WHERE used.clinic_id = ?2 AND used.key = ?3 AND used.request_id = ?4

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCAN json_each VIRTUAL TABLE INDEX 1:
  SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- repair person_informations: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN (SELECT * FROM (SELECT record_id AS id, version, action, before FROM changes
      WHERE clinic_id = ?3 AND resource = 'person_informations' AND record_id = CAST(?6 AS INTEGER)
      ORDER BY version DESC LIMIT 1) WHERE action = 'delete' AND before IS NOT NULL) AS target WHERE clinics.id = ?3 AND clinics.state = 'open'
    RETURNING status

  MATERIALIZE (subquery-2)
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=?)
  SEARCH clinics USING PRIMARY KEY (id=?)
  SCAN (subquery-2)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair person_informations: ?1 clinicId, ?2 tokenId, ?3 key, ?4 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
      SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'person_informations', record_id, version, 'restore', at,
        ?2, request_id, '[]'
      FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?3 AND used.request_id = ?4

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair person_informations: ?1 clinicId, ?2 key, ?3 requestId
INSERT INTO person_informations (clinic_id, id, uid, version, ownable_id, ownable_type, first_name, last_name, date_of_birth, phone, email, first_name_folded, first_name_identity, last_name_folded, last_name_identity, last_name_words, ssn_key_id, ssn_sealed, ssn_last_four, created_at, updated_at)
      SELECT ?1, deleted.before ->> 'id', deleted.before ->> 'uid', used.version, deleted.before ->> 'ownable_id', deleted.before ->> 'ownable_type', deleted.before ->> 'first_name', deleted.before ->> 'last_name', deleted.before ->> 'date_of_birth', deleted.before ->> 'phone', deleted.before ->> 'email', deleted.before ->> 'first_name_folded', deleted.before ->> 'first_name_identity', deleted.before ->> 'last_name_folded', deleted.before ->> 'last_name_identity', deleted.before ->> 'last_name_words', deleted.before ->> 'ssn_key_id', deleted.before ->> 'ssn_sealed', deleted.before ->> 'ssn_last_four', deleted.before ->> 'created_at', used.at FROM idempotency_keys AS used CROSS JOIN changes AS deleted
        ON deleted.clinic_id = ?1 AND deleted.resource = 'person_informations'
          AND deleted.record_id = used.record_id AND deleted.version = used.version - 1
      WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH deleted USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- count deletions of person_informations: ?1 clinicId, ?2 key, ?3 requestId
INSERT INTO deletions (clinic_id, resource, node, n)
    WITH RECURSIVE path (node) AS (
      SELECT id FROM idempotency_keys AS used CROSS JOIN person_informations AS target ON target.clinic_id = ?1 AND id = record_id
        AND target.version = used.version - 0 WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3
      UNION ALL SELECT node + (node & -node) FROM path WHERE node < 16777216)
    SELECT ?1, 'person_informations', node, 0 FROM path WHERE true
    ON CONFLICT DO UPDATE SET n = n + -1

  CO-ROUTINE path
    SETUP
      SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH target USING PRIMARY KEY (clinic_id=? AND id=?)
    RECURSIVE STEP
      SCAN path
  SCAN path

-- repair person_informations: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN (SELECT * FROM (SELECT record_id AS id, version, action, before FROM changes
      WHERE clinic_id = ?3 AND resource = 'person_informations' AND record_id = CAST(?6 AS INTEGER)
      ORDER BY version DESC LIMIT 1) WHERE action = 'delete') AS target WHERE clinics.id = ?3 AND clinics.state = 'open'
    RETURNING status

  MATERIALIZE (subquery-2)
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=?)
  SEARCH clinics USING PRIMARY KEY (id=?)
  SCAN (subquery-2)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair person_informations: ?1 clinicId, ?2 tokenId, ?3 key, ?4 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
      SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'person_informations', record_id, version, 'erase', at,
        ?2, request_id, '[]'
      FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?3 AND used.request_id = ?4

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair person_informations: ?1 clinicId, ?2 key, ?3 requestId
UPDATE changes SET before = NULL
      WHERE clinic_id = ?1 AND resource = 'person_informations' AND record_id = (SELECT record_id FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)
        AND before IS NOT NULL

  SEARCH changes USING PRIMARY KEY (clinic_id=?)
  SCALAR SUBQUERY 1
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)

-- find person_informations: ?1 clinicId, ?2 id
SELECT * FROM person_informations WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)

  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)

-- repair person_informations: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id, ?7 version
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN (SELECT id, version, ownable_type, ownable_id, json_object('id', id, 'uid', uid, 'version', version, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'phone', phone, 'email', email, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM person_informations
      WHERE clinic_id = ?3 AND id = CAST(?6 AS INTEGER) AND version = CAST(?7 AS INTEGER)) AS target WHERE clinics.id = ?3 AND clinics.state = 'open'
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair person_informations: ?1 clinicId, ?2 tokenId, ?3 type, ?4 id, ?5 version, ?6 key, ?7 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
      SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'person_informations', target.id, used.version, 'reassign', used.at, ?2, used.request_id,
        iif(ownable_type = ?3, json_array('ownable_id'), json_array('ownable_type', 'ownable_id')), content
      FROM idempotency_keys AS used CROSS JOIN (SELECT id, version, ownable_type, ownable_id, json_object('id', id, 'uid', uid, 'version', version, 'ownable_id', ownable_id, 'ownable_type', ownable_type, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'phone', phone, 'email', email, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM person_informations
      WHERE clinic_id = ?1 AND id = CAST(?4 AS INTEGER) AND version = CAST(?5 AS INTEGER)) AS target WHERE used.clinic_id = ?1 AND used.key = ?6 AND used.request_id = ?7

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair person_informations: ?1 ownerId, ?2 type, ?3 ssn, ?4 clinicId, ?5 key, ?6 requestId, ?7 id
UPDATE person_informations SET version = used.version, updated_at = used.at, ownable_id = CAST(?1 AS INTEGER), ownable_type = ?2, ssn_key_id = coalesce(?3 ->> 'ssn_key_id', ssn_key_id), ssn_sealed = coalesce(?3 ->> 'ssn_sealed', ssn_sealed) FROM idempotency_keys AS used
      WHERE used.clinic_id = ?4 AND used.key = ?5 AND used.request_id = ?6
        AND person_informations.clinic_id = ?4 AND id = CAST(?7 AS INTEGER) AND person_informations.version = used.version - 1

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)

-- export person_informations: ?1 clinicId, ?2 after, ?3 limit
SELECT * FROM person_informations WHERE clinic_id = ?1 AND id > CAST(?2 AS INTEGER) ORDER BY id LIMIT CAST(?3 AS INTEGER)

  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id>?)

-- back up person_informations: ?1 clinicId, ?2 seen, ?3 after
SELECT record_id AS id, before FROM changes
      WHERE clinic_id = ?1 AND seq > CAST(?2 AS INTEGER) AND resource = 'person_informations' AND record_id > CAST(?3 AS INTEGER)
        AND action <> 'skip' ORDER BY seq

  SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq>?)

-- back up person_informations: ?1 clinicId
SELECT max(seq) AS seq FROM changes WHERE clinic_id = ?1

  SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- restore deletions of person_informations: ?1 clinicId, ?2 highest
INSERT INTO deletions (clinic_id, resource, node, n)
  WITH RECURSIVE path (resource, first, last, node) AS (
    SELECT resource, first, last, first FROM (
      SELECT 'person_informations' AS resource, 1 + lag(id, 1, 0) OVER (ORDER BY id) AS first, id - 1 AS last
      FROM (SELECT id FROM person_informations WHERE clinic_id = ?1 UNION ALL SELECT CAST(?2 AS INTEGER) + 1)) WHERE first <= last
    UNION ALL
    SELECT resource, first, last, iif(node < last, node + 1, node + (node & -node)) FROM path WHERE node < 16777216)
  SELECT ?1, resource, node, sum(min(node, last) - max(first - 1, node - (node & -node))) FROM path
  GROUP BY resource, node ON CONFLICT DO NOTHING

  CO-ROUTINE path
    SETUP
      CO-ROUTINE (subquery-3)
        CO-ROUTINE (subquery-7)
          CO-ROUTINE (subquery-2)
            COMPOUND QUERY
              LEFT-MOST SUBQUERY
                SEARCH person_informations USING COVERING INDEX person_informations_by_owner (clinic_id=?)
              UNION ALL
                SCAN CONSTANT ROW
          SCAN (subquery-2)
          USE TEMP B-TREE FOR ORDER BY
        SCAN (subquery-7)
      SCAN (subquery-3)
    RECURSIVE STEP
      SCAN path
  SCAN path
  USE TEMP B-TREE FOR GROUP BY

-- records ever of a patient in person_informations: ?1 clinicId, ?2 patientId
SELECT id FROM person_informations
      WHERE clinic_id = ?1 AND ownable_type = 'Patient' AND ownable_id = CAST(?2 AS INTEGER)

  SEARCH person_informations USING COVERING INDEX person_informations_by_owner (clinic_id=? AND ownable_type=? AND ownable_id=?)

-- records ever of a patient in person_informations: ?1 clinicId, ?2 after, ?3 step, ?4 patientId
SELECT record_id AS id FROM changes
      WHERE clinic_id = ?1 AND seq > CAST(?2 AS INTEGER) AND seq <= CAST(?2 AS INTEGER) + CAST(?3 AS INTEGER)
        AND resource = 'person_informations' AND action IN ('delete', 'reassign')
        AND before ->> 'ownable_type' = 'Patient' AND before ->> 'ownable_id' = CAST(?4 AS INTEGER)

  SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq>? AND seq<?)

-- records ever of a patient in person_informations: ?1 clinicId
SELECT coalesce(max(seq), 0) AS last FROM changes WHERE clinic_id = ?1

  SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- owners of person_informations: ?1 clinicId, ?2 id
SELECT seq, at, iif(before ->> 'ownable_type' = 'Patient', before ->> 'ownable_id', NULL) AS owner,
      (SELECT ownable_id FROM person_informations WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)
        AND version = change.version AND ownable_type = 'Patient') AS owner_now
    FROM changes AS change
    WHERE clinic_id = ?1 AND resource = 'person_informations' AND record_id = CAST(?2 AS INTEGER) AND version > 0
    ORDER BY version

  SEARCH change USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version>?)
  CORRELATED SCALAR SUBQUERY 1
    SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)

-- reseal person_informations: ?1 keyId, ?2 clinicId, ?3 id, ?4 limit
SELECT * FROM person_informations
      WHERE ssn_key_id <> ?1 AND (clinic_id, id) > (?2, CAST(?3 AS INTEGER))
      ORDER BY clinic_id, id LIMIT CAST(?4 AS INTEGER)

  SEARCH person_informations USING PRIMARY KEY (clinic_id>?)

-- reseal person_informations: ?1 resealed
UPDATE person_informations
      SET ssn_key_id = given.value ->> 'keyId', ssn_sealed = given.value ->> 'sealed'
      FROM json_each(?1) AS given
      WHERE clinic_id = given.value ->> 'clinicId' AND person_informations.id = given.value ->> 'id'
        AND ssn_sealed = given.value ->> 'replaces'
        AND EXISTS (SELECT * FROM clinics WHERE clinics.id = clinic_id AND state IN ('open', 'suspended'))
      RETURNING clinic_id AS clinicId, person_informations.id

  SCAN given VIRTUAL TABLE INDEX 1:
  SEARCH person_informations USING PRIMARY KEY (clinic_id=? AND id=?)
  SEARCH clinics EXISTS USING PRIMARY KEY (id=?)

-- restore words of person_informations: ?1 clinicId
INSERT INTO name_words (clinic_id, resource, date_of_birth, word, record_id)
    SELECT clinic_id, 'person_informations', date_of_birth, word.value, record.id
    FROM person_informations AS record CROSS JOIN json_each(last_name_words) AS word
    WHERE clinic_id = ?1 ON CONFLICT DO NOTHING

  SEARCH record USING PRIMARY KEY (clinic_id=?)
  SCAN word VIRTUAL TABLE INDEX 1:

-- find to import dependents: ?1 rows, ?2 clinicId
SELECT given.key AS place, stored.* FROM json_each(?1) AS given
      CROSS JOIN dependents AS stored INDEXED BY dependents_by_date_of_birth
      ON stored.clinic_id = ?2 AND stored.date_of_birth IS given.value ->> 'date_of_birth' AND stored.last_name_folded IS given.value ->> 'last_name_folded' AND stored.first_name_folded IS given.value ->> 'first_name_folded' AND stored.primary_holder_id IS given.value ->> 'primary_holder_id'

  SCAN given VIRTUAL TABLE INDEX 1:
  SEARCH stored USING INDEX dependents_by_date_of_birth (clinic_id=? AND date_of_birth=? AND last_name_folded=? AND first_name_folded=?)

-- amend many dependents: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 count
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, 0, 0, CAST(?6 AS INTEGER)
    FROM clinics WHERE id = ?3 AND state = 'open'
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- amend many dependents: ?1 clinicId, ?2 tokenId, ?3 rows, ?4 key, ?5 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0) + row_number() OVER (ORDER BY nth) - 1, 'dependents', stored.id, stored.version + 1,
      'amend', used.at, ?2, used.request_id, given ->> 'changed', content
    FROM idempotency_keys AS used CROSS JOIN (SELECT key AS nth, value AS given FROM json_each(?3)) AS given
      CROSS JOIN (SELECT id, version, json_object('id', id, 'uid', uid, 'version', version, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM dependents WHERE clinic_id = ?1) AS stored
      ON stored.id = given ->> 'id' AND stored.version = given ->> 'version'
    WHERE used.clinic_id = ?1 AND used.key = ?4 AND used.request_id = ?5
    RETURNING record_id

  CO-ROUTINE (subquery-5)
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
    SCAN json_each VIRTUAL TABLE INDEX 1:
    SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
    USE TEMP B-TREE FOR ORDER BY
  SCAN (subquery-5)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- amend many dependents: ?1 rows, ?2 clinicId, ?3 key, ?4 requestId
WITH own AS MATERIALIZED (
      SELECT changes.record_id AS own_id, changes.version, changes.at, json_patch(before, given -> 'given') AS content
      FROM idempotency_keys AS used CROSS JOIN (SELECT key AS nth, value AS given FROM json_each(?1)) AS given CROSS JOIN changes
        ON changes.clinic_id = ?2 AND resource = 'dependents' AND changes.record_id = given ->> 'id'
          AND changes.version = (given ->> 'version') + 1 AND changes.request_id = used.request_id
      WHERE used.clinic_id = ?2 AND used.key = ?3 AND used.request_id = ?4)
    UPDATE dependents SET version = own.version, first_name = content ->> 'first_name', last_name = content ->> 'last_name', date_of_birth = content ->> 'date_of_birth', relationship = content ->> 'relationship', first_name_folded = content ->> 'first_name_folded', first_name_identity = content ->> 'first_name_identity', last_name_folded = content ->> 'last_name_folded', last_name_identity = content ->> 'last_name_identity', last_name_words = content ->> 'last_name_words', ssn_key_id = content ->> 'ssn_key_id', ssn_sealed = content ->> 'ssn_sealed', ssn_last_four = content ->> 'ssn_last_four', updated_at = own.at FROM own
    WHERE dependents.clinic_id = ?2 AND id IN (SELECT own_id FROM own)
      AND id = own_id AND dependents.version = own.version - 1

  MATERIALIZE own
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
    SCAN json_each VIRTUAL TABLE INDEX 1:
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 3
    SCAN own
  BLOOM FILTER ON own (own_id=?)
  SEARCH own USING AUTOMATIC COVERING INDEX (own_id=?)

-- amend many dependents: ?1 rows, ?2 clinicId, ?3 key, ?4 requestId
SELECT changes.record_id FROM idempotency_keys AS used CROSS JOIN (SELECT key AS nth, value AS given FROM json_each(?1)) AS given CROSS JOIN changes
        ON changes.clinic_id = ?2 AND resource = 'dependents' AND changes.record_id = given ->> 'id'
          AND changes.version = (given ->> 'version') + 1 AND changes.request_id = used.request_id
      WHERE used.clinic_id = ?2 AND used.key = ?3 AND used.request_id = ?4

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCAN json_each VIRTUAL TABLE INDEX 1:
  SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- repair dependents: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN (SELECT * FROM (SELECT record_id AS id, version, action, before FROM changes
      WHERE clinic_id = ?3 AND resource = 'dependents' AND record_id = CAST(?6 AS INTEGER)
      ORDER BY version DESC LIMIT 1) WHERE action = 'delete' AND before IS NOT NULL) AS target WHERE clinics.id = ?3 AND clinics.state = 'open'
    RETURNING status

  MATERIALIZE (subquery-2)
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=?)
  SEARCH clinics USING PRIMARY KEY (id=?)
  SCAN (subquery-2)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair dependents: ?1 clinicId, ?2 tokenId, ?3 key, ?4 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
      SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'dependents', record_id, version, 'restore', at,
        ?2, request_id, '[]'
      FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?3 AND used.request_id = ?4

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair dependents: ?1 clinicId, ?2 key, ?3 requestId
INSERT INTO dependents (clinic_id, id, uid, version, primary_holder_id, first_name, last_name, date_of_birth, relationship, first_name_folded, first_name_identity, last_name_folded, last_name_identity, last_name_words, ssn_key_id, ssn_sealed, ssn_last_four, created_at, updated_at)
      SELECT ?1, deleted.before ->> 'id', deleted.before ->> 'uid', used.version, deleted.before ->> 'primary_holder_id', deleted.before ->> 'first_name', deleted.before ->> 'last_name', deleted.before ->> 'date_of_birth', deleted.before ->> 'relationship', deleted.before ->> 'first_name_folded', deleted.before ->> 'first_name_identity', deleted.before ->> 'last_name_folded', deleted.before ->> 'last_name_identity', deleted.before ->> 'last_name_words', deleted.before ->> 'ssn_key_id', deleted.before ->> 'ssn_sealed', deleted.before ->> 'ssn_last_four', deleted.before ->> 'created_at', used.at FROM idempotency_keys AS used CROSS JOIN changes AS deleted
        ON deleted.clinic_id = ?1 AND deleted.resource = 'dependents'
          AND deleted.record_id = used.record_id AND deleted.version = used.version - 1
      WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH deleted USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- count deletions of dependents: ?1 clinicId, ?2 key, ?3 requestId
INSERT INTO deletions (clinic_id, resource, node, n)
    WITH RECURSIVE path (node) AS (
      SELECT id FROM idempotency_keys AS used CROSS JOIN dependents AS target ON target.clinic_id = ?1 AND id = record_id
        AND target.version = used.version - 0 WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3
      UNION ALL SELECT node + (node & -node) FROM path WHERE node < 16777216)
    SELECT ?1, 'dependents', node, 0 FROM path WHERE true
    ON CONFLICT DO UPDATE SET n = n + -1

  CO-ROUTINE path
    SETUP
      SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH target USING PRIMARY KEY (clinic_id=? AND id=?)
    RECURSIVE STEP
      SCAN path
  SCAN path

-- repair dependents: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN (SELECT * FROM (SELECT record_id AS id, version, action, before FROM changes
      WHERE clinic_id = ?3 AND resource = 'dependents' AND record_id = CAST(?6 AS INTEGER)
      ORDER BY version DESC LIMIT 1) WHERE action = 'delete') AS target WHERE clinics.id = ?3 AND clinics.state = 'open'
    RETURNING status

  MATERIALIZE (subquery-2)
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=?)
  SEARCH clinics USING PRIMARY KEY (id=?)
  SCAN (subquery-2)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair dependents: ?1 clinicId, ?2 tokenId, ?3 key, ?4 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
      SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'dependents', record_id, version, 'erase', at,
        ?2, request_id, '[]'
      FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?3 AND used.request_id = ?4

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair dependents: ?1 clinicId, ?2 key, ?3 requestId
UPDATE changes SET before = NULL
      WHERE clinic_id = ?1 AND resource = 'dependents' AND record_id = (SELECT record_id FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)
        AND before IS NOT NULL

  SEARCH changes USING PRIMARY KEY (clinic_id=?)
  SCALAR SUBQUERY 1
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)

-- find dependents: ?1 clinicId, ?2 id
SELECT * FROM dependents WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)

  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)

-- repair dependents: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id, ?7 version
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN (SELECT id, version, primary_holder_id, json_object('id', id, 'uid', uid, 'version', version, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM dependents
      WHERE clinic_id = ?3 AND id = CAST(?6 AS INTEGER) AND version = CAST(?7 AS INTEGER)) AS target WHERE clinics.id = ?3 AND clinics.state = 'open'
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair dependents: ?1 clinicId, ?2 tokenId, ?3 type, ?4 id, ?5 version, ?6 key, ?7 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
      SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'dependents', target.id, used.version, 'reassign', used.at, ?2, used.request_id,
        iif('Patient' = ?3, json_array('primary_holder_id'), json_array('', 'primary_holder_id')), content
      FROM idempotency_keys AS used CROSS JOIN (SELECT id, version, primary_holder_id, json_object('id', id, 'uid', uid, 'version', version, 'primary_holder_id', primary_holder_id, 'first_name', first_name, 'last_name', last_name, 'date_of_birth', date_of_birth, 'relationship', relationship, 'first_name_folded', first_name_folded, 'first_name_identity', first_name_identity, 'last_name_folded', last_name_folded, 'last_name_identity', last_name_identity, 'last_name_words', last_name_words, 'ssn_key_id', ssn_key_id, 'ssn_sealed', ssn_sealed, 'ssn_last_four', ssn_last_four, 'created_at', created_at, 'updated_at', updated_at) AS content FROM dependents
      WHERE clinic_id = ?1 AND id = CAST(?4 AS INTEGER) AND version = CAST(?5 AS INTEGER)) AS target WHERE used.clinic_id = ?1 AND used.key = ?6 AND used.request_id = ?7

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair dependents: ?1 ownerId, ?2 ssn, ?3 clinicId, ?4 key, ?5 requestId, ?6 id
UPDATE dependents SET version = used.version, updated_at = used.at, primary_holder_id = CAST(?1 AS INTEGER), ssn_key_id = coalesce(?2 ->> 'ssn_key_id', ssn_key_id), ssn_sealed = coalesce(?2 ->> 'ssn_sealed', ssn_sealed) FROM idempotency_keys AS used
      WHERE used.clinic_id = ?3 AND used.key = ?4 AND used.request_id = ?5
        AND dependents.clinic_id = ?3 AND id = CAST(?6 AS INTEGER) AND dependents.version = used.version - 1

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)

-- export dependents: ?1 clinicId, ?2 after, ?3 limit
SELECT * FROM dependents WHERE clinic_id = ?1 AND id > CAST(?2 AS INTEGER) ORDER BY id LIMIT CAST(?3 AS INTEGER)

  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id>?)

-- back up dependents: ?1 clinicId, ?2 seen, ?3 after
SELECT record_id AS id, before FROM changes
      WHERE clinic_id = ?1 AND seq > CAST(?2 AS INTEGER) AND resource = 'dependents' AND record_id > CAST(?3 AS INTEGER)
        AND action <> 'skip' ORDER BY seq

  SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq>?)

-- back up dependents: ?1 clinicId
SELECT max(seq) AS seq FROM changes WHERE clinic_id = ?1

  SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- restore deletions of dependents: ?1 clinicId, ?2 highest
INSERT INTO deletions (clinic_id, resource, node, n)
  WITH RECURSIVE path (resource, first, last, node) AS (
    SELECT resource, first, last, first FROM (
      SELECT 'dependents' AS resource, 1 + lag(id, 1, 0) OVER (ORDER BY id) AS first, id - 1 AS last
      FROM (SELECT id FROM dependents WHERE clinic_id = ?1 UNION ALL SELECT CAST(?2 AS INTEGER) + 1)) WHERE first <= last
    UNION ALL
    SELECT resource, first, last, iif(node < last, node + 1, node + (node & -node)) FROM path WHERE node < 16777216)
  SELECT ?1, resource, node, sum(min(node, last) - max(first - 1, node - (node & -node))) FROM path
  GROUP BY resource, node ON CONFLICT DO NOTHING

  CO-ROUTINE path
    SETUP
      CO-ROUTINE (subquery-3)
        CO-ROUTINE (subquery-7)
          CO-ROUTINE (subquery-2)
            COMPOUND QUERY
              LEFT-MOST SUBQUERY
                SEARCH dependents USING COVERING INDEX dependents_by_owner (clinic_id=?)
              UNION ALL
                SCAN CONSTANT ROW
          SCAN (subquery-2)
          USE TEMP B-TREE FOR ORDER BY
        SCAN (subquery-7)
      SCAN (subquery-3)
    RECURSIVE STEP
      SCAN path
  SCAN path
  USE TEMP B-TREE FOR GROUP BY

-- records ever of a patient in dependents: ?1 clinicId, ?2 patientId
SELECT id FROM dependents
      WHERE clinic_id = ?1 AND 'Patient' = 'Patient' AND primary_holder_id = CAST(?2 AS INTEGER)

  SEARCH dependents USING COVERING INDEX dependents_by_owner (clinic_id=? AND primary_holder_id=?)

-- records ever of a patient in dependents: ?1 clinicId, ?2 after, ?3 step, ?4 patientId
SELECT record_id AS id FROM changes
      WHERE clinic_id = ?1 AND seq > CAST(?2 AS INTEGER) AND seq <= CAST(?2 AS INTEGER) + CAST(?3 AS INTEGER)
        AND resource = 'dependents' AND action IN ('delete', 'reassign')
        AND 'Patient' = 'Patient' AND before ->> 'primary_holder_id' = CAST(?4 AS INTEGER)

  SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq>? AND seq<?)

-- records ever of a patient in dependents: ?1 clinicId
SELECT coalesce(max(seq), 0) AS last FROM changes WHERE clinic_id = ?1

  SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- owners of dependents: ?1 clinicId, ?2 id
SELECT seq, at, iif('Patient' = 'Patient', before ->> 'primary_holder_id', NULL) AS owner,
      (SELECT primary_holder_id FROM dependents WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)
        AND version = change.version AND 'Patient' = 'Patient') AS owner_now
    FROM changes AS change
    WHERE clinic_id = ?1 AND resource = 'dependents' AND record_id = CAST(?2 AS INTEGER) AND version > 0
    ORDER BY version

  SEARCH change USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version>?)
  CORRELATED SCALAR SUBQUERY 1
    SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)

-- reseal dependents: ?1 keyId, ?2 clinicId, ?3 id, ?4 limit
SELECT * FROM dependents
      WHERE ssn_key_id <> ?1 AND (clinic_id, id) > (?2, CAST(?3 AS INTEGER))
      ORDER BY clinic_id, id LIMIT CAST(?4 AS INTEGER)

  SEARCH dependents USING PRIMARY KEY (clinic_id>?)

-- reseal dependents: ?1 resealed
UPDATE dependents
      SET ssn_key_id = given.value ->> 'keyId', ssn_sealed = given.value ->> 'sealed'
      FROM json_each(?1) AS given
      WHERE clinic_id = given.value ->> 'clinicId' AND dependents.id = given.value ->> 'id'
        AND ssn_sealed = given.value ->> 'replaces'
        AND EXISTS (SELECT * FROM clinics WHERE clinics.id = clinic_id AND state IN ('open', 'suspended'))
      RETURNING clinic_id AS clinicId, dependents.id

  SCAN given VIRTUAL TABLE INDEX 1:
  SEARCH dependents USING PRIMARY KEY (clinic_id=? AND id=?)
  SEARCH clinics EXISTS USING PRIMARY KEY (id=?)

-- restore words of dependents: ?1 clinicId
INSERT INTO name_words (clinic_id, resource, date_of_birth, word, record_id)
    SELECT clinic_id, 'dependents', date_of_birth, word.value, record.id
    FROM dependents AS record CROSS JOIN json_each(last_name_words) AS word
    WHERE clinic_id = ?1 ON CONFLICT DO NOTHING

  SEARCH record USING PRIMARY KEY (clinic_id=?)
  SCAN word VIRTUAL TABLE INDEX 1:

-- find to import coverages: ?1 rows, ?2 clinicId
SELECT given.key AS place, stored.* FROM json_each(?1) AS given
      CROSS JOIN coverages AS stored INDEXED BY coverages_by_patient
      ON stored.clinic_id = ?2 AND stored.patient_id IS given.value ->> 'patient_id' AND stored.plan_id IS given.value ->> 'plan_id' AND stored.carrier_identity IS given.value ->> 'carrier_identity' AND stored.member_id_identity IS given.value ->> 'member_id_identity' AND stored.starts_on IS given.value ->> 'starts_on'

  SCAN given VIRTUAL TABLE INDEX 1:
  SEARCH stored USING INDEX coverages_by_patient (clinic_id=? AND patient_id=?)

-- amend many coverages: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 count
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, 0, 0, CAST(?6 AS INTEGER)
    FROM clinics WHERE id = ?3 AND state = 'open'
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- amend many coverages: ?1 clinicId, ?2 tokenId, ?3 rows, ?4 key, ?5 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0) + row_number() OVER (ORDER BY nth) - 1, 'coverages', stored.id, stored.version + 1,
      'amend', used.at, ?2, used.request_id, given ->> 'changed', content
    FROM idempotency_keys AS used CROSS JOIN (SELECT key AS nth, value AS given FROM json_each(?3)) AS given
      CROSS JOIN (SELECT id, version, json_object('id', id, 'uid', uid, 'version', version, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'carrier_identity', carrier_identity, 'member_id_identity', member_id_identity, 'created_at', created_at, 'updated_at', updated_at) AS content FROM coverages WHERE clinic_id = ?1) AS stored
      ON stored.id = given ->> 'id' AND stored.version = given ->> 'version'
    WHERE used.clinic_id = ?1 AND used.key = ?4 AND used.request_id = ?5
    RETURNING record_id

  CO-ROUTINE (subquery-5)
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
    SCAN json_each VIRTUAL TABLE INDEX 1:
    SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
    USE TEMP B-TREE FOR ORDER BY
  SCAN (subquery-5)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- amend many coverages: ?1 rows, ?2 clinicId, ?3 key, ?4 requestId
WITH own AS MATERIALIZED (
      SELECT changes.record_id AS own_id, changes.version, changes.at, json_patch(before, given -> 'given') AS content
      FROM idempotency_keys AS used CROSS JOIN (SELECT key AS nth, value AS given FROM json_each(?1)) AS given CROSS JOIN changes
        ON changes.clinic_id = ?2 AND resource = 'coverages' AND changes.record_id = given ->> 'id'
          AND changes.version = (given ->> 'version') + 1 AND changes.request_id = used.request_id
      WHERE used.clinic_id = ?2 AND used.key = ?3 AND used.request_id = ?4)
    UPDATE coverages SET version = own.version, plan_id = content ->> 'plan_id', carrier = content ->> 'carrier', member_id = content ->> 'member_id', group_number = content ->> 'group_number', relationship = content ->> 'relationship', subscriber_id = content ->> 'subscriber_id', subscriber_first_name = content ->> 'subscriber_first_name', subscriber_last_name = content ->> 'subscriber_last_name', subscriber_date_of_birth = content ->> 'subscriber_date_of_birth', priority = content ->> 'priority', starts_on = content ->> 'starts_on', ends_on = content ->> 'ends_on', carrier_identity = content ->> 'carrier_identity', member_id_identity = content ->> 'member_id_identity', updated_at = own.at FROM own
    WHERE coverages.clinic_id = ?2 AND id IN (SELECT own_id FROM own)
      AND id = own_id AND coverages.version = own.version - 1

  MATERIALIZE own
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
    SCAN json_each VIRTUAL TABLE INDEX 1:
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)
  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
  LIST SUBQUERY 3
    SCAN own
  BLOOM FILTER ON own (own_id=?)
  SEARCH own USING AUTOMATIC COVERING INDEX (own_id=?)

-- amend many coverages: ?1 rows, ?2 clinicId, ?3 key, ?4 requestId
SELECT changes.record_id FROM idempotency_keys AS used CROSS JOIN (SELECT key AS nth, value AS given FROM json_each(?1)) AS given CROSS JOIN changes
        ON changes.clinic_id = ?2 AND resource = 'coverages' AND changes.record_id = given ->> 'id'
          AND changes.version = (given ->> 'version') + 1 AND changes.request_id = used.request_id
      WHERE used.clinic_id = ?2 AND used.key = ?3 AND used.request_id = ?4

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCAN json_each VIRTUAL TABLE INDEX 1:
  SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- repair coverages: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN (SELECT * FROM (SELECT record_id AS id, version, action, before FROM changes
      WHERE clinic_id = ?3 AND resource = 'coverages' AND record_id = CAST(?6 AS INTEGER)
      ORDER BY version DESC LIMIT 1) WHERE action = 'delete' AND before IS NOT NULL) AS target WHERE clinics.id = ?3 AND clinics.state = 'open'
    RETURNING status

  MATERIALIZE (subquery-2)
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=?)
  SEARCH clinics USING PRIMARY KEY (id=?)
  SCAN (subquery-2)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair coverages: ?1 clinicId, ?2 tokenId, ?3 key, ?4 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
      SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'coverages', record_id, version, 'restore', at,
        ?2, request_id, '[]'
      FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?3 AND used.request_id = ?4

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair coverages: ?1 clinicId, ?2 key, ?3 requestId
INSERT INTO coverages (clinic_id, id, uid, version, patient_id, plan_id, carrier, member_id, group_number, relationship, subscriber_id, subscriber_first_name, subscriber_last_name, subscriber_date_of_birth, priority, starts_on, ends_on, carrier_identity, member_id_identity, created_at, updated_at)
      SELECT ?1, deleted.before ->> 'id', deleted.before ->> 'uid', used.version, deleted.before ->> 'patient_id', deleted.before ->> 'plan_id', deleted.before ->> 'carrier', deleted.before ->> 'member_id', deleted.before ->> 'group_number', deleted.before ->> 'relationship', deleted.before ->> 'subscriber_id', deleted.before ->> 'subscriber_first_name', deleted.before ->> 'subscriber_last_name', deleted.before ->> 'subscriber_date_of_birth', deleted.before ->> 'priority', deleted.before ->> 'starts_on', deleted.before ->> 'ends_on', deleted.before ->> 'carrier_identity', deleted.before ->> 'member_id_identity', deleted.before ->> 'created_at', used.at FROM idempotency_keys AS used CROSS JOIN changes AS deleted
        ON deleted.clinic_id = ?1 AND deleted.resource = 'coverages'
          AND deleted.record_id = used.record_id AND deleted.version = used.version - 1
      WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH deleted USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version=?)

-- count deletions of coverages: ?1 clinicId, ?2 key, ?3 requestId
INSERT INTO deletions (clinic_id, resource, node, n)
    WITH RECURSIVE path (node) AS (
      SELECT id FROM idempotency_keys AS used CROSS JOIN coverages AS target ON target.clinic_id = ?1 AND id = record_id
        AND target.version = used.version - 0 WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3
      UNION ALL SELECT node + (node & -node) FROM path WHERE node < 16777216)
    SELECT ?1, 'coverages', node, 0 FROM path WHERE true
    ON CONFLICT DO UPDATE SET n = n + -1

  CO-ROUTINE path
    SETUP
      SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
      SEARCH target USING PRIMARY KEY (clinic_id=? AND id=?)
    RECURSIVE STEP
      SCAN path
  SCAN path

-- repair coverages: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN (SELECT * FROM (SELECT record_id AS id, version, action, before FROM changes
      WHERE clinic_id = ?3 AND resource = 'coverages' AND record_id = CAST(?6 AS INTEGER)
      ORDER BY version DESC LIMIT 1) WHERE action = 'delete') AS target WHERE clinics.id = ?3 AND clinics.state = 'open'
    RETURNING status

  MATERIALIZE (subquery-2)
    SEARCH changes USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=?)
  SEARCH clinics USING PRIMARY KEY (id=?)
  SCAN (subquery-2)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair coverages: ?1 clinicId, ?2 tokenId, ?3 key, ?4 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed)
      SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'coverages', record_id, version, 'erase', at,
        ?2, request_id, '[]'
      FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?3 AND used.request_id = ?4

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair coverages: ?1 clinicId, ?2 key, ?3 requestId
UPDATE changes SET before = NULL
      WHERE clinic_id = ?1 AND resource = 'coverages' AND record_id = (SELECT record_id FROM idempotency_keys AS used WHERE used.clinic_id = ?1 AND used.key = ?2 AND used.request_id = ?3)
        AND before IS NOT NULL

  SEARCH changes USING PRIMARY KEY (clinic_id=?)
  SCALAR SUBQUERY 1
    SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)

-- find coverages: ?1 clinicId, ?2 id
SELECT * FROM coverages WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)

  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)

-- repair coverages: ?1 key, ?2 now, ?3 clinicId, ?4 fingerprint, ?5 requestId, ?6 id, ?7 version
INSERT INTO idempotency_keys (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ?1, max(?2, coalesce((SELECT at FROM changes
    WHERE clinic_id = ?3 ORDER BY seq DESC LIMIT 1), '')), ?4, ?5, 200, target.id, target.version + 1, 1
    FROM clinics CROSS JOIN (SELECT id, version, patient_id, json_object('id', id, 'uid', uid, 'version', version, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'carrier_identity', carrier_identity, 'member_id_identity', member_id_identity, 'created_at', created_at, 'updated_at', updated_at) AS content FROM coverages
      WHERE clinic_id = ?3 AND id = CAST(?6 AS INTEGER) AND version = CAST(?7 AS INTEGER)) AS target WHERE clinics.id = ?3 AND clinics.state = 'open'
    RETURNING status

  SEARCH clinics USING PRIMARY KEY (id=?)
  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair coverages: ?1 clinicId, ?2 tokenId, ?3 type, ?4 id, ?5 version, ?6 key, ?7 requestId
INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
      SELECT ?1, 1 + coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0), 'coverages', target.id, used.version, 'reassign', used.at, ?2, used.request_id,
        iif('Patient' = ?3, json_array('patient_id'), json_array('', 'patient_id')), content
      FROM idempotency_keys AS used CROSS JOIN (SELECT id, version, patient_id, json_object('id', id, 'uid', uid, 'version', version, 'patient_id', patient_id, 'plan_id', plan_id, 'carrier', carrier, 'member_id', member_id, 'group_number', group_number, 'relationship', relationship, 'subscriber_id', subscriber_id, 'subscriber_first_name', subscriber_first_name, 'subscriber_last_name', subscriber_last_name, 'subscriber_date_of_birth', subscriber_date_of_birth, 'priority', priority, 'starts_on', starts_on, 'ends_on', ends_on, 'carrier_identity', carrier_identity, 'member_id_identity', member_id_identity, 'created_at', created_at, 'updated_at', updated_at) AS content FROM coverages
      WHERE clinic_id = ?1 AND id = CAST(?4 AS INTEGER) AND version = CAST(?5 AS INTEGER)) AS target WHERE used.clinic_id = ?1 AND used.key = ?6 AND used.request_id = ?7

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
  SCALAR SUBQUERY 1
    SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- repair coverages: ?1 ownerId, ?2 clinicId, ?3 key, ?4 requestId, ?5 id
UPDATE coverages SET version = used.version, updated_at = used.at, patient_id = CAST(?1 AS INTEGER) FROM idempotency_keys AS used
      WHERE used.clinic_id = ?2 AND used.key = ?3 AND used.request_id = ?4
        AND coverages.clinic_id = ?2 AND id = CAST(?5 AS INTEGER) AND coverages.version = used.version - 1

  SEARCH used USING PRIMARY KEY (clinic_id=? AND key=?)
  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)

-- export coverages: ?1 clinicId, ?2 after, ?3 limit
SELECT * FROM coverages WHERE clinic_id = ?1 AND id > CAST(?2 AS INTEGER) ORDER BY id LIMIT CAST(?3 AS INTEGER)

  SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id>?)

-- back up coverages: ?1 clinicId, ?2 seen, ?3 after
SELECT record_id AS id, before FROM changes
      WHERE clinic_id = ?1 AND seq > CAST(?2 AS INTEGER) AND resource = 'coverages' AND record_id > CAST(?3 AS INTEGER)
        AND action <> 'skip' ORDER BY seq

  SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq>?)

-- back up coverages: ?1 clinicId
SELECT max(seq) AS seq FROM changes WHERE clinic_id = ?1

  SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- restore deletions of coverages: ?1 clinicId, ?2 highest
INSERT INTO deletions (clinic_id, resource, node, n)
  WITH RECURSIVE path (resource, first, last, node) AS (
    SELECT resource, first, last, first FROM (
      SELECT 'coverages' AS resource, 1 + lag(id, 1, 0) OVER (ORDER BY id) AS first, id - 1 AS last
      FROM (SELECT id FROM coverages WHERE clinic_id = ?1 UNION ALL SELECT CAST(?2 AS INTEGER) + 1)) WHERE first <= last
    UNION ALL
    SELECT resource, first, last, iif(node < last, node + 1, node + (node & -node)) FROM path WHERE node < 16777216)
  SELECT ?1, resource, node, sum(min(node, last) - max(first - 1, node - (node & -node))) FROM path
  GROUP BY resource, node ON CONFLICT DO NOTHING

  CO-ROUTINE path
    SETUP
      CO-ROUTINE (subquery-3)
        CO-ROUTINE (subquery-7)
          CO-ROUTINE (subquery-2)
            COMPOUND QUERY
              LEFT-MOST SUBQUERY
                SEARCH coverages USING COVERING INDEX coverages_by_patient (clinic_id=?)
              UNION ALL
                SCAN CONSTANT ROW
          SCAN (subquery-2)
          USE TEMP B-TREE FOR ORDER BY
        SCAN (subquery-7)
      SCAN (subquery-3)
    RECURSIVE STEP
      SCAN path
  SCAN path
  USE TEMP B-TREE FOR GROUP BY

-- records ever of a patient in coverages: ?1 clinicId, ?2 patientId
SELECT id FROM coverages
      WHERE clinic_id = ?1 AND 'Patient' = 'Patient' AND patient_id = CAST(?2 AS INTEGER)

  SEARCH coverages USING COVERING INDEX coverages_by_patient (clinic_id=? AND patient_id=?)

-- records ever of a patient in coverages: ?1 clinicId, ?2 after, ?3 step, ?4 patientId
SELECT record_id AS id FROM changes
      WHERE clinic_id = ?1 AND seq > CAST(?2 AS INTEGER) AND seq <= CAST(?2 AS INTEGER) + CAST(?3 AS INTEGER)
        AND resource = 'coverages' AND action IN ('delete', 'reassign')
        AND 'Patient' = 'Patient' AND before ->> 'patient_id' = CAST(?4 AS INTEGER)

  SEARCH changes USING PRIMARY KEY (clinic_id=? AND seq>? AND seq<?)

-- records ever of a patient in coverages: ?1 clinicId
SELECT coalesce(max(seq), 0) AS last FROM changes WHERE clinic_id = ?1

  SEARCH changes USING PRIMARY KEY (clinic_id=?)

-- owners of coverages: ?1 clinicId, ?2 id
SELECT seq, at, iif('Patient' = 'Patient', before ->> 'patient_id', NULL) AS owner,
      (SELECT patient_id FROM coverages WHERE clinic_id = ?1 AND id = CAST(?2 AS INTEGER)
        AND version = change.version AND 'Patient' = 'Patient') AS owner_now
    FROM changes AS change
    WHERE clinic_id = ?1 AND resource = 'coverages' AND record_id = CAST(?2 AS INTEGER) AND version > 0
    ORDER BY version

  SEARCH change USING INDEX changes_by_record (clinic_id=? AND resource=? AND record_id=? AND version>?)
  CORRELATED SCALAR SUBQUERY 1
    SEARCH coverages USING PRIMARY KEY (clinic_id=? AND id=?)
