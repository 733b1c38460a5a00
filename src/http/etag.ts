import { BLANK } from '../fields/messages.ts'
import { invalid } from './errors.ts'

/** Whether `If-None-Match` (RFC 9110 §13.1.2) lets the answer with this ETag go out: false means 304. */
export function isNoneOf(etag: string, ifNoneMatch: string | undefined): boolean {
  const named = tagsIn(ifNoneMatch ?? '')
  return !named.includes(etag) && !named.includes('*')
}

/**
 * The ETags, without quotes, of which `If-Match` (RFC 9110 §13.1.1) wants one; undefined if any will do. Cloudflare
 * makes an ETag weak where it compresses an answer, so a weak one is as good. Throws ApiError for an empty one: its
 * sender had no ETag, and asked for a protection that it would not get.
 */
export function wantedTags(ifMatch: string | undefined): string[] | undefined {
  if (ifMatch?.trim() === '') throw invalid({ 'If-Match': [BLANK] })
  const named = tagsIn(ifMatch ?? '*')
  return named.includes('*') ? undefined : named.map((tag) => tag.replace(/^"|"$/g, ''))
}

/** The ETags of a list. None of ours has a comma. */
const tagsIn = (list: string) => list.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
