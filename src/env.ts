import { createFactory } from 'hono/factory'
import type { Session } from './storage/session.ts'
import type { WhyRefused } from './tokens/memory.ts'
import type { Scope } from './tokens/record.ts'

/** The caller: what the token's record says, and whether KV lists the clinic as suspended. */
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
  /** The reference and `openapi.json`, as built. */
  ASSETS: Fetcher
  /** X25519, 32 bytes in base64url, or `local`. Without it SSNs are refused. */
  SSN_PUBLIC_KEY?: string
  /** The key of the local store, from `.dev.vars`. */
  LOCAL_SSN_PUBLIC_KEY?: string
  /** The name of this cell, if there are several. */
  CELL?: string
  /** The origin of every cell, including this one, as JSON: `{"eu": "https://eu.api.example.com"}`. */
  CELLS?: string
  /** How many seconds an isolate remembers what it read from KV: 10 at most, 0 by default. */
  TOKEN_MEMORY_SECONDS?: string
  /** Limits the requests of a token. Without the binding there is no limit. */
  TOKEN_RATE_LIMIT?: RateLimit
  /** Limits failed authentications from an address. Without the binding there is no limit. */
  FAILURE_RATE_LIMIT?: RateLimit
  /** Origins whose pages may call the API, separated by commas. None by default. */
  CORS_ORIGINS?: string
}

export type Env = {
  Bindings: Bindings
  Variables: {
    requestId: string
    caller: Caller
    db: Session
    refused: WhyRefused
    /** The ids, ascending, that the request touched or asked for, for the trail. */
    recordIds?: readonly number[]
    /** The request's own transaction has recorded in the trail what it did. */
    isJournaled: boolean
    /** KV's value for the key that is read with the token's; null if there is none. */
    extraValue: string | null
  }
}

export const factory = createFactory<Env>()
