import { readFile, rename, writeFile } from 'node:fs/promises'
import { parse } from 'smol-toml'
import * as z from 'zod'
import { Failure } from '../terminal/failure.ts'
import { shellWords } from '../terminal/report.ts'

const binding = z.looseObject({ binding: z.string(), jurisdiction: z.string().optional() })

/** The settings that the command line reads; it keeps the others as they are. */
const configuration = z.looseObject({
  name: z.string(),
  compatibility_date: z.string(),
  account_id: z.string().optional(),
  workers_dev: z.boolean().optional(),
  routes: z.array(z.union([z.string(), z.looseObject({ pattern: z.string() })])).default([]),
  observability: z
    .looseObject({ logs: z.looseObject({ invocation_logs: z.boolean().optional() }).optional() })
    .optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
  d1_databases: z
    .array(binding.extend({ database_name: z.string(), database_id: z.string().optional() }))
    .default([]),
  kv_namespaces: z.array(binding.extend({ id: z.string().optional() })).default([]),
  r2_buckets: z.array(binding.extend({ bucket_name: z.string() })).default([]),
})

/** The settings of the top level or of one environment. */
export type Configuration = z.infer<typeof configuration>

const wranglerToml = configuration.extend({
  env: z.record(z.string(), z.looseObject({})).default({}),
})

/**
 * Reads the file as wrangler would: environments inherit settings, but neither bindings nor variables. Wrangler itself
 * would take 400 MB to load. Throws Failure.
 */
export async function readWranglerToml(file: string) {
  try {
    const { env, ...top } = wranglerToml.parse(parse(await readFile(file, 'utf8')))
    const { compatibility_date, account_id, workers_dev, routes, observability } = top
    const inherited = { compatibility_date, account_id, workers_dev, routes, observability }
    const environments = Object.entries(env).map(([key, own]): [string, Configuration] => [
      key,
      configuration.parse({ name: `${top.name}-${key}`, ...inherited, ...own }),
    ])
    return { top, environments: Object.fromEntries(environments) }
  } catch {
    const check = shellWords(['npx', 'wrangler', 'deploy', '--dry-run', '--config', file])
    throw new Failure(`${file} cannot be read: \`${check}\` says why`)
  }
}

/** The public key and origin of the deployment, if the configuration has them. */
export function deployed({ vars: { SSN_PUBLIC_KEY: key }, routes: [route] }: Configuration) {
  const pattern = typeof route === 'string' ? route : route?.pattern
  return {
    ssnPublicKey: typeof key === 'string' && key !== '' ? key : undefined,
    /** Such as `https://api.example.com`; undefined without a route. */
    origin: pattern && `https://${pattern.replace(/\/?\*?$/, '')}`,
  }
}

const tablesOf = (text: string) => text.split(/^(?=\[)/m)

async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

/** Sets a key of the table that begins with `header`, and changes nothing else. Throws Failure. */
export async function setInWranglerToml(file: string, header: string, key: string, value: string) {
  const tables = tablesOf(await readFile(file, 'utf8'))
  const place = tables.findIndex((table) => table.split('\n', 1)[0]?.trim() === header)
  const table = tables[place]
  if (table === undefined) throw new Failure(`${file} has no ${header}: add it first`)

  const line = `${key} = ${value}`
  const existing = new RegExp(`^${key} *=.*$`, 'm')
  tables[place] = existing.test(table)
    ? table.replace(existing, () => line)
    : table.replace(/\n|$/, () => `\n${line}\n`)
  await replaceFile(file, tables.join(''))
}

/**
 * Adds an environment that is a copy of `like`, with its own names and rate-limit counters. Its key, routes, cell and
 * jurisdiction are not filled in.
 */
export async function addToWranglerToml(file: string, like: string, env: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  const counters = [...text.matchAll(/^namespace_id = "(\d+)"/gm)].map(([, id]) => Number(id))
  let counter = Math.ceil(Math.max(...counters, 0) / 100) * 100
  const added = tablesOf(text)
    .filter((table) => /^\[+env\.([^.\]]+)/.exec(table)?.[1] === like)
    .join('')
    .replaceAll(`[env.${like}`, `[env.${env}`)
    .replaceAll(`-${like}"`, `-${env}"`)
    .replace(/^(#|CELLS? =|jurisdiction =).*\n/gm, '')
    .replace(/^SSN_PUBLIC_KEY = .*/gm, 'SSN_PUBLIC_KEY = ""')
    .replace(/^routes = .*/gm, 'routes = []')
    .replace(/^namespace_id = .*/gm, () => `namespace_id = "${++counter}"`)
  await replaceFile(file, `${text.trimEnd()}\n\n${added.trimEnd()}\n`)
}
