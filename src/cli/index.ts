import { Command, Option } from 'commander'
import { examine } from './doctor.ts'
import { explain, FAILED } from './explain.ts'
import { exportAuditEvents, exportRecords } from './export.ts'
import { reasonToStop } from './failure.ts'
import { importOwnables, importPlans } from './import.ts'
import { print } from './output.ts'
import { JURISDICTIONS, LOCATIONS, setUp } from './setup.ts'
import { generateKey, rotateKey } from './ssn-key.ts'
import { openExport, resealRecords } from './ssn-records.ts'
import { createToken, listTokens, revokeToken, rotateToken } from './token.ts'

const program = new Command('clinic')
  .description("The operator's command line of the Clinic Insurances API.")
  .exitOverride()
  .showHelpAfterError('(add --help for more)')
  .addHelpText(
    'after',
    `
Every command that touches a store takes --local, or --remote with --env. With --json it prints one JSON
object on stdout and nothing else; notes and progress go to stderr.
Exit status: 0 done, 1 it failed, 2 it was asked for wrongly.`,
  )

const token = program.command('token').description('issue, list, revoke and rotate tokens')
onStore(token.command('create'))
  .description('issue a token and show it, this once')
  .requiredOption('--clinic <id>', 'the clinic whose records it opens')
  .requiredOption('--label <text>', 'what it is for, such as "front desk"')
  .option('--scopes <a,b>', 'what it may do (default: insurances:read,insurances:write,plans:read)')
  .option('--expires <duration>', 'how long it lives, such as 90d, 12h or 30m (default: no end)')
  .addHelpText(...example('token create --local --clinic riverside --label "front desk"'))
  .action(async (options) => print(await createToken(options), options.json))
onStore(token.command('list'))
  .description('list the tokens of all clinics, or of one; never the secrets')
  .option('--clinic <id>', 'only this one')
  .addHelpText(...example('token list --local --clinic riverside'))
  .action(async (options) => print(await listTokens(options), options.json))
onStore(token.command('revoke [id]'))
  .description(
    'revoke a token, named by its id or by a file that holds it; without both it is asked for',
  )
  .option('--token-file <file>', 'a file that holds the token itself (- for stdin)')
  .addHelpText(...example('token revoke 0123456789abcdef --local'))
  .action(async (id, options) => print(await revokeToken(id, options), options.json))
onStore(token.command('rotate [id]'))
  .description('issue a token like this one, which then expires after a grace period')
  .option('--token-file <file>', 'a file that holds the token itself (- for stdin)')
  .option('--grace <duration>', 'how long the old one lives on', '24h')
  .option(
    '--expires <duration>',
    'how long the new one lives (default: as long as the old one did)',
  )
  .addHelpText(...example('token rotate 0123456789abcdef --local --grace 2h'))
  .action(async (id, options) => print(await rotateToken(id, options), options.json))

const load = program
  .command('import')
  .description('load plans and registries from CSV and NDJSON files')
onImport(load.command('plans <file>'))
  .description('upsert plans by external_id (- for stdin), then serve the new catalogue')
  .option('--deactivate-missing', 'make plans inactive that the file does not name')
  .option('--republish', 'serve a new version even if nothing changed, as after a restore')
  .addHelpText(...example('import plans plans.csv --local --dry-run'))
  .action(async (file, options) => print(await importPlans(file, options), options.json))
onImport(load.command('ownables <file>'))
  .description("register a clinic's ownables from the columns type and id (- for stdin)")
  .requiredOption('--clinic <id>', 'the clinic whose ownables they are')
  .addHelpText(...example('import ownables patients.csv --clinic riverside --local'))
  .action(async (file, options) => print(await importOwnables(file, options), options.json))

onStore(program.command('export <table>'))
  .description(
    "write a clinic's person_informations or dependents as NDJSON, SSNs sealed as stored",
  )
  .requiredOption('--clinic <id>', 'the clinic whose records they are')
  .option('--out <file>', 'a new file that only you can read (default: stdout)')
  .addHelpText(
    ...example('export person_informations --clinic riverside --local --out people.ndjson'),
  )
  .action(async (name, options) => printBeside(await exportRecords(name, options), options))

