import { sql, type SQL } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { columnsOf, jsonOf } from '../storage/json.ts'
import type { Page, PageRequest } from '../storage/pages.ts'
import type { Session } from '../storage/session.ts'
import { first, statements } from '../storage/statement.ts'
import { nameWords } from '../storage/tables.ts'
import { foldName } from '../fields/fold.ts'
import { INVALID } from '../fields/messages.ts'
import { pagingInBody } from '../fields/paging.ts'
import { dateOfBirth, personName } from '../fields/person.ts'
import { answeredBy, type Resource } from './resource.ts'

const MOST_MATCHES = 1000
/** Where a first name narrows, so many people of the last name are looked through in the index. */
export const MOST_CANDIDATES = 10_000

const namePrefix = personName
  .transform(foldName)
  .refine((name) => name !== '', { error: INVALID })
  .meta({ minLength: 1, maxLength: 255 })

/** Whom to search for. */
export const searchBody = z
  .strictObject({
    search: z
      .strictObject({
        last_name: namePrefix.optional().meta({ description: 'How the last name begins.' }),
        first_name: namePrefix.optional().meta({ description: 'How the first name begins.' }),
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

/** Searches people; accents, case and apostrophes do not count. Undefined if there are too many matches. */
export function searcher(resource: Resource) {
  const { $, statement } = statements(`search ${resource.name}`, {
    clinicId: 'text',
    lastName: 'text',
    firstName: 'text',
    dateOfBirth: 'text?',
    most: 'integer',
    size: 'integer',
    skipped: 'integer',
  })
  const answered = answeredBy(resource)
  const beginsWith = (column: string, name: SQL) =>
    sql`${sql.raw(column)} >= ${name} AND ${sql.raw(column)} < ${name} || char(1114111)`

  const searching = (hasDate: boolean, hasFirstName: boolean) => {
    const isBorn = hasDate ? sql`date_of_birth = ${$.dateOfBirth} AND` : sql``
    // Left alone, SQLite may look for a date of birth among all the names.
    const index = sql.raw(`${resource.name}_by_${hasDate ? 'date_of_birth' : 'name'}`)
    const isMatch = hasFirstName ? beginsWith('first_name_folded', $.firstName) : sql`true`
    // Both lists of ids end where there are too many, and then no record is read.
    return statement<{ counts: string; json: string; ids: string }>(sql`
      WITH found (found_id) AS MATERIALIZED (
        SELECT * FROM (SELECT id FROM ${resource.table} INDEXED BY ${index}
          WHERE clinic_id = ${$.clinicId} AND ${isBorn} ${beginsWith('last_name_folded', $.lastName)}
          LIMIT ${$.most} + 1)
        UNION SELECT * FROM (SELECT DISTINCT record_id FROM ${nameWords}
          WHERE ${$.lastName} <> '' AND clinic_id = ${$.clinicId} AND resource = ${resource.text}
            AND ${isBorn} ${beginsWith('word', $.lastName)}
          LIMIT ${$.most} + 1)),
      people AS MATERIALIZED (
        SELECT ${columnsOf(answered)}, last_name_folded, first_name_folded
        FROM found CROSS JOIN ${resource.table} ON clinic_id = ${$.clinicId} AND id = found_id
        WHERE (SELECT count(*) FROM found) <= ${$.most} AND ${isMatch})
      SELECT json_group_array(${jsonOf(answered)}) AS json, json_group_array(id) AS ids,
        json_array((SELECT count(*) FROM found), (SELECT count(*) FROM people)) AS counts
      FROM (
        SELECT * FROM people
        ORDER BY last_name_folded, first_name_folded, id LIMIT ${$.size} OFFSET min(${$.skipped}, ${$.most}))`)
  }
  const selects = [false, true].map((hasDate) =>
    [false, true].map((hasFirstName) => searching(hasDate, hasFirstName)),
  )

  return async (
    db: Session,
    clinicId: string,
    { last_name = '', first_name = '', date_of_birth }: Asked,
    { page, pageSize }: PageRequest,
  ): Promise<Page | undefined> => {
    const [hasDate, hasFirstName] = [date_of_birth !== undefined, first_name !== '']
    const most = hasFirstName ? MOST_CANDIDATES : MOST_MATCHES
    const select = selects[Number(hasDate)]?.[Number(hasFirstName)]
    if (!select) return undefined

    const found = await first(db, select, {
      ...{ clinicId, lastName: last_name, firstName: first_name, most },
      dateOfBirth: date_of_birth ?? null,
      ...{ size: pageSize, skipped: (page - 1) * pageSize },
    })
    const { counts = '[0,0]', json = '[]', ids = '[]' } = found ?? {}
    const [candidates = 0, total = 0]: number[] = JSON.parse(counts)
    if (candidates > most || total > MOST_MATCHES) return undefined
    return { page, pageSize, json, ids: JSON.parse(ids), totalCount: total }
  }
}
