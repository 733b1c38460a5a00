import { sql } from 'drizzle-orm/sql/sql'
import { first, statements } from '../../storage/statement.ts'
import type { Session } from '../../storage/session.ts'
import { segments } from '../../storage/tables.ts'
import {
  comparePlaces,
  DESCRIBED,
  type Line,
  type Place,
  type Segment,
  type Stream,
} from '../../trail/segments.ts'

// What verifying asks of the rows of a stream.

const ofSegment = statements('verify trail', { clinicId: 'text', stream: 'text', n: 'integer' })
const selectSegment = ofSegment.statement<Segment>(
  sql`SELECT * FROM ${segments} WHERE clinic_id = ${ofSegment.$.clinicId} AND stream = ${ofSegment.$.stream}
    AND n = ${ofSegment.$.n}`,
)

/** The statement that finds one segment. */
export const findSegment = (db: Session, place: Place & { n: number }) =>
  selectSegment.bind(db, place)

const ofRows = statements('verify trail', { clinicId: 'text', after: 'text' })
const forStream = (stream: Stream) => {
  const { table, place, key, keyOf } = DESCRIBED[stream]
  const { $, statement } = ofRows
  const isOurs = sql`clinic_id = ${$.clinicId} AND (${key}) > ${keyOf($.after)}`
  return {
    count: statement<{ count: number }>(
      sql`SELECT count(*) AS count FROM ${table} WHERE ${isOurs}`,
    ),
    setBack: statement<{ place: string }>(
      sql`SELECT ${place} AS place FROM ${table}
        WHERE ${isOurs} AND action IN ('skip', 'resume') ORDER BY ${key} DESC LIMIT 1`,
    ),
  }
}
const statementsOf = { changes: forStream('changes'), accesses: forStream('accesses') }

/** How many rows a stream has in D1 after a place. */
export async function countAfter(db: Session, { clinicId, stream }: Place, after: string) {
  const counted = await first(db, statementsOf[stream].count, { clinicId, after })
  return counted?.count ?? 0
}

/** Where D1 last says that the database was set back to an earlier time: `resume` leaves such rows in both streams. */
export async function lastSetBack(db: Session, { clinicId, stream }: Place) {
  return (await first(db, statementsOf[stream].setBack, { clinicId, after: '' }))?.place
}

/** Where sealed lines last say so. */
export const setBackIn = (lines: readonly Line[]) =>
  lines.findLast(({ line }) => /"action":"(skip|resume)"/.test(line))?.place

export function laterOf(place: Place, a: string | undefined, b: string | undefined) {
  if (a === undefined || b === undefined) return a ?? b
  return comparePlaces(place, a, b) >= 0 ? a : b
}
