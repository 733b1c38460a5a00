import { sql } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { columnsOf, jsonOf } from '../storage/json.ts'
import type { Page, PageRequest } from '../storage/pages.ts'
import { prepared } from '../storage/prepared.ts'
import type { Session } from '../storage/session.ts'
import { foldName } from '../fields/fold.ts'
import { INVALID } from '../fields/messages.ts'
import { pagingInBody } from '../fields/paging.ts'
import { dateOfBirth, personName } from '../fields/person.ts'
import { answeredBy, type Kind } from './kind.ts'

const MOST_MATCHES = 1000
/** Where a first name narrows, so many people of the last name are looked through in the index. */
const MOST_CANDIDATES = 10_000

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

/** Whether a kind is of people, who have names and a date of birth. */
export const isOfPeople = ({ given: { shape } }: Kind) =>
  ['first_name', 'last_name', 'date_of_birth'].every((name) => name in shape)

/** What tells one person from another, as far as a front desk can: owner, names and date of birth. */
export const personColumns = ({ owner }: Kind) => [
  ...[owner.type, owner.id],
  ...['last_name_folded', 'first_name_folded', 'date_of_birth'],
]

/** Searches a kind's people; accents, case and apostrophes do not count. Undefined if there are too many matches. */
export function searcher(kind: Kind) {
  const answered = answeredBy(kind)
  const beginsWith = (column: string, name: string) =>
    sql.raw(`${column} >= :${name} AND ${column} < :${name} || char(1114111)`)

  const searching = (hasDate: boolean, hasFirstName: boolean) => {
    const candidates = sql`clinic_id = :clinicId AND ${sql.raw(hasDate ? 'date_of_birth = :dateOfBirth AND' : '')}
      ${beginsWith('last_name_folded', 'lastName')}`
    const isMatch = hasFirstName ? beginsWith('first_name_folded', 'firstName') : sql`true`
    // Where a first name narrows, a page might be looked for through ever so many people.
    const areFew = hasFirstName
      ? sql`(SELECT count(*) FROM (SELECT 1 FROM ${kind.table} WHERE ${candidates} LIMIT :most + 1)) <= :most`
      : sql`true`
    return prepared(
      sql`SELECT json_group_array(${jsonOf(answered)}) AS json, json_group_array(id) AS ids,
          (SELECT json_array(count(*), coalesce(sum(${isMatch}), 0)) FROM (
            SELECT first_name_folded FROM ${kind.table} WHERE ${candidates} LIMIT :most + 1)) AS counts
        FROM (
          SELECT ${columnsOf(answered)} FROM ${kind.table}
          WHERE ${candidates} AND ${isMatch} AND ${areFew}
          ORDER BY last_name_folded, first_name_folded, id LIMIT :size OFFSET min(:skipped, :most))`,
    )
  }
  const statements = [false, true].map((hasDate) =>
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
    const statement = statements[Number(hasDate)]?.[Number(hasFirstName)]
    if (!statement) return undefined

    const [found] = await db.batch<{ counts: string; json: string; ids: string }>([
      statement(db, {
        clinicId,
        lastName: last_name,
        firstName: first_name,
        dateOfBirth: date_of_birth ?? null,
        most,
        size: pageSize,
        skipped: (page - 1) * pageSize,
      }),
    ])
    const { counts = '[0,0]', json = '[]', ids = '[]' } = found?.results[0] ?? {}
    const [candidates = 0, total = 0]: number[] = JSON.parse(counts)
    if (candidates > most || total > MOST_MATCHES) return undefined
    return { page, pageSize, json, ids: JSON.parse(ids), totalCount: total }
  }
}
