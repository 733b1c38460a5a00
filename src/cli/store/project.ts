import { join, resolve } from 'node:path'

export const PROJECT = resolve(import.meta.dirname, '../../..')

export const CONFIG = join(PROJECT, 'wrangler.toml')

/** Where wrangler keeps local state unless it is told `--persist-to`. */
export const DEFAULT_STATE = join(PROJECT, '.wrangler/state')
