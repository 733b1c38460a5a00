import * as z from 'zod'
import { clinicId } from '../fields/clinic-id.ts'
import { cellName } from './cell.ts'

export const SCOPES = [
  'insurances:read',
  'insurances:write',
  'plans:read',
  'ownables:write',
] as const
export type Scope = (typeof SCOPES)[number]

/** What a new token may do unless its creator says otherwise. */
export const DEFAULT_SCOPES = SCOPES.slice(0, 3)

const ONE_DAY = 24 * 60 * 60 * 1000

/** How long a new token lives unless its creator says otherwise, in milliseconds. */
export const DEFAULT_LIFETIME = 90 * ONE_DAY

/** What KV holds under `tokenKey`. Times are ISO 8601; a revoked record stays as a tombstone. */
export const tokenRecord = z.object({
  clinic_id: clinicId,
  label: z.string().trim().min(1).max(100),
  scopes: z.array(z.enum(SCOPES)),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  revoked_at: z.iso.datetime().nullable(),
  /** The cell that its clinic has moved to. The rest of the record is then out of date. */
  moved_to: cellName.optional(),
  /** The original `expires_at` of a token that was rotated, which brings its end forward. */
  planned_expires_at: z.iso.datetime().nullable().optional(),
})
export type TokenRecord = z.infer<typeof tokenRecord>

type NewRecord = Pick<TokenRecord, 'clinic_id' | 'label' | 'scopes'> & {
  /** In milliseconds; without it, the token never expires. */
  lifetime?: number | undefined
}

export const newRecord = ({ clinic_id, label, scopes, lifetime }: NewRecord, now = Date.now()) => ({
  clinic_id,
  label,
  scopes,
  created_at: new Date(now).toISOString(),
  expires_at: lifetime === undefined ? null : new Date(now + lifetime).toISOString(),
  revoked_at: null,
})

export type TokenState = 'live' | 'expired' | 'revoked' | 'moved'

/** The token's state at `now`, in milliseconds since the epoch. */
export function stateOf(record: TokenRecord, now = Date.now()): TokenState {
  if (record.moved_to !== undefined) return 'moved'
  if (record.revoked_at !== null) return 'revoked'
  return record.expires_at === null || now < Date.parse(record.expires_at) ? 'live' : 'expired'
}

/** Whether the token still lets anyone in at `now`, in milliseconds since the epoch. */
export const isLive = (record: TokenRecord, now: number) => stateOf(record, now) === 'live'

/** How long before its end a token should be rotated: two weeks, in milliseconds. */
export const NOTICE = 14 * ONE_DAY

export const isEnding = (record: TokenRecord, now = Date.now()) =>
  isLive(record, now) && !isLive(record, now + NOTICE)
