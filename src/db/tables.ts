import { integer } from 'drizzle-orm/sqlite-core/columns/integer'
import { text } from 'drizzle-orm/sqlite-core/columns/text'
import { sqliteTable } from 'drizzle-orm/sqlite-core/table'

// The columns of the migrations, for queries to name and be typed by. Keys, indexes and checks stand there.

export const ownables = sqliteTable('ownables', {
  clinic_id: text().notNull(),
  type: text().notNull(),
  id: integer().notNull(),
  created_at: text().notNull(),
})

export const plans = sqliteTable('plans', {
  id: integer().notNull(),
  external_id: text().notNull(),
  plan_name: text().notNull(),
  carrier: text().notNull(),
  plan_type: text().notNull(),
  coverage_details: text({ mode: 'json' }).$type<Record<string, unknown>>().notNull(),
  active: integer({ mode: 'boolean' }).notNull(),
  created_at: text().notNull(),
  updated_at: text().notNull(),
})

export const idempotencyKeys = sqliteTable('idempotency_keys', {
  clinic_id: text().notNull(),
  token_id: text().notNull(),
  key: text().notNull(),
  fingerprint: text().notNull(),
  request_id: text().notNull(),
  record_id: integer().notNull(),
  created_at: text().notNull(),
})

export const auditEvents = sqliteTable('audit_events', {
  id: integer().notNull(),
  occurred_at: text().notNull(),
  request_id: text().notNull(),
  clinic_id: text().notNull(),
  token_id: text().notNull(),
  action: text().notNull(),
  resource: text().notNull(),
  record_ids: text({ mode: 'json' }).$type<number[]>().notNull(),
  status: integer().notNull(),
})
