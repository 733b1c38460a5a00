import type { FieldErrors } from '../../http/errors.ts'
import { sql } from 'drizzle-orm/sql/sql'
import { creator } from '../../records/create.ts'
import { recordToStore, ssnColumns, ssnOwner } from '../../records/given.ts'
import { ownKey } from '../../records/idempotency.ts'
import { errorsOfBroken, type Broken } from '../../records/refusals.ts'
import type { Given, Resource } from '../../records/resource.ts'
import { sealSsn, type SealedSsn } from '../../ssn/seal.ts'
import type { Session } from '../../storage/session.ts'
import { rows, statements } from '../../storage/statement.ts'
import { manyAmender } from './amend-many.ts'

// The operator's import of records. A row is the record of the same identity: it is looked for, then created or amended
// as a client's writes are. A record that another writer gets to first is looked for again, so an import that was cut
// short is simply run again.

/**
 * A row as it was validated: `fields` are those that it gives, with the columns that follow from them. Its SSN, if it
 * has one, is nine digits, or was sealed before for the record with the `uid`.
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

/** What became of rows: `refused` tells what is wrong with those that can't be stored, by their place. */
export type ImportedCounts = {
  inserted: number
  updated: number
  unchanged: number
  refused: Map<number, FieldErrors>
}

type Placed = ImportedRow & { place: number }
/** A row of a stored record, with the fields in which they differ. */
type Changed = Placed & { stored: Given; changed: string[] }

const TRIES = 5
const FOR_ANOTHER = { ssn: ['was sealed for another record: open it first, with `ssn open`'] }

