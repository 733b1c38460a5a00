import type { Command } from '@commander-js/extra-typings'
import { fromCaller } from '../files/input.ts'
import { Misuse } from '../terminal/failure.ts'
import { shellWords } from '../terminal/report.ts'
import { commitHere, CONFIG, DEFAULT_STATE } from './project.ts'
import { readWranglerToml, type Configuration } from './wrangler-toml.ts'

/** Adds the options of every command that works on a store. */
export const onStore = (command: Command) =>
  command
    .option('--local', 'work on the local store')
    .option('--remote', 'work on the deployed store')
    .option('--env <name>', 'the environment of wrangler.toml')
    .option('--persist-to <dir>', 'the folder of the local state, as for `npm run dev`')
    .option('--config <file>', 'another wrangler.toml')
    .option('--as <name>', 'who you are, for the trail (default: your account)')
    .option('--json', 'print one JSON object and nothing else')

export type StoreOptions = ReturnType<ReturnType<typeof onStore>['opts']>

type Chosen = {
  /** The flags that name the store, as they were given: for command lines that we print. */
  flags: string
  /** The wrangler.toml that describes it, and what that says. */
  file: string
  config: Configuration
  /** Who the operator says to be. */
  as: string | undefined
}
/** A store on this machine, in the folder `state`. */
export type LocalChoice = Chosen & { place: 'local'; env: string | undefined; state: string }
/** A store at Cloudflare. */
export type RemoteChoice = Chosen & { place: 'remote'; env: string }
export type StoreChoice = LocalChoice | RemoteChoice

/** Works out from the options which store is meant. Throws Failure and Misuse. */
export async function chooseStore(options: StoreOptions): Promise<StoreChoice> {
  const { local, remote, env, persistTo } = options
  if (Boolean(local) === Boolean(remote)) throw new Misuse('say which store: --local or --remote')
  if (local) return await chooseLocal(options)

  if (persistTo) throw new Misuse('--persist-to goes with --local')
  const { environments, ...chosen } = await choose(options)
  if (env === undefined) throw new Misuse(`say which environment: --env ${environments}`)
  return { ...chosen, place: 'remote', env }
}

/** The local store that is meant. Throws Failure and Misuse. */
export async function chooseLocal(options: StoreOptions): Promise<LocalChoice> {
  const { environments: _, ...chosen } = await choose(options)
  const state = options.persistTo ? fromCaller(options.persistTo) : DEFAULT_STATE
  return { ...chosen, place: 'local', env: options.env, state }
}

async function choose(options: StoreOptions): Promise<Chosen & { environments: string }> {
  const file = configFile(options)
  const { top, environments } = await readWranglerToml(file)
  const names = Object.keys(environments).join(' or ')
  const config = options.env === undefined ? top : environments[options.env]
  if (!config) throw new Misuse(`there is no environment ${options.env}: use --env ${names}`)
  return { flags: flagsOf(options), file, config, as: options.as, environments: names }
}

export const configFile = ({ config }: StoreOptions) => (config ? fromCaller(config) : CONFIG)

const flagsOf = ({ local, env, persistTo, config }: StoreOptions) =>
  shellWords([
    local ? '--local' : '--remote',
    ...(env ? ['--env', env] : []),
    ...(persistTo ? ['--persist-to', persistTo] : []),
    ...(config ? ['--config', config] : []),
  ])

/** The flags by which wrangler finds what the choice names in wrangler.toml. */
export const wranglerFlags = ({ env, file }: StoreChoice) => [
  ...(env ? ['--env', env] : []),
  ...['--config', file],
]

/** The command line that brings new code to the Worker of a deployed store. */
export const deployLine = ({ env, file }: RemoteChoice) =>
  shellWords([
    ...['npm', 'run', 'deploy', '--', '--env', env],
    ...(file === CONFIG ? [] : ['--config', file]),
  ])

/** The wrangler command that brings what was built to the Worker of a deployed store. */
export const shipping = (choice: RemoteChoice) => [
  ...['deploy', 'dist/index.js', '--no-bundle'],
  ...wranglerFlags(choice),
]

/** The wrangler command that builds the Worker, which is the same for all environments. */
export const building = (choice: RemoteChoice) => [
  ...['deploy', '--dry-run', '--minify', '--outdir', 'dist'],
  ...['--define', `BUILT_FROM:"${commitHere()}"`, ...wranglerFlags(choice)],
]

/** The command line that serves a local store. */
export const devLine = ({ state }: LocalChoice) =>
  state === DEFAULT_STATE
    ? 'npm run dev'
    : shellWords(['npm', 'run', 'dev', '--', '--persist-to', state])
