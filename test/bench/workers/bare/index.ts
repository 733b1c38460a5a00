import type { Bindings } from '../../../../src/env.ts'
import { isWellFormedToken, tokenIdOf, tokenKey } from '../../../../src/tokens/token.ts'
import { refusal, type Asked } from './answer.ts'
import { KINDS } from './kinds.ts'
import { plans, type Catalogue } from './plans.ts'
import { changes, find, history, list, search } from './reads.ts'
import { amend, create, register, remove } from './writes.ts'

/**
 * The floor: what the endpoints cost without a framework, a query builder or a schema library. The same
 * authentication, the same storage and the same answers; statements and checks are written out by hand.
 */

const BASE = '/v1/clinic/insurances/'
const REFUSED = 'You are not authorized to perform this action.'

type Token = {
  clinic_id: string
  scopes: string[]
  expires_at: string | null
  revoked_at: string | null
}

type Value = (Token & Catalogue) | null | undefined
const memory = new Map<string, { value: Value; until: number }>()
const recall = (key: string) => {
  const held = memory.get(key)
  return held !== undefined && Date.now() < held.until ? held.value : undefined
}

export default {
  async fetch(request, env, ctx) {
    const startedAt = Date.now()
    const requestId = crypto.randomUUID()
    const url = new URL(request.url)
    if (!url.pathname.startsWith(BASE)) return refusal(404, 'Not found')
    const path = url.pathname.slice(BASE.length).split('/')
    const [resource = ''] = path

    const token = request.headers.get('X-User-Token')
    if (token === null || !isWellFormedToken(token)) return refusal(401, REFUSED)
    const key = await tokenKey(token)
    const hasCatalogue = resource === 'plans'
    let record = recall(key)
    let catalogue = hasCatalogue ? recall('catalogue') : undefined
    if (!record || (hasCatalogue && !catalogue)) {
      const keys = [...(record ? [] : [key]), ...(hasCatalogue && !catalogue ? ['catalogue'] : [])]
      const read = await env.TOKENS.get<Token & Catalogue>(keys, { type: 'json', cacheTtl: 30 })
      const until = Date.now() + Number(env.TOKEN_MEMORY_SECONDS) * 1000
      if (memory.size >= 1000) memory.clear()
      for (const [name, value] of read) memory.set(name, { value, until })
      record ??= read.get(key)
      catalogue ??= read.get('catalogue')
    }
    if (!record || !isLive(record)) return refusal(401, REFUSED)

    const isRead = request.method === 'GET' || path[1] === 'search'
    const scopes: Record<string, string> = { plans: 'plans:read', ownables: 'ownables:write' }
    const scope = scopes[resource] ?? (isRead ? 'insurances:read' : 'insurances:write')
    if (!record.scopes.includes(scope)) return refusal(403, REFUSED)

    const tokenId = tokenIdOf(key)
    const session = env.DB.withSession(
      request.headers.get('x-d1-bookmark') ??
        (request.method === 'GET' ? 'first-unconstrained' : 'first-primary'),
    )
    const asked = {
      request,
      url,
      env,
      ctx,
      session,
      requestId,
      clinicId: record.clinic_id,
      tokenId,
    }
    const response =
      resource === 'plans' ? await plans(asked, path[1], catalogue) : await answer(asked, path)
    const bookmark = session.getBookmark()
    if (bookmark !== null) response.headers.set('x-d1-bookmark', bookmark)
    response.headers.set('X-Request-Id', requestId)
    console.info(
      JSON.stringify({
        level: 'info',
        request_id: requestId,
        method: request.method,
        route: resource,
        clinic_id: record.clinic_id,
        token_id: tokenId,
        status: response.status,
        duration_ms: Date.now() - startedAt,
      }),
    )
    return response
  },
} satisfies ExportedHandler<Bindings>

function answer(asked: Asked, [resource = '', id, part]: string[]): Promise<Response> | Response {
  const { method } = asked.request
  if (resource === 'changes') return changes(asked)
  if (resource === 'ownables') return register(asked, id, part)
  const kind = KINDS.find(({ table }) => table === resource)
  if (!kind) return refusal(404, 'Not found')
  if (method === 'POST') {
    return id === 'search' ? search(asked, kind) : create(asked, kind, id === 'batch')
  }
  if (id === undefined) return list(asked, kind)
  if (part === 'history') return history(asked, kind, id)
  if (method === 'DELETE') return remove(asked, kind, id)
  return method === 'GET' ? find(asked, kind, id) : amend(asked, kind, id)
}

function isLive(token: Token): boolean {
  if (token.revoked_at !== null) return false
  return token.expires_at === null || Date.now() < Date.parse(token.expires_at)
}
