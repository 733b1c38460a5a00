import type * as z from 'zod'
import type { pagination } from '../fields/paging.ts'
import { defined, listAt, List } from './list.ts'
import type {
  AmendOptions,
  CallOptions,
  CreateOptions,
  Request,
  WriteOptions,
} from './transport.ts'

export const BASE = '/v1/clinic/insurances'

/** The ETags that came with records. */
const etags = new WeakMap<object, string>()

async function readRecord(response: Response): Promise<object> {
  const record: object = await response.json()
  etags.set(record, response.headers.get('ETag') ?? '')
  return record
}

type Write = { query?: string | undefined; body?: object }

/** Every write goes under an idempotency key, so that a retry finds what the first try did. */
async function write(
  request: Request,
  method: string,
  path: string,
  { query = '', body }: Write,
  { signal, idempotencyKey = crypto.randomUUID(), unlessChangedSince }: AmendOptions = {},
): Promise<Response> {
  const etag = unlessChangedSince && etags.get(unlessChangedSince)
  if (unlessChangedSince && !etag)
    throw new TypeError('unlessChangedSince takes a record as a get, create or amend answered it')
  return await request(method, path, {
    query,
    signal,
    ...(body && { body: JSON.stringify(body) }),
    headers: { 'Idempotency-Key': idempotencyKey, ...(etag && { 'If-Match': etag }) },
  })
}

/** What the schema module of a kind of record says. */
type Schemas = { given: z.ZodType; record: z.ZodType; query: z.ZodType }
type Paged = { page?: number; page_size?: number }
type Search = { last_name?: string; first_name?: string; date_of_birth?: string }

/** `person_informations` as methods write it: `PersonInformations`. */
type Pascal<Name extends string> = Name extends `${infer Word}_${infer Rest}`
  ? `${Capitalize<Word>}${Pascal<Rest>}`
  : Capitalize<Name>
const pascal = (name: string) =>
  name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())

/**
 * The methods for one kind of record, whose schemas are a type argument: they exist for the compiler alone. The types
 * that follow from them are worked out key by key, as further arguments that nobody gives, so that the built
 * declarations spell them out and stand without the schemas and zod.
 */
function methodsOf<
  Kind extends Schemas,
  Answered = { [Key in keyof z.output<Kind['record']>]: z.output<Kind['record']>[Key] },
  Query = {
    [Key in keyof z.output<Kind['query']>]?: Exclude<z.output<Kind['query']>[Key], undefined>
  },
  Fields = {
    [
      Key in keyof z.output<Kind['given']> as null extends z.output<Kind['given']>[Key]
        ? never
        : Key
    ]: z.output<Kind['given']>[Key]
  } & {
    [
      Key in keyof z.output<Kind['given']> as null extends z.output<Kind['given']>[Key]
        ? Key
        : never
    ]?: z.output<Kind['given']>[Key] | undefined
  },
  Amendment = {
    [Key in keyof z.output<Kind['given']>]?: z.output<Kind['given']>[Key] | undefined
  },
  Pagination = {
    [Key in keyof z.output<typeof pagination>]: z.output<typeof pagination>[Key]
  },
  Version = {
    version: number
    action: string
    at: string
    token_id: string
    request_id: string
    changed: string[]
  },
>() {
  function methods<const Name extends string, const One extends string>(
    request: Request,
    name: Name,
    one: One,
  ): {
    [Method in `list${Pascal<Name>}`]: (
      query?: Query,
      options?: CallOptions,
    ) => List<{ [Key in Name]: Answered[] } & { pagination: Pagination }, Answered>
  } & {
    [Method in `search${Pascal<Name>}`]: (
      search: Search,
      query?: Paged,
      options?: CallOptions,
    ) => List<{ [Key in Name]: Answered[] } & { pagination: Pagination }, Answered>
  } & {
    [Method in `get${Pascal<One>}`]: (id: number, options?: CallOptions) => Promise<Answered>
  } & {
    [Method in `create${Pascal<One>}`]: (
      fields: Fields,
      options?: CreateOptions,
    ) => Promise<Answered>
  } & {
    [Method in `batch${Pascal<Name>}`]: (
      records: Fields[],
      options?: WriteOptions,
    ) => Promise<Answered[]>
  } & {
    [Method in `${'put' | 'amend'}${Pascal<One>}`]: (
      id: number,
      fields: Amendment,
      options?: AmendOptions,
    ) => Promise<Answered>
  } & {
    [Method in `delete${Pascal<One>}`]: (id: number, options?: AmendOptions) => Promise<void>
  } & {
    [Method in `history${Pascal<One>}`]: (
      id: number,
      query?: Paged,
      options?: CallOptions,
    ) => List<
      { versions: (Version & { [Key in One]: Answered | null })[]; pagination: Pagination },
      Version & { [Key in One]: Answered | null }
    >
  }
  function methods(request: Request, name: string, one: string): object {
    const path = `${BASE}/${name}`
    const amend = (method: string) => async (id: number, fields: object, options?: AmendOptions) =>
      readRecord(
        await write(request, method, `${path}/${id}`, { body: { [one]: fields } }, options),
      )
    return {
      [`list${pascal(name)}`]: (query = {}, options: CallOptions = {}) =>
        listAt(request, path, name, query, options),

      [`search${pascal(name)}`]: (
        search: object,
        query: Paged = {},
        { signal }: CallOptions = {},
      ) => {
        const asked = { search: defined(search), ...defined(query) }
        return new List<Found, object>(
          String(query.page ?? 1),
          async (at) => {
            const body = JSON.stringify({ ...asked, page: Number(at) })
            const response = await request('POST', `${path}/search`, { body, signal })
            const page: Found = await response.json()
            const isLast = Number(at) >= page.pagination.total_pages
            return { page, next: isLast ? undefined : String(Number(at) + 1) }
          },
          (page) => page[name] ?? [],
        )
      },

      [`get${pascal(one)}`]: async (id: number, { signal }: CallOptions = {}) =>
        readRecord(await request('GET', `${path}/${id}`, { signal })),

      [`create${pascal(one)}`]: async (fields: object, options: CreateOptions = {}) => {
        const query = options.ifExists && `if_exists=${options.ifExists}`
        return readRecord(
          await write(request, 'POST', path, { query, body: { [one]: fields } }, options),
        )
      },

      [`batch${pascal(name)}`]: async (records: object[], options?: WriteOptions) => {
        const body = { [name]: records }
        const made = await write(request, 'POST', `${path}/batch`, { body }, options)
        const { [name]: answered }: Record<string, object[]> = await made.json()
        return answered
      },

      [`put${pascal(one)}`]: amend('PUT'),
      [`amend${pascal(one)}`]: amend('PATCH'),

      [`delete${pascal(one)}`]: async (id: number, options?: AmendOptions) =>
        void (await write(request, 'DELETE', `${path}/${id}`, {}, options)),

      [`history${pascal(one)}`]: (id: number, query = {}, options: CallOptions = {}) =>
        listAt(request, `${path}/${id}/history`, 'versions', query, options),
    }
  }
  return methods
}

/** A page as search answers it. */
type Found = { [name: string]: object[] } & { pagination: { total_pages: number } & object[] }

/** The methods for every kind of record. */
export const recordMethods = (request: Request) => ({
  ...methodsOf<typeof import('./person-information-schema.ts')>()(
    request,
    'person_informations',
    'person_information',
  ),
  ...methodsOf<typeof import('./dependent-schema.ts')>()(request, 'dependents', 'dependent'),
})