onStore(program.command('audit'))
  .description("write a clinic's audit events as NDJSON: who touched which records, and when")
  .requiredOption('--clinic <id>', 'the clinic whose events they are')
  .option('--since <when>', 'a duration such as 24h or 7d, or a time in UTC', '24h')
  .option('--out <file>', 'a new file that only you can read (default: stdout)')
  .addHelpText(...example('audit --clinic riverside --local --since 7d'))
  .action(async (options) => printBeside(await exportAuditEvents(options), options))

const ssn = program.command('ssn').description('keep the SSN keys, and open sealed SSNs offline')
ssn
  .command('keygen')
  .description('make a key pair: the private half to a new file, the public one to wrangler.toml')
  .requiredOption('--out <file>', 'a new file that only you can read')
  .option('--json', 'print one JSON object and nothing else')
  .addHelpText(...example('ssn keygen --out ssn.key.json'))
  .action(async (options) => print(await generateKey(options), options.json))
ssn
  .command('open <file>')
  .description('give the records of an export (- for stdin) with plain SSNs; no store is touched')
  .addOption(privateKey())
  .option('--out <file>', 'a new file that only you can read (default: stdout)')
  .option('--json', 'print the counts as one JSON object')
  .addHelpText(...example('ssn open people.ndjson --key ssn.key.json --out opened.ndjson'))
  .action(async (file, options) => printBeside(await openExport(file, options), options))
onStore(ssn.command('rotate'))
  .description('make a second key the active one; old records keep the old one until resealed')
  .option('--out <file>', 'with --remote: a new file for the new private key')
  .addHelpText(...example('ssn rotate --remote --env production --out ssn-2.key.json'))
  .action(async (options) => print(await rotateKey(options), options.json))
onStore(ssn.command('reseal'))
  .description('seal to the active key what is sealed to another; run it again to go on')
  .addOption(privateKey())
  .addHelpText(...example('ssn reseal --remote --env production --key ssn-1.key.json'))
  .action(async (options) => print(await resealRecords(options), options.json))

onStore(program.command('setup'))
  .description('make a store ready: migrations and keys; with --remote everything from nothing')
  .addOption(
    new Option('--jurisdiction <name>', 'the records never leave it').choices(JURISDICTIONS),
  )
  .addOption(new Option('--location <name>', 'the records are kept near it').choices(LOCATIONS))
  .option('--domain <host>', 'the host name at which it answers')
  .option('--key-file <file>', 'where the private key goes (default: ssn-<env>.key.json)')
  .option('--clinic <id>', 'the clinic of the first token')
  .option('--label <text>', 'what the first token is for', 'first token')
  .option('--dry-run', 'print each step and do none')
  .addHelpText(
    ...example('setup --remote --env production --jurisdiction eu --clinic riverside --dry-run'),
  )
  .action(async (options) => print(await setUp(options), options.json))

onStore(program.command('doctor'))
  .description('check configuration, key, migrations, catalogue and clock')
  .addHelpText(...example('doctor --local'))
  .action(async (options) => print(await examine(options), options.json))

// A reader such as `head` may leave early.
process.stdout.on('error', () => process.exit(FAILED))
try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = explain(reasonToStop() ?? error)
}

/** The options that every command has which touches a store. */
function onStore(command: Command): Command {
  return command
    .option('--local', 'work on the local store')
    .option('--remote', 'work on the deployed store')
    .option('--env <name>', 'the environment of wrangler.toml')
    .option('--persist-to <dir>', 'the folder of the local state (as for wrangler dev)')
    .option('--config <file>', 'another wrangler.toml')
    .option('--json', 'print one JSON object and nothing else')
}

function onImport(command: Command): Command {
  return onStore(command)
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--rejected <file>', 'where rejected rows go (default: <file>.rejected.ndjson)')
}

function privateKey(): Option {
  return new Option(
    '--key <file...>',
    'a private key file, or several; without one it is asked for',
  ).default([], 'none')
}

function example(words: string): ['after', string] {
  return ['after', `\nExample:\n  npm run clinic -- ${words}`]
}

/** Prints a report beside the records that went to stdout: on stderr. */
function printBeside(
  report: Parameters<typeof print>[0],
  options: { out?: string; json?: boolean },
) {
  print(report, options.json, options.out === undefined ? process.stderr : process.stdout)
}
