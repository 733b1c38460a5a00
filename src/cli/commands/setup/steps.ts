import * as z from 'zod'
import { fromCaller } from '../../files/input.ts'
import { keyPairIn } from '../../files/key-file.ts'
import { building, deployLine, shipping, type RemoteEnvironment } from '../../environment/choose.ts'
import { applyMigrations } from '../../environment/migrations.ts'
import { deployed, setInWranglerToml } from '../../environment/wrangler-toml.ts'
import { askWrangler, runWrangler } from '../../environment/wrangler.ts'
import { Failure } from '../../terminal/failure.ts'
import { shellWords, type Report } from '../../terminal/report.ts'
import { createBucket } from './bucket.ts'
import { nameCell } from './cell.ts'
import { createFirstClinic, issueFirstToken } from './first-clinic.ts'

export const JURISDICTIONS = ['eu', 'us', 'fedramp'] as const
export const LOCATIONS = ['weur', 'eeur', 'apac', 'oc', 'wnam', 'enam'] as const

/** What the options ask for. */
export type Wanted = {
  jurisdiction?: (typeof JURISDICTIONS)[number] | undefined
  location?: (typeof LOCATIONS)[number] | undefined
  kvAnywhere?: true | undefined
  domain?: string | undefined
  keyFile?: string | undefined
  clinic?: string | undefined
  cell?: string | undefined
  label: string
  lockTrail?: true | undefined
}

/** One thing that setup sees to. */
export type Step = {
  title: string
  /** What `--dry-run` prints: the commands and edits, unless wrangler.toml shows that they are done. */
  plan: string[]
  /** Does it unless it is done, and tells which. */
  run: () => Promise<string>
}

/** What one run has come to so far. */
export type Run = { hasChanged: boolean; origin?: string; token?: Report }

export const stepsOf = (environment: RemoteEnvironment, wanted: Wanted, run: Run): Step[] => [
  signIn(),
  createDatabase(environment, wanted, run),
  createNamespace(environment, wanted, run),
  ...createBucket(environment, wanted, run),
  migrate(environment),
  setKey(environment, wanted, run),
  ...(wanted.domain ? [setRoute(environment, wanted.domain, run)] : []),
  ...(wanted.cell ? [nameCell(environment, wanted.cell, wanted.domain, run)] : []),
  deploy(environment, run),
  createFirstClinic(environment, wanted),
  issueFirstToken(environment, wanted, run),
]

/** A step that wrangler.toml shows to be done. */
const exists = (title: string, value: string): Step => ({
  title,
  plan: [`exists: ${value}`],
  run: async () => `exists, ${value}`,
})

/** What the API token must be allowed to do. */
const PERMISSIONS =
  'Workers Scripts: Edit, D1: Edit, Workers KV Storage: Edit, Account Settings: Read, User Details: Read and, for a domain, Workers Routes: Edit and Zone: Read'

const signIn = (): Step => ({
  title: 'account',
  plan: ['npx wrangler whoami --json'],
  async run() {
    await askWrangler(['whoami', '--json']).catch(() => {
      throw new Failure(
        `not signed in: run \`npx wrangler login\`, or set CLOUDFLARE_API_TOKEN to an API token with the permissions ${PERMISSIONS}`,
      )
    })
    return 'signed in'
  },
})

function createDatabase(
  environment: RemoteEnvironment,
  { jurisdiction, location }: Wanted,
  run: Run,
): Step {
  const name = environment.config.d1_databases[0]?.database_name ?? ''
  const place = jurisdiction ? ['--jurisdiction', jurisdiction] : ['--location', location ?? '']
  return findOrCreate(environment, run, {
    title: 'D1 database',
    known: deployed(environment.config).databaseId,
    name,
    list: ['d1', 'list', '--json'],
    create: ['d1', 'create', name, ...place],
    keptAs: ['d1_databases', 'database_id'],
    hint: '',
  })
}

const KV_BETA = `
Jurisdictions of KV are a private beta: unless your account is in it, add --kv-anywhere.`

/** KV holds nothing about a person: hashes of tokens, names of clinics, the version of the catalogue. */
function createNamespace(
  environment: RemoteEnvironment,
  { jurisdiction, kvAnywhere }: Wanted,
  run: Run,
): Step {
  const name = `${environment.config.name}-tokens`
  const place = jurisdiction && !kvAnywhere ? ['--jurisdiction', jurisdiction] : []
  return findOrCreate(environment, run, {
    title: 'KV namespace',
    known: deployed(environment.config).namespaceId,
    name,
    list: ['kv', 'namespace', 'list'],
    create: ['kv', 'namespace', 'create', name, ...place],
    keptAs: ['kv_namespaces', 'id'],
    hint: place.length === 0 ? '' : KV_BETA,
  })
}

type Resource = {
  title: string
  /** Its id, if wrangler.toml has it. */
  known: string | undefined
  name: string
  list: string[]
  create: string[]
  keptAs: [table: string, key: string]
  /** Added to the message if it cannot be created. */
  hint: string
}

