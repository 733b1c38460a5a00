import { createFactory } from 'hono/factory'
import type { Session } from './db/session.ts'
import type { TokenValues } from './tokens/memory.ts'
import type { Scope } from './tokens/record.ts'

/** Who calls: what the token says of itself. */
export type Caller = { tokenId: string; clinicId: string; scopes: readonly Scope[] }

export type Bindings = {
  DB: D1Database
  TOKENS: KVNamespace
  /** The reference and `openapi.json`, as they were built. */
  ASSETS: Fetcher
  /** X25519, 32 bytes in base64url. Without it SSNs are refused. */
  SSN_PUBLIC_KEY?: string
  /** How long, in seconds, an isolate lets a token in again without asking KV; 10 at most, 0 unless set. */
  TOKEN_MEMORY_SECONDS?: string
  /** Requests of one token. Without the binding there is no limit. */
  TOKEN_RATE_LIMIT?: RateLimit
  /** Failed authentications from one address. Without the binding there is no limit. */
  FAILURE_RATE_LIMIT?: RateLimit
  /** Origins whose pages may call the API, separated by commas. None unless set. */
  CORS_ORIGINS?: string
}

export type Env = {
  Bindings: Bindings
  Variables: {
    requestId: string
    caller: Caller
    db: Session
    /** The records that the request touched or asked for, for the audit trail. */
    recordIds: readonly number[]
    /** KV keys that a route wants read in the same call as the token. */
    keysBesideToken: readonly string[]
    /** What those keys hold; null where there is nothing. */
    valuesBesideToken: TokenValues
  }
}

export const factory = createFactory<Env>()
