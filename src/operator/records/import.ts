import { sql } from 'drizzle-orm/sql/sql'
import { MUST_EXIST } from '../../fields/messages.ts'
import { ApiError, type FieldErrors } from '../../http/errors.ts'
import type { Ownable } from '../../ownables/queries.ts'
import { creator } from '../../records/create.ts'
import { recordToStore, ssnColumns, ssnOwner } from '../../records/given.ts'
import { ownKey } from '../../records/idempotency.ts'
import { brokenIn, errorsOfBroken, selectBroken } from '../../records/refusals.ts'
import { fieldOf, ownerOf, type Given, type Resource } from '../../records/resource.ts'
import { sealSsn } from '../../ssn/seal.ts'
import type { Session } from '../../storage/session.ts'
import { rows, statements } from '../../storage/statement.ts'
import { findPlanIds } from '../named-plans.ts'
import { manyAmender } from './amend-many.ts'
import { identityOf, lastFourOf, matcher, type Accents, type ImportedRow } from './match.ts'

// The operator's import of records. It looks for each row's record, then creates or amends it as a client's write does.
// If another writer was faster, it looks again. An interrupted import can simply be run again.

type Importing = {
  clinicId: string
  /** Who imports, for the journal. */
  tokenId: string
  publicKey: string
  /** Writes every SSN given, even if the last four digits are the same. */
  replaceSsns?: boolean | undefined
  /** If undefined, a row that differs from a record only in accents is set aside. */
  accents?: Accents | undefined
  dryRun?: boolean | undefined
  /** Registers the owners of rows. Without it, they must exist. */
  register?: ((owners: Ownable[]) => Promise<unknown>) | undefined
}

/** What to do with a row: its stored record, if any, the fields that change, and what is wrong with it. */
type Decided = ImportedRow & {
  stored?: Given | undefined
  changed: string[]
  errors?: FieldErrors | undefined
}

const TRIES = 5
const NO_OWNER = `${MUST_EXIST}: --register registers the owners that rows name`
const NO_PLAN = { plan: [`${MUST_EXIST} as external_id of a plan`] }
const FOR_ANOTHER = { ssn: ['was sealed for another record: open it first, with `ssn open`'] }

