import { sql } from 'drizzle-orm/sql/sql'
import type { Session } from '../storage/session.ts'
import { changedRows, first, rows, statements } from '../storage/statement.ts'
import { clinics } from '../storage/tables.ts'
import { clinicId } from '../fields/clinic-id.ts'

/**
 * Open: everything works. Suspended: all its requests are refused. The rest are the stages of a move to another cell,
 * during which reads work and writes wait: the source is frozen, then moved; the target is arriving, then open.
 */
export type State = 'open' | 'suspended' | 'frozen' | 'moved' | 'arriving'

export type Clinic = {
  id: string
  state: State
  created_at: string
  /** How many records it may have; null for no limit. */
  record_limit?: number | null
}

const one = statements('clinics', { id: 'text' })
const arrival = statements('clinics', { id: 'text', created_at: 'text', record_limit: 'integer?' })
const change = statements('clinics', { id: 'text', state: 'text', from: 'text' })
const limiting = statements('clinics', { id: 'text', limit: 'integer?' })

const select = one.statement<Clinic>(sql`SELECT * FROM ${clinics} WHERE id = ${one.$.id}`)

export const findClinic = (db: Session, id: string) => first(db, select, { id })

// `created_at` tells a clinic from another cell's clinic with the same id.

const admit = arrival.statement(sql`
  INSERT INTO ${clinics} (id, state, created_at, record_limit)
  VALUES (${arrival.$.id}, 'arriving', ${arrival.$.created_at}, ${arrival.$.record_limit})
  ON CONFLICT (id) DO UPDATE SET state = 'arriving', record_limit = excluded.record_limit
    WHERE created_at = excluded.created_at AND state IN ('arriving', 'moved')`)

/** Prepares for a clinic that arrives from another cell, or comes back. */
export const admitClinic = (db: Session, { id, created_at, record_limit = null }: Clinic) =>
  changedRows(db, admit, { id, created_at, record_limit })

const dismiss = arrival.statement(sql`
  DELETE FROM ${clinics}
  WHERE id = ${arrival.$.id} AND created_at = ${arrival.$.created_at} AND state = 'arriving'`)

/** Removes a clinic that was to arrive. Its rows are gone already. */
export const dismissClinic = (db: Session, { id, created_at }: Clinic) =>
  changedRows(db, dismiss, { id, created_at, record_limit: null })

export const selectState = one.statement<{ state: State }>(sql`
  SELECT state FROM ${clinics} WHERE id = ${one.$.id}`)

/** Why a clinic that is not open refuses a write. */
export const whyClosed = (state: string | undefined) =>
  state === undefined || state === 'suspended' ? 'suspended' : 'frozen'

const selectAll = statements('clinics', {}).statement<Clinic>(sql`
  SELECT id, state, created_at FROM ${clinics} ORDER BY id`)

export const listClinics = (db: Session): Promise<Clinic[]> => rows(db, selectAll, {})

const insert = one.statement<{ id: string }>(sql`
  INSERT INTO ${clinics} (id, state, created_at)
  VALUES (${one.$.id}, 'open', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ON CONFLICT DO NOTHING RETURNING id`)

/** Adds an open clinic. False if the id is taken. */
export const createClinic = async (db: Session, id: string): Promise<boolean> =>
  (await rows(db, insert, { id })).length > 0

/** The same statement on one line, for a tool that takes no parameters. */
export function createClinicText(id: string) {
  const line = insert.text().sql.trim().replace(/\s+/g, ' ')
  return line.replace('?1', `'${clinicId.parse(id)}'`)
}

const update = change.statement<{ id: string }>(sql`
  UPDATE ${clinics} SET state = ${change.$.state}
  WHERE id = ${change.$.id}
    AND (state = ${change.$.state} OR state IN (SELECT value FROM json_each(${change.$.from}))) RETURNING id`)

/** Sets the state of a clinic that is in one of the states `from`, or in that state already. False otherwise. */
export const setClinicState = async (
  db: Session,
  id: string,
  state: State,
  from: readonly State[] = ['open', 'suspended'],
) => (await rows(db, update, { id, state, from: JSON.stringify(from) })).length > 0

const updateLimit = limiting.statement(sql`
  UPDATE ${clinics} SET record_limit = ${limiting.$.limit} WHERE id = ${limiting.$.id}`)

/** Limits how many records a clinic may have; null removes the limit. */
export const setRecordLimit = (db: Session, id: string, limit: number | null) =>
  changedRows(db, updateLimit, { id, limit })
