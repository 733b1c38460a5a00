import { BOOKMARK } from '../db/client.ts'
import { HEADER as IDEMPOTENCY_KEY, PRINTABLE } from '../http/idempotency.ts'
import { TOKEN_POLICY } from '../http/limit-rate.ts'
import type { HeaderName } from './describe.ts'
import type { JsonSchema } from './schemas.ts'

/** A refusal that any route may answer: its sentence, and the headers that go with it. */
export type Refusal = {
  name: string
  description: string
  errors: string
  headers?: readonly HeaderName[]
}

export const REFUSALS: Record<number, Refusal> = {
  400: {
    name: 'BadRequest',
    description: 'The body is not JSON.',
    errors: 'Request body is not valid JSON',
  },
  401: {
    name: 'Unauthorized',
    description: 'The token is missing, malformed, unknown, expired or revoked.',
    errors: 'You are not authorized to perform this action.',
    headers: ['WWW-Authenticate'],
  },
  403: {
    name: 'Forbidden',
    description: 'The token is good, but its scopes do not include this.',
    errors: 'You are not authorized to perform this action.',
  },
  405: {
    name: 'MethodNotAllowed',
    description: 'The path has no such method; `Allow` names those it has.',
    errors: 'Method not allowed',
    headers: ['Allow'],
  },
  413: {
    name: 'PayloadTooLarge',
    description: 'The body is larger than 64 KiB.',
    errors: 'Request body is larger than 64 KiB',
  },
  415: {
    name: 'UnsupportedMediaType',
    description: 'The body is not declared as JSON.',
    errors: 'Content-Type must be application/json',
  },
  429: {
    name: 'TooManyRequests',
    description: 'Too many requests with this token.',
    errors: 'Too many requests',
    headers: ['Retry-After', 'RateLimit-Policy'],
  },
  500: {
    name: 'InternalServerError',
    description: 'Our fault. Tell us the `X-Request-Id`.',
    errors: 'Internal server error',
  },
  503: {
    name: 'ServiceUnavailable',
    description: 'Storage, or the sealing of SSNs, is unavailable. Try again.',
    errors: 'Storage is temporarily unavailable',
    headers: ['Retry-After'],
  },
}

type Header = { description: string; required?: boolean; schema: JsonSchema }

export const HEADERS: Record<HeaderName, Header> = {
  'X-Request-Id': {
    description: 'Names the request. Tell it to us when you ask about an answer.',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  },
  'x-d1-bookmark': {
    description: 'Send it with your next request, and that one sees what this one saw or wrote.',
    schema: { type: 'string', pattern: BOOKMARK.source },
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
    description: 'Names this version of the list (RFC 9110 §8.8.3).',
    schema: { type: 'string', pattern: '^"[^"]+"$' },
  },
  'X-Cache': {
    description: 'Where the list came from.',
    required: true,
    schema: { type: 'string', enum: ['MEMORY', 'HIT', 'MISS', 'BYPASS'] },
  },
  'Idempotent-Replayed': {
    description: 'The record had been created before under this `Idempotency-Key`.',
    schema: { type: 'string', enum: ['true'] },
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
}

/** Request headers, by the name of their component. */
export const REQUEST_HEADERS = {
  Bookmark: {
    name: 'x-d1-bookmark',
    in: 'header',
    description: 'The `x-d1-bookmark` of an earlier answer: read nothing older than that.',
    schema: { type: 'string', pattern: BOOKMARK.source },
  },
  IdempotencyKey: {
    name: IDEMPOTENCY_KEY,
    in: 'header',
    description:
      'A key of your choice, new for each record. The same request sent again with it creates ' +
      'nothing and answers the record of the first time; another request with it is 422.',
    schema: { type: 'string', pattern: PRINTABLE.source },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The `ETag` of your copy.',
    schema: { type: 'string' },
  },
}
