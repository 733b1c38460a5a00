import { sql } from 'drizzle-orm/sql/sql'
import { includesAny } from '../../trail/ranges.ts'
import type { TrailEvent } from './events.ts'
import { batch, rows, statements } from '../../storage/statement.ts'
import type { Session } from '../../storage/session.ts'
import { changes } from '../../storage/tables.ts'
import { PATIENT } from '../../fields/ownable-type.ts'
import { ownerTypeOf, type Resource } from '../../records/resource.ts'
import { resources } from '../../resources/index.ts'

// The trail says which records were seen; the journal says whose they were at the time.

/** A record, or a change by its `seq`, and the period that counts: both ends included, in ISO 8601. */
type Owned = { resource: string; id: number; from: string; until: string }
export type About = readonly Owned[]

/** Reads of `/changes` name changes by their `seq`. */
const CHANGES = 'changes'

const ALWAYS = { from: '', until: '~' }

/** Whether the event showed or changed one of these records. A refusal shows nothing, and skipped ids are nobody's. */
export function isAbout(about: About, { at, action, resource, ids, status }: TrailEvent): boolean {
  if (action === 'skip' || (status !== null && status >= 400)) return false
  const ownedIds = about
    .filter((one) => one.resource === resource && one.from <= at && at <= one.until)
    .map(({ id }) => id)
  return includesAny(ids, ownedIds)
}

export async function aboutRecord(db: Session, resource: Resource, clinicId: string, id: number) {
  const versions = await rows(db, selectVersions(resource), { clinicId, id })
  return [
    { resource: resource.name, id, ...ALWAYS },
    ...versions.map(({ seq }) => ({ resource: CHANGES, id: seq, ...ALWAYS })),
  ]
}

/** How many changes one statement looks through. */
const CHANGES_A_STEP = 100_000

/** A patient's records, each for as long as it was the patient's. An erased record is nobody's. */
export async function aboutPatient(db: Session, clinicId: string, patientId: number) {
  const about: Owned[] = []
  for (const resource of resources) {
    for (const id of await listRecordsEver(resource)) {
      const versions = await rows(db, selectVersions(resource), { clinicId, id })
      for (const [n, { at: from, owner_now, owner }] of versions.entries()) {
        const next = versions[n + 1]
        // A deleted record stays its last owner's: its history can still be read.
        if ((next?.owner ?? owner_now ?? owner) !== patientId) continue
        const period = { from, until: next?.at ?? ALWAYS.until }
        about.push({ resource: resource.name, id, ...period })
        about.push(...versions.map(({ seq }) => ({ resource: CHANGES, id: seq, ...period })))
      }
    }
  }
  return about

  /** The records that are the patient's, or were until they were deleted or given to somebody else. */
  async function listRecordsEver(resource: Resource) {
    const { selectNow, selectBefore, selectLast } = selectEver(resource)
    const patient = { clinicId, patientId, after: 0, step: CHANGES_A_STEP }
    const { now, newest } = await batch(db, { now: selectNow, newest: selectLast }, patient)
    const ids = new Set(now.map(({ id }) => id))
    const last = newest[0]?.last ?? 0
    for (let after = 0; after < last; after += CHANGES_A_STEP) {
      for (const { id } of await rows(db, selectBefore, { ...patient, after })) ids.add(id)
    }
    return ids
  }
}

/** The owner's type in a change's `before`. */
const typeBefore = ({ owner }: Resource) =>
  sql.raw(owner.type === undefined ? `'${PATIENT}'` : `before ->> '${owner.type}'`)

export function selectEver(resource: Resource) {
  const { name, table, owner, text } = resource
  const types = {
    clinicId: 'text',
    patientId: 'integer',
    after: 'integer',
    step: 'integer',
  } as const
  const { $, statement } = statements(`records ever of a patient in ${name}`, types)
  const patient = sql.raw(`'${PATIENT}'`)
  return {
    selectNow: statement<{ id: number }>(sql`
      SELECT id FROM ${table}
      WHERE clinic_id = ${$.clinicId} AND ${ownerTypeOf(resource)} = ${patient} AND ${sql.raw(owner.id)} = ${$.patientId}`),
    selectBefore: statement<{ id: number }>(sql`
      SELECT record_id AS id FROM ${changes}
      WHERE clinic_id = ${$.clinicId} AND seq > ${$.after} AND seq <= ${$.after} + ${$.step}
        AND resource = ${text} AND action IN ('delete', 'reassign')
        AND ${typeBefore(resource)} = ${patient} AND before ->> '${sql.raw(owner.id)}' = ${$.patientId}`),
    selectLast: statement<{ last: number }>(sql`
      SELECT coalesce(max(seq), 0) AS last FROM ${changes} WHERE clinic_id = ${$.clinicId}`),
  }
}

/** A version: the patient who owned the record until then, and who owns it now, if this is the current version. */
type Version = { seq: number; at: string; owner: number | null; owner_now: number | null }

export function selectVersions(resource: Resource) {
  const { name, table, owner, text } = resource
  const { $, statement } = statements(`owners of ${name}`, { clinicId: 'text', id: 'integer' })
  const [ownerId, patient] = [sql.raw(owner.id), sql.raw(`'${PATIENT}'`)]
  return statement<Version>(sql`
    SELECT seq, at, iif(${typeBefore(resource)} = ${patient}, before ->> '${ownerId}', NULL) AS owner,
      (SELECT ${ownerId} FROM ${table} WHERE clinic_id = ${$.clinicId} AND id = ${$.id}
        AND version = change.version AND ${ownerTypeOf(resource)} = ${patient}) AS owner_now
    FROM ${changes} AS change
    WHERE clinic_id = ${$.clinicId} AND resource = ${text} AND record_id = ${$.id} AND version > 0
    ORDER BY version`)
}
