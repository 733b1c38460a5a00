import { ApiError, type FieldErrors } from '../../http/errors.ts'
import { sql } from 'drizzle-orm/sql/sql'
import { creator } from '../../records/create.ts'
import { recordToStore, ssnColumns, ssnOwner } from '../../records/given.ts'
import { ownKey } from '../../records/idempotency.ts'
import { brokenIn, errorsOfBroken, selectBroken, type Broken } from '../../records/refusals.ts'
import { fieldOf, type Given, type Resource } from '../../records/resource.ts'
import { sealSsn } from '../../ssn/seal.ts'
import type { Session } from '../../storage/session.ts'
import { rows, statements } from '../../storage/statement.ts'
import { manyAmender } from './amend-many.ts'
import {
  lastFourOf,
  likenessOf,
  matcher,
  recordKeys,
  type Accents,
  type ImportedRow,
  type Placed,
} from './match.ts'

// The operator's import of records. The record that a row is gets looked for, then it is created or amended as a client's
// writes are. A record that another writer gets to first is looked for again, so an import that was cut
// short is simply run again.

export type Importing = {
  clinicId: string
  /** Who imports, as the journal has it. */
  tokenId: string
  publicKey: string
  /** Writes every SSN given, also where the last four digits are the same. */
  replaceSsns?: boolean | undefined
  /** If undefined, such a row is set aside. */
  accents?: Accents | undefined
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

/** A row of a stored record, with the fields in which they differ. */
type Changed = Placed & { stored: Given; changed: string[] }

const TRIES = 5
const FOR_ANOTHER = { ssn: ['was sealed for another record: open it first, with `ssn open`'] }

/** Imports rows of a resource, a few hundred at once; undefined if the clinic is not open. */
export function importer(resource: Resource) {
  const findAlike = finder(resource)
  const create = creator(resource)
  const amend = manyAmender(resource)
  const fixed = [...(resource.identity?.columns.map(fieldOf) ?? []), 'ssn']
  const amendable = Object.keys(resource.fields).filter((name) => !fixed.includes(name))
  const defaults = Object.fromEntries(
    Object.entries(resource.fields).flatMap(([name, { otherwise }]) =>
      otherwise === undefined ? [] : [[name, otherwise]],
    ),
  )
  const broken = selectBroken(resource)

  /** Rows of one identity are one record, of which the last row has the last word. */
  function onePerRecord(rows: readonly ImportedRow[], accents: Accents | undefined): Placed[] {
    const keyOf = recordKeys(resource, accents)
    const placed = new Map<string, Placed>()
    for (const [place, row] of rows.entries()) {
      const key = keyOf(row)
      const before = placed.get(key)
      const fields = { ...before?.fields, ...row.fields }
      placed.set(key, { ...before, ...row, fields, place })
    }
    return [...placed.values()]
  }

  function changesOf({ fields, ...row }: Placed, stored: Given, replaceSsns = false): string[] {
    const lastFour = lastFourOf(row)
    const hasNewSsn = lastFour !== undefined && (replaceSsns || lastFour !== stored.ssn_last_four)
    const isSame = row.sealed !== undefined && row.sealed.sealed === stored.ssn_sealed
    return [
      ...amendable.filter((name) => name in fields && fields[name] !== stored[name]),
      ...(hasNewSsn && !isSame ? ['ssn'] : []),
    ]
  }

  /** The row as a record of its own. */
  async function newRecord(row: Placed, { clinicId, publicKey }: Importing) {
    const { fields, ssn = null, sealed, uid } = row
    const record = await recordToStore(
      resource,
      clinicId,
      { ...defaults, ...fields, ssn },
      publicKey,
    )
    return sealed && uid !== undefined ? { ...record, uid, ...ssnColumns(sealed) } : record
  }

  /** The columns of a stored record that change. */
  async function amendment({ stored, changed, fields, ...row }: Changed, publicKey: string) {
    const plain = changed.filter((name) => name !== 'ssn')
    const columns = Object.keys(fields).filter((name) => plain.includes(fieldOf(name)))
    const given = Object.fromEntries(columns.map((name) => [name, fields[name]]))
    const { id, version } = stored
    if (!changed.includes('ssn')) return { id, version, changed, given }
    const ssn = row.ssn ? await sealSsn(row.ssn, ssnOwner(resource, stored), publicKey) : row.sealed
    return { id, version, changed, given: { ...given, ...ssnColumns(ssn) } }
  }

  /** What a dry run can say of rows of which nothing is stored; whether their owners exist is looked up before. */
  async function wouldBreak(db: Session, placed: (Placed | Changed)[], { clinicId }: Importing) {
    const records = placed.map((row) =>
      'stored' in row ? { ...row.fields, id: row.stored.id } : { ...defaults, ...row.fields },
    )
    const found = brokenIn(await rows(db, broken, { clinicId, rows: JSON.stringify(records) }))
    return found.flatMap(({ place, names }) => {
      const others = names.filter((name) => name !== resource.owner.id)
      return others.length > 0 ? [{ place, names: others }] : []
    })
  }

  /** Creates records of the rows. `left` are those that somebody else has created meanwhile, or that go on alone. */
  async function createAll(db: Session, rows: Placed[], importing: Importing) {
    if (rows.length === 0) return { left: [], broken: [] }
    if (importing.dryRun) return { left: [], broken: await wouldBreak(db, rows, importing) }
    const records = await Promise.all(rows.map((row) => newRecord(row, importing)))
    const created = await create(db, ownKey(importing), records, { returnExisting: true }).catch(
      noneIfRefused,
    )
    if (created && 'broken' in created) return { left: rows, broken: created.broken }
    return { left: created?.status === 201 ? [] : rows, broken: [] }
  }

  /** Amends the records of the rows. `left` are those that somebody else has amended meanwhile, or that go on alone. */
  async function amendAll(db: Session, rows: Changed[], importing: Importing) {
    if (rows.length === 0) return { left: [], broken: [] }
    if (importing.dryRun) return { left: [], broken: await wouldBreak(db, rows, importing) }
    const given = await Promise.all(rows.map((row) => amendment(row, importing.publicKey)))
    const { amended, broken } = await amend(db, ownKey(importing), given)
    return { left: rows.filter(({ stored }) => !amended.has(Number(stored.id))), broken }
  }

  return async (
    db: Session,
    rows: readonly ImportedRow[],
    importing: Importing,
  ): Promise<ImportedCounts | undefined> => {
    const { clinicId, replaceSsns, accents } = importing
    const refused: ImportedCounts['refused'] = new Map()
    let [inserted, updated] = [0, 0]
    const match = matcher(resource, accents)
    let left = onePerRecord(rows, accents)

    /** Sets broken rows aside, and gives those that are left to be tried again. */
    function setAside({ left, broken }: { left: Placed[]; broken: Broken[] }, among: Placed[]) {
      for (const { place, names } of broken) {
        const row = among[place]
        if (row) refused.set(row.place, errorsOfBroken(resource, [{ place, names }]))
      }
      return left.filter(({ place }) => !refused.has(place))
    }

    for (let tries = 0; left.length > 0; tries++) {
      if (tries === TRIES) return undefined
      const found = match(left, await findAlike(db, clinicId, left))
      for (const [n, { errors }] of found.entries()) {
        if (errors) refused.set(left[n]?.place ?? 0, errors)
      }
      const absent = left.filter((_, n) => !found[n]?.stored && !found[n]?.errors)
      const differing = left.flatMap((row, n) => {
        const stored = found[n]?.stored
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

/** A clinic that is closed or has no room left refuses all rows, whatever they say. */
function noneIfRefused(error: unknown): undefined {
  if (!(error instanceof ApiError)) throw error
}

/** A sealed SSN opens for one record alone. */
const isSealedForAnother = ({ changed, sealed, uid, stored }: Changed) =>
  changed.includes('ssn') && sealed !== undefined && uid !== stored.uid

/** Finds the records that are like rows, the oldest first, by the row's place. */
function finder(resource: Resource) {
  const { name, table, identity } = resource
  const { $, statement } = statements(`find to import ${name}`, { clinicId: 'text', rows: 'text' })
  const looked = likenessOf(resource)
  const isSame = looked.map((column) => sql.raw(`stored.${column} IS given.value ->> '${column}'`))
  const select = statement<Given & { place: number }>(sql`
    SELECT given.key AS place, stored.* FROM json_each(${$.rows}) AS given
      CROSS JOIN ${table} AS stored INDEXED BY ${sql.raw(identity?.index ?? '')}
      ON stored.clinic_id = ${$.clinicId} AND ${sql.join(isSame, sql` AND `)}`)

  return async (db: Session, clinicId: string, imported: readonly ImportedRow[]) => {
    const identities = imported.map(({ fields }) =>
      Object.fromEntries(looked.map((column) => [column, fields[column] ?? null])),
    )
    const found = await rows(db, select, { clinicId, rows: JSON.stringify(identities) })
    const oldestFirst = found.toSorted((a, b) => Number(a.id) - Number(b.id))
    return Map.groupBy(oldestFirst, ({ place }) => place)
  }
}
