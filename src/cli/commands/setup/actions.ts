import { createClinicText } from '../../../clinics/queries.ts'
import { DEFAULT_LIFETIME, DEFAULT_SCOPES, newRecord } from '../../../tokens/record.ts'
import { KEY_PREFIX, mintToken, tokenKey } from '../../../tokens/token.ts'
import { cellOf } from '../../environment/cell.ts'
import {
  building,
  shipping,
  wranglerFlags,
  type RemoteEnvironment,
} from '../../environment/choose.ts'
import { deployed, setInWranglerToml } from '../../environment/wrangler-toml.ts'
import { askWrangler, runWrangler } from '../../environment/wrangler.ts'
import { keyPairIn } from '../../files/key-file.ts'
import type { Report } from '../../terminal/report.ts'
import { shownOnce } from '../token/shown-once.ts'
import { edit, wrangler, wranglerLine, type Action } from './action.ts'

/** Where the first deployment is to create the database and the bucket. */
export function setJurisdiction(environment: RemoteEnvironment, name: string): Action[] {
  const { env, config } = environment
  const tables = ['d1_databases', ...(config.r2_buckets.length > 0 ? ['r2_buckets'] : [])]
  return tables.map((table) =>
    edit(environment, `[[env.${env}.${table}]]`, 'jurisdiction', `"${name}"`),
  )
}

/** Makes the key pair. The private key is in its file before wrangler.toml names the public one. */
export function setKey({ file, env, config }: RemoteEnvironment, keyFile: string): Action[] {
  const { ssnPublicKey } = deployed(config)
  if (ssnPublicKey) return []

  const header = `[env.${env}.vars]`
  return [
    {
      says: `${file}: ${header} SSN_PUBLIC_KEY = the public half of the key in ${keyFile}, a new one unless it exists`,
      async run() {
        const { keyId, publicKey } = await keyPairIn(keyFile)
        await setInWranglerToml(file, header, 'SSN_PUBLIC_KEY', `"${publicKey}"`)
        return `key ${keyId}; its private half is in ${keyFile}: keep a copy offline`
      },
    },
  ]
}

export const setDomain = (environment: RemoteEnvironment, domain: string): Action[] => [
  edit(
    environment,
    `[env.${environment.env}]`,
    'routes',
    `[{ pattern = "${domain}", custom_domain = true }]`,
  ),
]

/** The same two commands as `npm run deploy`. Wrangler creates what the environment names and is missing. */
export const deploy = (environment: RemoteEnvironment): Action[] => [
  wrangler(...building(environment)),
  wrangler(...shipping(environment)),
]

/** What 45 CFR 164.316 asks for: six years. */
const LOCKED_DAYS = 2192
const RULE = 'six-years'

/** Keeps every object of the trail's bucket from being changed or deleted. */
export function lockTrail({ file, config }: RemoteEnvironment, wanted?: string): Action[] {
  return config.r2_buckets.map(({ bucket_name: name, jurisdiction = wanted }) => {
    const flags = [...(jurisdiction ? ['--jurisdiction', jurisdiction] : []), '--config', file]
    const rule = [RULE, '', '--retention-days', `${LOCKED_DAYS}`, '--force']
    const add = wrangler('r2', 'bucket', 'lock', 'add', name, ...rule, ...flags)
    return {
      says: `${add.says}   # unless it is listed`,
      async run() {
        const listed = await runWrangler(['r2', 'bucket', 'lock', 'list', name, ...flags])
        if (listed.includes(RULE)) return 'exists'
        await add.run()
        return `nothing sealed can be deleted for ${LOCKED_DAYS} days`
      },
    }
  })
}

export function createFirstClinic(environment: RemoteEnvironment, clinic: string): Action[] {
  const execute = ['d1', 'execute', 'DB', '--remote', '--yes', ...wranglerFlags(environment)]
  return [wrangler(...execute, '--command', createClinicText(clinic))]
}

/** Issues a token to the clinic if none was issued yet, and gives what is to be shown of it to `show`. */
export function issueFirstToken(
  environment: RemoteEnvironment,
  { clinic, label, cell }: { clinic: string; label: string; cell: string | undefined },
  show: (report: Report) => void,
): Action[] {
  const where = ['--binding', 'TOKENS', '--remote', ...wranglerFlags(environment)]
  const put = ['kv', 'key', 'put']
  return [
    {
      says: `${wranglerLine([...put, `${KEY_PREFIX}…`, ...where])}   # unless there is a token`,
      async run() {
        const tokens = await askWrangler(['kv', 'key', 'list', '--prefix', KEY_PREFIX, ...where])
        if (Array.isArray(tokens) && tokens.length > 0) return 'exists'

        const lasting = { scopes: DEFAULT_SCOPES, lifetime: DEFAULT_LIFETIME }
        const record = newRecord({ clinic_id: clinic, label, ...lasting })
        const token = mintToken(cell ?? (await cellOf(environment)).cell)
        // The arguments hold nothing that lets anyone in: the token itself is not among them.
        const [key, value] = [await tokenKey(token), JSON.stringify(record)]
        await runWrangler([...put, key, value, '--metadata', value, ...where])
        show(await shownOnce(token, record, deployed(environment.config).origin))
        return `issued to ${clinic}, expires ${record.expires_at?.slice(0, 10)}`
      },
    },
  ]
}
