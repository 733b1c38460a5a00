import { fromCaller } from '../files/input.ts'
import { flag, option, type Values } from '../terminal/command.ts'
import { Misuse } from '../terminal/failure.ts'
import { shellWords } from '../terminal/report.ts'
import { commitHere, CONFIG, DEFAULT_STATE } from './project.ts'
import { readWranglerToml } from './wrangler-toml.ts'

export const environmentOptions = {
  local: flag('--local', 'work on the local store'),
  remote: flag('--remote', 'work on the deployed store'),
  env: option('--env <name>', 'the environment in wrangler.toml'),
  persistTo: option('--persist-to <dir>', 'the folder of the local state, as for `npm run dev`'),
  config: option('--config <file>', 'another wrangler.toml'),
  as: option('--as <name>', 'who you are, for the trail (default: your account)'),
}

export type EnvironmentOptions = Partial<Values<typeof environmentOptions>>

type Chosen = Awaited<ReturnType<typeof choose>>
/** An environment on this machine, with its data in the folder `state`. */
export type LocalEnvironment = Chosen & { place: 'local'; env: string | undefined; state: string }
export type RemoteEnvironment = Chosen & { place: 'remote'; env: string }
export type Environment = LocalEnvironment | RemoteEnvironment

/** Finds the environment that the options name. Throws Failure and Misuse. */
export async function chooseEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { local, remote, env, persistTo } = options
  if (Boolean(local) === Boolean(remote)) throw new Misuse('say which store: --local or --remote')
  if (local) return await chooseLocal(options)

  if (persistTo) throw new Misuse('--persist-to goes with --local')
  const chosen = await choose(options)
  if (env === undefined) throw new Misuse(`say which environment: --env ${chosen.names}`)
  return { ...chosen, place: 'remote', env }
}

/** The local environment that the options name. Throws Failure and Misuse. */
export async function chooseLocal(options: EnvironmentOptions): Promise<LocalEnvironment> {
  const { env, persistTo } = options
  const state = persistTo ? fromCaller(persistTo) : DEFAULT_STATE
  return { ...(await choose(options)), place: 'local', env, state }
}

async function choose(options: EnvironmentOptions) {
  const { local, env, persistTo } = options
  const file = configFile(options)
  const { top, environments } = await readWranglerToml(file)
  const names = Object.keys(environments).join(' or ')
  const config = env === undefined ? top : environments[env]
  if (!config) throw new Misuse(`there is no environment ${env}: use --env ${names}`)
  const given = Object.entries({ env, 'persist-to': persistTo, config: options.config })
  const words = given.flatMap(([name, value]) => (value ? [`--${name}`, value] : []))
  /** The flags that select it, for command lines that we print. */
  const flags = shellWords([local ? '--local' : '--remote', ...words])
  return { options, flags, file, config, names }
}

export const configFile = ({ config }: EnvironmentOptions) => (config ? fromCaller(config) : CONFIG)

/** The flags that select the environment for wrangler. */
export const wranglerFlags = ({ env, file }: Environment) =>
  env ? ['--env', env, '--config', file] : ['--config', file]

export const setUpLine = ({ flags }: Environment) => `run \`npm run clinic -- setup ${flags}\``

export const deployLine = ({ env, file }: RemoteEnvironment) =>
  `npm run deploy -- ${shellWords(['--env', env, ...(file === CONFIG ? [] : ['--config', file])])}`

export const shipping = (environment: RemoteEnvironment) =>
  ['deploy', 'dist/index.js', '--no-bundle'].concat(wranglerFlags(environment))

/** The wrangler command that builds the Worker, which is the same for all environments. */
export const building = (environment: RemoteEnvironment) => [
  ...['deploy', '--dry-run', '--minify', '--outdir', 'dist'],
  ...['--define', `BUILT_FROM:"${commitHere()}"`, ...wranglerFlags(environment)],
]

export const devLine = ({ state }: LocalEnvironment) =>
  state === DEFAULT_STATE ? 'npm run dev' : `npm run dev -- --persist-to ${shellWords([state])}`
