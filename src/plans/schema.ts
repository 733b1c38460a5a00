import * as z from 'zod'
import { BOOKMARK } from '../storage/session.ts'
import { id, timestamp } from '../fields/answered.ts'
import { foldCase, foldedWords } from '../fields/fold.ts'
import { BLANK, notOneOf } from '../fields/messages.ts'
import { queryId } from '../fields/number.ts'
import { pagination, paging } from '../fields/paging.ts'
import { text } from '../fields/text.ts'

export const SORTS = ['id', 'plan_name', 'carrier'] as const
export type Sort = (typeof SORTS)[number]

export const FLAG_MESSAGE = notOneOf(['true', 'false', '1', '0'])
const DIRECTIONS = ['ASC', 'DESC'] as const
const folded = text(255).transform(foldCase).optional()

/** Filters are folded and defaults are dropped, so that `PPO` and `ppo` share a cache entry. */
export const plansFilter = z.strictObject({
  ...paging,
  plan_type: folded.describe('Only plans of this type, in upper or lower case.'),
  carrier: folded.describe('Only plans of this carrier, in upper or lower case.'),
  active: z
    .stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], error: FLAG_MESSAGE })
    .optional()
    .describe('Plans that are (`true`, `1`) or are not (`false`, `0`) active.'),
  external_id: text(255)
    .optional()
    .describe("The plan with this id of the operator's, as the catalogue was loaded."),
  search: text(100)
    .transform((value) => foldedWords(value).join(' '))
    .refine((value) => value !== '', { error: BLANK })
    .optional()
    .describe(
      'Plans whose name or carrier has words that begin so, such as `gold harb`; every word is needed.',
    ),
  sort_by: z
    .enum(SORTS, { error: notOneOf(SORTS) })
    .transform((name) => (name === 'id' ? undefined : name))
    .optional()
    .describe('What the list is sorted by, `id` by default; names are sorted whatever their case.'),
  sort_dir: z
    .preprocess(
      (value) => (typeof value === 'string' ? value.toUpperCase() : value),
      z.enum(DIRECTIONS, { error: notOneOf(DIRECTIONS) }),
    )
    .transform((direction) => (direction === 'ASC' ? undefined : direction))
    .optional()
    .describe('Ascending, by default, or descending, in any case.'),
})

export type PlanQuery = z.output<typeof plansFilter>

export const planPath = z.object({
  id: queryId.meta({ description: "The plan's id.", examples: [1] }),
})

export const plan = z
  .object({
    id,
    plan_name: z.string(),
    carrier: z.string(),
    plan_type: z.string(),
    coverage_details: z
      .record(z.string(), z.unknown())
      .describe('What the plan covers. Its keys vary with carrier and plan type.'),
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

const facet = z.array(z.object({ name: z.string(), count: z.int().positive() }))

export const facetsAnswer = z.object({ carriers: facet, plan_types: facet }).meta({
  id: 'PlanFacets',
  examples: [
    {
      carriers: [{ name: 'Health Insurance Co.', count: 12 }],
      plan_types: [{ name: 'PPO', count: 30 }],
    },
  ],
})

export const planList = z.object({ plans: z.array(plan), pagination }).meta({ id: 'PlanList' })

/** The catalogue's record in KV: the version now served and D1's bookmark after it was written. */
export const catalogueRecord = z.object({
  version: z.string().regex(/^[0-9A-Za-z-]{1,64}$/),
  bookmark: z.string().regex(BOOKMARK),
})
