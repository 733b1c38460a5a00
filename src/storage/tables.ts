import { integer } from 'drizzle-orm/sqlite-core/columns/integer'
import { text } from 'drizzle-orm/sqlite-core/columns/text'
import { sqliteTable } from 'drizzle-orm/sqlite-core/table'

// The columns of the migrations, for queries to name and be typed by. Keys, indexes and checks stand there.

export const clinics = sqliteTable('clinics', {
  id: text().notNull(),
  state: text().notNull(),
  created_at: text().notNull(),
  record_limit: integer(),
})

export const ownables = sqliteTable('ownables', {
  clinic_id: text().notNull(),
  type: text().notNull(),
  id: integer().notNull(),
  created_at: text().notNull(),
})

const planColumns = () => ({
  external_id: text().notNull(),
  plan_name: text().notNull(),
  carrier: text().notNull(),
  plan_type: text().notNull(),
  coverage_details: text({ mode: 'json' }).notNull(),
  active: integer({ mode: 'boolean' }).notNull(),
  plan_name_folded: text().notNull(),
  carrier_folded: text().notNull(),
  plan_type_folded: text().notNull(),
  words: text().notNull(),
})

export const plans = sqliteTable('plans', {
  id: integer().notNull(),
  ...planColumns(),
  created_at: text().notNull(),
  updated_at: text().notNull(),
})

export const stagedPlans = sqliteTable('staged_plans', {
  position: integer().notNull(),
  ...planColumns(),
})

export const catalogue = sqliteTable('catalogue', {
  id: integer().notNull(),
  version: text().notNull(),
})

export const planLists = sqliteTable('plan_lists', {
  list: text().notNull(),
  chunk: integer().notNull(),
  ids: text().notNull(),
  total: integer().notNull(),
})

export const planWords = sqliteTable('plan_words', {
  word: text().notNull(),
  plan_id: integer().notNull(),
})

export const planFacets = sqliteTable('plan_facets', {
  facet: text().notNull(),
  folded: text().notNull(),
  name: text().notNull(),
  plans: integer().notNull(),
})

export const nameWords = sqliteTable('name_words', {
  clinic_id: text().notNull(),
  resource: text().notNull(),
  date_of_birth: text().notNull(),
  word: text().notNull(),
  record_id: integer().notNull(),
})

export const deletions = sqliteTable('deletions', {
  clinic_id: text().notNull(),
  resource: text().notNull(),
  node: integer().notNull(),
  n: integer().notNull(),
})

export const changes = sqliteTable('changes', {
  clinic_id: text().notNull(),
  seq: integer().notNull(),
  resource: text().notNull(),
  record_id: integer().notNull(),
  version: integer().notNull(),
  action: text().notNull(),
  at: text().notNull(),
  token_id: text().notNull(),
  request_id: text().notNull(),
  changed: text().notNull(),
  before: text(),
})

export const accesses = sqliteTable('accesses', {
  clinic_id: text().notNull(),
  at: text().notNull(),
  request_id: text().notNull(),
  token_id: text().notNull(),
  action: text().notNull(),
  resource: text().notNull(),
  ids: text().notNull(),
  status: integer().notNull(),
})

export const segments = sqliteTable('segments', {
  clinic_id: text().notNull(),
  stream: text().notNull(),
  n: integer().notNull(),
  state: text().notNull(),
  row_count: integer().notNull(),
  last: text().notNull(),
  last_at: text().notNull(),
  sha256: text().notNull(),
  sealed_at: text(),
})

export const idempotencyKeys = sqliteTable('idempotency_keys', {
  clinic_id: text().notNull(),
  key: text().notNull(),
  at: text().notNull(),
  fingerprint: text().notNull(),
  request_id: text().notNull(),
  status: integer().notNull(),
  record_id: integer().notNull(),
  version: integer().notNull(),
  records: integer().notNull(),
})
