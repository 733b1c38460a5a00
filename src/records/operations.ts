import * as z from 'zod'
import { INVALID, MUST_EXIST, NOT_A_NUMBER } from '../fields/messages.ts'
import { queryId } from '../fields/number.ts'
import { pagination } from '../fields/paging.ts'
import type { Operation } from '../http/describe.ts'
import type { Kind } from './kind.ts'

/** The path of one record, such as `/dependents/123`. */
export const recordPath = z.object({
  id: queryId.meta({ description: "The record's id.", examples: [123] }),
})

/** `person_informations` as people write it: `person informations`. */
const wordsOf = (name: string) => name.replaceAll('_', ' ')
const sentenceCase = (words: string) => words.charAt(0).toUpperCase() + words.slice(1)
/** `person_informations` as types and methods write it: `PersonInformations`. */
const pascalCase = (name: string) => name.split('_').map(sentenceCase).join('')

/** What the routes of a kind of record say of themselves. */
export function operationsOf(kind: Kind) {
  const { name, one, owner, notFound, record } = kind
  const [words, oneWords] = [wordsOf(name), wordsOf(one)]
  const tag = sentenceCase(words)
  const list = z
    .object({ [name]: z.array(record), pagination })
    .meta({ id: `${pascalCase(one)}List` })
  return {
    list: {
      id: `list${pascalCase(name)}`,
      tag,
      summary: `List ${words}`,
      description: `Your clinic's ${words}, oldest first, a page at a time.`,
      deed: { action: 'list', resource: name },
      answers: { 200: { description: `A page of ${words}.`, body: list, headers: ['Link'] } },
      invalid: { [owner.filter]: [NOT_A_NUMBER] },
    },
    get: {
      id: `get${pascalCase(one)}`,
      tag,
      summary: `Get a ${oneWords}`,
      deed: { action: 'read', resource: name },
      path: recordPath,
      answers: {
        200: { description: `The ${oneWords}.`, body: record },
        404: { description: `Your clinic has no such ${oneWords}.`, refusal: notFound },
      },
    },
    create: {
      id: `create${pascalCase(one)}`,
      tag,
      summary: `Create a ${oneWords}`,
      deed: { action: 'create', resource: name },
      answers: {
        201: { description: `The ${oneWords}.`, body: record, headers: ['Location'] },
      },
      invalid: { date_of_birth: [INVALID], [owner.id]: [MUST_EXIST] },
    },
  } satisfies Record<string, Operation>
}
