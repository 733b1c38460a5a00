import { zValidator } from '@hono/zod-validator'
import { and, asc, count, eq, type SQL } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { secureHeaders } from 'hono/secure-headers'
import { z } from 'zod'
import type { Bindings } from '../../../src/env.ts'
import { isLive, type TokenRecord } from '../../../src/tokens/record.ts'
import { tokenKey } from '../../../src/tokens/token.ts'
import { dependents, personInformations, plans } from './twin-tables.ts'

/**
 * The textbook twin: the reads as a good developer writes them in an afternoon. Hono, Drizzle and zod used
 * the usual way, COUNT and OFFSET, one query after the other, no cache. Its database
 * has the index that a filtered list calls for.
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
