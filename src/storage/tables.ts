import { sql } from 'drizzle-orm/sql/sql'

// The tables other than the resources'. Their columns are only in the migrations: a test compiles each statement.

export const accesses = sql.raw('accesses')
export const catalogue = sql.raw('catalogue')
export const changes = sql.raw('changes')
export const clinics = sql.raw('clinics')
export const deletions = sql.raw('deletions')
export const idempotencyKeys = sql.raw('idempotency_keys')
export const nameWords = sql.raw('name_words')
export const ownables = sql.raw('ownables')
export const planFacets = sql.raw('plan_facets')
export const planLists = sql.raw('plan_lists')
export const plans = sql.raw('plans')
export const planWords = sql.raw('plan_words')
export const segments = sql.raw('segments')
export const stagedPlans = sql.raw('staged_plans')
