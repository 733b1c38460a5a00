import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { BASE_PATH } from '../../http/base-path.ts'
import { Failure } from '../terminal/failure.ts'

export type Address = { ip: string; port: number }

/** Throws Failure if we can't listen there. */
export async function checkFree({ ip, port }: Address): Promise<void> {
  await probe({ ip, port }).catch((error: NodeJS.ErrnoException) => {
    throw new Failure(
      error.code === 'EADDRINUSE'
        ? `port ${port} is taken: choose another with --port`
        : `cannot listen on port ${port} of ${ip} (${error.code}): choose others with --port and --ip`,
    )
  })
}

export const freePort = () => probe({ ip: 'localhost', port: 0 })

/** Listens briefly, and returns the port. */
async function probe({ ip, port }: Address): Promise<number> {
  const server = createServer().listen(port, ip)
  await once(server, 'listening')
  const address = server.address()
  await once(server.close(), 'close')
  return typeof address === 'object' && address ? address.port : 0
}

/** Waits until the server answers, so that the banner comes after wrangler's own lines. */
export async function untilServed(port: number): Promise<void> {
  const answer = () => fetch(`http://localhost:${port}/health`).catch(() => undefined)
  while (!(await answer())?.ok) await setTimeout(200)
}

const ISSUE = "npm run clinic -- token create --local --clinic CLINIC --label 'my tests'"

/** `tokens` are the demo's live tokens, by clinic. */
export function banner(
  origin: string,
  state: string,
  tokens: Record<string, string>,
  faults: number | undefined,
): string {
  const [token] = Object.values(tokens)
  const shown = Object.entries(tokens).map(([clinic, one]) => `  ${clinic.padEnd(9)}  ${one}`)
  const failing = faults === undefined ? '' : `, failing ${faults} % of requests`
  return `
Clinic Insurances API on ${origin} (state in ${state}${failing})

${token === undefined ? `This store is not the demo. Issue a token: ${ISSUE}` : shown.join('\n')}

Its reference, to read and to try: ${origin}/docs

Or try it in another terminal:

  curl -H 'X-User-Token: ${token ?? 'TOKEN'}' '${origin}${BASE_PATH}/plans?page_size=2'

`
}
