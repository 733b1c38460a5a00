import { zValidator } from '@hono/zod-validator'
import { and, asc, count, eq, sql, type SQL } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { Hono, type Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { secureHeaders } from 'hono/secure-headers'
import { z } from 'zod'
import type { Bindings } from '../../../src/env.ts'
import { foldName } from '../../../src/fields/fold.ts'
import { sealSsn } from '../../../src/ssn/seal.ts'
import { isLive, type TokenRecord } from '../../../src/tokens/record.ts'
import { tokenKey } from '../../../src/tokens/token.ts'
import { dependents, ownables, personInformations, plans } from './twin-tables.ts'

/**
 * The textbook twin, as a good developer writes it in an afternoon. Hono, Drizzle and zod used the usual way, COUNT and
 * OFFSET, one query after the other: select, check, insert. No cache, no journal, no idempotency keys. Its database has
 * the index that a filtered list calls for.
 */

type Env = { Bindings: Bindings; Variables: { clinicId: string } }

const authenticate = createMiddleware<Env>(async (c, next) => {
  const key = await tokenKey(c.req.header('X-User-Token') ?? '')
  const record = await c.env.TOKENS.get<TokenRecord>(key, 'json')
  if (!record || !isLive(record, Date.now())) {
    return c.json({ errors: 'You are not authorized to perform this action.' }, 401)
  }
  c.set('clinicId', record.clinic_id)
  await next()
})

const paging = {
  page: z.coerce.number().int().positive().default(1),
  page_size: z.coerce.number().int().positive().max(100).default(25),
}

const maskSsn = (lastFour: string | null) => lastFour && `***-**-${lastFour}`

const paginationOf = ({ page, page_size }: { page: number; page_size: number }, total: number) => ({
  current_page: page,
  total_pages: Math.ceil(total / page_size),
  total_count: total,
  per_page: page_size,
})

const toPersonInformation = (row: typeof personInformations.$inferSelect) => ({
  id: row.id,
  ownable_id: row.ownableId,
  ownable_type: row.ownableType,
  first_name: row.firstName,
  last_name: row.lastName,
  date_of_birth: row.dateOfBirth,
  ssn: maskSsn(row.ssnLastFour),
  phone: row.phone,
  email: row.email,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
})

const app = new Hono<Env>()
app.use(secureHeaders())
app.use(authenticate)

const api = app.basePath('/v1/clinic/insurances')

api.get(
  '/person_informations',
  zValidator('query', z.object({ ...paging, patient_id: z.coerce.number().int().optional() })),
  async (c) => {
    const query = c.req.valid('query')
    const db = drizzle(c.env.DB)
    const where = and(
      eq(personInformations.clinicId, c.var.clinicId),
      ...(query.patient_id === undefined
        ? []
        : [
            eq(personInformations.ownableType, 'Patient'),
            eq(personInformations.ownableId, query.patient_id),
          ]),
    )
    const rows = await db
      .select()
      .from(personInformations)
      .where(where)
      .orderBy(asc(personInformations.id))
      .limit(query.page_size)
      .offset((query.page - 1) * query.page_size)
    const [counted] = await db.select({ total: count() }).from(personInformations).where(where)
    return c.json({
      person_informations: rows.map(toPersonInformation),
      pagination: paginationOf(query, counted?.total ?? 0),
    })
  },
)

api.get('/person_informations/:id', async (c) => {
  const [found] = await drizzle(c.env.DB)
    .select()
    .from(personInformations)
    .where(
      and(
        eq(personInformations.clinicId, c.var.clinicId),
        eq(personInformations.id, Number(c.req.param('id'))),
      ),
    )
  return found
    ? c.json(toPersonInformation(found))
    : c.json({ errors: 'Person information not found' }, 404)
})

/** What a client gives of a person. */
const person = z.object({
  ownable_id: z.int().positive(),
  ownable_type: z.string().default('Patient'),
  first_name: z.string().min(1).max(255),
  last_name: z.string().min(1).max(255),
  date_of_birth: z.iso.date(),
  ssn: z.string().optional(),
  phone: z.string().max(255).nullish(),
  email: z.email().nullish(),
})

const idIs = (c: Context<Env>) =>
  and(
    eq(personInformations.clinicId, c.var.clinicId),
    eq(personInformations.id, Number(c.req.param('id'))),
  )

api.post(
  '/person_informations',
  zValidator('json', z.object({ person_information: person })),
  async (c) => {
    const { ssn, ...given } = c.req.valid('json').person_information
    const { clinicId } = c.var
    const db = drizzle(c.env.DB)
    const owner = { type: given.ownable_type, id: given.ownable_id }
    const [found] = await db
      .select()
      .from(ownables)
      .where(
        and(
          eq(ownables.clinicId, clinicId),
          eq(ownables.type, owner.type),
          eq(ownables.id, owner.id),
        ),
      )
    if (!found) return c.json({ errors: { ownable_id: ['must exist'] } }, 422)

    const uid = crypto.randomUUID()
    const whose = {
      ...{ clinicId, table: 'person_informations', uid },
      ...{ ownableType: owner.type, ownableId: owner.id },
    }
    const sealed = ssn ? await sealSsn(ssn.replaceAll('-', ''), whose, c.env.SSN_PUBLIC_KEY) : null
    const now = new Date().toISOString()
    // As an autoincremented id is, where there is none of a clinic.
    const id = sql`(SELECT 1 + coalesce(max(id), 0) FROM person_informations WHERE clinic_id = ${clinicId})`
    const [made] = await db
      .insert(personInformations)
      .values({
        ...{ clinicId, id, uid, version: 1 },
        ...{ ownableType: owner.type, ownableId: owner.id },
        firstName: given.first_name,
        lastName: given.last_name,
        firstNameFolded: foldName(given.first_name),
        lastNameFolded: foldName(given.last_name),
        // The columns are there, and a textbook has nothing to put in.
        ...{ firstNameIdentity: given.first_name, lastNameIdentity: given.last_name },
        dateOfBirth: given.date_of_birth,
        phone: given.phone,
        email: given.email,
        ...{ ssnKeyId: sealed?.keyId, ssnSealed: sealed?.sealed, ssnLastFour: sealed?.lastFour },
        ...{ createdAt: now, updatedAt: now },
      })
      .returning()
    return made ? c.json(toPersonInformation(made), 201) : c.notFound()
  },
)

api.patch(
  '/person_informations/:id',
  zValidator('json', z.object({ person_information: person.partial() })),
  async (c) => {
    const { first_name: firstName, phone, email } = c.req.valid('json').person_information
    const db = drizzle(c.env.DB)
    const [found] = await db.select().from(personInformations).where(idIs(c))
    if (!found) return c.json({ errors: 'Person information not found' }, 404)
    const [amended] = await db
      .update(personInformations)
      .set({
        ...(firstName && { firstName, firstNameFolded: foldName(firstName) }),
        ...{ phone, email, updatedAt: new Date().toISOString() },
      })
      .where(idIs(c))
      .returning()
    return c.json(toPersonInformation(amended ?? found))
  },
)

api.delete('/person_informations/:id', async (c) => {
  const db = drizzle(c.env.DB)
  const [found] = await db.select().from(personInformations).where(idIs(c))
  if (!found) return c.json({ errors: 'Person information not found' }, 404)
  await db.delete(personInformations).where(idIs(c))
  return c.body(null, 204)
})

api.get(
  '/dependents',
  zValidator(
    'query',
    z.object({ ...paging, primary_holder_id: z.coerce.number().int().optional() }),
  ),
  async (c) => {
    const query = c.req.valid('query')
    const db = drizzle(c.env.DB)
    const where = and(
      eq(dependents.clinicId, c.var.clinicId),
      ...(query.primary_holder_id === undefined
        ? []
        : [
            eq(dependents.primaryHolderType, 'Patient'),
            eq(dependents.primaryHolderId, query.primary_holder_id),
          ]),
    )
    const rows = await db
      .select()
      .from(dependents)
      .where(where)
      .orderBy(asc(dependents.id))
      .limit(query.page_size)
      .offset((query.page - 1) * query.page_size)
    const [counted] = await db.select({ total: count() }).from(dependents).where(where)
    return c.json({
      dependents: rows.map((row) => ({
        id: row.id,
        primary_holder_id: row.primaryHolderId,
        first_name: row.firstName,
        last_name: row.lastName,
        date_of_birth: row.dateOfBirth,
        relationship: row.relationship,
        ssn: maskSsn(row.ssnLastFour),
        created_at: row.createdAt,
        updated_at: row.updatedAt,
      })),
      pagination: paginationOf(query, counted?.total ?? 0),
    })
  },
)

api.get(
  '/plans',
  zValidator(
    'query',
    z.object({
      ...paging,
      plan_type: z.string().optional(),
      carrier: z.string().optional(),
      active: z.stringbool().optional(),
    }),
  ),
  async (c) => {
    const query = c.req.valid('query')
    const db = drizzle(c.env.DB)
    const filters: SQL[] = []
    if (query.plan_type !== undefined)
      filters.push(eq(plans.planTypeFolded, query.plan_type.toLowerCase()))
    if (query.carrier !== undefined)
      filters.push(eq(plans.carrierFolded, query.carrier.toLowerCase()))
    if (query.active !== undefined) filters.push(eq(plans.active, query.active))
    const where = and(...filters)
    const rows = await db
      .select()
      .from(plans)
      .where(where)
      .orderBy(asc(plans.id))
      .limit(query.page_size)
      .offset((query.page - 1) * query.page_size)
    const [counted] = await db.select({ total: count() }).from(plans).where(where)
    return c.json({
      plans: rows.map((row) => ({
        id: row.id,
        plan_name: row.planName,
        carrier: row.carrier,
        plan_type: row.planType,
        coverage_details: row.coverageDetails,
        active: row.active,
        created_at: row.createdAt,
        updated_at: row.updatedAt,
      })),
      pagination: paginationOf(query, counted?.total ?? 0),
    })
  },
)

export default app
