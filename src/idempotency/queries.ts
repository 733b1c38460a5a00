import { and, eq, getTableColumns, lt, notExists, sql, type SQLWrapper } from 'drizzle-orm'
import { QueryBuilder, type SelectedFields } from 'drizzle-orm/sqlite-core'
import { appendCreation } from '../audit/queries.ts'
import type { Client } from '../db/client.ts'
import { jsonOf } from '../db/json.ts'
import { nextPosition, type Numbered } from '../db/paging.ts'
import { prepared } from '../db/prepared.ts'
import { idempotencyKeys, ownables } from '../db/tables.ts'
import { isOwnable, type Ownable } from '../ownables/queries.ts'
import type { SealedSsn } from '../ssn/seal.ts'

/**
 * What makes an insert safe to send again: the key, whose it is, and a fingerprint of the request that used
 * it. `requestId` tells a client's second request from our own second try of the first.
 */
export type IdempotencyKey = {
  clinicId: string
  tokenId: string
  key: string
  fingerprint: string
  requestId: string
}

/** What became of an insert under a key. `absent`: the owner that the record names does not exist. */
export type Insertion =
  | { outcome: 'created' | 'replayed'; record: InsertedRecord }
  | { outcome: 'conflict' }
  | { outcome: 'absent' }

/** A record as it is answered, in JSON, and its id. */
export type InsertedRecord = { id: number; json: string }

/** Inserts a record of an owner with the values of its own columns' placeholders. */
type InsertOnce = (
  db: Client,
  key: IdempotencyKey,
  owner: Ownable,
  values: Record<string, string | number | null>,
  ssn: SealedSsn | null,
) => Promise<Insertion>

/** A key lives for a day, and until the next run of the hourly sweep. */
const ONE_DAY = 24 * 60 * 60 * 1000

const isKey = and(
  eq(idempotencyKeys.clinicId, sql.placeholder('clinicId')),
  eq(idempotencyKeys.tokenId, sql.placeholder('tokenId')),
  eq(idempotencyKeys.key, sql.placeholder('key')),
)

const keys = () =>
  new QueryBuilder().select({ recordId: idempotencyKeys.recordId }).from(idempotencyKeys)

/** The id of the record made under the key by this very request or by one that asked for the same. */
const recordUnderKey = keys().where(
  and(isKey, eq(idempotencyKeys.fingerprint, sql.placeholder('fingerprint'))),
)

const keepKey = prepared(
  sql`INSERT INTO ${idempotencyKeys}
    (clinic_id, token_id, key, fingerprint, request_id, record_id, created_at)
    SELECT ${sql.placeholder('clinicId')}, ${sql.placeholder('tokenId')}, ${sql.placeholder('key')},
      ${sql.placeholder('fingerprint')}, ${sql.placeholder('requestId')}, last_insert_rowid(),
      ${sql.placeholder('now')}
    WHERE changes() = 1`,
)

const findKey = prepared(
  new QueryBuilder()
    .select({ request_id: idempotencyKeys.requestId })
    .from(idempotencyKeys)
    .where(isKey),
)

/**
 * An insert that happens once under a key. One transaction inserts the record if its owner is there and the
 * key unused, keeps the key if that made a record, finds the key and its record, and appends the audit event
 * if there is a record to tell of. `columns` are the table's own, beside those that every such table has.
 */
export function insertOnce(
  resource: 'person_informations' | 'dependents',
  table: Numbered,
  columns: Record<string, SQLWrapper>,
  answered: SelectedFields,
): InsertOnce {
  const inserted: Record<string, SQLWrapper> = {
    clinicId: ownables.clinicId,
    position: nextPosition(table),
    ...columns,
    ssnKeyId: sql.placeholder('ssnKeyId'),
    ssnSealed: sql.placeholder('ssnSealed'),
    ssnLastFour: sql.placeholder('ssnLastFour'),
    createdAt: sql.placeholder('now'),
    updatedAt: sql.placeholder('now'),
  }
  const named = Object.entries(getTableColumns(table)).flatMap(([key, { name }]) =>
    key in inserted ? [{ name: sql.identifier(name), value: inserted[key] }] : [],
  )
  const insert = prepared(
    sql`INSERT INTO ${table} (${sql.join(
      named.map(({ name }) => name),
      sql`, `,
    )})
      SELECT ${sql.join(
        named.map(({ value }) => value),
        sql`, `,
      )}
      FROM ${ownables} WHERE ${and(isOwnable, notExists(keys().where(isKey)))}`,
  )
  const record = new QueryBuilder()
    .select(answered)
    .from(table)
    .where(and(eq(table.clinicId, sql.placeholder('clinicId')), eq(table.id, recordUnderKey)))
  const select = prepared(sql`SELECT id, ${jsonOf(answered)} AS json FROM (${record})`)
  const append = appendCreation(resource, recordUnderKey)

  return async (db, key, owner, values, ssn) => {
    const now = new Date().toISOString()
    const filled = {
      ...values,
      ...key,
      ownableType: owner.type,
      ownableId: owner.id,
      ssnKeyId: ssn?.keyId ?? null,
      ssnSealed: ssn?.sealed ?? null,
      ssnLastFour: ssn?.lastFour ?? null,
      now,
    }
    const [, , kept, found] = await db.batch<InsertedRecord & { request_id: string }>(
      [insert, keepKey, findKey, select, append].map((statement) => statement(db, filled)),
    )
    const [firstUse] = kept?.results ?? []
    const [record] = found?.results ?? []
    if (firstUse === undefined) return { outcome: 'absent' }
    if (record === undefined) return { outcome: 'conflict' }
    return { outcome: firstUse.request_id === key.requestId ? 'created' : 'replayed', record }
  }
}

const deleteKeys = prepared(
  sql`DELETE FROM ${idempotencyKeys} WHERE ${lt(idempotencyKeys.createdAt, sql.placeholder('before'))}`,
)

/** Forgets the keys that are older than a day. */
export async function sweepKeys(db: Client, now = Date.now()): Promise<void> {
  const before = new Date(now - ONE_DAY).toISOString()
  await db.batch([deleteKeys(db, { before })])
}
