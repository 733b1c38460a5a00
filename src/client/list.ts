/** A page that was read, and the query of the next one if there is one. */
export type ReadPage<Page> = { page: Page; next: string | undefined }

/**
 * A list that is read when it is asked for: `await` it for the page of the query, or go over it with
 * `for await`, item by item and from page to page until the last.
 */
export class List<Page, Item> implements PromiseLike<Page>, AsyncIterable<Item> {
  readonly #query: string
  readonly #read: (query: string) => Promise<ReadPage<Page>>
  readonly #itemsOf: (page: Page) => Item[]

  constructor(
    query: string,
    read: (query: string) => Promise<ReadPage<Page>>,
    itemsOf: (page: Page) => Item[],
  ) {
    this.#query = query
    this.#read = read
    this.#itemsOf = itemsOf
  }

  then<Then = Page, Else = never>(
    onRead?: ((page: Page) => Then | PromiseLike<Then>) | null,
    onError?: ((reason: unknown) => Else | PromiseLike<Else>) | null,
  ): Promise<Then | Else> {
    return this.#read(this.#query)
      .then(({ page }) => page)
      .then(onRead, onError)
  }

  /** Page after page, from the one of the query on. */
  async *pages(): AsyncGenerator<Page, void, undefined> {
    let query: string | undefined = this.#query
    while (query !== undefined) {
      const { page, next }: ReadPage<Page> = await this.#read(query)
      yield page
      query = next
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* this.#itemsOf(page)
  }
}

/** The query of an answer's next page (RFC 8288). Its host is left out: the token goes to no other. */
export function nextQuery(response: Response): string | undefined {
  const [, next] = /<([^>]*)>\s*;\s*rel="next"/.exec(response.headers.get('Link') ?? '') ?? []
  return next === undefined ? undefined : next.slice(next.indexOf('?') + 1)
}
