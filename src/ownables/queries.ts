import { and, count, eq, exists, notExists, sql, type SQL } from 'drizzle-orm'
import { QueryBuilder } from 'drizzle-orm/sqlite-core'
import { appendEvent, type AuditEvent } from '../audit/queries.ts'
import type { Client, Database } from '../db/client.ts'
import { prepared } from '../db/prepared.ts'
import { ownables } from '../db/tables.ts'

/** Names an ownable within a clinic. */
export type Ownable = { type: string; id: number }

/** The one row of the registry, for use as the source of an INSERT … SELECT: no row, no record. */
export const isOwnable = and(
  eq(ownables.clinicId, sql.placeholder('clinicId')),
  eq(ownables.type, sql.placeholder('ownableType')),
  eq(ownables.id, sql.placeholder('ownableId')),
)

const findOwnable = prepared(
  new QueryBuilder().select({ id: ownables.id }).from(ownables).where(isOwnable),
)

/** Whether the clinic has registered the ownable. */
export async function ownableExists(db: Client, clinicId: string, { type, id }: Ownable) {
  const [found] = await db.batch([findOwnable(db, { clinicId, ownableType: type, ownableId: id })])
  return found !== undefined && found.results.length > 0
}

const insertOwnable = prepared(
  sql`INSERT INTO ${ownables} (clinic_id, type, id, created_at)
    VALUES (${sql.placeholder('clinicId')}, ${sql.placeholder('type')}, ${sql.placeholder('id')},
      ${sql.placeholder('createdAt')})
    ON CONFLICT DO NOTHING`,
)

/** Registers the ownable, and its audit event with it; registering it again changes nothing. */
export async function registerOwnable(
  db: Client,
  ownable: Ownable,
  request: Pick<AuditEvent, 'clinicId' | 'tokenId' | 'requestId'>,
) {
  const createdAt = new Date().toISOString()
  await db.batch([
    insertOwnable(db, { ...ownable, clinicId: request.clinicId, createdAt }),
    appendEvent(db, {
      ...request,
      action: 'register',
      resource: 'ownables',
      recordIds: [ownable.id],
      status: 204,
    }),
  ])
}

/**
 * Registers many at once, as one JSON parameter, and tells how many were new: those of this batch's time,
 * however often it had to be tried.
 */
export async function registerOwnables(
  db: Database,
  clinicId: string,
  rows: readonly Ownable[],
): Promise<{ inserted: number; unchanged: number }> {
  const createdAt = new Date().toISOString()
  const [, [found]] = await db.batch([
    db
      .insert(ownables)
      .select(
        sql`SELECT ${clinicId}, value ->> '$.type', value ->> '$.id', ${createdAt}
          FROM json_each(${JSON.stringify(rows)}) WHERE true`,
      )
      .onConflictDoNothing(),
    db
      .select({ count: count() })
      .from(given(rows))
      .where(exists(registered(db, clinicId, eq(ownables.createdAt, createdAt)))),
  ])
  const inserted = found?.count ?? 0
  return { inserted, unchanged: rows.length - inserted }
}

/** What `registerOwnables` would do, without doing it. */
export async function compareOwnables(db: Database, clinicId: string, rows: readonly Ownable[]) {
  const [[found]] = await db.batch([
    db
      .select({ count: count() })
      .from(given(rows))
      .where(notExists(registered(db, clinicId))),
  ])
  const inserted = found?.count ?? 0
  return { inserted, unchanged: rows.length - inserted }
}

/** The ownables of the rows, each once. */
const given = (rows: readonly Ownable[]) =>
  sql`(
    SELECT DISTINCT value ->> '$.type' AS type, value ->> '$.id' AS id
    FROM json_each(${JSON.stringify(rows)})
  ) AS given`

/** The registry's row for one of those, if there is one. */
const registered = (db: Database, clinicId: string, ...further: SQL[]) =>
  db
    .select({ id: ownables.id })
    .from(ownables)
    .where(
      and(
        eq(ownables.clinicId, clinicId),
        sql`${ownables.type} = given.type`,
        sql`${ownables.id} = given.id`,
        ...further,
      ),
    )
