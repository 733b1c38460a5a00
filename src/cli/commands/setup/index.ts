import {
  chooseEnvironment,
  configFile,
  environmentOptions,
  type LocalEnvironment,
} from '../../environment/choose.ts'
import { openMigrated } from '../../environment/open.ts'
import { developmentKey, developmentKeyFile } from '../../environment/ssn-key.ts'
import { readWranglerToml } from '../../environment/wrangler-toml.ts'
import { askChoice, canAsk } from '../../terminal/ask.ts'
import { commandTaking, flag, option } from '../../terminal/command.ts'
import { Misuse } from '../../terminal/failure.ts'
import { oneOf, parseCell, parseClinic, parseDomain, parseLabel } from '../../terminal/options.ts'
import type { Report } from '../../terminal/report.ts'
import { addEnvironment } from './cell.ts'
import { setUpRemote } from './remote.ts'
import { JURISDICTIONS, LOCATIONS } from './steps.ts'

export const command = commandTaking(
  environmentOptions,
  {
    example: 'setup --remote --env production --jurisdiction eu --domain api.example.com --dry-run',
    takes: {
      jurisdiction: option(
        '--jurisdiction <name>',
        'where D1 and KV must keep their data',
        oneOf(JURISDICTIONS),
      ),
      location: option(
        '--location <name>',
        'the region near which D1 keeps its data',
        oneOf(LOCATIONS),
      ),
      kvAnywhere: flag('--kv-anywhere', 'create KV without the --jurisdiction'),
      domain: option('--domain <host>', 'the host name at which it answers', parseDomain),
      cell: option(
        '--cell <name>',
        'the name of the cell that it is, where there are several',
        parseCell,
      ),
      keyFile: option(
        '--key-file <file>',
        'where the private key goes (default: ssn-<env>.key.json)',
      ),
      clinic: option('--clinic <id>', 'the clinic of the first token', parseClinic),
      label: option('--label <text>', 'what the first token is for', parseLabel),
      lockTrail: flag(
        '--lock-trail',
        'keep what is sealed from being deleted for six years; production only',
      ),
      dryRun: flag('--dry-run', 'print each step and do none'),
    },
  },
  async ({ label = 'first token', ...given }, chosen) => {
    const wanted = { label, ...given }
    const mayAsk = canAsk() && !wanted.dryRun
    const options = { ...chosen }
    if (options.remote && mayAsk) options.env ??= await askEnvironment(configFile(options))
    if (wanted.cell && options.remote)
      await addEnvironment(options, wanted.cell, wanted.dryRun ?? false)
    const environment = await chooseEnvironment(options)
    if (wanted.lockTrail && environment.env !== 'production') {
      throw new Misuse('--lock-trail goes with --env production')
    }
    if (environment.place === 'remote') return await setUpRemote(environment, wanted, mayAsk)

    if (wanted.dryRun) throw new Misuse('--dry-run goes with --remote')
    if (wanted.cell) throw new Misuse('--cell goes with --remote; `npm run dev` takes it, too')
    return await setUpLocal(environment)
  },
)

async function askEnvironment(file: string): Promise<string> {
  const { environments } = await readWranglerToml(file)
  const names = Object.keys(environments).map((value) => ({ value }))
  return await askChoice('Which environment?', names)
}

async function setUpLocal(environment: LocalEnvironment): Promise<Report> {
  const { store, applied } = await openMigrated(environment)
  await store.close()
  const { keyId } = await developmentKey(environment)
  return {
    json: { migrations_applied: applied, ssn_key_id: keyId },
    lines: [
      applied.length > 0 ? `migrations applied: ${applied.join(', ')}` : 'migrations: none missing',
      `SSN key ${keyId} is in ${developmentKeyFile(environment)}`,
    ],
  }
}
