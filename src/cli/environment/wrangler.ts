import { spawn, type StdioOptions } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { Failure } from '../terminal/failure.ts'
import { shellWords } from '../terminal/report.ts'
import { PROJECT } from './project.ts'
import { RUN_BELOW } from './workerd.ts'

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
export function runWrangler(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    // Without a terminal on its input, wrangler applies migrations and deploys without asking.
    const child = startWrangler(args, ['ignore', 'pipe', 'pipe'])
    const printed = { stdout: '', stderr: '' }
    child.stdout?.setEncoding('utf8').on('data', (text) => (printed.stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text) => (printed.stderr += text))
    child.on('error', () => reject(new Failure('wrangler cannot be started: run `npm ci`')))
    child.on('close', (code) => {
      if (code === 0) return resolve(printed.stdout)
      const said = (printed.stderr.trim() || printed.stdout.trim()).slice(-2000)
      reject(new Failure(`\`wrangler ${shellWords(args)}\` failed:\n${said}`))
    })
  })
}

/** Runs wrangler for JSON, before which some of its commands print notes. Throws Failure. */
export async function askWrangler(args: readonly string[]): Promise<unknown> {
  const printed = await runWrangler(args)
  const start = printed.search(/^[[{]/m)
  try {
    return JSON.parse(printed.slice(start === -1 ? 0 : start))
  } catch {
    throw new Failure(`\`wrangler ${shellWords(args)}\` did not answer with JSON`)
  }
}
