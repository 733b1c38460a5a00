import { STATUS_CODES } from 'node:http'
import { SENTENCES } from '../http/errors.ts'
import type { HeaderName } from '../http/headers.ts'

const DESCRIPTIONS: [sentence: keyof typeof SENTENCES, description: string][] = [
  ['notJson', 'The body is not JSON.'],
  ['unauthorized', 'The token is missing, malformed, unknown, expired or revoked.'],
  [
    'forbidden',
    'The token is good, but its scopes do not include this, or its clinic is suspended, or has as many records as ' +
      'it may have.',
  ],
  ['methodNotAllowed', 'The path has no such method; `Allow` names those it has.'],
  ['tooSlow', 'The body did not arrive in time.'],
  ['tooLarge', 'The body is larger than 64 KiB, or 1 MiB where it holds many records.'],
  ['notDeclaredJson', 'The body is not declared as JSON.'],
  ['misdirected', 'Another cell keeps your clinic; send the request, and those to come, there.'],
  ['tooManyRequests', 'Too many requests with this token.'],
  ['internal', 'Our fault. Tell us the `X-Request-Id`.'],
  ['storageUnavailable', 'Storage, or the sealing of SSNs, is unavailable. Try again.'],
]

const OWN_HEADERS: Record<number, HeaderName[]> = {
  401: ['WWW-Authenticate'],
  403: ['x-d1-bookmark'],
  405: ['Allow'],
  415: ['Accept-Encoding'],
  429: ['Retry-After', 'RateLimit-Policy', 'x-d1-bookmark'],
  503: ['Retry-After', 'x-d1-bookmark'],
}

/** Refusals that many routes share, by status, with the name of the component and a sentence as the example. */
export const REFUSALS = Object.fromEntries(
  DESCRIPTIONS.map(([key, description]) => {
    const [status, sentence] = SENTENCES[key]
    const name = STATUS_CODES[status]?.replaceAll(' ', '') ?? ''
    const errors = status === 421 ? `${sentence} https://eu.api.example.com` : sentence
    const headers = [...(OWN_HEADERS[status] ?? [])]
    // The API does not know when an unknown token, or one of another cell, expires.
    if (status !== 401 && status !== 421) headers.push('X-Token-Expires')
    return [status, { name, description, errors, headers }]
  }),
)

export type Refusal = (typeof REFUSALS)[string]
