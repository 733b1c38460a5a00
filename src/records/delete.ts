import { sql } from 'drizzle-orm/sql/sql'
import { refusal } from '../http/errors.ts'
import type { Session } from '../storage/session.ts'
import { statements } from '../storage/statement.ts'
import { changes, clinics, idempotencyKeys } from '../storage/tables.ts'
import { countDeletion } from './deletions.ts'
import { TARGETED, type IdempotencyKey, type Target } from './idempotency.ts'
import { absent } from './refusals.ts'
import { contentOf, type Resource } from './resource.ts'
import { removeWords } from './words.ts'
import { fits, nextSeq, nowOrLater, used, whyRefused, write } from './write.ts'

/** Deletes a record, once per idempotency key; the journal keeps its content. Throws ApiError. */
export function deleter(resource: Resource) {
  const { table, text, person } = resource
  const { $, statement } = statements(`delete ${resource.name}`, TARGETED)

  const keepKey = statement<{ status: number }>(sql`
    INSERT INTO ${idempotencyKeys} (clinic_id, key, at, fingerprint, request_id, status, record_id, version, records)
    SELECT clinics.id, ${$.key}, ${nowOrLater}, ${$.fingerprint}, ${$.requestId}, 204, target.id, target.version + 1, 1
    FROM ${clinics} CROSS JOIN ${table} AS target
    WHERE clinics.id = ${$.clinicId} AND state = 'open'
      AND target.clinic_id = ${$.clinicId} AND target.id = ${$.id} AND ${fits}
    RETURNING status`)

  const journal = statement(sql`
    INSERT INTO ${changes} (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before)
    SELECT ${$.clinicId}, ${nextSeq}, ${text}, target.id, used.version, 'delete', used.at, ${$.tokenId},
      used.request_id, '[]', content
    FROM ${used.row} CROSS JOIN (SELECT id, ${contentOf(resource)} AS content FROM ${table}
      WHERE clinic_id = ${$.clinicId} AND id = ${$.id}) AS target WHERE ${used.isOurs}`)

  const remove = statement(sql`
    DELETE FROM ${table} WHERE clinic_id = ${$.clinicId} AND id = (SELECT record_id FROM ${used.row} WHERE ${used.isOurs})`)

  const ofAny = { keepKey, journal, count: countDeletion(resource, 1), remove }
  const all = person ? { ...ofAny, words: removeWords(resource) } : ofAny
  const why = {
    ...whyRefused(resource),
    target: statement<{ fits: number }>(sql`
      SELECT ${fits} AS fits FROM ${table} WHERE clinic_id = ${$.clinicId} AND id = ${$.id}`),
  }

  return (db: Session, key: IdempotencyKey, target: Target) =>
    write(db, all, { ...key, ...target }, why, ({ target: [found] }) => {
      if (!found) throw absent(resource)
      if (!found.fits) throw refusal('stale')
    })
}
