import { resolve } from 'node:path'

/** The folder of package.json. */
export const PROJECT = resolve(import.meta.dirname, '../..')

/** The configuration of the Worker that ships. */
export const CONFIG = resolve(PROJECT, 'wrangler.toml')
