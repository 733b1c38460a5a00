import { sql } from 'drizzle-orm/sql/sql'
import { appendAccessIf, type Access } from '../trail/access.ts'
import { isOpen, stateOfClinic } from '../clinics/queries.ts'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import { ownables } from '../storage/tables.ts'

/** Names an ownable within a clinic. */
export type Ownable = { type: string; id: number }

const selectAbsent = prepared(
  sql`SELECT key FROM json_each(:rows) AS given WHERE NOT EXISTS (
    SELECT * FROM ${ownables} WHERE clinic_id = :clinicId
      AND type = given.value ->> 'type' AND id = given.value ->> 'id')`,
)

/** Which of these ownables, by their place, the clinic has not registered. */
export async function listAbsent(db: Session, clinicId: string, rows: readonly Ownable[]) {
  const [found] = await db.batch<{ key: number }>([
    selectAbsent(db, { clinicId, rows: JSON.stringify(rows) }),
  ])
  return (found?.results ?? []).map(({ key }) => key)
}

const insertOwnable = prepared(
  sql`INSERT INTO ${ownables} (clinic_id, type, id, created_at)
    SELECT :clinicId, :type, :id, :now WHERE ${isOpen} ON CONFLICT DO NOTHING`,
)
const appendIfOpen = appendAccessIf(isOpen)

/**
 * Registers the ownable, and leaves that in the trail; registering it again changes nothing. Gives the state of the
 * clinic: nothing happens unless that is open.
 */
export async function registerOwnable(
  db: Session,
  ownable: Ownable,
  request: Pick<Access, 'clinicId' | 'tokenId' | 'requestId'>,
) {
  const at = new Date().toISOString()
  const deed = { action: 'register', resource: 'ownables', ids: String(ownable.id), status: 204 }
  const { clinicId } = request
  const [, , found] = await db.batch<{ state: string }>([
    insertOwnable(db, { ...ownable, clinicId, now: at }),
    appendIfOpen(db, { ...request, ...deed, at }),
    stateOfClinic(db, { clinicId }),
  ])
  return found?.results[0]?.state
}
