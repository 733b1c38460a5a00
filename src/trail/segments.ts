import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { changedRows, rows, statements } from '../storage/statement.ts'
import type { Session } from '../storage/session.ts'
import { accesses, changes, segments } from '../storage/tables.ts'

// A clinic's trail is two streams of rows, each in an order in which rows are only ever appended. What a row says in
// R2 is written here, once: it names records and fields, and has nothing of their content, as it cannot be erased there.

/** The rows in which the journal and the trail of reads are sealed. */
export const STREAMS = ['changes', 'accesses'] as const
export type Stream = (typeof STREAMS)[number]

/** One stream of one clinic. */
export type Place = { clinicId: string; stream: Stream }

/** A segment as D1 has it; see the migration. */
export type Segment = {
  n: number
  state: 'pending' | 'sealed' | 'aged'
  row_count: number
  last: string
  last_at: string
  sha256: string
  sealed_at: string | null
}

/** A row of a stream: where it stands, and what it says, as JSON. */
export type Line = { place: string; line: string }

type Described = {
  table: SQL
  line: SQL
  place: SQL
  /** The columns by which rows are ordered, and what a place says of them. */
  key: SQL
  keyOf: (place: SQL) => SQL
  /** After every row. */
  end: string
}

export const DESCRIBED: Record<Stream, Described> = {
  changes: {
    table: changes,
    line: sql`json_object('seq', seq, 'at', at, 'token_id', token_id, 'request_id', request_id, 'action', action,
      'resource', resource, 'record_id', record_id, 'version', version, 'changed', json(changed))`,
    place: sql`CAST(seq AS TEXT)`,
    key: sql`seq`,
    keyOf: (place) => sql`CAST(${place} AS INTEGER)`,
    end: String(Number.MAX_SAFE_INTEGER),
  },
  accesses: {
    table: accesses,
    line: sql`json_object('at', at, 'token_id', token_id, 'request_id', request_id, 'action', action,
      'resource', resource, 'ids', ids, 'status', status)`,
    place: sql`at || ' ' || request_id`,
    key: sql`at, request_id`,
    keyOf: (place) => sql`(substr(${place}, 1, 24), substr(${place}, 26))`,
    end: '~',
  },
}

/** The place before every row of a stream, and that after. */
export const START = ''
export const streamEnd = ({ stream }: Place) => DESCRIBED[stream].end

/** Compares the places of two rows, as SQLite orders them. */
export const comparePlaces = ({ stream }: Pick<Place, 'stream'>, a: string, b: string) =>
  stream === 'changes' ? Number(a) - Number(b) : Number(a > b) - Number(a < b)

const ofLines = statements('trail/segments', {
  clinicId: 'text',
  after: 'text',
  upTo: 'text',
  since: 'text',
  limit: 'integer',
})
const selectLines = (stream: Stream) => {
  const { table, line, place, key, keyOf } = DESCRIBED[stream]
  const { $, statement } = ofLines
  return statement<Line>(
    sql`SELECT ${place} AS place, ${line} AS line FROM ${table}
      WHERE clinic_id = ${$.clinicId} AND (${key}) > ${keyOf($.after)} AND (${key}) <= ${keyOf($.upTo)}
        AND at >= ${$.since} ORDER BY ${key} LIMIT ${$.limit}`,
  )
}
const linesOf = { changes: selectLines('changes'), accesses: selectLines('accesses') }

/** Which rows of a stream: after a place, up to another, since a time, so many at most. */
export type Range = { after: string; upTo: string; since?: string; limit: number }

/** The statement that reads rows of D1. */
export const linesBetween = (db: Session, { clinicId, stream }: Place, range: Range) =>
  linesOf[stream].bind(db, { clinicId, since: '', ...range })

const ofSegments = statements('trail/segments', {
  clinicId: 'text',
  stream: 'text',
  n: 'integer',
  limit: 'integer',
})
const selectSegments = ofSegments.statement<Segment>(
  sql`SELECT * FROM ${segments} WHERE clinic_id = ${ofSegments.$.clinicId} AND stream = ${ofSegments.$.stream}
    AND n > ${ofSegments.$.n} ORDER BY n LIMIT ${ofSegments.$.limit}`,
)

const PAGE = 500

/** A stream's segments, first to last. */
export async function* segmentsOf(db: Session, place: Place) {
  for (let n = 0; ;) {
    const found = await rows(db, selectSegments, { ...place, n, limit: PAGE })
    yield* found
    n = found.at(-1)?.n ?? 0
    if (found.length < PAGE) return
  }
}

const ofClinic = statements('trail/segments', { clinicId: 'text' })
const markAllAged = ofClinic.statement(
  sql`UPDATE ${segments} SET state = 'aged' WHERE clinic_id = ${ofClinic.$.clinicId} AND state = 'sealed'`,
)

/** Says that R2 alone has what was sealed of a clinic that has moved, before its rows are deleted. */
export const ageAll = async (db: Session, clinicId: string) =>
  void (await changedRows(db, markAllAged, { clinicId }))

/** Where a segment lies in R2. Its digest is part of its name, so that two of one number can lie side by side. */
export const keyOf = ({ clinicId, stream }: Place, { n, sha256 }: Pick<Segment, 'n' | 'sha256'>) =>
  `${clinicId}/${stream}/${n}/${sha256}`

/** The number and the digest that the key of a segment says. */
export function parseKey(key: string): Pick<Segment, 'n' | 'sha256'> {
  const [, , n, digest = ''] = key.split('/')
  return { n: Number(n), sha256: digest }
}

/** What the first segment follows. */
export const NOTHING = '0'.repeat(64)

/** A segment's NDJSON, uncompressed. The first line ties it to its place and to the segment before. */
export const ndjsonOf = (header: string, lines: readonly Line[]) =>
  `${[header, ...lines.map(({ line }) => line)].join('\n')}\n`

export const headerOf = ({ clinicId, stream }: Place, n: number, previous: string) =>
  JSON.stringify({ clinic_id: clinicId, stream, n, previous })

/** Where a row stands, as its line tells. */
export const placeOf = (stream: Stream, row: { seq: number; at: string; request_id: string }) =>
  stream === 'changes' ? `${row.seq}` : `${row.at} ${row.request_id}`
