import { Command } from 'commander'
import { VERSION } from '../http/version.ts'
import { endWorkerdWithUs } from './environment/wrangler.ts'
import type { Definition } from './terminal/command.ts'
import { endInOrder, explain, FAILED, type Manner } from './terminal/failure.ts'
import { reporting } from './terminal/report.ts'

/** How this command line wants failures reported. */
const mannerOf = (args: readonly string[]): Manner => ({
  json: args.includes('--json'),
  debug: args.includes('--debug'),
})

const changingTo = (state: 'open' | 'suspended') => async () =>
  (await import('./commands/clinic/state.ts')).changeTo(state)

const repairing = (verb: 'restore' | 'erase') => async () =>
  (await import('./commands/records/repair.ts')).repair(verb)

const GROUPS: Record<string, string> = {
  token: 'issue, list and revoke tokens',
  import: 'load a CSV or NDJSON file',
  audit: 'read the audit trail, and prove that it is whole',
  records: 'restore, reassign or erase a single record',
  ssn: 'make SSN keys and open sealed SSNs',
}

/** Every command: its words, its purpose, and its file. */
const COMMANDS: [words: string, purpose: string, load: () => Promise<{ command: Definition }>][] = [
  ['setup', 'prepare an environment', () => import('./commands/setup.ts')],
  ['deploy', 'deploy the code in this folder', () => import('./commands/deploy.ts')],
  ['doctor', 'check an environment', () => import('./commands/doctor.ts')],
  ['stats', 'show how much each clinic stores', () => import('./commands/stats.ts')],

  ['create', 'add a clinic', () => import('./commands/clinic/create.ts')],
  ['list', 'list clinics and their states', () => import('./commands/clinic/list.ts')],
  ['suspend', "refuse a clinic's requests", changingTo('suspended')],
  ['open', 'reopen a suspended clinic', changingTo('open')],
  ['limit', "limit a clinic's records", () => import('./commands/clinic/limit.ts')],
  ['move', 'move a clinic to another cell', () => import('./commands/clinic/move/index.ts')],

  ['token create', 'issue a token and show it once', () => import('./commands/token/create.ts')],
  ['token list', 'list tokens without their secrets', () => import('./commands/token/list.ts')],
  ['token revoke', 'revoke a token', () => import('./commands/token/revoke.ts')],
  ['token rotate', 'replace a token with a new one', () => import('./commands/token/rotate.ts')],

  ['import plans', 'load the catalogue of plans', () => import('./commands/import/plans.ts')],
  ['import ownables', 'register ownables', () => import('./commands/import/ownables.ts')],
  ['export', "write a clinic's records as NDJSON", () => import('./commands/export.ts')],

  ['audit list', 'list who touched which records', () => import('./commands/audit/list.ts')],
  ['audit seal', 'seal now instead of hourly', () => import('./commands/audit/seal.ts')],
  ['audit verify', 'find what was tampered with', () => import('./commands/audit/verify.ts')],
  ['audit head', 'print digests to keep offline', () => import('./commands/audit/head.ts')],

  ['records restore', 'restore a deleted record', repairing('restore')],
  ['records reassign', 'give it another owner', () => import('./commands/records/reassign.ts')],
  ['records erase', 'erase its content for good', repairing('erase')],

  ['backup', 'copy a store to a folder', () => import('./commands/backup.ts')],
  ['restore', 'copy a backup into an empty store', () => import('./commands/restore.ts')],
  ['marks', 'note the highest ids, before Time Travel', () => import('./commands/marks.ts')],
  ['resume', 'skip those ids, after Time Travel', () => import('./commands/resume.ts')],

  ['ssn keygen', 'make a key pair', () => import('./commands/ssn/keygen.ts')],
  ['ssn open', "open an export's SSNs, offline", () => import('./commands/ssn/open.ts')],
  ['ssn rotate', 'change to a new key', () => import('./commands/ssn/rotate.ts')],
  ['ssn reseal', 'seal old SSNs to the new key', () => import('./commands/ssn/reseal.ts')],
]

/** An `import` command for each resource; the resources are loaded only when needed. */
async function importsOf(called: string | undefined): Promise<typeof COMMANDS> {
  if (called !== 'import') return []
  const { resources } = await import('../resources/index.ts')
  return resources.map((resource) => [
    `import ${resource.name}`,
    `create and amend ${resource.name.replaceAll('_', ' ')}`,
    async () => (await import('./commands/import/records.ts')).importOf(resource),
  ])
}

/** Runs one command line and sets the exit status of the process. */
export async function clinic(args: readonly string[]): Promise<void> {
  reporting.to = process.stdout
  const manner = mannerOf(args)
  const program = new Command('clinic')
    .description("The operator's command line of the Clinic Insurances API.")
    .version(VERSION)
    .helpCommand(false)
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

  await addCommands(program, args)

  try {
    const words = args.filter((word) => word !== '--debug')
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    process.exitCode = explain(error, manner)
  }
}

/** Adds every command. Its file is loaded only when it is called, since loading takes most of a short run. */
async function addCommands(program: Command, [called]: readonly string[]) {
  const groupOf = (name: string, purpose = '') =>
    program.commands.find((group) => group.name() === name) ??
    program.command(name).description(purpose).helpCommand(false)
  for (const [words, purpose, load] of [...COMMANDS, ...(await importsOf(called))]) {
    const [first = '', second] = words.split(' ')
    const parent = second === undefined ? program : groupOf(first, GROUPS[first])
    const isDefault = words === 'audit list'
    const command = parent.command(second ?? first, { isDefault }).description(purpose)
    parent.hook('preSubcommand', async (_, chosen) => {
      if (chosen === command) (await load()).command(command)
    })
  }
}

/** Runs the command line of this process, and exits at once if it failed. */
export async function main(): Promise<void> {
  const args = process.argv.slice(2)
  const manner = mannerOf(args)
  endInOrder(manner)
  // EPIPE means that a reader such as `head` left early; any other error, such as a full disk, is reported.
  process.stdout.on('error', (error) =>
    process.exit('code' in error && error.code === 'EPIPE' ? FAILED : explain(error, manner)),
  )
  endWorkerdWithUs()
  await clinic(args)
  // After a failure, don't wait for what is still open, such as a workerd that could not start.
  if (process.exitCode) process.exit()
}

if (import.meta.main) await main()
