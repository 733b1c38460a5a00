import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import { vi } from 'vitest'
import * as z from 'zod'
import type { Bindings } from '../../src/factory.ts'
import { readConfiguration } from '../../src/cli/configuration.ts'
import { storageOf } from '../../src/cli/open-store.ts'
import { PROJECT } from '../../src/cli/store.ts'

// A test here runs processes one after another, each of which starts a workerd.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

/** What `npm run clinic` starts, without npm around it, so that a signal reaches the command itself. */
const [, ...COMMAND] = z
  .object({ scripts: z.object({ clinic: z.string() }) })
  .parse(JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')))
  .scripts.clinic.split(' ')

export type Finished = { status: number | null; stdout: string; stderr: string }

type Options = { input?: string; env?: Record<string, string>; cwd?: string }

/** Starts the command line as a process; `finished` tells how it ended. */
export function start(args: readonly string[], { input, env = {}, cwd }: Options = {}) {
  const child = spawn(process.execPath, [...COMMAND, ...args], {
    cwd: PROJECT,
    // A group of its own, so that a test can kill it together with the workerd below it.
    detached: true,
    env: { ...process.env, ...(cwd && { INIT_CWD: cwd }), ...env },
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

/** Runs the command line to its end. */
export const run = (args: readonly string[], options?: Options) => start(args, options).finished

/** Runs it for its JSON; the test fails if it fails. */
export async function runJson(args: readonly string[], options?: Options) {
  const { status, stdout, stderr } = await run([...args, '--json'], options)
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
  const printed: unknown = JSON.parse(stdout)
  return z.record(z.string(), z.unknown()).parse(printed)
}

/** A local store of its own, migrated and empty, and the flags that name it. */
export async function makeStore() {
  const folder = await mkdtemp(join(tmpdir(), 'clinic-cli-'))
  const flags = ['--local', '--persist-to', join(folder, 'state')]
  await runJson(['setup', ...flags])
  const keyFile = join(folder, 'state/ssn-development-key.json')
  return {
    folder,
    flags,
    keyFile,
    file: (name: string) => join(folder, name),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

export type TestStore = Awaited<ReturnType<typeof makeStore>>

const BUNDLE = join(PROJECT, 'dist/index.js')

/** The bundle that ships, in a workerd of its own on the store's files, as `npm run dev` runs beside the command line. */
export async function serve(store: TestStore) {
  const { publicKey } = z
    .object({ publicKey: z.string() })
    .parse(JSON.parse(readFileSync(store.keyFile, 'utf8')))
  const config = await readConfiguration({ local: true }, undefined)
  const miniflare = new Miniflare({
    resourcePersistencePath: store.file('state/v3'),
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
            SSN_PUBLIC_KEY: { type: 'text', value: publicKey },
          },
        },
      },
    ],
  })
  return {
    env: await miniflare.getBindings<Bindings>(),
    call: (path: string, token: string, body?: unknown) =>
      miniflare.dispatchFetch(`http://localhost/v1/clinic/insurances${path}`, {
        headers: { 'X-User-Token': token, 'Content-Type': 'application/json' },
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      }),
    close: () => miniflare.dispose(),
  }
}
