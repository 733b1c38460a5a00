import { readFile, rename, writeFile } from 'node:fs/promises'
import { parse } from 'smol-toml'
import * as z from 'zod'
import { Failure, Misuse } from './failure.ts'
import { configFile, type StoreChoice } from './store.ts'

/** What an id says that names nothing at Cloudflare yet. */
const UNSET = /^[0-]*$/

/** What environments may say, as far as the command line cares; everything else is kept as it is. */
const section = z.looseObject({
  name: z.string().optional(),
  workers_dev: z.boolean().optional(),
  routes: z.array(z.union([z.string(), z.looseObject({ pattern: z.string() })])).optional(),
  observability: z
    .looseObject({ logs: z.looseObject({ invocation_logs: z.boolean().optional() }).optional() })
    .optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
  d1_databases: z
    .array(
      z.looseObject({ binding: z.string(), database_name: z.string(), database_id: z.string() }),
    )
    .default([]),
  kv_namespaces: z.array(z.looseObject({ binding: z.string(), id: z.string() })).default([]),
})
const wranglerFile = section.extend({
  name: z.string(),
  compatibility_date: z.string(),
  account_id: z.string().optional(),
  env: z.record(z.string(), section).default({}),
})

/** The file as one environment sees it: it inherits settings, but neither bindings nor variables. */
export type Configuration = z.infer<typeof section> & {
  name: string
  compatibility_date: string
  account_id?: string | undefined
}

/** What `setup` fills in. */
export type Environment = {
  file: string
  env: string
  workerName: string
  databaseName: string
  /** Undefined until `setup` has created it, as are the others. */
  databaseId: string | undefined
  namespaceId: string | undefined
  ssnPublicKey: string | undefined
  /** Where it answers, such as `https://api.example.com`, if a route says so. */
  origin: string | undefined
}

/** The file as an environment sees it, or the local top level. Throws Failure and Misuse. */
export async function readConfiguration(
  choice: StoreChoice,
  env: string | undefined,
): Promise<Configuration> {
  const { env: environments, ...top } = await parseFile(choice)
  if (env === undefined) return top

  const own = environments[env]
  if (!own)
    throw new Misuse(
      `there is no environment ${env}: use --env ${Object.keys(environments).join(' or ')}`,
    )
  const { name, compatibility_date, account_id, workers_dev, routes, observability } = top
  return {
    compatibility_date,
    account_id,
    workers_dev,
    routes,
    observability,
    ...own,
    name: own.name ?? `${name}-${env}`,
  }
}

/** The environments of a deployed Worker that the file declares. */
export const environmentsOf = async (choice: StoreChoice) =>
  Object.keys((await parseFile(choice)).env)

/** The environment of `choice`, which must be one that the file declares. Throws Failure and Misuse. */
export async function readEnvironment(choice: StoreChoice): Promise<Environment> {
  if (choice.env === undefined) {
    throw new Misuse(`say which environment: --env ${(await environmentsOf(choice)).join(' or ')}`)
  }
  const config = await readConfiguration(choice, choice.env)
  const [database] = config.d1_databases
  const [namespace] = config.kv_namespaces
  const [route] = config.routes ?? []
  const pattern = typeof route === 'string' ? route : route?.pattern
  return {
    file: configFile(choice),
    env: choice.env,
    workerName: config.name,
    databaseName: database?.database_name ?? '',
    databaseId: named(database?.database_id),
    namespaceId: named(namespace?.id),
    ssnPublicKey: named(config.vars['SSN_PUBLIC_KEY']),
    origin: pattern && `https://${pattern.replace(/\/?\*?$/, '')}`,
  }
}

/** Sets a key of one table of the file, given by its header line; every other byte stays. Throws Failure. */
export async function setInConfiguration(
  file: string,
  header: string,
  key: string,
  value: string,
): Promise<void> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  const start = lines.findIndex((line) => line.trim() === header)
  if (start === -1) throw new Failure(`${file} has no ${header}: add it, then run this again`)

  const length = lines.slice(start + 1).findIndex((line) => line.trimStart().startsWith('['))
  const end = length === -1 ? lines.length : start + 1 + length
  const found = lines.findIndex(
    (line, n) => n > start && n < end && line.split('=')[0]?.trim() === key,
  )
  const line = `${key} = ${value}`
  if (found === -1) lines.splice(start + 1, 0, line)
  else lines[found] = line

  await writeFile(`${file}.new`, lines.join('\n'))
  await rename(`${file}.new`, file)
}

/** Wrangler reads the file the same way, but takes 400 MB to load. */
async function parseFile(choice: StoreChoice) {
  const file = configFile(choice)
  try {
    return wranglerFile.parse(parse(await readFile(file, 'utf8')))
  } catch {
    throw new Failure(`${file} cannot be read: \`npx wrangler deploy --dry-run\` says why`)
  }
}

const named = (value: unknown) =>
  typeof value === 'string' && !UNSET.test(value) ? value : undefined
