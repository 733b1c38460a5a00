import { spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import * as z from 'zod'
import { Failure } from '../terminal/failure.ts'
import { shellWords } from '../terminal/report.ts'
import { PROJECT } from './project.ts'

/** Runs a program, and ends it when this process ends or is killed. */
const RUN_BELOW = join(import.meta.dirname, 'run-below.sh')

const PROJECT_BIN = join(PROJECT, 'node_modules/.bin')

/** After this, every workerd that we or our wrangler start ends when this process ends. */
export function endWorkerdWithUs(): void {
  if (process.platform === 'win32') return
  const require = createRequire(import.meta.resolve('miniflare'))
  process.env.CLINIC_WORKERD = z.object({ default: z.string() }).parse(require('workerd')).default
  process.env.CLINIC_PID = String(process.pid)
  process.env.MINIFLARE_WORKERD_PATH = RUN_BELOW
}

/** Starts `wrangler` from the PATH, or else the project's own, on our own Node. It ends when this process ends. */
export const startWrangler = (args: readonly string[], stdio: StdioOptions) =>
  spawn(process.env.CLINIC_PID ? RUN_BELOW : 'wrangler', args, {
    cwd: PROJECT,
    stdio,
    env: {
      ...process.env,
      PATH: [dirname(process.execPath), process.env.PATH, PROJECT_BIN].join(delimiter),
      WRANGLER_SEND_METRICS: 'false',
      CLINIC_PROGRAM: 'wrangler',
    },
  })

/** Runs wrangler without prompts, and returns its stdout. Throws Failure. */
export async function runWrangler(args: readonly string[]): Promise<string> {
  // If stdin is not a terminal, wrangler applies migrations and deploys without asking.
  const child = startWrangler(args, ['ignore', 'pipe', 'pipe'])
  const printed = [child.stdout, child.stderr].map(async (stream) => (stream ? text(stream) : ''))
  const [code] = await once(child, 'close').catch(() => {
    throw new Failure('wrangler cannot be started: run `npm ci`')
  })
  const [stdout = '', stderr = ''] = await Promise.all(printed)
  if (code === 0) return stdout
  const output = (stderr.trim() || stdout.trim()).slice(-2000)
  throw new Failure(`\`wrangler ${shellWords(args)}\` failed:\n${output}`)
}

/** Runs a wrangler command that prints JSON, and skips the notes that some print first. Throws Failure. */
export async function askWrangler<Value>(schema: z.ZodType<Value>, args: readonly string[]) {
  const printed = await runWrangler(args)
  try {
    return schema.parse(JSON.parse(printed.slice(Math.max(0, printed.search(/^[[{]/m)))))
  } catch {
    throw new Failure(`\`wrangler ${shellWords(args)}\` answered in an unknown form`)
  }
}
