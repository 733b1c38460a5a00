import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../../storage/prepared.ts'
import type { Session } from '../../storage/session.ts'
import { changes } from '../../storage/tables.ts'
import { sealSsn, type SealedSsn } from '../../ssn/seal.ts'
import { creator } from '../../records/create.ts'
import { timesOf } from '../../records/idempotency.ts'
import { appendChange, contentOf } from '../../records/journal.ts'
import { columnNames, nameOf, soughtBy, type Given, type Kind } from '../../records/kind.ts'
import { sealed, ssnColumns, ssnOwner } from '../../records/sealed.ts'
import { personColumns } from '../../records/search.ts'

// The operator's import of records. A row is the record of the same owner, folded names and date of birth: it is looked
// for, then created or amended under the journal. A record that another writer gets to first is looked for again, so an
// import that was cut short is simply run again.

/**
 * A row as it was validated: `fields` are those that it gives, with the names folded and the owner's type. Its SSN, if
 * it has one, is nine digits, or was sealed before for the record with the `uid`.
 */
export type ImportedRow = { fields: Given; ssn?: string; sealed?: SealedSsn & { uid: string } }

export type Importing = {
  clinicId: string
  /** Who imports, as the journal has it. */
  tokenId: string
  publicKey: string
  /** Writes every SSN given, also where the last four digits are the same. */
  replaceSsns?: boolean | undefined
  /** Counts what would be written, and writes nothing. */
  dryRun?: boolean | undefined
}

/** What became of rows. `refused` are the places of those whose sealed SSN is another record's. */
export type ImportedCounts = {
  inserted: number
  updated: number
  unchanged: number
  refused: number[]
}

type Placed = ImportedRow & { place: number }
/** A row of a stored record, with the fields in which they differ. */
type Changed = Placed & { stored: Given; changed: string[] }

const TRIES = 5

/** Imports rows of a kind, a few hundred at once; undefined if the clinic is not open. */
export function importer(kind: Kind) {
  const person = personColumns(kind)
  const find = finder(kind)
  const create = creator(kind)
  const amend = amenderOfMany(kind)
  const optional = Object.keys(kind.given.shape).filter(
    (name) => ![...person, 'first_name', 'last_name', 'ssn'].includes(name),
  )

  /** Rows of one person are one record, of which the last row has the last word. */
  function onePerPerson(rows: readonly ImportedRow[]): Placed[] {
    const placed = new Map<string, Placed>()
    for (const [place, row] of rows.entries()) {
      const key = JSON.stringify(person.map((name) => row.fields[name]))
      const before = placed.get(key)
      const fields = { ...before?.fields, ...row.fields }
      placed.set(key, { ...before, ...row, fields, place })
    }
    return [...placed.values()]
  }

  function changesOf({ fields, ...row }: Placed, stored: Given, replaceSsns = false): string[] {
    const lastFour = row.ssn?.slice(-4) ?? row.sealed?.lastFour
    const hasNewSsn = lastFour !== undefined && (replaceSsns || lastFour !== stored.ssn_last_four)
    const isSame = row.sealed !== undefined && row.sealed.sealed === stored.ssn_sealed
    return [
      ...optional.filter((name) => name in fields && fields[name] !== stored[name]),
      ...(hasNewSsn && !isSame ? ['ssn'] : []),
    ]
  }

  /** The row as a record of its own. */
  async function newRecord({ fields, ssn, sealed: safe }: Placed, importing: Importing) {
    const { clinicId, publicKey } = importing
    const record = await sealed(kind, clinicId, { ...fields, ssn: ssn ?? null }, publicKey)
    return safe ? { ...record, uid: safe.uid, ...ssnColumns(safe) } : record
  }

  /** The columns of a stored record that change. */
  async function amendment({ stored, changed, fields, ...row }: Changed, publicKey: string) {
    const plain = changed.filter((name) => name !== 'ssn').map((name) => [name, fields[name]])
    const given = Object.fromEntries(plain)
    const { id, version } = stored
    if (!changed.includes('ssn')) return { id, version, changed, given }
    const ssn = row.ssn ? await sealSsn(row.ssn, ssnOwner(kind, stored), publicKey) : row.sealed
    return { id, version, changed, given: { ...given, ...ssnColumns(ssn) } }
  }

  /** Creates records of the rows, and gives the rows of those that somebody else has created meanwhile. */
  async function createAll(db: Session, rows: Placed[], importing: Importing): Promise<Placed[]> {
    if (rows.length === 0 || importing.dryRun) return []
    const records = await Promise.all(rows.map((row) => newRecord(row, importing)))
    const deed = deedOf(importing)
    const key = { ...deed, key: deed.requestId, fingerprint: '' }
    const created = await create(db, key, records, { returnExisting: true })
    return created.outcome === 'written' && created.status === 201 ? [] : rows
  }

  /** Amends the records of the rows, and gives the rows of those that somebody else has amended meanwhile. */
  async function amendAll(db: Session, rows: Changed[], importing: Importing): Promise<Placed[]> {
    if (rows.length === 0 || importing.dryRun) return []
    const given = await Promise.all(rows.map((row) => amendment(row, importing.publicKey)))
    const amended = await amend(db, deedOf(importing), given)
    return rows.filter(({ stored }) => !amended.has(Number(stored.id)))
  }

  return async (
    db: Session,
    rows: readonly ImportedRow[],
    importing: Importing,
  ): Promise<ImportedCounts | undefined> => {
    const { clinicId, replaceSsns } = importing
    const refused: number[] = []
    let [inserted, updated] = [0, 0]
    let left = onePerPerson(rows)

    for (let tries = 0; left.length > 0; tries++) {
      if (tries === TRIES) return undefined
      const found = await find(db, clinicId, left)
      const absent = left.filter((_, n) => !found.has(n))
      const differing = left.flatMap((row, n) => {
        const stored = found.get(n)
        const changed = stored ? changesOf(row, stored, replaceSsns) : []
        return stored && changed.length > 0 ? [{ ...row, stored, changed }] : []
      })
      refused.push(...differing.filter(isSealedForAnother).map(({ place }) => place))
      const amendable = differing.filter((row) => !isSealedForAnother(row))

      const uncreated = await createAll(db, absent, importing)
      const unamended = await amendAll(db, amendable, importing)
      inserted += absent.length - uncreated.length
      updated += amendable.length - unamended.length
      left = [...uncreated, ...unamended]
    }
    const unchanged = rows.length - inserted - updated - refused.length
    return { inserted, updated, unchanged, refused }
  }
}

