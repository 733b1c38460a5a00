import type { Operation } from './generated/operations.ts'
import type { CallOptions, Request } from './transport.ts'

export type WriteOptions = CallOptions & {
  /**
   * Names the write: sent again under the same key, it does nothing. Each call makes its own key; give one to be able
   * to repeat a write after your program has stopped in the middle.
   */
  idempotencyKey?: string | undefined
}

export type CreateOptions = WriteOptions & {
  /** `'return'` answers the same record if there is one, and creates nothing. */
  ifExists?: 'return' | undefined
}

export type AmendOptions = WriteOptions & {
  /** A record that this client read, or its `etagOf`: if it has changed since, the call is refused with status 412. */
  unlessChangedSince?: object | string | undefined
}

/** A list: `await` it for one page, or go over it with `for await`, item by item until the last page. */
export type List<Page, Item> = PromiseLike<Page> &
  AsyncIterable<Item> & { pages: () => AsyncGenerator<Page, void, undefined> }

type Query = Record<string, string | number | boolean | undefined>
type Options = CreateOptions & AmendOptions
type Paged = { [list: string]: object[] } & {
  pagination: { current_page: number; total_pages: number } & object[]
}

const etags = new WeakMap<object, string>()

/** Names the version of a record that a client read. Put it into a form, and give it as `unlessChangedSince` later. */
export function etagOf(record: object): string {
  const etag = etags.get(record)
  if (etag !== undefined) return etag
  throw new TypeError('this record was not read by a client: a copy of one has no ETag')
}

/** The method that calls an operation. Its arguments are what the operation `takes`, and options. */
export function methodOf(
  request: Request,
  { method, path, takes, wrapper = '', list, isMany, isWrite }: Operation,
) {
  const hasBody = takes.includes('body')

  return (...args: unknown[]) => {
    const given = new Map(takes.map((name, n) => [name, args[n]]))
    const options: Options = Object(args[takes.length])
    const url = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(given.get(name))))
    const body = given.get('body')
    const query = defined({ ...Object(given.get('query')), ...ifExists(options) })
    if (list && hasBody) defined(Object(body))

    /** A search takes its page in the body. */
    const ask = async (query: Query) => {
      const sent = { ...(hasBody && { [wrapper]: body }), ...(list && query) }
      return await request(method, url, {
        ...(!(list && hasBody) && { query: queryOf(query) }),
        ...(hasBody && { body: JSON.stringify(sent) }),
        headers: isWrite ? writeHeaders(options) : {},
        signal: options.signal,
      })
    }
    if (list) {
      return listOf(list, query, async (query) => {
        const response = await ask(query)
        return await response.json<Paged>()
      })
    }
    return ask(query).then(async (response) => {
      if (response.status === 204) return undefined
      const answer = await response.json<Record<string, unknown>>()
      const etag = response.headers.get('ETag')
      if (etag !== null) etags.set(answer, etag)
      return isMany ? answer[wrapper] : answer
    })
  }
}

function listOf(
  name: string,
  first: Query,
  read: (query: Query) => Promise<Paged>,
): List<Paged, object> {
  async function* pages() {
    for (let page = await read(first); ;) {
      yield page
      const { current_page, total_pages } = page.pagination
      if (current_page >= total_pages) return
      page = await read({ ...first, page: current_page + 1 })
    }
  }
  return {
    pages,
    then: (onRead, onError) => read(first).then(onRead, onError),
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) yield* page[name] ?? []
    },
  }
}

const ifExists = ({ ifExists }: Options) => (ifExists === undefined ? {} : { if_exists: ifExists })

/** Every write has an idempotency key, so that a retry finds what the first try did. */
function writeHeaders({ idempotencyKey = crypto.randomUUID(), unlessChangedSince }: Options) {
  const etag =
    typeof unlessChangedSince === 'object' ? etagOf(unlessChangedSince) : unlessChangedSince
  return { 'Idempotency-Key': idempotencyKey, ...(etag && { 'If-Match': etag }) }
}

/** Refuses undefined: a filter that is left out by accident would list everyone. */
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
