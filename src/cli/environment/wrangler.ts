import { spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import * as z from 'zod'
import { Failure } from '../terminal/failure.ts'
import { shellWords } from '../terminal/report.ts'
import { PROJECT } from './project.ts'

/** Runs a program that ends with this process, even if that is killed. */
const RUN_BELOW = join(import.meta.dirname, 'run-below.sh')

const binary = z.object({ default: z.string() })

/** From here on, no workerd that this process starts outlives it, nor does one that wrangler starts for it. */
export function endWorkerdWithUs(): void {
  if (process.platform === 'win32') return
  const require = createRequire(import.meta.resolve('miniflare'))
  process.env.CLINIC_WORKERD = binary.parse(require('workerd')).default
  process.env.CLINIC_PID = String(process.pid)
  process.env.MINIFLARE_WORKERD_PATH = RUN_BELOW
}

/** Starts the `wrangler` of the PATH, or else the project's own, on the Node that we run on, to end when we do. */
export const startWrangler = (args: readonly string[], stdio: StdioOptions) =>
  spawn(process.env.CLINIC_PID ? RUN_BELOW : 'wrangler', args, {
    cwd: PROJECT,
    stdio,
    env: {
      ...process.env,
      PATH: [dirname(process.execPath), process.env.PATH, join(PROJECT, 'node_modules/.bin')].join(
        delimiter,
      ),
      WRANGLER_SEND_METRICS: 'false',
      CLINIC_PROGRAM: 'wrangler',
    },
  })

/** Runs wrangler to its end, without questions, and gives what it printed on stdout. Throws Failure. */
export async function runWrangler(args: readonly string[]): Promise<string> {
  // Without a terminal on its input, wrangler applies migrations and deploys without asking.
  const child = startWrangler(args, ['ignore', 'pipe', 'pipe'])
  const printed = [child.stdout, child.stderr].map(async (stream) => (stream ? text(stream) : ''))
  const [code] = await once(child, 'close').catch(() => {
    throw new Failure('wrangler cannot be started: run `npm ci`')
  })
  const [stdout = '', stderr = ''] = await Promise.all(printed)
  if (code === 0) return stdout
  const said = (stderr.trim() || stdout.trim()).slice(-2000)
  throw new Failure(`\`wrangler ${shellWords(args)}\` failed:\n${said}`)
}

/** Runs wrangler for JSON, before which some of its commands print notes. Throws Failure. */
export async function askWrangler<Value>(schema: z.ZodType<Value>, args: readonly string[]) {
  const printed = await runWrangler(args)
  try {
    return schema.parse(JSON.parse(printed.slice(Math.max(0, printed.search(/^[[{]/m)))))
  } catch {
    throw new Failure(`\`wrangler ${shellWords(args)}\` answered in an unknown form`)
  }
}
