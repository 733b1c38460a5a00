import * as z from 'zod'
import { BOOKMARK } from '../db/session.ts'
import { id, timestamp } from '../fields/answered.ts'
import { NOT_INCLUDED } from '../fields/messages.ts'
import { pagination, paging } from '../fields/paging.ts'
import { text } from '../fields/text.ts'

/** SQLite's NOCASE folds these letters and no others, so the cache's key must do the same. */
const foldCase = (value: string) => value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

/** Filters fold to one spelling, so that `PPO` and `ppo` are one entry of the cache. */
export const plansFilter = z.object({
  ...paging,
  plan_type: text(255)
    .transform(foldCase)
    .optional()
    .meta({ description: 'Plans of this type alone, whatever the case.' }),
  carrier: text(255)
    .transform(foldCase)
    .optional()
    .meta({ description: 'Plans of this carrier alone, whatever the case.' }),
  active: z
    .stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], error: NOT_INCLUDED })
    .optional()
    .meta({ description: 'Plans that are (`true`, `1`) or are not (`false`, `0`) active.' }),
})
export type PlansFilter = z.infer<typeof plansFilter>

/** A plan as it is answered. */
export const plan = z
  .object({
    id,
    plan_name: z.string(),
    carrier: z.string(),
    plan_type: z.string(),
    coverage_details: z.record(z.string(), z.unknown()).meta({
      description: 'What the plan covers. Its keys vary with carrier and plan type.',
    }),
    active: z.boolean(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({
    id: 'Plan',
    examples: [
      {
        id: 789,
        plan_name: 'Premium Health Plan',
        carrier: 'Health Insurance Co.',
        plan_type: 'PPO',
        coverage_details: { deductible: 1000, copay: 25, out_of_pocket_max: 5000 },
        active: true,
        created_at: '2023-10-20T10:00:00.000Z',
        updated_at: '2023-10-20T10:00:00.000Z',
      },
    ],
  })

export const planList = z.object({ plans: z.array(plan), pagination }).meta({ id: 'PlanList' })

/** The catalogue's record in KV: the version now served and D1's bookmark after it was written. */
export const catalogueRecord = z.object({
  version: z.string().regex(/^[0-9A-Za-z-]{1,64}$/),
  bookmark: z.string().regex(BOOKMARK),
})
export type CatalogueRecord = z.infer<typeof catalogueRecord>
