import { and, eq, lt, notExists, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { RunnableQuery } from 'drizzle-orm/runnable-query'
import { QueryBuilder } from 'drizzle-orm/sqlite-core'
import type { Database } from '../db/client.ts'
import { idempotencyKeys } from '../db/tables.ts'

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
export type Insertion<Row> =
  { outcome: 'created' | 'replayed'; record: Row } | { outcome: 'conflict' } | { outcome: 'absent' }

/** A key lives for a day, and until the next run of the hourly sweep. */
const ONE_DAY = 24 * 60 * 60 * 1000

const isKey = ({ clinicId, tokenId, key }: IdempotencyKey) =>
  and(
    eq(idempotencyKeys.clinicId, clinicId),
    eq(idempotencyKeys.tokenId, tokenId),
    eq(idempotencyKeys.key, key),
  )

/** For the WHERE of an insert: nothing was made under this key yet. */
export const isUnused = (key: IdempotencyKey) =>
  notExists(
    new QueryBuilder()
      .select({ one: sql`1` })
      .from(idempotencyKeys)
      .where(isKey(key)),
  )

/** The id of the record made under the key by this very request or by one that asked for the same. */
export const recordUnder = (key: IdempotencyKey) =>
  new QueryBuilder()
    .select({ recordId: idempotencyKeys.recordId })
    .from(idempotencyKeys)
    .where(and(isKey(key), eq(idempotencyKeys.fingerprint, key.fingerprint)))

/**
 * Inserts once under a key: the record, the key if that made a record, and the audit event if there is one
 * under the key, in one transaction. `insert` asks that the key `isUnused`; `select` finds `recordUnder` it.
 */
export async function insertOnce<Row>(
  db: Database,
  key: IdempotencyKey,
  now: string,
  {
    insert,
    select,
    event,
  }: {
    insert: BatchItem<'sqlite'>
    select: RunnableQuery<Row[], 'sqlite'>
    event: BatchItem<'sqlite'>
  },
): Promise<Insertion<Row>> {
  const [, , [kept], [record]] = await db.batch([
    insert,
    db.insert(idempotencyKeys).select(
      sql`SELECT ${key.clinicId}, ${key.tokenId}, ${key.key}, ${key.fingerprint}, ${key.requestId},
        last_insert_rowid(), ${now} WHERE changes() = 1`,
    ),
    db.select().from(idempotencyKeys).where(isKey(key)),
    select,
    event,
  ])
  if (kept === undefined) return { outcome: 'absent' }
  if (record === undefined) return { outcome: 'conflict' }
  return { outcome: kept.requestId === key.requestId ? 'created' : 'replayed', record }
}

/** Forgets the keys that are older than a day. */
export async function sweepKeys(db: Database, now = Date.now()): Promise<void> {
  const before = new Date(now - ONE_DAY).toISOString()
  await db.batch([db.delete(idempotencyKeys).where(lt(idempotencyKeys.createdAt, before))])
}
