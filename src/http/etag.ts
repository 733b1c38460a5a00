import { BLANK } from '../fields/messages.ts'
import { invalid } from './errors.ts'

/** Whether `If-None-Match` (RFC 9110 §13.1.2) lacks this ETag; if it doesn't, the answer is 304. */
export function isNoneOf(etag: string, ifNoneMatch: string | undefined): boolean {
  const named = tagsIn(ifNoneMatch ?? '')
  return !named.includes(etag) && !named.includes('*')
}

/**
 * The ETags, without quotes, that `If-Match` (RFC 9110 §13.1.1) accepts; undefined if any will do. Cloudflare makes an
 * ETag weak when it compresses an answer, so weak ones count too. Throws ApiError for an empty header: its sender had
 * no ETag, and would not get the protection that it asked for.
 */
export function wantedTags(ifMatch: string | undefined): string[] | undefined {
  if (ifMatch?.trim() === '') throw invalid({ 'If-Match': [BLANK] })
  const named = tagsIn(ifMatch ?? '*')
  return named.includes('*') ? undefined : named.map((tag) => tag.replace(/^"|"$/g, ''))
}

/** Splits a list of ETags at its commas. Ours have none. */
const tagsIn = (list: string) => list.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
