import { sql } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { jsonOf } from '../storage/json.ts'
import { first, statements } from '../storage/statement.ts'
import { changes } from '../storage/tables.ts'
import { factory } from '../env.ts'
import { id, timestamp } from '../fields/answered.ts'
import { queryInteger } from '../fields/number.ts'
import { requireScope } from '../http/authenticate.ts'
import { describe } from '../http/describe.ts'
import { invalid } from '../http/errors.ts'
import { jsonText } from './answers.ts'
import { validateQuery } from '../http/validate.ts'
import { action } from './operations.ts'
import type { Resource } from './resource.ts'

const MOST_CHANGES = 100
const START_AGAIN = 'start again from 0'

const changesQuery = z.strictObject({
  after: queryInteger(Number.MAX_SAFE_INTEGER, 0)
    .default(0)
    .describe('The changes after the one with this `seq`.'),
  limit: queryInteger(MOST_CHANGES).default(MOST_CHANGES).describe('So many changes at most.'),
})

type Row = { json: string; seqs: string; last: number | null; is_known: number }

/** The route that lists the changes to all resources, in the order in which they happened. */
export function changesRoutes(resources: readonly Resource[]) {
  const change = z
    .object({
      seq: id.describe('The number of the change, counted within your clinic.'),
      resource: z.enum(resources.map(({ name }) => name)),
      id,
      version: id,
      action,
      at: timestamp,
      record: z.union(resources.map(({ record }) => record)).nullable(),
    })
    .meta({ id: 'Change' })
  const changeList = z
    .object({ changes: z.array(change), last_seq: z.int().nonnegative() })
    .meta({ id: 'ChangeList' })
  const following = describe('listChanges', 'Changes', 'Follow changes', {
    description:
      'Every creation, amendment, deletion and restoration in your clinic, in the order in which ' +
      'they happened, each with the record as it is now (`null` if it is deleted). Ask again with ' +
      '`after` set to `last_seq`, and you miss nothing and see nothing twice. Nothing expires.',
    answers: { 200: { description: 'The next changes.', body: changeList } },
    invalid: { after: [START_AGAIN] },
  })

  const types = { clinicId: 'text', after: 'integer', limit: 'integer' } as const
  const { $, statement } = statements('changes', types)
  const recordNow = resources.map(
    ({ text, table, answered }) => sql`WHEN ${text} THEN (
          SELECT ${jsonOf(answered)} FROM ${table} WHERE clinic_id = ${$.clinicId} AND id = record_id)`,
  )
  // A `skip` row isn't a change (see the migration), so it's left out.
  const select = statement<Row>(sql`
    SELECT json_group_array(json_object('seq', seq, 'resource', resource, 'id', record_id, 'version', version,
        'action', action, 'at', at, 'record', json(CASE resource ${sql.join(recordNow, sql` `)} END)))
        FILTER (WHERE action <> 'skip') AS json,
      json_group_array(seq) FILTER (WHERE action <> 'skip') AS seqs, max(seq) AS last,
      EXISTS (SELECT * FROM ${changes} WHERE clinic_id = ${$.clinicId} AND seq = ${$.after}) AS is_known
    FROM (SELECT * FROM ${changes} WHERE clinic_id = ${$.clinicId} AND seq > ${$.after} ORDER BY seq LIMIT ${$.limit})`)

  return factory
    .createApp()
    .get(
      '/',
      following,
      requireScope('insurances:read', { action: 'follow', resource: 'changes' }),
      validateQuery(changesQuery),
      async (c) => {
        const { after, limit } = c.req.valid('query')
        const { clinicId } = c.get('caller')

        const found = await first(c.get('db'), select, { clinicId, after, limit })
        const { json = '[]', seqs = '[]', last, is_known } = found ?? {}
        // It's beyond the last change, or a restore of the database removed it.
        if (after > 0 && !is_known) throw invalid({ after: [START_AGAIN] })

        c.set('recordIds', JSON.parse(seqs))
        return jsonText(c, 200, `{"changes":${json},"last_seq":${last ?? after}}`)
      },
    )
}