/** Wrangler lists databases by name and uuid, namespaces by title and id. */
const text = z.string().optional()
const listing = z.array(z.object({ name: text, uuid: text, title: text, id: text }))

/** A resource at Cloudflare that has a name and an id. One that was made but not written down is found again. */
function findOrCreate(
  { file, env }: RemoteEnvironment,
  run: Run,
  { title, known, name, list, create, keptAs: [table, key], hint }: Resource,
): Step {
  if (known) return exists(title, known)
  const header = `[[env.${env}.${table}]]`
  const listArgs = [...list, '--config', file]
  const createArgs = [...create, '--config', file]

  async function find(): Promise<string | undefined> {
    const { data: listed } = listing.safeParse(await askWrangler(listArgs))
    if (!listed) throw new Failure(`\`wrangler ${list.join(' ')}\` answered in an unknown form`)
    const found = listed.find((one) => (one.name ?? one.title) === name)
    return found?.uuid ?? found?.id
  }
  /** The id is in what wrangler prints: its list may leave out namespaces that have a jurisdiction. */
  async function make(): Promise<string> {
    const printed = await runWrangler(createArgs).catch((error: unknown) => {
      throw error instanceof Failure ? new Failure(`${error.message}${hint}`) : error
    })
    const [, id] = /id"?\s*[:=]\s*"([0-9a-f-]{32,36})"/.exec(printed) ?? []
    if (id) return id
    throw new Failure('wrangler did not print the id of what it made: run this again')
  }

  return {
    title,
    plan: [
      `npx wrangler ${shellWords(listArgs)}`,
      `npx wrangler ${shellWords(createArgs)}   # unless it is listed`,
      `${file}: ${header} ${key} = its id`,
    ],
    async run() {
      const existing = await find()
      const id = existing ?? (await make())
      await setInWranglerToml(file, header, key, `"${id}"`)
      run.hasChanged = true
      return `${existing ? 'exists' : 'created'}, ${id}`
    },
  }
}

function migrate(environment: RemoteEnvironment): Step {
  const args = applyMigrations(environment)
  return {
    title: 'migrations',
    plan: [`npx wrangler ${shellWords(args)}`],
    async run() {
      const printed = await runWrangler(args)
      return printed.includes('No migrations to apply') ? 'none missing' : 'applied'
    },
  }
}

/** The private key is in its file before wrangler.toml names the public one. */
function setKey({ file, env, config }: RemoteEnvironment, { keyFile }: Wanted, run: Run): Step {
  const { ssnPublicKey } = deployed(config)
  if (ssnPublicKey) return exists('SSN key', ssnPublicKey)
  const path = fromCaller(keyFile ?? `ssn-${env}.key.json`)
  const header = `[env.${env}.vars]`
  return {
    title: 'SSN key',
    plan: [
      `private key to ${path}, unless that exists`,
      `${file}: ${header} SSN_PUBLIC_KEY = its public half`,
    ],
    async run() {
      const key = await keyPairIn(path)
      await setInWranglerToml(file, header, 'SSN_PUBLIC_KEY', `"${key.publicKey}"`)
      run.hasChanged = true
      return `key ${key.keyId}; its private half is in ${path}: keep a copy offline`
    },
  }
}

function setRoute({ file, env, config }: RemoteEnvironment, domain: string, run: Run): Step {
  const value = `[{ pattern = "${domain}", custom_domain = true }]`
  if (deployed(config).origin === `https://${domain}`) return exists('domain', domain)
  return {
    title: 'domain',
    plan: [`${file}: [env.${env}] routes = ${value}`],
    async run() {
      await setInWranglerToml(file, `[env.${env}]`, 'routes', value)
      run.hasChanged = true
      run.origin = `https://${domain}`
      return domain
    },
  }
}

/** The same two commands as `npm run deploy`: what is tested is what ships. */
function deploy(environment: RemoteEnvironment, run: Run): Step {
  const { name } = environment.config
  const list = ['deployments', 'list', '--json', '--name', name, '--config', environment.file]
  const [build, ship] = [building(environment), shipping(environment)]
  return {
    title: 'deployment',
    plan: [
      `npx wrangler ${shellWords(list)}`,
      `npx wrangler ${shellWords(build)}   # if none is listed or something changed`,
      `npx wrangler ${shellWords(ship)}   # likewise`,
    ],
    async run() {
      const deployments = await askWrangler(list).catch(noneIfNew)
      if (!run.hasChanged && Array.isArray(deployments) && deployments.length > 0) {
        return `exists; new code goes out with \`${deployLine(environment)}\``
      }
      await runWrangler(build)
      const [origin] = /https:\/\/\S+\.workers\.dev/.exec(await runWrangler(ship)) ?? []
      if (origin) run.origin ??= origin
      return 'deployed'
    },
  }
}

/** A Worker that does not exist yet has no list; whatever else fails must not ship a version. */
function noneIfNew(error: unknown): [] {
  if (error instanceof Failure && /does not exist|10007|not found/i.test(error.message)) return []
  throw error
}
