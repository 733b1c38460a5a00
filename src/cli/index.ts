import { Command, type CommandOptions } from '@commander-js/extra-typings'
import { VERSION } from '../http/version.ts'
import { endWorkerdWithUs } from './store/workerd.ts'
import { endAtCtrlC, explain, FAILED, type Manner } from './terminal/failure.ts'
import { reporting } from './terminal/report.ts'

/** How the command line given wants failures told. */
const mannerOf = (args: readonly string[]): Manner => ({
  json: args.includes('--json') || undefined,
  debug: args.includes('--debug'),
})

/** Runs one command line and sets the exit status of the process. */
export async function clinic(args: readonly string[]): Promise<void> {
  reporting.to = process.stdout
  const manner = mannerOf(args)
  const program = new Command('clinic')
    .description("The operator's command line of the Clinic Insurances API.")
    .version(VERSION)
    .exitOverride()
    .configureOutput(manner.json ? { writeErr: () => {} } : {})
    .showHelpAfterError('(add --help for more)')
    .addHelpText(
      'after',
      `
Every command that works on a store takes --local, or --remote with --env. With --json it prints one JSON
object on stdout and nothing else, {"error": "…"} if it fails; notes and progress go to stderr. With --debug
an error comes with all that is known of it, which may hold data of yours.
Exit status: 0 done, 1 failed, 2 usage error.`,
    )

  const top = commandsOf(program)
  top('setup', 'make a store ready to be served', () => import('./commands/setup/index.ts'))
  top('doctor', 'check whether a store is in order', () => import('./commands/doctor/index.ts'))
  top('stats', 'show how much is stored, and for whom', () => import('./commands/stats.ts'))

  top('deploy', 'bring new code to the edge', () => import('./commands/deploy.ts'))

  const clinics = commandsOf(program.command('clinic').description('say which clinics there are'))
  clinics('create', 'add a clinic', () => import('./commands/clinic/create.ts'))
  clinics('list', 'list clinics and their states', () => import('./commands/clinic/list.ts'))
  clinics('suspend', 'refuse all its requests', () => import('./commands/clinic/suspend.ts'))
  clinics('move', 'move it to another cell', () => import('./commands/clinic/move/index.ts'))
  clinics('open', 'let it in again', () => import('./commands/clinic/open.ts'))

  const token = commandsOf(program.command('token').description('issue and revoke tokens'))
  token('create', 'issue a token and show it once', () => import('./commands/token/create.ts'))
  token('list', 'list tokens, not their secrets', () => import('./commands/token/list.ts'))
  token('revoke', 'revoke a token', () => import('./commands/token/revoke.ts'))
  token('rotate', 'replace a token with a new one', () => import('./commands/token/rotate.ts'))

  const load = commandsOf(program.command('import').description('load a CSV or NDJSON file'))
  load('plans', 'load the catalogue of plans', () => import('./commands/import/plans.ts'))
  load('ownables', "register a clinic's ownables", () => import('./commands/import/ownables.ts'))
  const importRecords = () => import('./commands/import/records.ts')
  load('person_informations', "create and amend a clinic's person informations", importRecords)
  load('dependents', "create and amend a clinic's dependents", importRecords)
  load('coverages', "create and amend a clinic's coverages", importRecords)

  top('export', "write a clinic's records as NDJSON", () => import('./commands/export.ts'))

  const audit = commandsOf(program.command('audit').description('read the trail, and prove it'))
  const list = () => import('./commands/audit/list.ts')
  audit('list', 'write who touched which records', list, { isDefault: true })
  audit('seal', 'do now what is done hourly', () => import('./commands/audit/seal.ts'))
  audit('verify', 'find what was tampered with', () => import('./commands/audit/verify.ts'))
  audit('head', 'write what to keep elsewhere', () => import('./commands/audit/head.ts'))

  const records = commandsOf(
    program.command('records').description('put right single records of a clinic'),
  )
  records('restore', 'bring a deleted record back', () => import('./commands/records/restore.ts'))
  records('reassign', 'give it another owner', () => import('./commands/records/reassign.ts'))
  records('erase', "forget a deleted record's content", () => import('./commands/records/erase.ts'))
  top('backup', 'write all of a store to a folder', () => import('./commands/backup.ts'))
  top('restore', 'fill an empty store from a backup', () => import('./commands/restore.ts'))
  top('marks', 'write what ids were given out', () => import('./commands/marks.ts'))
  top('resume', 'go on after a restore in time', () => import('./commands/resume.ts'))

  const ssn = commandsOf(program.command('ssn').description('keep SSN keys, open sealed SSNs'))
  ssn('keygen', 'make a key pair', () => import('./commands/ssn/keygen.ts'))
  ssn('open', 'open the SSNs of an export, offline', () => import('./commands/ssn/open.ts'))
  ssn('rotate', 'change the key that SSNs are sealed to', () => import('./commands/ssn/rotate.ts'))
  ssn('reseal', 'seal old SSNs to the new key', () => import('./commands/ssn/reseal.ts'))

  try {
    const words = args.filter((word) => word !== '--debug')
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    process.exitCode = explain(error, manner)
  }
}

type Loader = () => Promise<{ define: (command: Command) => unknown }>

/**
 * Adds commands to a parent. The file of a command says all but its name and what it does, and is loaded when
 * the command is called: loading takes most of the time of a short run.
 */
function commandsOf(parent: Command) {
  parent.helpCommand(false)
  return (name: string, description: string, load: Loader, options: CommandOptions = {}) => {
    const command = parent.command(name, options).description(description)
    parent.hook('preSubcommand', async (_, called) => {
      if (called === command) (await load()).define(command)
    })
  }
}

/** Runs the command line of this process, and ends it. */
export async function main(): Promise<void> {
  const args = process.argv.slice(2)
  const manner = mannerOf(args)
  const endFor = (error: Error) => process.exit(explain(error, manner))
  // A reader such as `head` may leave early; a full disk is another matter.
  process.stdout.on('error', (error) =>
    'code' in error && error.code === 'EPIPE' ? process.exit(FAILED) : endFor(error),
  )
  process.on('uncaughtException', endFor)
  endAtCtrlC(manner)
  endWorkerdWithUs()
  await clinic(args)
  // What a failure has left open, such as a workerd that could not start, must not keep the process.
  if (process.exitCode) process.exit()
}

if (import.meta.main) await main()
