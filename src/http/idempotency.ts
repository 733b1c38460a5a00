import type { Context } from 'hono'
import type { Env } from '../factory.ts'
import { INVALID } from '../fields/messages.ts'
import type { IdempotencyKey, InsertedRecord, Insertion } from '../idempotency/queries.ts'
import { sha256 } from '../sha256.ts'
import type { SealedSsn } from '../ssn/seal.ts'
import { ApiError, type FieldErrors } from './errors.ts'

/** draft-ietf-httpapi-idempotency-key-header, with the key as bare text. */
export const HEADER = 'Idempotency-Key'
export const PRINTABLE = /^[\x20-\x7e]{1,255}$/
const USED = 'has already been used for another request'

/** What is wrong with the header, if anything. It may be left out. */
export function idempotencyKeyErrors(c: Context<Env>): FieldErrors {
  const key = c.req.header(HEADER)
  return key === undefined || PRINTABLE.test(key) ? {} : { [HEADER]: [INVALID] }
}

/**
 * The key to insert under. A client that sent none still gets one, of our own making, so that our second
 * try of an insert finds what the first one may have done. The fingerprint is of the validated request with
 * the SSN's last four digits: a hash over all nine could be guessed by trying every SSN there is.
 */
export async function idempotencyKey(
  c: Context<Env>,
  given: Record<string, unknown>,
  sealed: SealedSsn | null,
): Promise<IdempotencyKey> {
  const { clinicId, tokenId } = c.get('caller')
  const request = JSON.stringify([c.req.path, given, sealed?.lastFour ?? null])
  return {
    clinicId,
    tokenId,
    key: c.req.header(HEADER) ?? c.get('requestId'),
    fingerprint: await sha256(request),
    requestId: c.get('requestId'),
  }
}

/** The record that an insertion gave, or the refusal that it calls for. A replay says so in a header. */
export function inserted(
  c: Context<Env>,
  insertion: Insertion,
  mustExist: FieldErrors,
): InsertedRecord {
  if (insertion.outcome === 'absent') throw new ApiError(422, mustExist)
  if (insertion.outcome === 'conflict') throw new ApiError(422, { [HEADER]: [USED] })
  if (insertion.outcome === 'replayed') c.header('Idempotent-Replayed', 'true')
  return insertion.record
}
