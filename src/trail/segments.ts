import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { prepared, type Prepared } from '../storage/prepared.ts'
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
  epoch: number
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
  /** Compares a row with a place that is given as a value. */
  compare: (operator: '>' | '<=', value: string) => SQL
  order: SQL
  /** After every row. */
  end: string
}

const DESCRIBED: Record<Stream, Described> = {
  changes: {
    table: sql`${changes}`,
    line: sql`json_object('seq', seq, 'at', at, 'token_id', token_id, 'request_id', request_id, 'action', action,
      'resource', resource, 'record_id', record_id, 'version', version, 'changed', json(changed))`,
    place: sql`CAST(seq AS TEXT)`,
    compare: (operator, value) => sql.raw(`seq ${operator} CAST(${value} AS INTEGER)`),
    order: sql`seq`,
    end: String(Number.MAX_SAFE_INTEGER),
  },
  accesses: {
    table: sql`${accesses}`,
    line: sql`json_object('at', at, 'token_id', token_id, 'request_id', request_id, 'action', action,
      'resource', resource, 'ids', ids, 'status', status)`,
    place: sql`at || ' ' || request_id`,
    compare: (operator, value) =>
      sql.raw(`(at, request_id) ${operator} (substr(${value}, 1, 24), substr(${value}, 26))`),
    order: sql`at, request_id`,
    end: '~',
  },
}

/** The place before every row of a stream, and that after. */
export const START = ''
export const endOf = ({ stream }: Place) => DESCRIBED[stream].end

/** The rows of a stream after one place and up to another. */
export const isBetween = (stream: Stream, after: string, upTo: string) =>
  sql`${DESCRIBED[stream].compare('>', after)} AND ${DESCRIBED[stream].compare('<=', upTo)}`

/** Compares the places of two rows, as SQLite orders them. */
export const comparePlaces = ({ stream }: Place, a: string, b: string) =>
  stream === 'changes' ? Number(a) - Number(b) : Number(a > b) - Number(a < b)

/** A statement for each stream. */
export const forStreams = (query: (stream: Stream, described: Described) => SQL) => {
  const statements: Record<Stream, Prepared> = {
    changes: prepared(query('changes', DESCRIBED.changes)),
    accesses: prepared(query('accesses', DESCRIBED.accesses)),
  }
  return ({ stream }: Place) => statements[stream]
}

const selectLines = forStreams(
  (stream, { table, line, place, order }) =>
    sql`SELECT ${place} AS place, ${line} AS line FROM ${table}
      WHERE clinic_id = :clinicId AND ${isBetween(stream, ':after', ':upTo')} AND at >= :since
      ORDER BY ${order} LIMIT :limit`,
)

/** Which rows of a stream: after a place, up to another, since a time, so many at most. */
export type Range = { after: string; upTo: string; since?: string; limit: number }

/** The statement that reads rows of D1. */
export const linesBetween = (db: Session, place: Place, { since = '', ...range }: Range) =>
  selectLines(place)(db, { clinicId: place.clinicId, since, ...range })

const selectSegments = prepared(
  sql`SELECT * FROM ${segments} WHERE clinic_id = :clinicId AND stream = :stream AND n > :n
    ORDER BY n LIMIT :limit`,
)

/** The statement that finds one segment. */
export const selectSegment = prepared(
  sql`SELECT * FROM ${segments} WHERE clinic_id = :clinicId AND stream = :stream AND n = :n`,
)

/** The statement that takes from D1 the accesses after one place and up to another. */
export const deleteAccesses = prepared(
  sql`DELETE FROM ${accesses} WHERE clinic_id = :clinicId AND ${isBetween('accesses', ':after', ':last')}`,
)

const markAllAged = prepared(
  sql`UPDATE ${segments} SET state = 'aged' WHERE clinic_id = :clinicId AND state = 'sealed'`,
)

/** Says that R2 alone has what was sealed of a clinic, before its rows are deleted. */
export const ageAll = async (db: Session, clinicId: string) =>
  void (await db.batch([markAllAged(db, { clinicId })]))

const PAGE = 500

/** A stream's segments, first to last. */
export async function* segmentsOf(db: Session, place: Place) {
  for (let n = 0; ;) {
    const [page] = await db.batch<Segment>([selectSegments(db, { ...place, n, limit: PAGE })])
    const found = page?.results ?? []
    yield* found
    n = found.at(-1)?.n ?? 0
    if (found.length < PAGE) return
  }
}

/** Where a segment lies in R2. */
export const keyOf = ({ clinicId, stream }: Place, { epoch, n }: Pick<Segment, 'epoch' | 'n'>) =>
  `${epoch}/${clinicId}/${stream}/${n}`

/** What the first segment follows. */
export const NOTHING = '0'.repeat(64)

/** A segment's NDJSON, uncompressed. The first line ties it to its place and to the segment before. */
export const ndjsonOf = (place: Place, n: number, previous: string, lines: readonly Line[]) =>
  `${[headerOf(place, n, previous), ...lines.map(({ line }) => line)].join('\n')}\n`

export const headerOf = ({ clinicId, stream }: Place, n: number, previous: string) =>
  JSON.stringify({ clinic_id: clinicId, stream, n, previous })

/** Where a row stands, as its line tells. */
export const placeOf = (stream: Stream, row: { seq: number; at: string; request_id: string }) =>
  stream === 'changes' ? `${row.seq}` : `${row.at} ${row.request_id}`
