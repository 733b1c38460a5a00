import { access } from 'node:fs/promises'
import * as z from 'zod'
import { makeSsnKeyPair } from '../ssn/open.ts'
import { mintToken, tokenKey } from '../tokens/token.ts'
import {
  environmentsOf,
  readEnvironment,
  setInConfiguration,
  type Environment,
} from './configuration.ts'
import { Failure, Misuse } from './failure.ts'
import { readKeyFile, writeKeyFile } from './key-file.ts'
import { developmentKey, developmentKeyFile, openMigrated } from './local.ts'
import { note, type Report } from './output.ts'
import { askChoice, askText, canAsk } from './prompt.ts'
import { checkChoice, resolveFromCaller, type StoreChoice } from './store.ts'
import { newRecord, shownOnce } from './token.ts'
import { askWrangler, runWrangler } from './wrangler.ts'

export const JURISDICTIONS = ['eu', 'fedramp'] as const
export const LOCATIONS = ['weur', 'eeur', 'apac', 'oc', 'wnam', 'enam'] as const

type Options = StoreChoice & {
  jurisdiction?: string
  location?: string
  domain?: string
  keyFile?: string
  clinic?: string
  label: string
  dryRun?: boolean
}

/** One thing that setup sees to. */
type Step = {
  title: string
  /** What `--dry-run` prints: the commands and edits, unless the configuration says that they are done. */
  plan: string[]
  /** Does it unless it is done, and tells which of both. */
  run: () => Promise<string>
}

/** What one run has come to so far. */
type Run = { changed: boolean; origin?: string; token?: Report }

const HOST_NAME = /^([a-z0-9-]+\.)+[a-z]{2,}$/

const databases = z.array(z.looseObject({ name: z.string(), uuid: z.string() }))
const namespaces = z.array(z.looseObject({ title: z.string(), id: z.string() }))

/** Brings a store to where the Worker can run on it; what exists is left as it is. */
export async function setUp(options: Options): Promise<Report> {
  checkChoice(options)
  return options.remote ? await setUpRemote(options) : await setUpLocal(options)
}

async function setUpLocal(options: Options): Promise<Report> {
  if (options.dryRun) throw new Misuse('--dry-run goes with --remote')
  const { store, applied } = await openMigrated(options)
  await store.close()
  const { keyId } = await developmentKey(options)
  return {
    json: { migrations_applied: applied, ssn_key_id: keyId },
    lines: [
      applied.length > 0 ? `migrations applied: ${applied.join(', ')}` : 'migrations: none missing',
      `SSN key ${keyId} in ${developmentKeyFile(options)}`,
    ],
  }
}

async function setUpRemote(given: Options): Promise<Report> {
  const options = await askForMissing(given)
  const before = await readEnvironment(options)
  const { env } = before
  if (before.databaseId === undefined && !options.jurisdiction && !options.location) {
    throw new Misuse(
      `say where the records are to be kept, for good: --jurisdiction ${JURISDICTIONS.join('|')} or --location ${LOCATIONS.join('|')}`,
    )
  }
  if (options.domain && !HOST_NAME.test(options.domain)) {
    throw new Misuse('--domain: use a host name, such as api.example.com')
  }
  // A name that is no clinic's is refused before anything is made.
  if (options.clinic !== undefined) newRecord({ clinic: options.clinic, label: options.label })
  const current: Run = { changed: false }
  const steps = [
    signIn(),
    createDatabase(before, options, current),
    createNamespace(before, current),
    applyMigrations(before),
    setKey(before, options, current),
    ...(options.domain ? [setRoute(before, options.domain, current)] : []),
    deploy(before, current),
    issueFirstToken(before, options, current),
  ]
  if (options.dryRun) {
    return {
      json: { dry_run: true, steps: steps.map(({ title, plan }) => ({ title, plan })) },
      lines: steps.flatMap(({ title, plan }) => [title, ...plan.map((line) => `  ${line}`), '']),
    }
  }
  const done: Record<string, string> = {}
  for (const { title, run } of steps) {
    done[title] = await run()
    note(`${title}: ${done[title]}`)
  }
  return {
    json: { environment: env, steps: done, ...(current.token && { token: current.token.json }) },
    lines: [
      ...(current.token ? [...current.token.lines, ''] : []),
      `${env} is set up. Next: \`npm run clinic -- import plans FILE --remote --env ${env}\`,`,
      `then \`npm run clinic -- doctor --remote --env ${env}\`.`,
    ],
  }
}

