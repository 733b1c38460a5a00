import { Command } from '@commander-js/extra-typings'
import { explain, FAILED } from './terminal/failure.ts'

/** Runs one command line and sets the exit status of the process. */
export async function clinic(args: readonly string[]): Promise<void> {
  const program = new Command('clinic')
    .description("The operator's command line of the Clinic Insurances API.")
    .exitOverride()
    .showHelpAfterError('(add --help for more)')
    .addHelpText(
      'after',
      `
Every command that works on a store takes --local, or --remote with --env. With --json it prints one JSON
object on stdout and nothing else; notes and progress go to stderr.
Exit status: 0 done, 1 failed, 2 usage error.`,
    )

  const top = commandsOf(program)
  top('setup', 'make a store ready to be served', () => import('./commands/setup/index.ts'))
  top('doctor', 'check whether a store is in order', () => import('./commands/doctor.ts'))

  const token = commandsOf(program.command('token').description('issue and revoke tokens'))
  token('create', 'issue a token and show it once', () => import('./commands/token/create.ts'))
  token('list', 'list tokens, not their secrets', () => import('./commands/token/list.ts'))
  token('revoke', 'revoke a token', () => import('./commands/token/revoke.ts'))
  token('rotate', 'replace a token with a new one', () => import('./commands/token/rotate.ts'))

  const load = commandsOf(program.command('import').description('load a CSV or NDJSON file'))
  load('plans', 'load the catalogue of plans', () => import('./commands/import/plans.ts'))
  load('ownables', "register a clinic's ownables", () => import('./commands/import/ownables.ts'))

  top('export', "write a clinic's records as NDJSON", () => import('./commands/export.ts'))
  top('audit', 'write who touched which records', () => import('./commands/audit.ts'))

  const ssn = commandsOf(program.command('ssn').description('keep SSN keys, open sealed SSNs'))
  ssn('keygen', 'make a key pair', () => import('./commands/ssn/keygen.ts'))
  ssn('open', 'open the SSNs of an export, offline', () => import('./commands/ssn/open.ts'))
  ssn('rotate', 'change the key that SSNs are sealed to', () => import('./commands/ssn/rotate.ts'))
  ssn('reseal', 'seal old SSNs to the new key', () => import('./commands/ssn/reseal.ts'))

  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    process.exitCode = explain(error)
  }
}

type Loader = () => Promise<{ define: (command: Command) => unknown }>

/**
 * Adds commands to a parent. The file of a command says all but its name and what it does, and is loaded when
 * the command is called: loading takes most of the time of a short run.
 */
function commandsOf(parent: Command) {
  parent.helpCommand(false)
  return (name: string, description: string, load: Loader) => {
    const command = parent.command(name).description(description)
    parent.hook('preSubcommand', async (_, called) => {
      if (called === command) (await load()).define(command)
    })
  }
}

if (import.meta.main) {
  // A reader such as `head` may leave early.
  process.stdout.on('error', () => process.exit(FAILED))
  await clinic(process.argv.slice(2))
}
