/** What the databases hold: clinics of every size in question, so that one fill shows how costs grow. */
export const CLINICS = 50
export const PLANS = 20_000

const SMALL_CLINIC = 100
/** Rows that one statement inserts: enough to be quick, few enough to keep the progress bar moving. */
const CHUNK = 50_000
const NOW = '2026-07-30T12:00:00.000Z'

/** Each patient has four records on file and, as a primary holder, two dependents. */
export const RECORDS_PER_PATIENT = 4
const DEPENDENTS_PER_PATIENT = 2

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
  const clinics = [
    ...sizes.map((size) => [clinicOf(size), size] as const),
    ...Array.from(
      { length: CLINICS - sizes.length },
      (_, n) => [`small-${n}`, SMALL_CLINIC] as const,
    ),
  ]
  const total = clinics.reduce((sum, [, size]) => sum + size, 0)
  let filled = 0

  await insertPlans(database)
  for (const [clinicId, size] of clinics) {
    for (let first = 1; first <= size; first += CHUNK) {
      const last = Math.min(first + CHUNK - 1, size)
      await database.batch([
        ownables(database, clinicId, first, last),
        personInformations(database, clinicId, first, last),
        dependents(database, clinicId, first, last),
      ])
      filled += last - first + 1
      progress(filled / total)
    }
  }
}

/** The integers from ?1 to ?2 as the rows of `n`; D1 binds every number as a REAL. */
const NUMBERS = `WITH RECURSIVE n (i) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ?2)`

const NAMES = `json_array('Amélie', 'Björn', 'Chiamaka', 'Đặng', 'Eoghan', 'Fatima', 'Giulia', 'Hiroshi', '王小明', 'O''Hara')`
const name = (offset: number) => `${NAMES} ->> ((i * 7 + ${offset}) % 10)`
const DATE_OF_BIRTH = `date('1940-01-01', (i * 37 % 30000) || ' days')`

/** As long as what sealing makes: 57 bytes in base64url. */
const SEALED = `substr(hex(randomblob(38)), 1, 76)`
const LAST_FOUR = `printf('%04d', i % 10000)`
/** Four in five people have an SSN on file. */
const whenKnown = (expression: string) => `CASE WHEN i % 5 THEN ${expression} END`

const share = (n: number, ofRecords: number) => Math.ceil((n * ofRecords) / RECORDS_PER_PATIENT)

const ownables = (database: D1Database, clinicId: string, first: number, last: number) =>
  database
    .prepare(`${NUMBERS} INSERT OR IGNORE INTO ownables SELECT ?3, 'Patient', i, '${NOW}' FROM n`)
    .bind(share(first, 1), share(last, 1), clinicId)

const personInformations = (database: D1Database, clinicId: string, first: number, last: number) =>
  database
    .prepare(
      `${NUMBERS} INSERT INTO person_informations
        SELECT NULL, ?3, i, 'Patient', (i + 3) / ${RECORDS_PER_PATIENT}, ${name(0)}, ${name(3)}, ${DATE_OF_BIRTH},
          ${whenKnown(`'1a2b3c4d'`)}, ${whenKnown(SEALED)}, ${whenKnown(LAST_FOUR)},
          '+1-202-555-01' || printf('%02d', i % 100), 'person' || i || '@example.com', '${NOW}', '${NOW}'
        FROM n`,
    )
    .bind(first, last, clinicId)

const dependents = (database: D1Database, clinicId: string, first: number, last: number) =>
  database
    .prepare(
      `${NUMBERS} INSERT INTO dependents
        SELECT NULL, ?3, i, 'Patient', (i + 1) / ${DEPENDENTS_PER_PATIENT}, ${name(5)}, ${name(3)}, ${DATE_OF_BIRTH},
          json_array('spouse', 'child', 'parent', 'other') ->> (i % 4),
          ${whenKnown(`'1a2b3c4d'`)}, ${whenKnown(SEALED)}, ${whenKnown(LAST_FOUR)}, '${NOW}', '${NOW}'
        FROM n`,
    )
    .bind(dependentsUpTo(first - 1) + 1, dependentsUpTo(last), clinicId)

/** A clinic of this many person informations has this many dependents: one for every second record. */
export const dependentsUpTo = (records: number) =>
  Math.floor((records * DEPENDENTS_PER_PATIENT) / RECORDS_PER_PATIENT)

/** 50 carriers, 8 plan types; one plan in eleven is not active any more. */
const insertPlans = (database: D1Database) =>
  database
    .prepare(
      `${NUMBERS} INSERT INTO plans
        SELECT NULL, 'BENCH-' || i, 'Carrier ' || (i % 50) || ' Plan ' || i, 'Carrier ' || (i % 50),
          json_array('HMO', 'PPO', 'EPO', 'POS', 'HDHP', 'FFS', 'SNP', 'MSA') ->> (i / 50 % 8),
          json_object('deductible', i % 12 * 250, 'copay', i % 9 * 5, 'out_of_pocket_max', 3000 + i % 13 * 500,
            'referral_required', json(iif(i % 2, 'true', 'false')), 'network', 'regional'),
          i % 11 > 0, '${NOW}', '${NOW}'
        FROM n`,
    )
    .bind(1, PLANS)
    .run()