/** Imports rows of a resource, a few hundred at once; undefined if the clinic is not open. */
export function importer(resource: Resource) {
  const find = finder(resource)
  const create = creator(resource)
  const amend = manyAmender(resource)
  const identity = resource.identity?.columns ?? []
  const fixed = [...identity, ...identity.map(withoutSuffix), 'ssn']
  const amendable = Object.keys(resource.fields).filter((name) => !fixed.includes(name))

  /** Rows of one identity are one record, of which the last row has the last word. */
  function onePerRecord(rows: readonly ImportedRow[]): Placed[] {
    const placed = new Map<string, Placed>()
    for (const [place, row] of rows.entries()) {
      const key = JSON.stringify(identity.map((name) => row.fields[name] ?? null))
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
      ...amendable.filter((name) => name in fields && fields[name] !== stored[name]),
      ...(hasNewSsn && !isSame ? ['ssn'] : []),
    ]
  }

  /** The row as a record of its own. */
  async function newRecord({ fields, ssn, sealed }: Placed, { clinicId, publicKey }: Importing) {
    const given = { ...fields, ssn: ssn ?? null }
    const record = await recordToStore(resource, clinicId, given, publicKey)
    return sealed ? { ...record, uid: sealed.uid, ...ssnColumns(sealed) } : record
  }

  /** The columns of a stored record that change. */
  async function amendment({ stored, changed, fields, ...row }: Changed, publicKey: string) {
    const plain = changed.filter((name) => name !== 'ssn')
    const columns = Object.keys(fields).filter((name) => plain.includes(withoutSuffix(name)))
    const given = Object.fromEntries(columns.map((name) => [name, fields[name]]))
    const { id, version } = stored
    if (!changed.includes('ssn')) return { id, version, changed, given }
    const ssn = row.ssn ? await sealSsn(row.ssn, ssnOwner(resource, stored), publicKey) : row.sealed
    return { id, version, changed, given: { ...given, ...ssnColumns(ssn) } }
  }

  /** Creates records of the rows. `left` are those that somebody else has created meanwhile, or that go on alone. */
  async function createAll(db: Session, rows: Placed[], importing: Importing) {
    if (rows.length === 0 || importing.dryRun) return { left: [], broken: [] }
    const records = await Promise.all(rows.map((row) => newRecord(row, importing)))
    const created = await create(db, ownKey(importing), records, { returnExisting: true })
    if (created.outcome === 'refused') return { left: rows, broken: created.broken }
    return { left: created.outcome === 'written' && created.status === 201 ? [] : rows, broken: [] }
  }

  /** Amends the records of the rows. `left` are those that somebody else has amended meanwhile, or that go on alone. */
  async function amendAll(db: Session, rows: Changed[], importing: Importing) {
    if (rows.length === 0 || importing.dryRun) return { left: [], broken: [] }
    const given = await Promise.all(rows.map((row) => amendment(row, importing.publicKey)))
    const { amended, broken } = await amend(db, ownKey(importing), given)
    return { left: rows.filter(({ stored }) => !amended.has(Number(stored.id))), broken }
  }

  return async (
    db: Session,
    rows: readonly ImportedRow[],
    importing: Importing,
  ): Promise<ImportedCounts | undefined> => {
    const { clinicId, replaceSsns } = importing
    const refused: ImportedCounts['refused'] = new Map()
    let [inserted, updated] = [0, 0]
    let left = onePerRecord(rows)

    /** Sets broken rows aside, and gives those that are left to be tried again. */
    function setAside({ left, broken }: { left: Placed[]; broken: Broken[] }, among: Placed[]) {
      for (const { place, names } of broken) {
        const row = among[place]
        if (row) refused.set(row.place, errorsOfBroken(resource, names))
      }
      return left.filter(({ place }) => !refused.has(place))
    }

    for (let tries = 0; left.length > 0; tries++) {
      if (tries === TRIES) return undefined
      const found = await find(db, clinicId, left)
      const absent = left.filter((_, n) => !found.has(n))
      const differing = left.flatMap((row, n) => {
        const stored = found.get(n)
        const changed = stored ? changesOf(row, stored, replaceSsns) : []
        return stored && changed.length > 0 ? [{ ...row, stored, changed }] : []
      })
      for (const { place } of differing.filter(isSealedForAnother)) refused.set(place, FOR_ANOTHER)
      const amendable = differing.filter((row) => !isSealedForAnother(row))

      const known = refused.size
      const uncreated = setAside(await createAll(db, absent, importing), absent)
      const broken = refused.size - known
      const unamended = setAside(await amendAll(db, amendable, importing), amendable)
      inserted += absent.length - uncreated.length - broken
      updated += amendable.length - unamended.length - (refused.size - known - broken)
      left = [...uncreated, ...unamended]
    }
    const unchanged = rows.length - inserted - updated - refused.size
    return { inserted, updated, unchanged, refused }
  }
}

const withoutSuffix = (column: string) => column.replace(/_(folded|identity)$/, '')

/** A sealed SSN opens for one record alone. */
const isSealedForAnother = ({ changed, sealed, stored }: Changed) =>
  changed.includes('ssn') && sealed !== undefined && sealed.uid !== stored.uid

/** Finds the records of the rows: the oldest of each, by the row's place. */
function finder({ name, table, identity }: Resource) {
  const { $, statement } = statements(`find to import ${name}`, { clinicId: 'text', rows: 'text' })
  const { index = '', columns = [] } = identity ?? {}
  const isSame = columns.map((column) => sql.raw(`other.${column} IS given.value ->> '${column}'`))
  const select = statement<Given & { place: number }>(sql`
    SELECT given.key AS place, stored.* FROM json_each(${$.rows}) AS given CROSS JOIN ${table} AS stored
      ON stored.clinic_id = ${$.clinicId} AND stored.id = (
        SELECT min(other.id) FROM ${table} AS other INDEXED BY ${sql.raw(index)}
        WHERE other.clinic_id = ${$.clinicId} AND ${sql.join(isSame, sql` AND `)})`)

  return async (db: Session, clinicId: string, imported: readonly ImportedRow[]) => {
    const identities = imported.map(({ fields }) =>
      Object.fromEntries(columns.map((column) => [column, fields[column] ?? null])),
    )
    const found = await rows(db, select, { clinicId, rows: JSON.stringify(identities) })
    return new Map(found.map((row) => [row.place, row]))
  }
}
