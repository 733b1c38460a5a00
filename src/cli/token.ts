import { text } from '../fields/text.ts'
import { DEFAULT_SCOPES, isLive, SCOPES, tokenRecord, type TokenRecord } from '../tokens/record.ts'
import { isWellFormedToken, mintToken, tokenIdOf, tokenKey } from '../tokens/token.ts'
import { readEnvironment } from './configuration.ts'
import { Failure, Misuse } from './failure.ts'
import { readAll } from './files.ts'
import { withStore } from './open-store.ts'
import { clinicNamed, duration } from './option-values.ts'
import { table, type Report } from './output.ts'
import { askSecret, canAsk } from './prompt.ts'
import type { StoreChoice } from './store.ts'

const KEY_PREFIX = 'token:'
const TOKEN_ID = /^[0-9a-f]{16}$/

/** KV's edges keep what they have read for a while. */
const KV_DELAY =
  'Deployed, KV may take up to a minute to say so everywhere, and an edge ten seconds more to ask.'

type NewToken = { clinic: string; label: string; scopes?: string; expires?: string }
type TokenChoice = { tokenFile?: string }
type Stored = { key: string; record: TokenRecord }

/** Issues a token and tells it, this once. */
export async function createToken(options: StoreChoice & NewToken): Promise<Report> {
  const record = newRecord(options)
  const token = mintToken()
  await withStore(options, ({ kv }) => putToken(kv, token, record))
  return await shownOnce(token, record, await originOf(options))
}

/** Lists every token by what KV says of it; the secrets are nowhere to be read. */
export async function listTokens(options: StoreChoice & { clinic?: string }): Promise<Report> {
  const all = await withStore(options, ({ kv }) => storedTokens(kv))
  const tokens = all
    .filter(({ record }) => options.clinic === undefined || record.clinic_id === options.clinic)
    .map(({ key, record }) => ({ id: tokenIdOf(key), ...record, state: stateOf(record) }))
    .sort((a, b) => a.created_at.localeCompare(b.created_at))
  return {
    json: { tokens },
    lines:
      tokens.length === 0
        ? ['No tokens. Issue one with `npm run clinic -- token create`.']
        : table(
            ['id', 'clinic', 'label', 'scopes', 'created', 'expires', 'state'],
            tokens.map((token) => [
              token.id,
              token.clinic_id,
              token.label,
              token.scopes.join(','),
              token.created_at.slice(0, 10),
              token.expires_at?.slice(0, 16).replace('T', ' ') ?? 'never',
              token.state,
            ]),
          ),
  }
}

/** Revokes a token: a tombstone takes its place, since KV remembers that a key was absent, too. */
export async function revokeToken(
  id: string | undefined,
  options: StoreChoice & TokenChoice,
): Promise<Report> {
  const prefix = await keyPrefix(id, options)
  return await withStore(options, async ({ kv }) => {
    const { key, record } = await findToken(kv, prefix)
    const revoked = { ...record, revoked_at: record.revoked_at ?? new Date().toISOString() }
    await putRecord(kv, key, revoked)
    return {
      json: { id: tokenIdOf(key), ...revoked, state: stateOf(revoked) },
      lines: [
        `Token ${tokenIdOf(key)} of ${record.clinic_id} (${record.label}) is revoked.`,
        KV_DELAY,
      ],
    }
  })
}

/** Issues a token like the given one, which then lives on for `grace` at most. */
export async function rotateToken(
  id: string | undefined,
  options: StoreChoice & TokenChoice & { grace: string; expires?: string },
): Promise<Report> {
  const prefix = await keyPrefix(id, options)
  const grace = duration('--grace', options.grace)
  const lifetime =
    options.expires === undefined ? undefined : duration('--expires', options.expires)
  return await withStore(options, async ({ kv }) => {
    const { key, record: old } = await findToken(kv, prefix)
    const now = Date.now()
    if (!isLive(old, now)) {
      throw new Failure(`token ${tokenIdOf(key)} is ${stateOf(old)}: create a new one`)
    }
    const lives =
      lifetime ?? (old.expires_at && Date.parse(old.expires_at) - Date.parse(old.created_at))
    const record = {
      ...old,
      created_at: new Date(now).toISOString(),
      expires_at: lives ? new Date(now + lives).toISOString() : null,
    }
    const ends = new Date(now + grace).toISOString()
    const expiring = {
      ...old,
      expires_at: old.expires_at !== null && old.expires_at < ends ? old.expires_at : ends,
    }

    // The clinic must never be left without a token, so the new one comes first.
    const token = mintToken()
    await putToken(kv, token, record)
    await putRecord(kv, key, expiring)

    const shown = await shownOnce(token, record, await originOf(options))
    const replaced = { id: tokenIdOf(key), expires_at: expiring.expires_at }
    return {
      json: { ...shown.json, replaces: replaced },
      lines: [
        ...shown.lines,
        '',
        `The old one, ${replaced.id}, expires ${replaced.expires_at}. ${KV_DELAY}`,
      ],
    }
  })
}

