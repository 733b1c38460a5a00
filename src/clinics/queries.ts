import { sql } from 'drizzle-orm/sql/sql'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
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
  /** How many records it may have; null if any number. */
  record_limit?: number | null
}

/** Every write holds only while its clinic is open, in the statement that writes. */
export const isOpen = sql`EXISTS (SELECT * FROM ${clinics} WHERE id = :clinicId AND state = 'open')`

const selectOne = prepared(sql`SELECT * FROM ${clinics} WHERE id = :id`)

export async function findClinic(db: Session, id: string): Promise<Clinic | undefined> {
  const [found] = await db.batch<Clinic>([selectOne(db, { id })])
  return found?.results[0]
}

// The time of its creation tells a clinic from another cell's clinic of the same name.

const admit = prepared(
  sql`INSERT INTO ${clinics} (id, state, created_at, record_limit)
    VALUES (:id, 'arriving', :created_at, :record_limit)
    ON CONFLICT (id) DO UPDATE SET state = 'arriving', record_limit = excluded.record_limit
      WHERE created_at = excluded.created_at AND state IN ('arriving', 'moved')`,
)

/** Prepares for the arrival of a clinic from another cell, or of one that comes back. */
export const admitClinic = async (db: Session, { id, created_at, record_limit = null }: Clinic) =>
  void (await db.batch([admit(db, { id, created_at, record_limit })]))

const dismiss = prepared(
  sql`DELETE FROM ${clinics} WHERE id = :id AND created_at = :created_at AND state = 'arriving'`,
)

/** Forgets a clinic that was to arrive; its rows are gone already. */
export const dismissClinic = async (db: Session, { id, created_at }: Clinic) =>
  void (await db.batch([dismiss(db, { id, created_at })]))

/** The statement that finds a clinic's state. */
export const stateOfClinic = prepared(sql`SELECT state FROM ${clinics} WHERE id = :clinicId`)

/** Why a clinic that is not open refuses a write. */
export const whyClosed = (state: string | undefined) =>
  state === undefined || state === 'suspended' ? 'suspended' : 'frozen'

const selectAll = prepared(sql`SELECT id, state, created_at FROM ${clinics} ORDER BY id`)

/** Every clinic, by its id. */
export async function listClinics(db: Session): Promise<Clinic[]> {
  const [found] = await db.batch<Clinic>([selectAll(db, {})])
  return found?.results ?? []
}

const insertText = (id: string) => `
  INSERT INTO clinics (id, state, created_at)
  VALUES (${id}, 'open', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ON CONFLICT DO NOTHING RETURNING id`
const insert = prepared(sql.raw(insertText(':id')))

/** Adds an open clinic. False if there is one of that id already. */
export async function createClinic(db: Session, id: string): Promise<boolean> {
  const [inserted] = await db.batch([insert(db, { id })])
  return (inserted?.results.length ?? 0) > 0
}

/** The same as one line, for a tool that takes no parameters. */
export const createClinicText = (id: string) =>
  insertText(`'${clinicId.parse(id)}'`)
    .trim()
    .replace(/\s+/g, ' ')

const update = prepared(
  sql`UPDATE ${clinics} SET state = :state
    WHERE id = :id AND (state = :state OR state IN (SELECT value FROM json_each(:from))) RETURNING id`,
)

/** Sets the state of a clinic that is in one of the states `from`, or in that one already. False if it is in none. */
export async function setClinicState(
  db: Session,
  id: string,
  state: State,
  from: readonly State[] = ['open', 'suspended'],
): Promise<boolean> {
  const [updated] = await db.batch([update(db, { id, state, from: JSON.stringify(from) })])
  return (updated?.results.length ?? 0) > 0
}

const updateLimit = prepared(sql`UPDATE ${clinics} SET record_limit = :limit WHERE id = :id`)

/** Limits how many records a clinic may have; null lets it have any number. */
export const setRecordLimit = async (db: Session, id: string, limit: number | null) =>
  void (await db.batch([updateLimit(db, { id, limit })]))
