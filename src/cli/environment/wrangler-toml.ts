import { readFile, rename, writeFile } from 'node:fs/promises'
import { parse } from 'smol-toml'
import * as z from 'zod'
import { Failure } from '../terminal/failure.ts'
import { shellWords } from '../terminal/report.ts'

/** What an environment may declare, as far as the command line cares; the rest passes through. */
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
      z.looseObject({
        binding: z.string(),
        database_name: z.string(),
        database_id: z.string().optional(),
        jurisdiction: z.string().optional(),
      }),
    )
    .default([]),
  ratelimits: z.array(z.looseObject({ namespace_id: z.string() })).default([]),
  kv_namespaces: z
    .array(z.looseObject({ binding: z.string(), id: z.string().optional() }))
    .default([]),
  r2_buckets: z
    .array(
      z.looseObject({
        binding: z.string(),
        bucket_name: z.string(),
        jurisdiction: z.string().optional(),
      }),
    )
    .default([]),
})
const wranglerToml = section.extend({
  name: z.string(),
  compatibility_date: z.string(),
  account_id: z.string().optional(),
  env: z.record(z.string(), section).default({}),
})

/** The file as its top level or one environment sees it. */
export type Configuration = z.infer<typeof section> & {
  name: string
  compatibility_date: string
  account_id?: string | undefined
}

/** Reads the file. Environments inherit settings, but neither bindings nor variables. Throws Failure. */
export async function readWranglerToml(
  file: string,
): Promise<{ top: Configuration; environments: Record<string, Configuration> }> {
  return environmentsIn(await readFile(file, 'utf8').catch(() => ''), file)
}

/** The same of a text that the file holds, or is to hold. Throws Failure. */
function environmentsIn(text: string, file: string) {
  const { env, ...top } = parseText(text, file)
  const { name, compatibility_date, account_id, workers_dev, routes, observability } = top
  const inherited = { compatibility_date, account_id, workers_dev, routes, observability }
  const environments: Record<string, Configuration> = Object.fromEntries(
    Object.entries(env).map(([key, own]) => [
      key,
      { ...inherited, ...own, name: own.name ?? `${name}-${key}` },
    ]),
  )
  return { top, environments }
}

/** Wrangler reads the file the same way, but takes 400 MB to load. */
function parseText(text: string, file: string) {
  try {
    return wranglerToml.parse(parse(text))
  } catch {
    const check = shellWords(['npx', 'wrangler', 'deploy', '--dry-run', '--config', file])
    throw new Failure(`${file} cannot be read: \`${check}\` says why`)
  }
}

/** What is deployed, as far as the configuration knows. */
export function deployed({ vars, routes }: Configuration) {
  const [route] = routes ?? []
  const pattern = typeof route === 'string' ? route : route?.pattern
  const { SSN_PUBLIC_KEY: key } = vars
  return {
    ssnPublicKey: typeof key === 'string' && key !== '' ? key : undefined,
    /** Where it answers, such as `https://api.example.com`, if a route says so. */
    origin: pattern && `https://${pattern.replace(/\/?\*?$/, '')}`,
  }
}

/** Sets a key of the table that begins with `header`; every other byte stays. Throws Failure. */
export async function setInWranglerToml(
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
