import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { vi } from 'vitest'
import * as z from 'zod'
import { DEMO_TOKENS } from '../../src/cli/dev/demo.ts'
import { PROJECT } from './project.ts'

/** `npm run dev` in a process group of its own, so that all of it can be killed at once. */
export type DevServer = {
  port: number
  printed: () => string
  call: (path: string, body?: unknown, token?: string) => Promise<Response>
  stop: (signal: NodeJS.Signals) => Promise<void>
}

const { scripts } = z
  .object({ scripts: z.object({ dev: z.string() }) })
  .parse(JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')))

/** What `npm run dev` gives to Node. */
export const DEV = scripts.dev.split(' ').slice(1)

export const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

/** Starts it on a port of its own, and waits until it answers. */
export async function startDev(persistTo: string, ...flags: string[]): Promise<DevServer> {
  const port = await freePort()
  const child = spawn(
    process.execPath,
    [...DEV, '--port', String(port), '--persist-to', persistTo, ...flags],
    { cwd: PROJECT, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const url = `http://localhost:${port}/v1/clinic/insurances`
  const answers = async () => {
    const { status } = await fetch(url)
    if (status !== 401) throw new Error(`answered ${status}: ${output}`)
  }
  try {
    await vi.waitFor(answers, { timeout: 150_000, interval: 250 })
  } catch (error) {
    await stop(child, 'SIGKILL')
    throw error
  }
  return {
    port,
    printed: () => output,
    call: (path, body, token = DEMO_TOKENS.riverside) =>
      fetch(url + path, {
        headers: { 'X-User-Token': token, 'Content-Type': 'application/json' },
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      }),
    stop: (signal) => stop(child, signal),
  }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  // The group may have ended by itself.
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  process.kill(-child.pid, signal)
  await exited
}

/** How many there are in a list. */
export async function totalOf(server: DevServer, list: string, token?: string): Promise<number> {
  const answer = await server.call(`/${list}`, undefined, token)
  return JSON.parse(await answer.text()).pagination.total_count
}
