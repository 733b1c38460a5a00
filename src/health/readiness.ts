import { sql } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import type { Bindings } from '../env.ts'
import { CATALOGUE_KEY } from '../plans/catalogue.ts'
import { LOCAL, LOCAL_KEY, sealingKey } from '../ssn/sealing-key.ts'
import { attempt } from '../storage/retry.ts'
import { databaseOf } from '../storage/session.ts'
import { rows, statements } from '../storage/statement.ts'

/** The file in which the build lists the migrations that this code needs. */
const MIGRATIONS = '/migrations.json'

const selectApplied = statements('health/readiness', {}).statement<{ name: string }>(sql`
  SELECT name FROM d1_migrations`)

/** Checks D1 and KV. Returns the reasons why the Worker is not ready; none if it is. */
export async function reasonsNotReady(env: Bindings): Promise<string[]> {
  const readKv = () => env.TOKENS.get<string>([CATALOGUE_KEY, LOCAL_KEY])
  const [needed, applied, values] = await Promise.all([
    readNeeded(env),
    rows(databaseOf(env, 'first-unconstrained'), selectApplied, {}).catch(noneIfNew),
    attempt(readKv, () => 'try again'),
  ])
  const key = sealingKey(env)
  const isMigrated = needed.every((name) => applied.some((one) => one.name === name))
  const isOfStore = env.SSN_PUBLIC_KEY !== LOCAL || key === values.get(LOCAL_KEY)
  return [
    ...(isMigrated ? [] : ['migrations are missing']),
    ...(key ? [] : ['no SSN key']),
    ...(key && !isOfStore ? ['the SSN key belongs to another store'] : []),
  ]
}

async function readNeeded({ ASSETS }: Bindings): Promise<string[]> {
  const file = await ASSETS.fetch(new Request(new URL(MIGRATIONS, 'http://assets.invalid')))
  return z.array(z.string()).parse(await file.json())
}

/** A database that was never migrated has no table of migrations. */
function noneIfNew(failure: unknown): [] {
  if (failure instanceof Error && failure.message.includes('no such table')) return []
  throw failure
}
