import { sql, type AnyColumn } from 'drizzle-orm'

/** The masked form, `***-**-6789`, made in SQL from the last four digits; NULL stays NULL. */
export const maskedSsn = (lastFour: AnyColumn) => sql<string | null>`'***-**-' || ${lastFour}`
