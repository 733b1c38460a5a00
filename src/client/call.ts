import type { Operation } from './generated/operations.ts'
import { List } from './list.ts'
import type { CallOptions, Request } from './transport.ts'

export type WriteOptions = CallOptions & {
  /**
   * Names the write, so that the same one sent again does nothing. One is made for each call; give your own to make
   * a write safe to repeat after your program has stopped in the middle.
   */
  idempotencyKey?: string | undefined
}

export type CreateOptions = WriteOptions & {
  /** `'return'` answers the same record if there is one, and creates nothing. */
  ifExists?: 'return' | undefined
}

export type AmendOptions = WriteOptions & {
  /**
   * A record that this client read, or its `etagOf`: if it has changed since, nothing is done, and the error's status
   * is 412.
   */
  unlessChangedSince?: object | string | undefined
}

const etags = new WeakMap<object, string>()

/** Names the version of a record that a client read. Put it into a form, and give it as `unlessChangedSince` later. */
export function etagOf(record: object): string {
  const etag = etags.get(record)
  if (etag !== undefined) return etag
  throw new TypeError('this record was not read by a client: a copy of one has no ETag')
}

type Options = CreateOptions & AmendOptions
type Page = { [list: string]: object[] } & { pagination: { total_pages: number } & object[] }

/** The method that makes the calls of an operation. Its arguments are those that the operation `takes`, and options. */
export function methodOf(request: Request, operation: Operation) {
  const { method, path, takes, wrapper = '', list, isWrite } = operation

  return (...args: unknown[]) => {
    const named = new Map(takes.map((name, n) => [name, args[n]]))
    const options = optionsIn(args[takes.length])
    const url = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(named.get(name))))
    const query = defined(Object(named.get('query') ?? {}))
    const body = takes.includes('body')
      ? { [wrapper]: list ? defined(Object(named.get('body'))) : named.get('body') }
      : undefined

    const ask = (search: string, sent: object | undefined) =>
      request(method, url, {
        query: search,
        signal: options.signal,
        ...(sent && { body: JSON.stringify(sent) }),
        headers: { ...(isWrite && writeHeaders(options)) },
      })

    if (list && body) {
      // A search goes in the body, with its page.
      const readPage = async (at: string) => {
        const page = await readJson<Page>(ask('', { ...body, ...query, page: Number(at) }))
        const isLast = Number(at) >= page.pagination.total_pages
        return { page, next: isLast ? undefined : String(Number(at) + 1) }
      }
      return new List(
        String(named.get('query') ? (query.page ?? 1) : 1),
        readPage,
        (page) => page[list] ?? [],
      )
    }
    if (list) {
      const readPage = async (at: string) => {
        const response = await ask(at, undefined)
        return { page: await response.json<Page>(), next: nextQuery(response) }
      }
      return new List(queryOf(query), readPage, (page) => page[list] ?? [])
    }
    const search =
      options.ifExists === undefined ? query : { ...query, if_exists: options.ifExists }
    return answerTo(() => ask(queryOf(search), body), operation)
  }
}

async function answerTo(
  ask: () => Promise<Response>,
  { wrapper, isMany }: Operation,
): Promise<unknown> {
  const response = await ask()
  if (response.status === 204) return undefined
  const answer = await response.json<Record<string, unknown>>()
  const etag = response.headers.get('ETag')
  if (etag !== null) etags.set(answer, etag)
  return isMany ? answer[wrapper ?? ''] : answer
}

async function readJson<Body>(asked: Promise<Response>): Promise<Body> {
  const response = await asked
  return await response.json()
}

/** Every write goes under an idempotency key, so that a retry finds what the first try did. */
function writeHeaders({ idempotencyKey = crypto.randomUUID(), unlessChangedSince }: Options) {
  const etag =
    typeof unlessChangedSince === 'object' ? etagOf(unlessChangedSince) : unlessChangedSince
  return { 'Idempotency-Key': idempotencyKey, ...(etag && { 'If-Match': etag }) }
}

function optionsIn(given: unknown): Options
function optionsIn(given: unknown = {}): unknown {
  return given
}

type Query = Record<string, string | number | boolean | undefined>

/** The query, if it holds no undefined: a filter that is left out by accident would list everyone. */
function defined(query: Query): Query {
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined)
      throw new TypeError(`${name} is undefined: leave it out, or give it a value`)
  }
  return query
}

const queryOf = (query: Query) =>
  new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, String(value)]),
  ).toString()

/** The query of an answer's next page (RFC 8288). Its host is left out: the token goes to no other. */
function nextQuery(response: Response): string | undefined {
  const [, next] = /<([^>]*)>\s*;\s*rel="next"/.exec(response.headers.get('Link') ?? '') ?? []
  return next === undefined ? undefined : next.slice(next.indexOf('?') + 1)
}
