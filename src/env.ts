import { createFactory } from 'hono/factory'
import type { Session } from './storage/session.ts'
import type { WhyRefused } from './tokens/memory.ts'
import type { Scope } from './tokens/record.ts'

/** Who calls: what the token says of itself, and whether KV says that its clinic is suspended. */
export type Caller = {
  tokenId: string
  clinicId: string
  label: string
  scopes: readonly Scope[]
  /** ISO 8601; null if the token does not expire. */
  expiresAt: string | null
  isSuspended?: boolean
}

export type Bindings = {
  DB: D1Database
  TOKENS: KVNamespace
  /** Where the trail is sealed. Without the bucket all of it stays in D1. */
  TRAIL?: R2Bucket
  /** The reference and `openapi.json`, as they were built. */
  ASSETS: Fetcher
  /** X25519, 32 bytes in base64url, or `local`. Without it SSNs are refused. */
  SSN_PUBLIC_KEY?: string
  /** The key of the local store, from `.dev.vars`. */
  LOCAL_SSN_PUBLIC_KEY?: string
  /** The name of this cell, where there are several. */
  CELL?: string
  /** Where every cell answers, this one included, as JSON: `{"eu": "https://eu.api.example.com"}`. */
  CELLS?: string
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
    /** Why nobody was let in. */
    refused: WhyRefused
    /** The ids, ascending, that the request touched or asked for: for the trail. */
    recordIds?: readonly number[]
    /** The request has left what it did in the trail, in the transaction that did it. */
    isJournaled: boolean
    /** What KV holds under the key that is read beside the token's; null if there is nothing. */
    valueBesideToken: string | null
  }
}

export const factory = createFactory<Env>()
