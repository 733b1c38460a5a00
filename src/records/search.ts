import { sql, type SQL } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { columnsOf, jsonOf } from '../storage/json.ts'
import type { Session } from '../storage/session.ts'
import { batch, statements } from '../storage/statement.ts'
import { nameWords } from '../storage/tables.ts'
import { foldName } from '../fields/fold.ts'
import { INVALID } from '../fields/messages.ts'
import { pagingInBody, type Page, type PageRequest } from '../fields/paging.ts'
import { dateOfBirth, personName } from '../fields/person.ts'
import type { Resource } from './resource.ts'

const MOST_MATCHES = 1000
/** With a first name, how many people of the last name a search looks through in the index. */
export const MOST_CANDIDATES = 10_000

const namePrefix = personName
  .transform(foldName)
  .refine((name) => name !== '', { error: INVALID })
  .meta({ minLength: 1, maxLength: 255 })

export const searchBody = z
  .strictObject({
    search: z
      .strictObject({
        last_name: namePrefix.optional().describe('How the last name begins.'),
        first_name: namePrefix.optional().describe('How the first name begins.'),
        date_of_birth: dateOfBirth.optional(),
      })
      .refine((asked) => asked.last_name !== undefined || asked.date_of_birth !== undefined, {
        error: 'needs a last_name or a date_of_birth',
      }),
    ...pagingInBody,
  })
  .meta({
    id: 'Search',
    examples: [{ search: { last_name: 'oneil', date_of_birth: '1990-05-15' } }],
  })

type Asked = z.output<typeof searchBody>['search']

/** A match. Matches are sorted by `place`, the folded names, then by id. */
type Match = { id: number; place: string; json: string | null }

/** Searches people; accents, case and apostrophes do not count. Undefined if there are too many matches. */
export function searcher(resource: Resource) {
  const asked = { lastName: 'text', firstName: 'text', dateOfBirth: 'text?' } as const
  const types = { clinicId: 'text', ...asked, most: 'integer', end: 'integer' } as const
  const { $, statement } = statements(`search ${resource.name}`, types)
  const { table, text, answered } = resource
  const match = sql`${columnsOf(answered)}, hex(last_name_folded || char(0) || first_name_folded) AS place`
  const json = jsonOf(answered, {})
  const beginsWith = (column: string, name: SQL) =>
    sql`${sql.raw(column)} >= ${name} AND ${sql.raw(column)} < ${name} || char(1114111)`

  const statementsFor = (hasDate: boolean, hasFirstName: boolean) => {
    const isBorn = hasDate ? sql`date_of_birth = ${$.dateOfBirth} AND` : sql``
    // Left alone, SQLite may look through all names for a date of birth.
    const index = sql.raw(`${resource.name}_by_${hasDate ? 'date_of_birth' : 'name'}`)
    const lastNameMatches = beginsWith('last_name_folded', $.lastName)
    const isMatch = hasFirstName ? beginsWith('first_name_folded', $.firstName) : sql`true`
    const candidates = sql`${table} INDEXED BY ${index} WHERE clinic_id = ${$.clinicId} AND ${isBorn} ${lastNameMatches}`
    const counting = sql`(SELECT count(*) AS candidates, coalesce(sum(${isMatch}), 0) AS matches
      FROM (SELECT first_name_folded FROM ${candidates} LIMIT ${$.most} + 1))`
    return {
      counts: statement<{ candidates: number; matches: number }>(sql`SELECT * FROM ${counting}`),
      // With a first name, filling a page may take a scan of all candidates, so it's skipped if they are too many.
      beginning: statement<Match>(sql`
        SELECT id, place, ${json} AS json FROM (
          SELECT ${match} FROM ${candidates} AND ${isMatch}
            ${hasFirstName ? sql`AND (SELECT candidates FROM ${counting}) <= ${$.most}` : sql``}
          ORDER BY last_name_folded, first_name_folded, id LIMIT min(${$.end}, ${$.most}))`),
      // Skips the people found above, whose last name itself begins this way.
      byLaterWords: statement<Match>(sql`
        SELECT id, place, iif(is_match, ${json}, NULL) AS json FROM (
          SELECT ${match}, ${isMatch} AND NOT (${lastNameMatches}) AS is_match FROM (
            SELECT record_id FROM ${nameWords}
            WHERE ${$.lastName} <> '' AND clinic_id = ${$.clinicId} AND resource = ${text}
              AND ${isBorn} ${beginsWith('word', $.lastName)}
            LIMIT ${$.most} + 1)
            CROSS JOIN ${table} ON clinic_id = ${$.clinicId} AND id = record_id)`),
    }
  }
  const byName = { all: statementsFor(false, false), narrowed: statementsFor(false, true) }
  const byDate = { all: statementsFor(true, false), narrowed: statementsFor(true, true) }

  return async (
    db: Session,
    clinicId: string,
    { last_name: lastName = '', first_name: firstName = '', date_of_birth: dateOfBirth }: Asked,
    { page, page_size: size }: PageRequest,
  ): Promise<Page | undefined> => {
    const hasFirstName = firstName !== ''
    const most = hasFirstName ? MOST_CANDIDATES : MOST_MATCHES
    const searches = dateOfBirth === undefined ? byName : byDate
    const search = hasFirstName ? searches.narrowed : searches.all

    const values = { clinicId, lastName, firstName, dateOfBirth: dateOfBirth ?? null, most }
    const found = await batch(db, search, { ...values, end: page * size })
    const [{ candidates, matches } = { candidates: 0, matches: 0 }] = found.counts
    const later = new Map(
      found.byLaterWords.flatMap((one) => (one.json === null ? [] : [[one.id, one]])),
    )
    const totalCount = matches + later.size
    const isTooMany = Math.max(candidates, found.byLaterWords.length) > most
    if (isTooMany || totalCount > MOST_MATCHES) return undefined
    const onPage = [...found.beginning, ...later.values()]
      .toSorted((a, b) => (a.place === b.place ? a.id - b.id : a.place < b.place ? -1 : 1))
      .slice((page - 1) * size, page * size)
    const records = onPage.map((one) => one.json).join()
    return { totalCount, json: `[${records}]`, ids: onPage.map(({ id }) => id) }
  }
}
