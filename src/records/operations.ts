import * as z from 'zod'
import { id, timestamp } from '../fields/answered.ts'
import { CANNOT_CHANGE, INVALID, MUST_EXIST, notOneOf, NOT_A_NUMBER } from '../fields/messages.ts'
import { queryId } from '../fields/number.ts'
import { pagination, paging } from '../fields/paging.ts'
import { describe } from '../http/describe.ts'
import { SENTENCES } from '../http/errors.ts'
import type { HeaderName } from '../http/headers.ts'
import { pascalCase, type Resource } from './resource.ts'

/** The path of one record, such as `/dependents/123`. */
export const recordPath = z.object({
  id: queryId.meta({ description: "The record's id.", examples: [1] }),
})

export function listQuery({ filters }: Resource) {
  const parameters = Object.entries(filters)
  const query = z.strictObject({
    ...paging,
    ...Object.fromEntries(parameters.map(([name, { query }]) => [name, query])),
  })
  return parameters.reduce((query, [name, { needs }]) => {
    if (needs === undefined) return query
    const isNarrowing = (asked: Record<string, unknown>) =>
      asked[name] === undefined || asked[needs] !== undefined
    return query.refine(isNarrowing, { error: `needs ${needs}`, path: [name] })
  }, query)
}

export const creationQuery = ({ identity, oneWord }: Resource) =>
  z.strictObject({
    ...(identity && {
      if_exists: z
        .enum(['return'], { error: notOneOf(['return']) })
        .optional()
        .describe(
          `With \`return\`, a ${oneWord} of the same ${identity.words} is answered with 200, ` +
            'the oldest if there are several, and nothing is created.',
        ),
    }),
  })

/** What a write answers to a token that may not read records. */
const receipt = z
  .object({ id, created_at: timestamp, updated_at: timestamp })
  .meta({ id: 'Receipt', description: 'What a write answers without `insurances:read`.' })

/** What a change did. New actions may be added. */
export const action = z.enum(['create', 'amend', 'delete', 'restore', 'reassign', 'erase'])

const whoseToken = { description: 'Whose token it was.', examples: ['0123456789abcdef'] }
const whatChanged = { description: 'The fields that an amendment changed.', examples: [[]] }

/** How the OpenAPI document describes a resource's routes. */
export function operationsOf(resource: Resource) {
  const { name, one, owner, notFound, record, words, oneWord, tag, person, identity, hasSsn } =
    resource
  const type = pascalCase(one)

  const list = z.object({ [name]: z.array(record), pagination }).meta({ id: `${type}List` })
  const written = z.xor([record, receipt])
  const batch = z.xor([
    z.object({ [name]: z.array(record) }).meta({ id: `${type}Batch` }),
    z.object({ [name]: z.array(receipt) }).meta({ id: `${type}Receipts` }),
  ])
  const version = z
    .object({
      version: z.int().positive(),
      action,
      at: timestamp,
      token_id: z.string().meta(whoseToken),
      request_id: z.string().meta({ examples: ['3f0b8a1e-0000-4000-8000-000000000000'] }),
      changed: z.array(z.string()).meta(whatChanged),
      [one]: record.nullable(),
    })
    .meta({ id: `${type}Version` })
  const versions = z
    .object({ versions: z.array(version), pagination })
    .meta({ id: `${type}History` })

  const absent = (description: string) => ({ 404: { description, refusal: notFound } })
  const noSuch = absent(`Your clinic has no such ${oneWord}.`)
  const erased = absent('What this `Idempotency-Key` made has been erased since.')
  const changed = 'The record has changed since the version that `If-Match` names.'
  const stale = { 412: { description: changed, refusal: SENTENCES.stale[1] } }
  const wrong = (ofOwner: string) => ({
    ...(person && { date_of_birth: [INVALID] }),
    [owner.id]: [ofOwner],
  })
  const answered = (description: string, body: z.ZodType, ...headers: HeaderName[]) => ({
    description,
    body,
    headers: [...headers, 'ETag'] as const,
  })
  const theRecord = `The ${oneWord}.`
  const thereAlready = `With \`if_exists=return\`: the ${oneWord} that is there already.`
  const inBatch = `${name}[3].${owner.id}`
  const amending =
    'Fields that you leave out stay as they are; `null` clears an optional one. You may send ' +
    `back all that you read${hasSsn ? ', the masked SSN included' : ''}. An amendment that ` +
    'changes nothing makes no version.'
  const amend = {
    description: amending,
    path: recordPath,
    answers: { 200: answered(theRecord, written), ...noSuch, ...stale },
    invalid: wrong(CANNOT_CHANGE),
  }
  return {
    list: describe(`list${pascalCase(name)}`, tag, `List ${words}`, {
      description: `Your clinic's ${words}, oldest first, a page at a time.`,
      answers: { 200: { description: `A page of ${words}.`, body: list, headers: ['Link'] } },
      invalid: { [Object.keys(resource.filters)[0] ?? 'page']: [NOT_A_NUMBER] },
    }),
    create: describe(`create${type}`, tag, `Create a ${oneWord}`, {
      answers: {
        ...(identity && { 200: answered(thereAlready, written, 'Location') }),
        201: answered(theRecord, written, 'Location'),
        ...erased,
      },
      invalid: wrong(MUST_EXIST),
    }),
    batch: describe(`batch${pascalCase(name)}`, tag, `Create many ${words}`, {
      description:
        'Up to a hundred, all or none. Errors go by the place of the record, counted from 0: ' +
        `\`${inBatch}\`.`,
      answers: {
        201: { description: `The ${words}, in order.`, body: batch },
        ...erased,
        413: { description: 'The body is larger than 1 MiB.', refusal: SENTENCES.batchTooLarge[1] },
      },
      invalid: { [inBatch]: [MUST_EXIST] },
    }),
    search: describe(`search${pascalCase(name)}`, tag, `Search ${words}`, {
      description:
        'By the beginning of a last name, or a date of birth, or both; a first name narrows. Accents, ' +
        "case and apostrophes do not count: `oneil` finds `O'Neil`. In a body, so that no name gets into " +
        'a log of URLs.',
      answers: { 200: { description: `A page of ${words}, by name.`, body: list } },
      invalid: { search: ['too many matches; add a date of birth or more letters'] },
    }),
    get: describe(`get${type}`, tag, `Get a ${oneWord}`, {
      path: recordPath,
      answers: {
        200: answered(theRecord, record),
        304: { description: 'Your copy is up to date.', headers: ['ETag'] },
        ...noSuch,
      },
    }),
    put: describe(`put${type}`, tag, `Amend a ${oneWord}`, {
      ...amend,
      description: `The same as \`PATCH\`. ${amending}`,
    }),
    amend: describe(`amend${type}`, tag, `Amend a ${oneWord}`, amend),
    delete: describe(`delete${type}`, tag, `Delete a ${oneWord}`, {
      path: recordPath,
      description: 'Its id is never used again. Its history can still be read.',
      answers: { 204: { description: 'It is deleted.' }, ...noSuch, ...stale },
    }),
    history: describe(`history${type}`, tag, `Read the history of a ${oneWord}`, {
      description:
        'Every version, newest first, and who made it; also of a deleted record. A deletion has ' +
        'no content.',
      path: recordPath,
      answers: {
        200: { description: 'A page of versions.', body: versions, headers: ['Link'] },
        ...noSuch,
      },
    }),
  }
}
