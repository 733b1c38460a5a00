import type { CataloguePlan } from '../../src/operator/publish-plans.ts'

/** What the databases hold: clinics of every size in question, so that one fill shows how costs grow. */
export const CLINICS = 50
export const PLANS = 20_000

const SMALL_CLINIC = 100
/** A clinic whose records are there to be deleted, and how many of them. */
export const DELETIONS = 'clinic-of-deletions'
export const TO_DELETE = 30_000
/** In each clinic one person alone has this last name, for searches to find. */
export const QUARLES = 'Quarles'
/** The same person, as a client sends it. */
export const A_QUARLES = {
  ...{ ownable_id: 14, ownable_type: 'Patient', first_name: 'Fatima', last_name: QUARLES },
  ...{ date_of_birth: '1945-07-28' },
}
const WHO_IS_QUARLES = 55
/** Rows that one statement inserts: enough to be quick, few enough to keep the progress bar moving. */
const CHUNK = 50_000
export const NOW = '2026-07-30T12:00:00.000Z'

/** Each patient has four records on file and, as a primary holder, two dependents. */
export const RECORDS_PER_PATIENT = 4
const DEPENDENTS_PER_PATIENT = 2
/** A primary coverage, and the one before it. */
const COVERAGES_PER_PATIENT = 2

/** The sizes of clinics in which costs are counted: 1,000, 10,000 … up to the one asked for. */
export function ladder(records: number): number[] {
  const steps = []
  for (let size = 1000; size < records; size *= 10) steps.push(size)
  return [...steps, records]
}

/** A clinic named after its number of person informations. */
export const clinicOf = (records: number) => `clinic-of-${records}`

/** Fills an empty, migrated database with synthetic records and tells how far it has come, from 0 to 1. */
export async function fill(
  database: D1Database,
  records: number,
  progress: (share: number) => void,
): Promise<void> {
  const sizes = ladder(records)
  const sized = [
    ...sizes.map((size) => [clinicOf(size), size] as const),
    ...Array.from(
      { length: CLINICS - sizes.length },
      (_, n) => [`small-${n}`, SMALL_CLINIC] as const,
    ),
  ]
  const total = sized.reduce((sum, [, size]) => sum + size, 0)
  let filled = 0
  for (const [clinicId, size] of sized) {
    await fillClinic(database, clinicId, size, (added) => {
      filled += added
      progress(filled / total)
    })
  }
}

/**
 * Fills a clinic with so many person informations, half as many dependents and coverages, and the journal of their
 * creation.
 */
export async function fillClinic(
  database: D1Database,
  clinicId: string,
  size: number,
  progress: (added: number) => void = () => {},
): Promise<void> {
  for (let first = 1; first <= size; first += CHUNK) {
    const last = Math.min(first + CHUNK - 1, size)
    const [firstDependent, lastDependent] = [dependentsUpTo(first - 1) + 1, dependentsUpTo(last)]
    await database.batch([
      clinics(database, clinicId),
      ownables(database, clinicId, first, last),
      personInformations(database, clinicId, first, last),
      dependents(database, clinicId, firstDependent, lastDependent),
      coverages(database, clinicId, firstDependent, lastDependent),
      changes(database, clinicId, first, last),
    ])
    progress(last - first + 1)
  }
}

/** The integers from ?1 to ?2 as the rows of `n`; D1 binds every number as a REAL. */
const NUMBERS = `WITH RECURSIVE n (i) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ?2)`

const NAMES = `json_array('Amélie', 'Björn', 'Chiamaka', 'Đặng', 'Eoghan', 'Fatima', 'Giulia', 'Hiroshi', '王小明', 'O''Hara')`
const FOLDED = `json_array('amelie', 'bjorn', 'chiamaka', 'dang', 'eoghan', 'fatima', 'giulia', 'hiroshi', '王小明', 'ohara')`
const name = (offset: number) => `${NAMES} ->> ((i * 7 + ${offset}) % 10)`
const folded = (offset: number) => `${FOLDED} ->> ((i * 7 + ${offset}) % 10)`
/** A name for each record, but for the one of its own. */
const lastName = `iif(i = ${WHO_IS_QUARLES}, '${QUARLES}', ${NAMES} ->> ((i * 7 + 3) % 10))`
const lastNameFolded = `iif(i = ${WHO_IS_QUARLES}, lower('${QUARLES}'), ${FOLDED} ->> ((i * 7 + 3) % 10))`
/** A uid, as long as a real one. */
const UID = `lower(hex(randomblob(4))) || '-0000-4000-8000-' || lower(hex(randomblob(6)))`
const DATE_OF_BIRTH = `date('1940-01-01', (i * 37 % 30000) || ' days')`

/** As long as what sealing makes: 57 bytes in base64url. */
const SEALED = `substr(hex(randomblob(38)), 1, 76)`
const LAST_FOUR = `printf('%04d', i % 10000)`
/** Four in five people have an SSN on file. */
const whenKnown = (expression: string) => `CASE WHEN i % 5 THEN ${expression} END`

const share = (n: number, ofRecords: number) => Math.ceil((n * ofRecords) / RECORDS_PER_PATIENT)

const clinics = (database: D1Database, clinicId: string) =>
  database
    .prepare(`INSERT OR IGNORE INTO clinics (id, state, created_at) VALUES (?, 'open', '${NOW}')`)
    .bind(clinicId)

const ownables = (database: D1Database, clinicId: string, first: number, last: number) =>
  database
    .prepare(`${NUMBERS} INSERT OR IGNORE INTO ownables SELECT ?3, 'Patient', i, '${NOW}' FROM n`)
    .bind(share(first, 1), share(last, 1), clinicId)

