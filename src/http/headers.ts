import { BOOKMARK } from '../storage/session.ts'
import { CELL } from '../tokens/cell.ts'

/** draft-ietf-httpapi-idempotency-key-header, with the key as bare text. */
export const IDEMPOTENCY_KEY = 'Idempotency-Key'
export const PRINTABLE = /^[\x20-\x7e]{1,255}$/

export const BOOKMARK_HEADER = 'x-d1-bookmark'
/** D1's bookmark, after the name of the cell if there are several. */
export const CELL_BOOKMARK = new RegExp(`^(?:(${CELL}):)?(${BOOKMARK.source.slice(1, -1)})$`)

export const TOKEN_EXPIRES = 'X-Token-Expires'

/** The limits set in wrangler.toml, which the bindings don't expose: `limit` requests per `period` seconds. */
export const TOKEN_POLICY = { name: 'token', limit: 3000, period: 60 }
export const FAILURE_POLICY = { name: 'failed-authentication', limit: 60, period: 60 }

/** A header as the document describes it. Its schema is JSON Schema. */
const sometimes = (description: string, schema = {}) => ({
  description,
  schema: { type: 'string', ...schema },
})
const always = (description: string, schema = {}) => ({
  description,
  required: true,
  schema: { type: 'string', ...schema },
})

/** Every answer header that means something to clients. Pages of the allowed origins may read them all. */
export const HEADERS = {
  'X-Request-Id': always('Names the request. Tell it to us when you ask about an answer.', {
    format: 'uuid',
  }),
  [BOOKMARK_HEADER]: sometimes(
    'Send it with your next request, and that one sees what this one saw or wrote.',
    { pattern: CELL_BOOKMARK.source },
  ),
  [TOKEN_EXPIRES]: sometimes(
    'When your token expires: ask the operator for a new one. Sent in its last 14 days.',
    { format: 'date-time' },
  ),
  Allow: always('The methods of the path.'),
  Link: always('RFC 8288. Of a list: `first`, `prev`, `next` and `last`, those that apply.', {
    pattern: '^<[^>]+>; rel="',
  }),
  Location: always('Where it is to be found.', { format: 'uri-reference' }),
  ETag: sometimes('Names this version of what is answered (RFC 9110 §8.8.3).', {
    pattern: '^"[^"]+"$',
  }),
  'X-Cache': always('Where the list came from.', { enum: ['MEMORY', 'HIT', 'MISS', 'BYPASS'] }),
  'Idempotent-Replayed': sometimes(
    'This was done before under this `Idempotency-Key`; the answer is that of then.',
    { enum: ['true'] },
  ),
  'Accept-Encoding': sometimes('The codings that a body may have: none.', { enum: ['identity'] }),
  'WWW-Authenticate': always('What to authenticate with.'),
  'Retry-After': always('Seconds to wait before trying again.', { pattern: '^[0-9]+$' }),
  'RateLimit-Policy': always(
    `Which limit it was. A token has ${TOKEN_POLICY.limit} requests in ${TOKEN_POLICY.period} seconds.`,
    { pattern: '^"[a-z-]+";q=[0-9]+;w=[0-9]+$' },
  ),
}

export type HeaderName = keyof typeof HEADERS

const asked = (name: string, description: string, schema = {}) => ({
  name,
  in: 'header',
  ...sometimes(description, schema),
})

/** The request headers that routes may read, by the name of their component in the document. */
export const REQUEST_HEADERS = {
  Bookmark: asked(
    BOOKMARK_HEADER,
    'The `x-d1-bookmark` of an earlier answer: read nothing older than that.',
    { pattern: CELL_BOOKMARK.source },
  ),
  IdempotencyKey: {
    ...asked(
      IDEMPOTENCY_KEY,
      'A key of your choice, new for each write. The same request sent again with it writes ' +
        'nothing and is answered as the first time; another request with it is 422. It has no comma ' +
        'with a space behind it, which is how HTTP writes two headers.',
      { pattern: PRINTABLE.source },
    ),
    example: 'your-key-1',
  },
  IfMatch: asked(
    'If-Match',
    'The `ETag` of your copy: if the record has changed since, nothing is done, and 412.',
  ),
  IfNoneMatch: asked('If-None-Match', 'The `ETag` of your copy.'),
}