/** On a terminal, what was left out is asked for. */
async function askForMissing(given: Options): Promise<Options> {
  if (!canAsk() || given.dryRun) return given
  const options = { ...given }
  options.env ??= await askChoice(
    'Which environment?',
    (await environmentsOf(given)).map((value) => ({ value })),
  )
  const { databaseId } = await readEnvironment(options)
  if (databaseId === undefined && !options.jurisdiction && !options.location) {
    const [kind, place] = (
      await askChoice('Where are the records to be kept? It cannot be changed later.', [
        { value: 'jurisdiction eu', label: 'in the European Union, by guarantee' },
        { value: 'jurisdiction fedramp', label: 'in FedRAMP data centers, by guarantee' },
        ...LOCATIONS.map((value) => ({ value: `location ${value}`, label: `near ${value}` })),
      ])
    ).split(' ')
    if (kind === 'jurisdiction') options.jurisdiction = place ?? ''
    else options.location = place ?? ''
  }
  options.clinic ??= await askText('The clinic of the first token', 'riverside')
  return options
}

const signIn = (): Step => ({
  title: 'account',
  plan: ['wrangler whoami --json'],
  async run() {
    await askWrangler(['whoami', '--json']).catch(() => {
      throw new Failure('not signed in: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN')
    })
    return 'signed in'
  },
})

const createDatabase = (before: Environment, { jurisdiction, location }: Options, run: Run): Step =>
  findOrCreate(run, {
    title: 'D1 database',
    known: before.databaseId,
    list: ['d1', 'list', '--json'],
    find: async (printed) =>
      databases.parse(printed).find(({ name }) => name === before.databaseName)?.uuid,
    create: [
      ...['d1', 'create', before.databaseName],
      ...(jurisdiction ? ['--jurisdiction', jurisdiction] : []),
      ...(location && !jurisdiction ? ['--location', location] : []),
    ],
    edit: [before.file, `[[env.${before.env}.d1_databases]]`, 'database_id'],
  })

/** KV knows no jurisdiction. It holds no person: hashes of tokens, clinics' names, the catalogue's version. */
const createNamespace = (before: Environment, run: Run): Step =>
  findOrCreate(run, {
    title: 'KV namespace',
    known: before.namespaceId,
    list: ['kv', 'namespace', 'list'],
    find: async (printed) =>
      namespaces.parse(printed).find(({ title }) => title === namespaceTitle(before))?.id,
    create: ['kv', 'namespace', 'create', namespaceTitle(before)],
    edit: [before.file, `[[env.${before.env}.kv_namespaces]]`, 'id'],
  })

/** A thing at Cloudflare that has a name and an id. One that was made but not written down is found again. */
function findOrCreate(
  run: Run,
  thing: {
    title: string
    known: string | undefined
    list: string[]
    find: (printed: unknown) => Promise<string | undefined>
    create: string[]
    edit: [file: string, header: string, key: string]
  },
): Step {
  const [file, header, key] = thing.edit
  const find = async () => {
    const printed = await askWrangler(thing.list)
    return await thing.find(printed).catch(() => {
      throw new Failure(`\`wrangler ${thing.list.join(' ')}\` answers in a form not known here`)
    })
  }
  return {
    title: thing.title,
    plan: thing.known
      ? [`exists: ${thing.known}`]
      : [
          `wrangler ${thing.list.join(' ')}`,
          `wrangler ${thing.create.join(' ')}, unless that lists it`,
          `${file}: ${header} ${key} = its id`,
        ],
    async run() {
      if (thing.known) return `exists, ${thing.known}`
      const existing = await find()
      if (!existing) await runWrangler(thing.create)
      const id = existing ?? (await find())
      if (!id) throw new Failure(`wrangler does not list what it made: run this again`)
      await setInConfiguration(file, header, key, `"${id}"`)
      run.changed = true
      return `${existing ? 'exists' : 'created'}, ${id}`
    },
  }
}