const personInformations = (database: D1Database, clinicId: string, first: number, last: number) =>
  database
    .prepare(
      `${NUMBERS} INSERT INTO person_informations
        SELECT ?3, i, ${UID}, 1, 'Patient', (i + 3) / ${RECORDS_PER_PATIENT}, ${name(0)}, ${lastName}, ${DATE_OF_BIRTH},
          ${lastNameFolded}, ${folded(0)}, ${lastNameFolded}, ${folded(0)}, NULL, ${whenKnown(`'1a2b3c4d'`)}, ${whenKnown(SEALED)}, ${whenKnown(LAST_FOUR)},
          '+1-202-555-01' || printf('%02d', i % 100), 'person' || i || '@example.com', '${NOW}', '${NOW}'
        FROM n`,
    )
    .bind(first, last, clinicId)

const dependents = (database: D1Database, clinicId: string, first: number, last: number) =>
  database
    .prepare(
      `${NUMBERS} INSERT INTO dependents
        SELECT ?3, i, ${UID}, 1, (i + 1) / ${DEPENDENTS_PER_PATIENT}, ${name(5)}, ${name(3)}, ${DATE_OF_BIRTH},
          json_array('spouse', 'child', 'parent', 'other') ->> (i % 4), ${folded(3)}, ${folded(5)},
          ${folded(3)}, ${folded(5)}, NULL,
          ${whenKnown(`'1a2b3c4d'`)}, ${whenKnown(SEALED)}, ${whenKnown(LAST_FOUR)}, '${NOW}', '${NOW}'
        FROM n`,
    )
    .bind(first, last, clinicId)

/** Of each two, the first ended when the second began. */
const coverages = (database: D1Database, clinicId: string, first: number, last: number) =>
  database
    .prepare(
      `${NUMBERS} INSERT INTO coverages
        SELECT ?3, i, ${UID}, 1, (i + 1) / ${COVERAGES_PER_PATIENT}, 1 + i % ${PLANS}, NULL,
          'XYZ ' || printf('%08d', i), printf('%04d', i % 10000), 'self', NULL, NULL, NULL, NULL, 1,
          iif(i % 2, '2025-01-01', '2026-01-01'), iif(i % 2, '2025-12-31', NULL), NULL,
          'xyz' || printf('%08d', i), '${NOW}', '${NOW}'
        FROM n`,
    )
    .bind(first, last, clinicId)

/** That each record was created, the person informations of a chunk first. */
const changes = (database: D1Database, clinicId: string, first: number, last: number) =>
  database
    .prepare(
      `INSERT INTO changes
        SELECT ?1, coalesce((SELECT max(seq) FROM changes WHERE clinic_id = ?1), 0) + row_number() OVER (),
          resource, id, 1, 'create', '${NOW}', '0123456789abcdef', lower(hex(randomblob(18))), '[]', NULL
        FROM (
          SELECT 'person_informations' AS resource, id FROM person_informations
            WHERE clinic_id = ?1 AND id BETWEEN ?2 AND ?3
          UNION ALL SELECT 'dependents', id FROM dependents WHERE clinic_id = ?1 AND id BETWEEN ?4 AND ?5
          UNION ALL SELECT 'coverages', id FROM coverages WHERE clinic_id = ?1 AND id BETWEEN ?4 AND ?5)`,
    )
    .bind(clinicId, first, last, dependentsUpTo(first - 1) + 1, dependentsUpTo(last))

/** A clinic of this many person informations has this many dependents: one for every second record. */
export const dependentsUpTo = (records: number) =>
  Math.floor((records * DEPENDENTS_PER_PATIENT) / RECORDS_PER_PATIENT)

/** Deletes `deleted` of the person informations, evenly spread, and counts them in the tree of deletions. */
export async function deleteEvenly(
  database: D1Database,
  clinicId: string,
  records: number,
  deleted: number,
): Promise<void> {
  const step = Math.floor(records / deleted)
  const isDeleted = `id % ${step} = 0 AND id <= ${step * deleted}`
  await database.batch([
    database
      .prepare(
        `INSERT INTO deletions
          WITH RECURSIVE path (node) AS (
            SELECT id FROM person_informations WHERE clinic_id = ?1 AND ${isDeleted}
            UNION ALL SELECT node + (node & -node) FROM path WHERE node < 1 << 24)
          SELECT ?1, 'person_informations', node, count(*) FROM path GROUP BY node`,
      )
      .bind(clinicId),
    database
      .prepare(`DELETE FROM person_informations WHERE clinic_id = ? AND ${isDeleted}`)
      .bind(clinicId),
  ])
}

const PLAN_TYPES = ['HMO', 'PPO', 'EPO', 'POS', 'HDHP', 'FFS', 'SNP', 'MSA']

/** 50 carriers, 8 plan types; one plan in eleven is not active any more. */
export const manyPlans = (count = PLANS): CataloguePlan[] =>
  Array.from({ length: count }, (_, n) => n + 1).map((i) => ({
    external_id: `BENCH-${i}`,
    plan_name: `Carrier ${i % 50} Plan ${i}`,
    carrier: `Carrier ${i % 50}`,
    plan_type: PLAN_TYPES[Math.floor(i / 50) % 8] ?? '',
    coverage_details: {
      deductible: (i % 12) * 250,
      copay: (i % 9) * 5,
      out_of_pocket_max: 3000 + (i % 13) * 500,
      referral_required: i % 2 === 1,
      network: 'regional',
    },
    active: i % 11 > 0,
  }))
