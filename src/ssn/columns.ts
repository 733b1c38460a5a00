import { sql, type AnyColumn } from 'drizzle-orm'
import type { SealedSsn } from './seal.ts'

/** On the way out: `***-**-6789`, made in SQL from the last four digits. NULL stays NULL. */
export const maskedSsn = (lastFour: AnyColumn) => sql<string | null>`'***-**-' || ${lastFour}`

/** On the way in: the three columns of an INSERT … SELECT, in the order in which tables have them. */
export const sealedSsn = (sealed: SealedSsn | null) => ({
  ssnKeyId: sql`${sealed?.keyId ?? null}`.as('ssn_key_id'),
  ssnSealed: sql`${sealed?.sealed ?? null}`.as('ssn_sealed'),
  ssnLastFour: sql`${sealed?.lastFour ?? null}`.as('ssn_last_four'),
})
