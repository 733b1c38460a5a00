import * as z from 'zod'
import { clinicId } from '../fields/clinic-id.ts'

export const SCOPES = [
  'insurances:read',
  'insurances:write',
  'plans:read',
  'ownables:write',
] as const
export type Scope = (typeof SCOPES)[number]

/** What a new token may do unless its creator says otherwise. */
export const DEFAULT_SCOPES = SCOPES.slice(0, 3)

/** What KV holds under `tokenKey`. Times are ISO 8601; a revoked record stays as a tombstone. */
export const tokenRecord = z.object({
  clinic_id: clinicId,
  label: z.string().trim().min(1).max(100),
  scopes: z.array(z.enum(SCOPES)),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  revoked_at: z.iso.datetime().nullable(),
})
export type TokenRecord = z.infer<typeof tokenRecord>

/** Whether the token still lets anyone in at `now`, in milliseconds since the epoch. */
export function isLive(record: TokenRecord, now: number): boolean {
  if (record.revoked_at !== null) return false
  return record.expires_at === null || now < Date.parse(record.expires_at)
}
