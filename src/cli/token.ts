import { clinicId } from '../fields/clinic-id.ts'
import { DEFAULT_SCOPES, SCOPES, tokenRecord, type TokenRecord } from '../tokens/record.ts'
import { mintToken, tokenIdOf, tokenKey } from '../tokens/token.ts'
import { Misuse } from './failure.ts'
import type { Report } from './output.ts'
import { openStore, type StoreChoice } from './store.ts'

const DAY = 24 * 60 * 60 * 1000
const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: DAY }

type NewToken = StoreChoice & { clinic: string; label: string; scopes?: string; expires?: string }

/** Issues a token and tells it, this once. */
export async function createToken(options: NewToken): Promise<Report> {
  const record = newRecord(options)
  const token = mintToken()
  const store = await openStore(options)
  try {
    await putToken(store.kv, token, record)
  } finally {
    await store.close()
  }
  const id = tokenIdOf(await tokenKey(token))
  return {
    json: { token, id, ...record },
    lines: [
      `Token of ${record.clinic_id} (${record.label}), shown this once:`,
      '',
      `  ${token}`,
      '',
      `id ${id} · scopes ${record.scopes.join(', ')} · ${record.expires_at ? `expires ${record.expires_at}` : 'does not expire'}`,
    ],
  }
}

/** Writes a token's record under the hash of the token. */
export async function putToken(kv: KVNamespace, token: string, record: TokenRecord): Promise<void> {
  await kv.put(await tokenKey(token), JSON.stringify(record))
}

/** A live record with the scopes and expiry asked for. Throws Misuse. */
export function newRecord({ clinic, label, scopes, expires }: NewToken): TokenRecord {
  const record = tokenRecord.safeParse({
    clinic_id: clinic,
    label,
    scopes: scopes === undefined ? DEFAULT_SCOPES : scopes.split(',').map((scope) => scope.trim()),
    created_at: new Date().toISOString(),
    expires_at:
      expires === undefined ? null : new Date(Date.now() + duration(expires)).toISOString(),
    revoked_at: null,
  })
  if (record.success) return record.data

  const [wrong] = record.error.issues.map((issue) => issue.path[0])
  if (wrong === 'clinic_id')
    throw new Misuse(`--clinic: ${clinicId.safeParse(clinic).error?.issues[0]?.message}`)
  if (wrong === 'label') throw new Misuse('--label: use 1 to 100 characters')
  throw new Misuse(`--scopes: use one or more of ${SCOPES.join(',')}`)
}

/** `90d`, `12h` or `30m` in milliseconds. Throws Misuse. */
function duration(text: string): number {
  const [, amount, unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? []
  if (amount === undefined) throw new Misuse('--expires: use a number and m, h or d, such as 90d')
  return Number(amount) * (UNITS[unit] ?? DAY)
}
