import { join, resolve } from 'node:path'
import { Misuse } from './failure.ts'

export const PROJECT = resolve(import.meta.dirname, '../..')
export const CONFIG = join(PROJECT, 'wrangler.toml')

/** Where wrangler keeps local state unless it is told `--persist-to`. */
export const DEFAULT_STATE = join(PROJECT, '.wrangler/state')

/** Which store a command works on: exactly one of `local` and `remote` is asked for. */
export type StoreChoice = {
  local?: boolean
  remote?: boolean
  persistTo?: string
  env?: string
  config?: string
}

/** Throws Misuse unless it is clear which store is meant. */
export function checkChoice({ local, remote, persistTo }: StoreChoice): void {
  if (Boolean(local) === Boolean(remote)) throw new Misuse('say which store: --local or --remote')
  if (remote && persistTo) throw new Misuse('--persist-to goes with --local')
}

/** The folder of the local state. */
export const stateFolder = ({ persistTo }: StoreChoice) =>
  persistTo ? resolveFromCaller(persistTo) : DEFAULT_STATE

/** The configuration file that wrangler is to read. */
export const configFile = ({ config }: StoreChoice) => (config ? resolveFromCaller(config) : CONFIG)

/** How the choice is repeated in a command that is proposed to the operator. */
export const choiceFlags = ({ remote, env, persistTo }: StoreChoice) =>
  remote ? `--remote --env ${env}` : persistTo ? `--local --persist-to ${persistTo}` : '--local'

/** A path as the operator typed it: npm runs scripts in the project's folder, not in the caller's. */
export const resolveFromCaller = (path: string) => resolve(process.env.INIT_CWD ?? '.', path)
