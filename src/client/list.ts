import type { CallOptions, Request } from './transport.ts'

/** A page that was read, and where the next one is, if there is one: its query, say. */
export type ReadPage<Page> = { page: Page; next: string | undefined }

/**
 * A list that is read when it is asked for: `await` it for the page of the query, or go over it with
 * `for await`, item by item and from page to page until the last.
 */
export class List<Page, Item> implements PromiseLike<Page>, AsyncIterable<Item> {
  readonly #first: string
  readonly #read: (at: string) => Promise<ReadPage<Page>>
  readonly #itemsOf: (page: Page) => Item[]

  constructor(
    first: string,
    read: (at: string) => Promise<ReadPage<Page>>,
    itemsOf: (page: Page) => Item[],
  ) {
    this.#first = first
    this.#read = read
    this.#itemsOf = itemsOf
  }

  then<Then = Page, Else = never>(
    onRead?: ((page: Page) => Then | PromiseLike<Then>) | null,
    onError?: ((reason: unknown) => Else | PromiseLike<Else>) | null,
  ): Promise<Then | Else> {
    return this.#read(this.#first)
      .then(({ page }) => page)
      .then(onRead, onError)
  }

  /** Page after page, from the one of the query on. */
  async *pages(): AsyncGenerator<Page, void, undefined> {
    let at: string | undefined = this.#first
    while (at !== undefined) {
      const { page, next }: ReadPage<Page> = await this.#read(at)
      yield page
      at = next
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* this.#itemsOf(page)
  }
}

/** The query, if it holds no undefined: a filter that is left out by accident would list everyone. */
export function defined<Query extends object>(query: Query): Query {
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined)
      throw new TypeError(`${name} is undefined: leave it out, or give it a value`)
  }
  return query
}

/** A query as a URL has it. */
export const queryOf = (query: object) =>
  new URLSearchParams(
    Object.entries(defined(query)).map(([name, value]) => [name, String(value)]),
  ).toString()

/** The query of an answer's next page (RFC 8288). Its host is left out: the token goes to no other. */
function nextQuery(response: Response): string | undefined {
  const [, next] = /<([^>]*)>\s*;\s*rel="next"/.exec(response.headers.get('Link') ?? '') ?? []
  return next === undefined ? undefined : next.slice(next.indexOf('?') + 1)
}

/** The list at a path, whose items stand under `key`. */
export const listAt = <Page extends { [name in Key]: Item[] }, Item, Key extends string>(
  request: Request,
  path: string,
  key: Key,
  query: object,
  { signal }: CallOptions,
) =>
  new List<Page, Item>(
    queryOf(query),
    async (at) => {
      const response = await request('GET', path, { query: at, signal })
      return { page: await response.json(), next: nextQuery(response) }
    },
    (page) => page[key],
  )
