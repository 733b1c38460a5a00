import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const PROJECT = resolve(import.meta.dirname, '../../..')

export const CONFIG = join(PROJECT, 'wrangler.toml')

/** Where wrangler keeps local state without `--persist-to`. */
export const DEFAULT_STATE = join(PROJECT, '.wrangler/state')

export const neededMigrations = () =>
  readdirSync(join(PROJECT, 'migrations')).filter((name) => name.endsWith('.sql'))

/** This folder's commit, as the build writes it into the Worker; empty without git. */
export const commitHere = () =>
  spawnSync('git', ['describe', '--always', '--dirty', '--exclude', '*'], {
    cwd: PROJECT,
    encoding: 'utf8',
  }).stdout?.trim() ?? ''
