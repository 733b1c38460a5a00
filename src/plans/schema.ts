import * as z from 'zod'
import { BOOKMARK } from '../db/client.ts'
import { NOT_INCLUDED } from '../fields/messages.ts'
import { text } from '../fields/text.ts'
import { paging } from '../http/pagination.ts'

/** SQLite's NOCASE folds these letters and no others, so the cache's key must do the same. */
const foldCase = (value: string) => value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

/** Filters fold to one spelling, so that `PPO` and `ppo` are one entry of the cache. */
export const plansFilter = z.object({
  ...paging,
  plan_type: text(255).transform(foldCase).optional(),
  carrier: text(255).transform(foldCase).optional(),
  active: z
    .stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], error: NOT_INCLUDED })
    .optional(),
})
export type PlansFilter = z.infer<typeof plansFilter>

/** The catalogue's record in KV: the version now served and D1's bookmark after it was written. */
export const catalogueRecord = z.object({
  version: z.string().regex(/^[0-9A-Za-z-]{1,64}$/),
  bookmark: z.string().regex(BOOKMARK),
})
export type CatalogueRecord = z.infer<typeof catalogueRecord>
