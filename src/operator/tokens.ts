import { newRecord, tokenRecord, type TokenRecord } from '../tokens/record.ts'
import { SUSPENDED_KEY, suspendedIn } from '../tokens/suspended.ts'
import { KEY_PREFIX, mintToken, tokenIdOf, tokenKey } from '../tokens/token.ts'

// Tokens as KV keeps them, for the operator: the Worker itself only reads the record of a token that it is sent.

/** A token as it is stored, without its secret. */
export type StoredToken = { key: string; id: string; record: TokenRecord }

/** Every token whose id begins with `id`, in no particular order. */
export async function listTokens(kv: KVNamespace, id = ''): Promise<StoredToken[]> {
  const found: StoredToken[] = []
  for (let cursor: string | null = null; ;) {
    const page: KVNamespaceListResult<unknown> = await kv.list({ prefix: KEY_PREFIX + id, cursor })
    for (const { name: key, metadata } of page.keys) {
      const record = tokenRecord.safeParse(metadata ?? (await kv.get(key, 'json')))
      if (record.success) found.push({ key, id: tokenIdOf(key), record: record.data })
    }
    if (page.list_complete) return found
    cursor = page.cursor
  }
}

export const putToken = async (kv: KVNamespace, token: string, record: TokenRecord) =>
  await putRecord(kv, await tokenKey(token), record)

/** Leaves a tombstone instead of deleting the token, since KV also caches that a key is absent. */
export const revokeToken = (kv: KVNamespace, stored: StoredToken, now = Date.now()) =>
  changeRecord(kv, stored, { revoked_at: new Date(now).toISOString() })

/**
 * Changes the latest record: the listed one may be a minute old, and a token revoked since must stay revoked. Returns
 * the changed record.
 */
async function changeRecord(kv: KVNamespace, stored: StoredToken, change: Partial<TokenRecord>) {
  const { key, record } = stored
  const { data: latest = record } = tokenRecord.safeParse(await kv.get(key, 'json'))
  const revoked_at = latest.revoked_at ?? record.revoked_at ?? change.revoked_at ?? null
  const changed: TokenRecord = { ...latest, ...change, revoked_at }
  await putRecord(kv, key, changed)
  return changed
}

/**
 * Moves a clinic's tokens to another cell, where they work as before; tombstones here name that cell. Returns how many
 * there were.
 */
export async function moveTokens(
  source: KVNamespace,
  target: KVNamespace,
  clinicId: string,
  cell: string,
): Promise<number> {
  const tokens = (await listTokens(source)).filter(
    ({ record }) => record.clinic_id === clinicId && !record.moved_to,
  )
  for (const { key, record } of tokens) await putRecord(target, key, record)
  for (const stored of tokens) {
    const { moved_to: _, ...left } = await changeRecord(source, stored, { moved_to: cell })
    // It may have been revoked between the two steps.
    if (left.revoked_at !== stored.record.revoked_at) await putRecord(target, stored.key, left)
  }
  return tokens.length
}

/** Adds a clinic to the suspended ones in KV, or removes it. D1 has each clinic's state too. */
export async function setSuspended(kv: KVNamespace, clinicId: string, suspended: boolean) {
  const others = suspendedIn(await kv.get(SUSPENDED_KEY)).filter((id) => id !== clinicId)
  await kv.put(SUSPENDED_KEY, JSON.stringify(suspended ? [...others, clinicId] : others))
}

/**
 * Issues a token like the given one, which then expires after `grace` at the latest. The new one lives for `lifetime`,
 * for ever if that is undefined, or as long as the old one was meant to if it is left out. Both are in milliseconds.
 * `cell` is the store's.
 */
export async function rotateToken(
  kv: KVNamespace,
  stored: StoredToken,
  options: { grace: number; lifetime?: number | undefined; cell?: string | undefined },
  now = Date.now(),
) {
  const { grace, cell, ...wanted } = options
  const { record: old } = stored
  // If the old one was replaced before, its end has been brought forward already.
  const { planned_expires_at = old.expires_at } = old
  const lifetime =
    planned_expires_at === null
      ? undefined
      : Date.parse(planned_expires_at) - Date.parse(old.created_at)
  const record = newRecord({ ...old, lifetime, ...wanted }, now)
  const end = old.expires_at === null ? Infinity : Date.parse(old.expires_at)
  const expires_at = new Date(Math.min(now + grace, end)).toISOString()

  // The clinic must never be left without a token, so the new one comes first.
  const token = mintToken(cell)
  await putToken(kv, token, record)
  const expiring = await changeRecord(kv, stored, { expires_at, planned_expires_at })
  return { token, record, expiring }
}

/** KV's metadata repeats the record (at most 1,024 bytes), so that a list needs no read for each token. */
export const putRecord = (kv: KVNamespace, key: string, record: TokenRecord) =>
  kv.put(key, JSON.stringify(record), { metadata: record })
