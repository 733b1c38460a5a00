/** A page that was read, and where the next one is, if there is one: its query, say. */
type ReadPage<Page> = { page: Page; next: string | undefined }

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
