import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, vi } from 'vitest'
import * as z from 'zod'
import { clinic } from '../../src/cli/index.ts'
import { storageOf } from '../../src/cli/environment/open.ts'
import { readWranglerToml } from '../../src/cli/environment/wrangler-toml.ts'
import type { Bindings } from '../../src/env.ts'
import { newRecord, SCOPES } from '../../src/tokens/record.ts'
import { putToken } from '../../src/operator/tokens.ts'
import { mintToken } from '../../src/tokens/token.ts'
import { CONFIG, PROJECT } from '../support/project.ts'

// Each command that works on a store starts a workerd.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

export type Finished = { status: number | null; stdout: string; stderr: string }

type Options = { env?: Record<string, string>; cwd?: string }

/** Runs a command line within this process, where nothing has to be loaded again, and tells how it ended. */
export async function run(args: readonly string[], { env = {}, cwd }: Options = {}) {
  const printed = { stdout: '', stderr: '' }
  const streams = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += String(text)
      return true
    }),
  )
  const variables = Object.entries({ ...(cwd && { INIT_CWD: cwd }), ...env })
  for (const [name, value] of variables) vi.stubEnv(name, value)
  process.exitCode = undefined
  try {
    await lendingSignals(() => clinic(args))
    return { status: Number(process.exitCode ?? 0), ...printed }
  } finally {
    process.exitCode = undefined
    for (const stream of streams) stream.mockRestore()
    vi.unstubAllEnvs()
  }
}

/** Takes Ctrl-C back from work in steps, which takes it over: the test runner needs it. */
export async function lendingSignals<Result>(work: () => Promise<Result>): Promise<Result> {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const before = signals.map((signal) => process.listeners(signal))
  try {
    return await work()
  } finally {
    for (const [n, signal] of signals.entries()) {
      process.removeAllListeners(signal)
      for (const listener of before[n] ?? []) process.on(signal, listener)
    }
  }
}

/** Runs it for its JSON; the test fails if it fails. */
export async function runJson(args: readonly string[], options?: Options) {
  const { status, stdout, stderr } = await run([...args, '--json'], options)
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}${stdout}`)
  const printed: unknown = JSON.parse(stdout)
  return z.record(z.string(), z.unknown()).parse(printed)
}

const { scripts } = z
  .object({ scripts: z.object({ clinic: z.string(), dev: z.string() }) })
  .parse(JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')))

/** The arguments with which an npm script starts Node. */
export const argumentsOf = (script: keyof typeof scripts) => scripts[script].split(' ').slice(1)

type Started = {
  input?: string
  node?: readonly string[]
  script?: keyof typeof scripts
  env?: Record<string, string>
}

/** Starts the command line as npm does, but without npm around it, so that a signal reaches it. */
export function start(
  args: readonly string[],
  { input, node = [], script = 'clinic', env }: Started = {},
) {
  const child = spawn(process.execPath, [...node, ...argumentsOf(script), ...args], {
    cwd: PROJECT,
    env: { ...process.env, ...env },
    // A group of its own, so that a test can kill it together with the workerd below it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const printed = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => (printed.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (printed.stderr += text))
  child.stdin.end(input ?? '')
  const finished = new Promise<Finished>((resolve) =>
    child.on('close', (status) => resolve({ status, ...printed })),
  )
  return { child, printed, finished }
}

/** The words that a shell makes of a line. */
export const wordsOf = (line = '') =>
  execFileSync('bash', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' })
    .trim()
    .split('\n')

/** A local store of its own, migrated, with two clinics and nothing else, and the flags that name it. */
export async function makeStore() {
  const folder = await mkdtemp(join(tmpdir(), 'clinic-cli-'))
  const state = join(folder, 'state')
  await cp(await migratedState(), state, { recursive: true })
  return {
    folder,
    state,
    flags: ['--local', '--persist-to', state],
    keyFile: join(state, 'ssn-development-key.json'),
    file: (name: string) => join(folder, name),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

export type TestStore = Awaited<ReturnType<typeof makeStore>>

/** A state with these migrations and two clinics. It is made once and kept: wrangler takes seconds for it. */
async function migratedState(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of globSync(join(PROJECT, 'migrations/*.sql')).sort())
    hash.update(readFileSync(file))
  const state = join(PROJECT, '.wrangler', `two-clinics-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(state)) return state

  const made = await mkdtemp(`${state}-`)
  const flags = ['--local', '--persist-to', made]
  await runJson(['setup', ...flags])
  for (const id of ['riverside', 'lakeside']) await runJson(['create', id, ...flags])
  await rename(made, state).catch(() => rm(made, { recursive: true }))
  return state
}

const BUNDLE = join(PROJECT, 'dist/index.js')

/** The bundle that ships, in a workerd of its own on the store's files, as `npm run dev` runs beside the command line. */
export async function serve(store: TestStore, vars: Record<string, string> = {}) {
  const { publicKey } = z
    .object({ publicKey: z.string() })
    .parse(JSON.parse(readFileSync(store.keyFile, 'utf8')))
  const { top: config } = await readWranglerToml(CONFIG)
  const miniflare = new Miniflare({
    resourcePersistencePath: join(store.state, 'v3'),
    // A line for each request would drown what the tests report.
    handleStructuredLogs: () => {},
    workers: [
      {
        config: {
          name: 'service',
          compatibilityDate: config.compatibility_date,
          manifest: {
            mainModule: 'index.js',
            modulesRoot: join(PROJECT, 'dist'),
            modules: { 'index.js': { type: 'esm', contents: readFileSync(BUNDLE, 'utf8') } },
          },
          env: {
            ...storageOf(config),
            ...Object.fromEntries(
              Object.entries({ SSN_PUBLIC_KEY: publicKey, ...vars }).map(([name, value]) => [
                name,
                { type: 'text' as const, value },
              ]),
            ),
          },
        },
      },
    ],
  })
  const env = await miniflare.getBindings<Bindings>()
  return {
    env,
    /** Issues a token that may do everything. */
    async token(clinicId: string) {
      const token = mintToken()
      const record = newRecord({ clinic_id: clinicId, label: 'test', scopes: [...SCOPES] })
      await putToken(env.TOKENS, token, record)
      return token
    },
    /** Registers a clinic's patients. */
    async patients(clinicId: string, ...ids: number[]) {
      const insert = env.DB.prepare(
        "INSERT INTO ownables (clinic_id, type, id, created_at) VALUES (?, 'Patient', ?, '')",
      )
      await env.DB.batch(ids.map((id) => insert.bind(clinicId, id)))
    },
    call: (
      path: string,
      token: string,
      body?: unknown,
      method = body === undefined ? 'GET' : 'POST',
      headers = {},
    ) =>
      miniflare.dispatchFetch(`http://localhost/v1/clinic/insurances${path}`, {
        method,
        headers: { 'X-User-Token': token, 'Content-Type': 'application/json', ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    close: () => miniflare.dispose(),
  }
}

/** A store that is served while the tests of the file run. */
export function useServedStore() {
  let store: TestStore
  let worker: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    store = await makeStore()
    worker = await serve(store)
  })
  afterAll(async () => {
    await worker.close()
    await store.remove()
  })
  return {
    get store() {
      return store
    },
    get worker() {
      return worker
    },
  }
}