function applyMigrations(before: Environment): Step {
  const apply = ['d1', 'migrations', 'apply', 'DB', '--remote', ...target(before)]
  return {
    title: 'migrations',
    plan: [`wrangler ${apply.join(' ')}`],
    async run() {
      const printed = await runWrangler(apply)
      return printed.includes('No migrations to apply') ? 'none missing' : 'applied'
    },
  }
}

/** The private key is at its file before the configuration names the public one. */
function setKey(before: Environment, { keyFile }: Options, run: Run): Step {
  const { file, env, ssnPublicKey } = before
  const path = resolveFromCaller(keyFile ?? `ssn-${env}.key.json`)
  const header = `[env.${env}.vars]`
  return {
    title: 'SSN key',
    plan: ssnPublicKey
      ? [`exists: ${ssnPublicKey}`]
      : [
          `private key to ${path}, unless it is there`,
          `${file}: ${header} SSN_PUBLIC_KEY = its public half`,
        ],
    async run() {
      if (ssnPublicKey) return `exists, ${ssnPublicKey}`
      const exists = await access(path).then(
        () => true,
        () => false,
      )
      const key = exists ? await readKeyFile(path) : await makeSsnKeyPair()
      if (!exists) await writeKeyFile(path, key)
      await setInConfiguration(file, header, 'SSN_PUBLIC_KEY', `"${key.publicKey}"`)
      run.changed = true
      return `key ${key.keyId}; its private half is in ${path}: keep a copy offline`
    },
  }
}

function setRoute({ file, env, origin }: Environment, domain: string, run: Run): Step {
  const value = `[{ pattern = "${domain}", custom_domain = true }]`
  const isSet = origin === `https://${domain}`
  return {
    title: 'domain',
    plan: [isSet ? `exists: ${domain}` : `${file}: [env.${env}] routes = ${value}`],
    async run() {
      if (isSet) return `exists, ${domain}`
      await setInConfiguration(file, `[env.${env}]`, 'routes', value)
      run.changed = true
      return domain
    },
  }
}

/** The same two commands as `npm run deploy`: what is tested is what ships. */
function deploy(before: Environment, run: Run): Step {
  const list = ['deployments', 'list', '--json', '--name', before.workerName]
  const build = ['deploy', '--dry-run', '--minify', '--outdir', 'dist', ...target(before)]
  const ship = ['deploy', 'dist/index.js', '--no-bundle', ...target(before)]
  return {
    title: 'deployment',
    plan: [
      `wrangler ${list.join(' ')}`,
      `wrangler ${build.join(' ')}, unless that lists one and nothing has changed`,
      `wrangler ${ship.join(' ')}, likewise`,
    ],
    async run() {
      const deployments = await askWrangler(list).catch(() => [])
      if (!run.changed && Array.isArray(deployments) && deployments.length > 0) {
        return `exists; \`npm run deploy -- --env ${before.env}\` brings new code`
      }
      await runWrangler(build)
      const [origin] = /https:\/\/\S+\.workers\.dev/.exec(await runWrangler(ship)) ?? []
      if (origin) run.origin = origin
      return 'deployed'
    },
  }
}

function issueFirstToken(before: Environment, options: Options, run: Run): Step {
  const where = ['--binding', 'TOKENS', '--remote', ...target(before)]
  const list = ['kv', 'key', 'list', '--prefix', 'token:', ...where]
  return {
    title: 'first token',
    plan: options.clinic
      ? [
          `wrangler ${list.join(' ')}`,
          `wrangler kv key put token:… ${where.join(' ')}, unless that lists one`,
        ]
      : ['none: no --clinic was given'],
    async run() {
      if (!options.clinic) return 'none, as no --clinic was given: `token create` issues one'
      const tokens = await askWrangler(list)
      if (Array.isArray(tokens) && tokens.length > 0) return 'exists'
      const record = newRecord({ clinic: options.clinic, label: options.label })
      const token = mintToken()
      const [key, value] = [await tokenKey(token), JSON.stringify(record)]
      // The record holds nothing that lets anyone in: the token itself is no argument.
      await runWrangler(['kv', 'key', 'put', key, value, '--metadata', value, ...where])
      run.token = await shownOnce(token, record, run.origin ?? before.origin)
      return `issued to ${record.clinic_id}`
    },
  }
}

const namespaceTitle = ({ workerName }: Environment) => `${workerName}-tokens`

const target = ({ file, env }: Environment) => ['--env', env, '--config', file]
