import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Failure } from '../terminal/failure.ts'
import type { LocalEnvironment, Environment } from './choose.ts'
import { deployed } from './wrangler-toml.ts'

export const DEFAULT_PORT = 8787

/** The file where `npm run dev` saves its origin. */
const originFile = (state: string) => join(state, 'origin')

/** Held until the process ends. */
let lock: DatabaseSync | undefined

/**
 * Claims the state for this process, which serves it at `origin`. Throws Failure if another process does: two Workers
 * would block each other's writes.
 */
export async function claimState({ state }: LocalEnvironment, origin: string): Promise<void> {
  await mkdir(state, { recursive: true })
  lock = lockOf(state)
  if (lock) return await writeFile(originFile(state), origin)
  throw new Failure(
    `${state} is served already, at ${await servedAt(state)}: stop that server, or choose another folder with --persist-to`,
  )
}

export function isServed(state: string): boolean {
  const free = lockOf(state)
  free?.close()
  return free === undefined
}

/** Takes SQLite's lock on a file; undefined if another process has it. The system releases it when the process ends. */
function lockOf(state: string): DatabaseSync | undefined {
  const file = new DatabaseSync(join(state, 'served.lock'))
  try {
    file.exec('BEGIN EXCLUSIVE')
    return file
  } catch (error) {
    file.close()
    if (error instanceof Error && error.message.includes('locked')) return undefined
    throw error
  }
}

const servedAt = (state: string) =>
  readFile(originFile(state), 'utf8').catch(() => `http://localhost:${DEFAULT_PORT}`)

/** The origin of the store's Worker, if known. */
export const originOf = async (environment: Environment) =>
  environment.place === 'remote' ? deployed(environment.config).origin : servedAt(environment.state)
