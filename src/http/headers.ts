import { BOOKMARK } from '../storage/session.ts'
import { CELL } from '../tokens/cell.ts'

/** A header of an answer as the document describes it. Its schema is JSON Schema. */
type Header = { description: string; required?: boolean; schema: Record<string, unknown> }

/** draft-ietf-httpapi-idempotency-key-header, with the key as bare text. */
export const IDEMPOTENCY_KEY = 'Idempotency-Key'
export const PRINTABLE = /^[\x20-\x7e]{1,255}$/

export const BOOKMARK_HEADER = 'x-d1-bookmark'
/** D1's bookmark, behind the name of the cell where there are several. */
export const CELL_BOOKMARK = new RegExp(`^(?:(${CELL}):)?(${BOOKMARK.source.slice(1, -1)})$`)

export const TOKEN_EXPIRES = 'X-Token-Expires'

/** What wrangler.toml grants, which a binding does not tell: so many in each window of so many seconds. */
export const TOKEN_POLICY = { name: 'token', limit: 3000, period: 60 }
export const FAILURE_POLICY = { name: 'failed-authentication', limit: 60, period: 60 }

/** Every header that an answer has a meaning in. Pages of the allowed origins may read them all. */
export const HEADERS = {
  'X-Request-Id': {
    description: 'Names the request. Tell it to us when you ask about an answer.',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  },
  [BOOKMARK_HEADER]: {
    description: 'Send it with your next request, and that one sees what this one saw or wrote.',
    schema: { type: 'string', pattern: CELL_BOOKMARK.source },
  },
  [TOKEN_EXPIRES]: {
    description:
      'When your token expires: ask the operator for a new one. Sent in its last 14 days.',
    schema: { type: 'string', format: 'date-time' },
  },
  Allow: {
    description: 'The methods of the path.',
    required: true,
    schema: { type: 'string' },
  },
  Link: {
    description: 'RFC 8288. Of a list: `first`, `prev`, `next` and `last`, those that apply.',
    required: true,
    schema: { type: 'string', pattern: '^<[^>]+>; rel="' },
  },
  Location: {
    description: 'Where it is to be found.',
    required: true,
    schema: { type: 'string', format: 'uri-reference' },
  },
  ETag: {
    description: 'Names this version of what is answered (RFC 9110 §8.8.3).',
    schema: { type: 'string', pattern: '^"[^"]+"$' },
  },
  'X-Cache': {
    description: 'Where the list came from.',
    required: true,
    schema: { type: 'string', enum: ['MEMORY', 'HIT', 'MISS', 'BYPASS'] },
  },
  'Idempotent-Replayed': {
    description: 'This was done before under this `Idempotency-Key`; the answer is that of then.',
    schema: { type: 'string', enum: ['true'] },
  },
  'Accept-Encoding': {
    description: 'The codings that a body may have: none.',
    schema: { type: 'string', enum: ['identity'] },
  },
  'WWW-Authenticate': {
    description: 'What to authenticate with.',
    required: true,
    schema: { type: 'string' },
  },
  'Retry-After': {
    description: 'Seconds to wait before trying again.',
    required: true,
    schema: { type: 'string', pattern: '^[0-9]+$' },
  },
  'RateLimit-Policy': {
    description: `Which limit it was. A token has ${TOKEN_POLICY.limit} requests in ${TOKEN_POLICY.period} seconds.`,
    required: true,
    schema: { type: 'string', pattern: '^"[a-z-]+";q=[0-9]+;w=[0-9]+$' },
  },
} satisfies Record<string, Header>

export type HeaderName = keyof typeof HEADERS

/** The request headers that routes may read, by the name of their component in the document. */
export const REQUEST_HEADERS = {
  Bookmark: {
    name: BOOKMARK_HEADER,
    in: 'header',
    description: 'The `x-d1-bookmark` of an earlier answer: read nothing older than that.',
    schema: { type: 'string', pattern: CELL_BOOKMARK.source },
  },
  IdempotencyKey: {
    name: IDEMPOTENCY_KEY,
    in: 'header',
    description:
      'A key of your choice, new for each write. The same request sent again with it writes ' +
      'nothing and is answered as the first time; another request with it is 422. It has no comma ' +
      'with a space behind it, which is how HTTP writes two headers.',
    schema: { type: 'string', pattern: PRINTABLE.source },
    example: 'your-key-1',
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'The `ETag` of your copy: if the record has changed since, nothing is done, and 412.',
    schema: { type: 'string' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The `ETag` of your copy.',
    schema: { type: 'string' },
  },
}