const deedOf = ({ clinicId, tokenId }: Importing) => ({
  ...{ clinicId, tokenId, requestId: crypto.randomUUID() },
  ...timesOf(Date.now()),
})

/** A sealed SSN opens for one record alone. */
const isSealedForAnother = ({ changed, sealed, stored }: Changed) =>
  changed.includes('ssn') && sealed !== undefined && sealed.uid !== stored.uid

/** Finds the records of people: the oldest of each, by the person's place. */
function finder(kind: Kind) {
  const isPerson = personColumns(kind).map((name) => `${name} = given.value ->> '${name}'`)
  const select = prepared(
    sql`SELECT given.key AS place, stored.* FROM json_each(:people) AS given CROSS JOIN ${kind.table} AS stored
      ON stored.clinic_id = :clinicId AND stored.id = (SELECT min(id) FROM ${soughtBy(kind, 'date_of_birth')}
        WHERE clinic_id = :clinicId AND ${sql.raw(isPerson.join(' AND '))})`,
  )
  return async (db: Session, clinicId: string, rows: readonly ImportedRow[]) => {
    const people = rows.map(({ fields }) =>
      Object.fromEntries(personColumns(kind).map((name) => [name, fields[name]])),
    )
    const [found] = await db.batch<Given>([
      select(db, { clinicId, people: JSON.stringify(people) }),
    ])
    return new Map((found?.results ?? []).map((row) => [Number(row.place), row]))
  }
}

/** Amends many records, each if it is still of its version, and gives the ids of those that it amended. */
function amenderOfMany(kind: Kind) {
  const { table } = kind
  // json_each has an `id` of its own.
  const rows = sql`(SELECT key, value FROM json_each(:rows))`
  const given = (name: string) => sql.raw(`given.value ->> '${name}'`)
  const append = prepared(
    appendChange(kind, {
      action: 'amend',
      from: sql`${rows} AS given CROSS JOIN ${table}`,
      where: sql`clinic_id = :clinicId AND id = ${given('id')} AND version = ${given('version')}`,
      nth: sql`row_number() OVER (ORDER BY given.key) - 1`,
      changed: given('changed'),
      before: contentOf(kind),
    }),
  )
  /** What this run has journaled, sought by record: a row of it for each row given at most. */
  const own = sql`
    SELECT changes.record_id, changes.version, changes.at, json_patch(before, given.value -> 'given') AS content
    FROM ${rows} AS given CROSS JOIN ${changes}
    WHERE changes.clinic_id = :clinicId AND resource = ${nameOf(kind)}
      AND record_id = ${given('id')} AND changes.version = ${given('version')} + 1
      AND request_id = :requestId`

  const fromJournal: Record<string, string> = { version: 'own.version', updated_at: 'own.at' }
  const fixed = ['id', 'uid', 'created_at', ...personColumns(kind), 'first_name', 'last_name']
  const set = columnNames(kind)
    .filter((name) => !fixed.includes(name))
    .map((name) => `${name} = ${fromJournal[name] ?? `own.content ->> '${name}'`}`)
  const update = prepared(
    sql`WITH own AS MATERIALIZED (${own})
      UPDATE ${table} SET ${sql.raw(set.join(', '))} FROM own
      WHERE ${table}.clinic_id = :clinicId AND id IN (SELECT record_id FROM own)
        AND id = own.record_id AND ${table}.version = own.version - 1`,
  )
  const findOwn = prepared(sql`SELECT record_id FROM (${own})`)

  return async (
    db: Session,
    deed: { clinicId: string; tokenId: string; requestId: string; now: string },
    rows: readonly object[],
  ): Promise<Set<number>> => {
    const values = { ...deed, rows: JSON.stringify(rows) }
    const [, , own] = await db.batch<{ record_id: number }>(
      [append, update, findOwn].map((statement) => statement(db, values)),
    )
    return new Set((own?.results ?? []).map(({ record_id }) => record_id))
  }
}
