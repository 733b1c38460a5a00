import { etagOf } from './answer.ts'
import { refuseUndefined, type Ask, type CallOptions } from './transport.ts'

export type WriteOptions = CallOptions & {
  /**
   * A write that is sent again with the same key does nothing. Each call makes its own key; pass one if you want to
   * repeat a write after your program was interrupted.
   */
  idempotencyKey?: string | undefined
}

export type CreateOptions = WriteOptions & {
  /** `'return'` returns the matching record, if there is one, and creates nothing. */
  ifExists?: 'return' | undefined
}

export type AmendOptions = WriteOptions & {
  /** A record that this client read, or its `etagOf`: if it has changed since, the call is refused with status 412. */
  unlessChangedSince?: object | string | undefined
}

/** A list: `await` it for one page, or iterate over it with `for await` for the items of all pages. */
export type List<Page, Item> = PromiseLike<Page> &
  AsyncIterable<Item> & { pages: () => AsyncGenerator<Page, void, undefined> }

type Paged = { pagination: { current_page: number; total_pages: number } }

/** Sends a write with an idempotency key, so that a retry never writes twice. */
export async function sendWrite<Answer>(
  ask: Ask,
  method: string,
  path: string,
  body: object | undefined,
  options: CreateOptions & AmendOptions = {},
): Promise<Answer> {
  const { idempotencyKey = crypto.randomUUID(), ifExists, unlessChangedSince: read } = options
  const etag = typeof read === 'object' ? etagOf(read) : read
  const headers = { 'Idempotency-Key': idempotencyKey, ...(etag && { 'If-Match': etag }) }
  const query = ifExists && { if_exists: ifExists }
  return await ask(method, path, { query, body, headers, signal: options.signal })
}

/** A list of the pages that `read` returns, starting with the one that `first` asks for. */
export function list<Asked extends object, Page extends Paged, Item>(
  first: Asked,
  read: (asked: Asked) => Promise<Page>,
  itemsOf: (page: Page) => Item[],
): List<Page, Item> {
  refuseUndefined(first)

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
      for await (const page of pages()) yield* itemsOf(page)
    },
  }
}
