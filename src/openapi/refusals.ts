import { SENTENCES } from '../http/errors.ts'
import type { HeaderName } from '../http/headers.ts'

/** A refusal that many routes share: its component's name, a sentence of it, and the headers that go with it. */
export type Refusal = {
  name: string
  description: string
  errors: string
  headers?: readonly HeaderName[]
}

/** By status. */
export const REFUSALS: Record<number, Refusal> = {
  400: {
    name: 'BadRequest',
    description: 'The body is not JSON.',
    errors: SENTENCES.notJson[1],
    headers: ['X-Token-Expires'],
  },
  401: {
    name: 'Unauthorized',
    description: 'The token is missing, malformed, unknown, expired or revoked.',
    errors: SENTENCES.unauthorized[1],
    headers: ['WWW-Authenticate'],
  },
  403: {
    name: 'Forbidden',
    description:
      'The token is good, but its scopes do not include this, or its clinic is suspended, or has as many records as ' +
      'it may have.',
    errors: SENTENCES.forbidden[1],
    headers: ['X-Token-Expires', 'x-d1-bookmark'],
  },
  405: {
    name: 'MethodNotAllowed',
    description: 'The path has no such method; `Allow` names those it has.',
    errors: SENTENCES.methodNotAllowed[1],
    headers: ['Allow', 'X-Token-Expires'],
  },
  408: {
    name: 'RequestTimeout',
    description: 'The body did not arrive in time.',
    errors: SENTENCES.tooSlow[1],
    headers: ['X-Token-Expires'],
  },
  413: {
    name: 'PayloadTooLarge',
    description: 'The body is larger than 64 KiB, or 1 MiB where it holds many records.',
    errors: SENTENCES.tooLarge[1],
    headers: ['X-Token-Expires'],
  },
  415: {
    name: 'UnsupportedMediaType',
    description: 'The body is not declared as JSON.',
    errors: SENTENCES.notDeclaredJson[1],
    headers: ['Accept-Encoding', 'X-Token-Expires'],
  },
  421: {
    name: 'MisdirectedRequest',
    description: 'Another cell keeps your clinic; send the request, and those to come, there.',
    errors: `${SENTENCES.misdirected[1]} https://eu.api.example.com`,
  },
  429: {
    name: 'TooManyRequests',
    description: 'Too many requests with this token.',
    errors: SENTENCES.tooManyRequests[1],
    headers: ['Retry-After', 'RateLimit-Policy', 'x-d1-bookmark', 'X-Token-Expires'],
  },
  500: {
    name: 'InternalServerError',
    description: 'Our fault. Tell us the `X-Request-Id`.',
    errors: SENTENCES.internal[1],
    headers: ['X-Token-Expires'],
  },
  503: {
    name: 'ServiceUnavailable',
    description: 'Storage, or the sealing of SSNs, is unavailable. Try again.',
    errors: SENTENCES.storageUnavailable[1],
    headers: ['Retry-After', 'x-d1-bookmark', 'X-Token-Expires'],
  },
}
