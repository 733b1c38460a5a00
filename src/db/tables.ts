import {
  foreignKey,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  unique,
} from 'drizzle-orm/sqlite-core'

/** JSON as SQLite keeps it; the migration's CHECK says that it is an object. */
export type CoverageDetails = Record<string, unknown>

export const ownables = sqliteTable(
  'ownables',
  {
    clinicId: text('clinic_id').notNull(),
    type: text('type').notNull(),
    id: integer('id').notNull(),
    createdAt: text('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.clinicId, table.type, table.id] })],
)

export const personInformations = sqliteTable(
  'person_informations',
  {
    id: integer('id').primaryKey(),
    clinicId: text('clinic_id').notNull(),
    position: integer('position').notNull(),
    ownableType: text('ownable_type').notNull(),
    ownableId: integer('ownable_id').notNull(),
    firstName: text('first_name').notNull(),
    lastName: text('last_name').notNull(),
    dateOfBirth: text('date_of_birth').notNull(),
    ssnKeyId: text('ssn_key_id'),
    ssnSealed: text('ssn_sealed'),
    ssnLastFour: text('ssn_last_four'),
    phone: text('phone'),
    email: text('email'),
    createdAt: text('created_at').notNull(),
    updatedAt: text('updated_at').notNull(),
  },
  (table) => [
    unique().on(table.clinicId, table.position),
    index('person_informations_by_ownable').on(table.clinicId, table.ownableType, table.ownableId),
    foreignKey({
      columns: [table.clinicId, table.ownableType, table.ownableId],
      foreignColumns: [ownables.clinicId, ownables.type, ownables.id],
    })
      .onUpdate('restrict')
      .onDelete('restrict'),
  ],
)

export const dependents = sqliteTable(
  'dependents',
  {
    id: integer('id').primaryKey(),
    clinicId: text('clinic_id').notNull(),
    position: integer('position').notNull(),
    primaryHolderType: text('primary_holder_type').notNull().default('Patient'),
    primaryHolderId: integer('primary_holder_id').notNull(),
    firstName: text('first_name').notNull(),
    lastName: text('last_name').notNull(),
    dateOfBirth: text('date_of_birth').notNull(),
    relationship: text('relationship').notNull(),
    ssnKeyId: text('ssn_key_id'),
    ssnSealed: text('ssn_sealed'),
    ssnLastFour: text('ssn_last_four'),
    createdAt: text('created_at').notNull(),
    updatedAt: text('updated_at').notNull(),
  },
  (table) => [
    unique().on(table.clinicId, table.position),
    index('dependents_by_primary_holder').on(
      table.clinicId,
      table.primaryHolderType,
      table.primaryHolderId,
    ),
    foreignKey({
      columns: [table.clinicId, table.primaryHolderType, table.primaryHolderId],
      foreignColumns: [ownables.clinicId, ownables.type, ownables.id],
    })
      .onUpdate('restrict')
      .onDelete('restrict'),
  ],
)

export const plans = sqliteTable(
  'plans',
  {
    id: integer('id').primaryKey(),
    externalId: text('external_id').notNull().unique(),
    planName: text('plan_name').notNull(),
    carrier: text('carrier').notNull(),
    planType: text('plan_type').notNull(),
    coverageDetails: text('coverage_details', { mode: 'json' }).$type<CoverageDetails>().notNull(),
    active: integer('active', { mode: 'boolean' }).notNull(),
    createdAt: text('created_at').notNull(),
    updatedAt: text('updated_at').notNull(),
  },
  (table) => [
    index('plans_by_plan_type').on(table.planType),
    index('plans_by_carrier').on(table.carrier),
    index('plans_by_active').on(table.active),
    index('plans_by_plan_type_carrier').on(table.planType, table.carrier),
    index('plans_by_plan_type_active').on(table.planType, table.active),
    index('plans_by_carrier_active').on(table.carrier, table.active),
    index('plans_by_plan_type_carrier_active').on(table.planType, table.carrier, table.active),
  ],
)

export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    clinicId: text('clinic_id').notNull(),
    tokenId: text('token_id').notNull(),
    key: text('key').notNull(),
    fingerprint: text('fingerprint').notNull(),
    requestId: text('request_id').notNull(),
    recordId: integer('record_id').notNull(),
    createdAt: text('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.clinicId, table.tokenId, table.key] }),
    index('idempotency_keys_by_created_at').on(table.createdAt),
  ],
)

export const auditEvents = sqliteTable(
  'audit_events',
  {
    id: integer('id').primaryKey(),
    occurredAt: text('occurred_at').notNull(),
    requestId: text('request_id').notNull().unique(),
    clinicId: text('clinic_id').notNull(),
    tokenId: text('token_id').notNull(),
    action: text('action', { enum: ['list', 'read', 'create', 'register'] }).notNull(),
    resource: text('resource', {
      enum: ['person_informations', 'dependents', 'ownables'],
    }).notNull(),
    recordIds: text('record_ids', { mode: 'json' }).$type<number[]>().notNull(),
    status: integer('status').notNull(),
  },
  (table) => [index('audit_events_by_clinic').on(table.clinicId, table.occurredAt)],
)
