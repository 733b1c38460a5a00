import { rmSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { Failure } from '../terminal/failure.ts'
import type { LocalEnvironment, Environment } from './choose.ts'
import { deployed } from './wrangler-toml.ts'

export const DEFAULT_PORT = 8787

/** Where `npm run dev` writes down at which origin it last served the state. */
const originFile = ({ state }: LocalEnvironment) => join(state, 'origin')

const claim = z.object({ pid: z.int(), origin: z.string() })

/**
 * Writes down that this process serves the state at `origin`. Throws Failure if another one does: two Workers on one
 * database would keep each other from writing.
 */
export async function claimState(environment: LocalEnvironment, origin: string): Promise<void> {
  const { state } = environment
  const file = join(state, 'served-by.json')
  await mkdir(state, { recursive: true })
  const claimed = await readFile(file, 'utf8').catch(() => '{}')
  const { data: other } = claim.safeParse(JSON.parse(claimed))
  if (other && isRunning(other.pid)) {
    throw new Failure(
      `${state} is served already, at ${other.origin} by process ${other.pid}: stop that, or choose another folder with --persist-to`,
    )
  }
  await writeFile(file, JSON.stringify({ pid: process.pid, origin }))
  await writeFile(originFile(environment), origin)
  process.on('exit', () => rmSync(file, { force: true }))
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Where the Worker of the store answers, as far as is known. */
export const originOf = async (environment: Environment) =>
  environment.place === 'remote'
    ? deployed(environment.config).origin
    : await readFile(originFile(environment), 'utf8').catch(
        () => `http://localhost:${DEFAULT_PORT}`,
      )
