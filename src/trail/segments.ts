import { sql, type SQL } from 'drizzle-orm/sql/sql'
import { changedRows, rows, statements } from '../storage/statement.ts'
import type { Session } from '../storage/session.ts'
import { accesses, changes, segments } from '../storage/tables.ts'

// A clinic's trail is two append-only streams of rows. This file says how R2 stores a row: it names records and fields
// but has none of their content, since nothing can be erased there.

/** A row as R2 stores it, its place, the columns that order rows, and how to get their values from a place. */
export const STREAMS = {
  changes: {
    table: changes,
    line: sql`json_object('seq', seq, 'at', at, 'token_id', token_id, 'request_id', request_id, 'action', action,
      'resource', resource, 'record_id', record_id, 'version', version, 'changed', json(changed))`,
    place: sql`CAST(seq AS TEXT)`,
    key: sql`seq`,
    keyOf: (place: SQL) => sql`CAST(${place} AS INTEGER)`,
  },
  accesses: {
    table: accesses,
    line: sql`json_object('at', at, 'token_id', token_id, 'request_id', request_id, 'action', action,
      'resource', resource, 'ids', ids, 'status', status)`,
    place: sql`at || ' ' || request_id`,
    key: sql`at, request_id`,
    keyOf: (place: SQL) => sql`(substr(${place}, 1, 24), substr(${place}, 26))`,
  },
}

/** One stream of one clinic, which is sealed as a chain of segments. */
export type Chain = { clinicId: string; stream: keyof typeof STREAMS }

/** A segment as D1 has it; see the migration. */
export type Segment = {
  n: number
  state: 'pending' | 'sealed' | 'aged'
  row_count: number
  last: string
  last_at: string
  sha256: string
}

/** The first segment follows this one, whose last place is before every row. */
export const GENESIS = { n: 0, last: '', sha256: '0'.repeat(64) }

/** The place after every row: no `seq` is greater, and no time begins with a 9. */
export const END = String(Number.MAX_SAFE_INTEGER)

/** A row of a stream: its place, and its content as JSON. */
export type Line = { place: string; line: string }

/** Compares the places of two rows, as SQLite orders them. */
export const comparePlaces = ({ stream }: Chain, a: string, b: string) =>
  stream === 'changes' ? Number(a) - Number(b) : Number(a > b) - Number(a < b)

const ofLines = statements('trail/segments', {
  clinicId: 'text',
  after: 'text',
  upTo: 'text',
  since: 'text',
  limit: 'integer',
})
const selectLines = ({ table, line, place, key, keyOf }: (typeof STREAMS)[Chain['stream']]) =>
  ofLines.statement<Line>(sql`
    SELECT ${place} AS place, ${line} AS line FROM ${table}
      WHERE clinic_id = ${ofLines.$.clinicId} AND (${key}) > ${keyOf(ofLines.$.after)}
        AND (${key}) <= ${keyOf(ofLines.$.upTo)} AND at >= ${ofLines.$.since}
      ORDER BY ${key} LIMIT ${ofLines.$.limit}`)
const linesOf = { changes: selectLines(STREAMS.changes), accesses: selectLines(STREAMS.accesses) }

/** The statement that reads D1's rows after a place, up to another, since a time, and at most `limit` of them. */
export const linesBetween = (
  db: Session,
  { clinicId, stream }: Chain,
  range: { after: string; upTo: string; since?: string; limit: number },
) => linesOf[stream].bind(db, { clinicId, since: '', ...range })

const SEGMENTS_A_PAGE = 500
const ofChain = statements('trail/segments', { clinicId: 'text', stream: 'text', n: 'integer' })
const selectSegments = ofChain.statement<Segment>(sql`
  SELECT * FROM ${segments} WHERE clinic_id = ${ofChain.$.clinicId} AND stream = ${ofChain.$.stream}
    AND n > ${ofChain.$.n} ORDER BY n LIMIT ${sql.raw(`${SEGMENTS_A_PAGE}`)}`)

/** A chain's segments, first to last: one an hour for as long as the clinic is in use. */
export async function* segmentsOf(db: Session, chain: Chain) {
  for (let n = 0; ;) {
    const page = await rows(db, selectSegments, { ...chain, n })
    yield* page
    if (page.length < SEGMENTS_A_PAGE) return
    n = page.at(-1)?.n ?? n
  }
}

const ofClinic = statements('trail/segments', { clinicId: 'text' })
const markAllAged = ofClinic.statement(sql`
  UPDATE ${segments} SET state = 'aged' WHERE clinic_id = ${ofClinic.$.clinicId} AND state = 'sealed'`)

/** Marks a moved clinic's sealed segments as aged, which means only in R2, before its rows are deleted. */
export const ageAll = (db: Session, clinicId: string) => changedRows(db, markAllAged, { clinicId })

/** Names a segment by its number and its digest, so that R2 can hold two with the same number. */
type Name = Pick<Segment, 'n' | 'sha256'>

/** A segment's key in R2. */
export const keyOf = ({ clinicId, stream }: Chain, { n, sha256 }: Name) =>
  `${clinicId}/${stream}/${n}/${sha256}`

/** The first line of a segment, which ties it to its chain and to the segment before. */
export const headerOf = ({ clinicId, stream }: Chain, { n, sha256 }: Name) =>
  JSON.stringify({ clinic_id: clinicId, stream, n: n + 1, previous: sha256 })

/** A segment's NDJSON, uncompressed. */
export const ndjsonOf = (header: string, lines: readonly Line[]) =>
  `${[header, ...lines.map(({ line }) => line)].join('\n')}\n`
