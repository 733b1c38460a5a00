import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

// The tables as a textbook has them. The database is the service's.

export const ownables = sqliteTable('ownables', {
  clinicId: text('clinic_id').notNull(),
  type: text('type').notNull(),
  id: integer('id').notNull(),
})

export const personInformations = sqliteTable('person_informations', {
  id: integer('id').notNull(),
  clinicId: text('clinic_id').notNull(),
  uid: text('uid').notNull(),
  version: integer('version').notNull(),
  ownableType: text('ownable_type').notNull(),
  ownableId: integer('ownable_id').notNull(),
  firstName: text('first_name').notNull(),
  lastName: text('last_name').notNull(),
  lastNameFolded: text('last_name_folded').notNull(),
  firstNameFolded: text('first_name_folded').notNull(),
  lastNameIdentity: text('last_name_identity').notNull(),
  firstNameIdentity: text('first_name_identity').notNull(),
  dateOfBirth: text('date_of_birth').notNull(),
  ssnKeyId: text('ssn_key_id'),
  ssnSealed: text('ssn_sealed'),
  ssnLastFour: text('ssn_last_four'),
  phone: text('phone'),
  email: text('email'),
  createdAt: text('created_at').notNull(),
  updatedAt: text('updated_at').notNull(),
})

export const dependents = sqliteTable('dependents', {
  id: integer('id').notNull(),
  clinicId: text('clinic_id').notNull(),
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
})

export const plans = sqliteTable('plans', {
  id: integer('id').primaryKey(),
  externalId: text('external_id').notNull().unique(),
  planName: text('plan_name').notNull(),
  carrier: text('carrier').notNull(),
  planType: text('plan_type').notNull(),
  coverageDetails: text('coverage_details', { mode: 'json' }).notNull(),
  active: integer('active', { mode: 'boolean' }).notNull(),
  carrierFolded: text('carrier_folded').notNull(),
  planTypeFolded: text('plan_type_folded').notNull(),
  createdAt: text('created_at').notNull(),
  updatedAt: text('updated_at').notNull(),
})
