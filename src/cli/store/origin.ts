import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalChoice, StoreChoice } from './choice.ts'
import { deployed } from './wrangler-toml.ts'

export const DEFAULT_PORT = 8787

/** Where `npm run dev` writes down at which origin it last served the state. */
const originFile = ({ state }: LocalChoice) => join(state, 'origin')

export async function rememberOrigin(choice: LocalChoice, origin: string): Promise<void> {
  await mkdir(choice.state, { recursive: true })
  await writeFile(originFile(choice), origin)
}

/** Where the Worker of the store answers, as far as is known. */
export const originOf = async (choice: StoreChoice) =>
  choice.place === 'remote'
    ? deployed(choice.config).origin
    : await readFile(originFile(choice), 'utf8').catch(() => `http://localhost:${DEFAULT_PORT}`)