/** Writes a token's record under the hash of the token. */
export async function putToken(kv: KVNamespace, token: string, record: TokenRecord): Promise<void> {
  await putRecord(kv, await tokenKey(token), record)
}

/** A live record with the scopes and expiry asked for. Throws Misuse. */
export function newRecord({ clinic, label, scopes, expires }: NewToken): TokenRecord {
  const now = Date.now()
  const lifetime = expires === undefined ? undefined : duration('--expires', expires)
  const record = tokenRecord.extend({ label: text(100) }).safeParse({
    clinic_id: clinicNamed(clinic),
    label,
    scopes: scopes === undefined ? DEFAULT_SCOPES : scopes.split(',').map((scope) => scope.trim()),
    created_at: new Date(now).toISOString(),
    expires_at: lifetime === undefined ? null : new Date(now + lifetime).toISOString(),
    revoked_at: null,
  })
  if (record.success) return record.data

  const [wrong] = record.error.issues.map((issue) => issue.path[0])
  if (wrong === 'label') throw new Misuse('--label: use 1 to 100 characters')
  throw new Misuse(`--scopes: use one or more of ${SCOPES.join(',')}`)
}

/** KV's metadata repeats the record (at most 1,024 bytes), so that a list needs no read for each token. */
const putRecord = (kv: KVNamespace, key: string, record: TokenRecord) =>
  kv.put(key, JSON.stringify(record), { metadata: record })

async function storedTokens(kv: KVNamespace, prefix = KEY_PREFIX): Promise<Stored[]> {
  const found: Stored[] = []
  let cursor: string | undefined
  do {
    const page: KVNamespaceListResult<unknown> = await kv.list({ prefix, cursor: cursor ?? null })
    for (const { name, metadata } of page.keys) {
      const record = tokenRecord.safeParse(metadata ?? (await kv.get(name, 'json')))
      if (record.success) found.push({ key: name, record: record.data })
    }
    cursor = page.list_complete ? undefined : page.cursor
  } while (cursor !== undefined)
  return found
}

async function findToken(kv: KVNamespace, prefix: string): Promise<Stored> {
  const [found] = await storedTokens(kv, prefix)
  if (!found) throw new Failure('no such token: see `npm run clinic -- token list`')
  return found
}

/** What the token's key in KV begins with, from its id or from the token itself, which no argument may hold. */
async function keyPrefix(id: string | undefined, { tokenFile }: TokenChoice): Promise<string> {
  if (id !== undefined) {
    if (TOKEN_ID.test(id)) return KEY_PREFIX + id
    throw new Misuse(
      'a token is named by its id, 16 hex digits, as `token list` shows it; the token itself goes by --token-file',
    )
  }
  if (tokenFile === undefined && !canAsk()) {
    throw new Misuse('say which token: its id, or --token-file FILE (- for stdin)')
  }
  const token =
    tokenFile === undefined ? await askSecret('The token') : (await readAll(tokenFile)).trim()
  if (!isWellFormedToken(token))
    throw new Failure('that is no token: a character is wrong or missing')
  return await tokenKey(token)
}

/** What is told of a new token, with a line for the shell that tries it at `origin`. */
export async function shownOnce(
  token: string,
  record: TokenRecord,
  origin = 'https://YOUR-WORKER.workers.dev',
): Promise<Report> {
  const id = tokenIdOf(await tokenKey(token))
  const curl = `read -rs T; curl -H "X-User-Token: $T" '${origin}/v1/clinic/insurances/plans?page_size=2'`
  return {
    json: { token, id, ...record, curl },
    lines: [
      `Token of ${record.clinic_id} (${record.label}), shown this once:`,
      '',
      `  ${token}`,
      '',
      `id ${id} · scopes ${record.scopes.join(', ')} · ${record.expires_at ? `expires ${record.expires_at}` : 'does not expire'}`,
      '',
      'Try it. The line waits for you to paste the token, which so stays out of the history:',
      '',
      `  ${curl}`,
    ],
  }
}

/** Where the Worker of the chosen store answers, if that is known. */
const originOf = async (choice: StoreChoice) =>
  choice.remote ? (await readEnvironment(choice)).origin : 'http://localhost:8787'

function stateOf(record: TokenRecord): 'live' | 'expired' | 'revoked' {
  if (record.revoked_at !== null) return 'revoked'
  return isLive(record, Date.now()) ? 'live' : 'expired'
}
