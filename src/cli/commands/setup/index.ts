import { Option, type Command } from '@commander-js/extra-typings'
import { chooseStore, configFile, onStore, type LocalChoice } from '../../environment/choice.ts'
import { openMigrated } from '../../environment/open.ts'
import { developmentKey, developmentKeyFile } from '../../environment/ssn-key.ts'
import { readWranglerToml } from '../../environment/wrangler-toml.ts'
import { askChoice, canAsk } from '../../terminal/ask.ts'
import { Misuse } from '../../terminal/failure.ts'
import { example, parseCell, parseClinic, parseDomain, parseLabel } from '../../terminal/options.ts'
import { print, type Report } from '../../terminal/report.ts'
import { addEnvironment } from './cell.ts'
import { setUpRemote } from './remote.ts'
import { JURISDICTIONS, LOCATIONS } from './steps.ts'

export const define = (command: Command) =>
  onStore(command)
    .addOption(
      new Option('--jurisdiction <name>', 'where D1 and KV must keep their data').choices(
        JURISDICTIONS,
      ),
    )
    .addOption(
      new Option('--location <name>', 'the region near which D1 keeps its data').choices(LOCATIONS),
    )
    .option('--kv-anywhere', 'create KV without the --jurisdiction')
    .option('--domain <host>', 'the host name at which it answers', parseDomain)
    .option('--cell <name>', 'the name of the cell that it is, where there are several', parseCell)
    .option('--key-file <file>', 'where the private key goes (default: ssn-<env>.key.json)')
    .option('--clinic <id>', 'the clinic of the first token', parseClinic)
    .addOption(
      new Option('--label <text>', 'what the first token is for')
        .argParser(parseLabel)
        .default('first token'),
    )
    .option('--lock-trail', 'keep what is sealed from being deleted for six years; production only')
    .option('--dry-run', 'print each step and do none')
    .addHelpText(
      ...example(
        'setup --remote --env production --jurisdiction eu --domain api.example.com --dry-run',
      ),
    )
    .action(async (options) => {
      const mayAsk = canAsk() && !options.dryRun
      if (options.remote && mayAsk) options.env ??= await askEnvironment(configFile(options))
      if (options.cell && options.remote)
        await addEnvironment(options, options.cell, options.dryRun ?? false)
      const choice = await chooseStore(options)
      if (options.lockTrail && choice.env !== 'production') {
        throw new Misuse('--lock-trail goes with --env production')
      }
      if (choice.place === 'remote') {
        return print(await setUpRemote(choice, options, mayAsk), options)
      }
      if (options.dryRun) throw new Misuse('--dry-run goes with --remote')
      if (options.cell) throw new Misuse('--cell goes with --remote; `npm run dev` takes it, too')
      print(await setUpLocal(choice), options)
    })

async function askEnvironment(file: string): Promise<string> {
  const { environments } = await readWranglerToml(file)
  const names = Object.keys(environments).map((value) => ({ value }))
  return await askChoice('Which environment?', names)
}

async function setUpLocal(choice: LocalChoice): Promise<Report> {
  const { store, applied } = await openMigrated(choice)
  await store.close()
  const { keyId } = await developmentKey(choice)
  return {
    json: { migrations_applied: applied, ssn_key_id: keyId },
    lines: [
      applied.length > 0 ? `migrations applied: ${applied.join(', ')}` : 'migrations: none missing',
      `SSN key ${keyId} is in ${developmentKeyFile(choice)}`,
    ],
  }
}