/** Imports a file's rows, a few hundred at once. `merged` are the lines whose record was already on an earlier line. */
export function importer(resource: Resource, importing: Importing) {
  const { clinicId, publicKey, replaceSsns, accents, dryRun, register } = importing
  const findAlike = finder(resource)
  const create = creator(resource)
  const amend = manyAmender(resource)
  const selectWrong = selectBroken(resource)
  const { keyOf, match } = matcher(resource, accents)
  const lines = new Map<string, number>()
  const merged: { line: number; first: number }[] = []

  const fixed = [...(resource.identity?.columns.map(fieldOf) ?? []), 'ssn']
  const amendable = Object.keys(resource.fields).filter((name) => !fixed.includes(name))
  const defaults = Object.fromEntries(
    Object.entries(resource.fields).flatMap(([name, { otherwise }]) =>
      otherwise === undefined ? [] : [[name, otherwise]],
    ),
  )

  /** Replaces a plan's external_id by its id. Returns the errors of the rows whose plan doesn't exist. */
  async function namePlans(db: Session, rows: readonly ImportedRow[]) {
    const refused = new Map<number, FieldErrors>()
    const names = rows.flatMap(({ plan }) => plan ?? [])
    const ids = names.length > 0 ? await findPlanIds(db, names) : new Map<string, number>()
    for (const { line, plan, fields } of rows) {
      if (plan === undefined) continue
      const id = ids.get(plan)
      if (id === undefined) refused.set(line, NO_PLAN)
      else fields.plan_id = id
    }
    return refused
  }

  /** Merges rows with the same identity into one record. The last row wins. */
  function onePerRecord(rows: readonly ImportedRow[]): ImportedRow[] {
    const records = new Map<string, ImportedRow>()
    for (const row of rows) {
      const key = keyOf(row)
      const first = lines.get(key)
      if (first === undefined) lines.set(key, row.line)
      else merged.push({ line: row.line, first })
      const before = records.get(key)
      records.set(key, { ...before, ...row, fields: { ...before?.fields, ...row.fields } })
    }
    return [...records.values()]
  }

  function changesOf(row: ImportedRow, stored: Given): string[] {
    const { fields, sealed } = row
    const lastFour = lastFourOf(row)
    const hasNewSsn = lastFour !== undefined && (replaceSsns || lastFour !== stored.ssn_last_four)
    const isSame = sealed !== undefined && sealed.sealed === stored.ssn_sealed
    return [
      ...amendable.filter((name) => name in fields && fields[name] !== stored[name]),
      ...(hasNewSsn && !isSame ? ['ssn'] : []),
    ]
  }

  async function decide(db: Session, given: readonly ImportedRow[]): Promise<Decided[]> {
    const found = match(given, await findAlike(db, clinicId, given))
    const decided = given.map((row, n): Decided => {
      const { stored, errors } = found[n] ?? {}
      const changed = stored ? changesOf(row, stored) : []
      // A sealed SSN opens only for its own record.
      const isForAnother = stored && changed.includes('ssn') && row.sealed && row.uid !== stored.uid
      return { ...row, stored, changed, errors: isForAnother ? FOR_ANOTHER : errors }
    })
    const toWrite = decided.filter(
      ({ stored, changed, errors }) => !errors && (!stored || changed.length > 0),
    )
    if (toWrite.length === 0) return decided
    const records = toWrite.map(({ fields, stored }) =>
      stored ? { ...fields, id: stored.id } : { ...defaults, ...fields },
    )
    const broken = await rows(db, selectWrong, { clinicId, rows: JSON.stringify(records) })
    for (const { place, names } of brokenIn(broken)) {
      const row = toWrite[place]
      // A dry run doesn't register owners, so they may be missing.
      const wrong = names.filter((name) => name !== resource.owner.id || !dryRun || !register)
      if (!row || wrong.length === 0) continue
      const noOwner = wrong.includes(resource.owner.id) && { [resource.owner.id]: [NO_OWNER] }
      row.errors = { ...errorsOfBroken(resource, [{ place, names: wrong }]), ...noOwner }
    }
    return decided
  }

  async function newRecord({ fields, ssn, sealed, uid }: Decided) {
    const given = { ...defaults, ...fields, ssn: ssn ?? null }
    const record = await recordToStore(resource, clinicId, given, publicKey)
    return sealed && uid !== undefined ? { ...record, uid, ...ssnColumns(sealed) } : record
  }

  /** Creates the rows' records. Returns the rows that are left, if another writer was faster. */
  async function createAll(db: Session, rows: Decided[]): Promise<Decided[]> {
    if (dryRun || rows.length === 0) return []
    const records = await Promise.all(rows.map(newRecord))
    const created = await create(db, ownKey(importing), records, { returnExisting: true }).catch(
      (error: unknown) => {
        // A clinic that is closed or full refuses every row.
        if (!(error instanceof ApiError)) throw error
      },
    )
    return created?.status === 201 ? [] : rows
  }

  async function amendment({ stored = {}, changed, fields, ...row }: Decided) {
    const names = Object.keys(fields).filter((name) => changed.includes(fieldOf(name)))
    const given = Object.fromEntries(names.map((name) => [name, fields[name]]))
    const { id, version } = stored
    if (!changed.includes('ssn')) return { id, version, changed, given }
    const ssn = row.ssn ? await sealSsn(row.ssn, ssnOwner(resource, stored), publicKey) : row.sealed
    return { id, version, changed, given: { ...given, ...ssnColumns(ssn) } }
  }

  /** Amends the rows' records. Returns the rows that are left because another writer was faster. */
  async function amendAll(db: Session, rows: Decided[]): Promise<Decided[]> {
    if (dryRun || rows.length === 0) return []
    const amended = await amend(db, ownKey(importing), await Promise.all(rows.map(amendment)))
    return rows.filter(({ stored }) => !amended.has(Number(stored?.id)))
  }

  /** Undefined if the clinic isn't open. `refused` has the errors of rows that can't be stored, by line. */
  async function write(db: Session, rows: readonly ImportedRow[]) {
    const refused = await namePlans(db, rows)
    const named = rows.filter(({ line }) => !refused.has(line))
    await register?.(named.map(({ fields }) => ownerOf(resource, fields)))
    let [inserted, updated, unchanged] = [0, 0, 0]
    let left = onePerRecord(named)
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === TRIES) return undefined
      const decided = await decide(db, left)
      for (const { line, errors } of decided) if (errors) refused.set(line, errors)
      const good = decided.filter(({ errors }) => !errors)
      const absent = good.filter(({ stored }) => !stored)
      const differing = good.filter(({ changed }) => changed.length > 0)
      const uncreated = await createAll(db, absent)
      const unamended = await amendAll(db, differing)
      inserted += absent.length - uncreated.length
      updated += differing.length - unamended.length
      unchanged += good.length - absent.length - differing.length
      left = [...uncreated, ...unamended]
    }
    return { inserted, updated, unchanged, refused }
  }

  return { merged, write }
}

/** Finds the records that are like each row, oldest first, by the row's place. */
function finder(resource: Resource) {
  const { name, table, identity } = resource
  const { $, statement } = statements(`find to import ${name}`, { clinicId: 'text', rows: 'text' })
  const isSame = identityOf(resource).likeness.map((column) =>
    sql.raw(`stored.${column} IS given.value ->> '${column}'`),
  )
  const select = statement<Given & { place: number }>(sql`
    SELECT given.key AS place, stored.* FROM json_each(${$.rows}) AS given
      CROSS JOIN ${table} AS stored INDEXED BY ${sql.raw(identity?.index ?? '')}
      ON stored.clinic_id = ${$.clinicId} AND ${sql.join(isSame, sql` AND `)}`)

  return async (db: Session, clinicId: string, given: readonly ImportedRow[]) => {
    const values = { clinicId, rows: JSON.stringify(given.map(({ fields }) => fields)) }
    const found = (await rows(db, select, values)).sort((a, b) => Number(a.id) - Number(b.id))
    return Map.groupBy(found, ({ place }) => place)
  }
}
