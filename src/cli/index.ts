import { Command, CommanderError } from 'commander'
import { Failure, Misuse } from './failure.ts'
import { importOwnables, importPlans } from './import.ts'
import { print } from './output.ts'
import { createToken } from './token.ts'

/** Exit status: 0 done, 1 it failed, 2 it was asked for wrongly. */
const FAILED = 1
const MISUSED = 2

const program = new Command('clinic')
  .description("The operator's command line of the Clinic Insurances API.")
  .exitOverride()

const token = program.command('token').description('issue the tokens of clinics')
onStore(token.command('create'))
  .description('issue a token and show it, this once')
  .requiredOption('--clinic <id>', 'the clinic whose records it opens')
  .requiredOption('--label <text>', 'what it is for, such as "front desk"')
  .option('--scopes <a,b>', 'what it may do (default: insurances:read,insurances:write,plans:read)')
  .option('--expires <duration>', 'how long it lives, such as 90d, 12h or 30m (default: no end)')
  .addHelpText(
    'after',
    '\nExample:\n  npm run clinic -- token create --local --clinic riverside --label "front desk" --expires 90d',
  )
  .action(async (options) => print(await createToken(options), options.json))

const load = program.command('import').description('load plans and registries from files')
onStore(load.command('plans <file>'))
  .description('upsert plans by external_id from NDJSON or CSV, then serve the new catalogue')
  .addHelpText('after', '\nExample:\n  npm run clinic -- import plans plans.csv --local')
  .action(async (file, options) => print(await importPlans(file, options), options.json))
onStore(load.command('ownables <file>'))
  .description("register a clinic's ownables from CSV or NDJSON with the columns type and id")
  .requiredOption('--clinic <id>', 'the clinic whose ownables they are')
  .addHelpText(
    'after',
    '\nExample:\n  npm run clinic -- import ownables patients.csv --clinic riverside --local',
  )
  .action(async (file, options) => print(await importOwnables(file, options), options.json))

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = explain(error)
}

/** The options that every command has which touches a store. */
function onStore(command: Command): Command {
  return command
    .option('--local', 'work on the local store')
    .option('--remote', 'work on the deployed store')
    .option('--persist-to <dir>', 'the folder of the local state (as for wrangler dev)')
    .option('--env <name>', 'the environment of wrangler.toml')
    .option('--json', 'print one JSON object and nothing else')
}

/** Says what went wrong and how to put it right. A stranger's message may hold a row, so it is not shown. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED
  if (error instanceof Failure) {
    process.stderr.write(`error: ${error.message}\n`)
    return error instanceof Misuse ? MISUSED : FAILED
  }
  process.stderr.write(`error: ${error instanceof Error ? error.name : 'unknown failure'}\n`)
  return FAILED
}
