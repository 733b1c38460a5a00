import { Agent, get } from 'node:http'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { BASE_PATH } from '../../http/base-path.ts'
import { Failure } from '../terminal/failure.ts'

/** Where the server listens. */
export type Address = { ip: string; port: number }

const LISTEN_ERRORS: Record<string, (address: Address) => string> = {
  EADDRINUSE: ({ port }) => `port ${port} is taken: choose another with --port`,
  EACCES: ({ port }) => `you may not listen on port ${port}: choose one above 1023 with --port`,
  EADDRNOTAVAIL: ({ ip }) =>
    `this machine has no address ${ip}: use --ip 0.0.0.0 for all that it has`,
  ENOTFOUND: ({ ip }) => `${ip} is no address: use --ip 0.0.0.0 for all that this machine has`,
}

/** Throws Failure unless one can listen there. */
export async function checkFree(address: Address): Promise<void> {
  await probe(address).catch((error: NodeJS.ErrnoException) => {
    const sentence = LISTEN_ERRORS[error.code ?? '']?.(address)
    throw new Failure(
      sentence ?? `cannot listen on ${address.ip}, port ${address.port} (${error.code})`,
    )
  })
}

/** A port of this machine that nobody listens on. */
export const freePort = () => probe({ ip: 'localhost', port: 0 })

/** Listens for a moment, and gives the port. */
function probe({ ip, port }: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen(port, ip, () => {
        const address = server.address()
        server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
      })
  })
}

/** An agent of our own: the global one may go through the proxy that the shell names. */
const DIRECT = new Agent()

/** Waits until the server answers, so that the banner comes after wrangler's own lines. */
export async function untilServed(port: number): Promise<void> {
  const isServed = () =>
    new Promise<boolean>((resolve) => {
      get({ host: 'localhost', port, path: '/health', agent: DIRECT }, (answer) => {
        answer.resume()
        resolve(answer.statusCode === 200)
      }).on('error', () => resolve(false))
    })
  while (!(await isServed())) await setTimeout(200)
}

const ALL_ADDRESSES = ['0.0.0.0', '::', '*']

/** The other origins at which the server answers, for a phone or a container. */
export const otherOrigins = ({ ip, port }: Address) =>
  ALL_ADDRESSES.includes(ip)
    ? Object.values(networkInterfaces())
        .flatMap((addresses = []) => addresses)
        .filter(({ family, internal }) => family === 'IPv4' && !internal)
        .map(({ address }) => `http://${address}:${port}`)
    : []

export type Served = {
  origin: string
  others: readonly string[]
  state: string
  /** The demo's tokens that work, by clinic. */
  tokens: Record<string, string>
  faults: number | undefined
}

const ISSUE = "npm run clinic -- token create --local --clinic CLINIC --label 'my tests'"

export function banner({ origin, others, state, tokens, faults }: Served): string {
  const [token] = Object.values(tokens)
  const shown = Object.entries(tokens).map(([clinic, one]) => `  ${clinic.padEnd(9)}  ${one}`)
  const failing = faults === undefined ? '' : `, failing ${faults} % of requests`
  return `
Clinic Insurances API on ${[origin, ...others].join(', ')} (state in ${state}${failing})

${token === undefined ? `This store is not the demo. Issue a token: ${ISSUE}` : shown.join('\n')}

Its reference, to read and to try: ${origin}/docs

Or try it in another terminal:

  curl -H 'X-User-Token: ${token ?? 'TOKEN'}' '${origin}${BASE_PATH}/plans?page_size=2'

`
}
