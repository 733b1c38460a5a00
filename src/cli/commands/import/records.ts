import { decodeBase64Url } from 'hono/utils/encode'
import { insertOwnables } from '../../../operator/ownables.ts'
import { importer } from '../../../operator/records/import.ts'
import { ACCENTS } from '../../../operator/records/match.ts'
import type { Ownable } from '../../../ownables/queries.ts'
import type { Resource } from '../../../records/resource.ts'
import { keyIdOf } from '../../../ssn/suite.ts'
import { checkClinic, refuseWrites } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import type { Store } from '../../environment/open.ts'
import { activePublicKey } from '../../environment/ssn-key.ts'
import { flag, option, type Values } from '../../terminal/command.ts'
import { Misuse } from '../../terminal/failure.ts'
import { clinicOption, oneOf } from '../../terminal/options.ts'
import { counted, type Report } from '../../terminal/report.ts'
import { DATES } from './record-columns.ts'
import { rowReader } from './record-row.ts'
import { importRows, importWords, reportOf } from './rows.ts'

const mergedLine = ({ line, first }: { line: number; first: number }) =>
  `line ${line} merged into line ${first}, which names the same one`

const words = {
  ...importWords,
  clinic: clinicOption,
  register: flag('--register', 'register the patients and other owners that rows name'),
  replaceSsns: flag('--replace-ssns', 'write SSNs even if their last four digits are the same'),
  dates: option('--dates <order>', 'dates are iso (default), mdy (5/15/1990) or dmy', oneOf(DATES)),
  accents: option(
    '--accents <decision>',
    `whether names that differ only in accents are one person: ${ACCENTS.join(', ')}`,
    oneOf(ACCENTS),
  ),
  withoutInvalid: option(
    '--without-invalid <fields>',
    'leave out invalid values of these fields, such as phone,email, and take the row',
    (text) => text.split(','),
  ),
}

type Options = Partial<Values<typeof words>> & { clinic: string }

export const importOf = (resource: Resource) => ({
  command: onStore({
    example: `import ${resource.name} file.csv --clinic riverside --local --dry-run`,
    takes: words,
    async work({ file, ...options }, store) {
      const publicKey = await activePublicKey(store.environment)
      await checkClinic(store, options.clinic)
      return await importRecords(store, resource, file, publicKey, options)
    },
  }),
})

export async function importRecords(
  { db, leave, operator }: Pick<Store, 'db' | 'leave' | 'operator'>,
  resource: Resource,
  file: string,
  publicKey: string,
  { clinic: clinicId, register, dates = 'iso', withoutInvalid = [], ...options }: Options,
): Promise<Report> {
  const { shape } = resource.given
  const optional = Object.keys(shape).filter((name) => shape[name]?.safeParse(null).success)
  const other = withoutInvalid.find((name) => !optional.includes(name))
  if (other !== undefined) {
    throw new Misuse(`--without-invalid takes ${optional.join(',')}, not ${other}`)
  }
  const keyId = await keyIdOf(decodeBase64Url(publicKey))
  const { told, fieldsIn, read } = rowReader(resource, { clinicId, keyId, dates, withoutInvalid })
  let registered = 0
  async function registerOwners(owners: Ownable[]) {
    const made = (await insertOwnables(db, clinicId, owners, options)) ?? refuseWrites(clinicId)
    if (registered === 0 && made.inserted > 0 && !options.dryRun) {
      await leave({ action: 'import', resource: 'ownables', clinicId })
    }
    registered += made.inserted
  }
  const how = { ...options, clinicId, publicKey, register: register && registerOwners }
  const { merged, write } = importer(resource, { ...how, tokenId: await operator() })

  const imported = await importRows(file, options, {
    what: resource.name,
    // Parsing an empty object reports every required field as missing.
    required: resource.given.safeParse({}).error?.issues.map(({ path }) => String(path[0])) ?? [],
    fieldsIn,
    read,
    write: async (rows) => (await write(db, rows)) ?? refuseWrites(clinicId),
  })
  const ignored = [...told.ignored].sort()
  const zeros = `ids that differ from another by leading zeros alone: ${counted(told.zeros.length)}, the first on line ${told.zeros[0]}`
  return reportOf(imported, options, {
    counts: {
      ...(merged.length > 0 && { merged: merged.length }),
      ...(withoutInvalid.length > 0 && { without_invalid: told.incomplete }),
    },
    json: {
      ...(merged.length > 0 && { merged_rows: merged.slice(0, 100) }),
      ...(register && { registered }),
      ignored_columns: ignored,
    },
    warnings: told.zeros.length > 0 ? [zeros] : [],
    lines: [
      ...merged.slice(0, 10).map(mergedLine),
      ...(register ? [`${counted(registered)} owners registered`] : []),
      ...(ignored.length > 0 ? [`ignored columns: ${ignored.join(', ')}`] : []),
    ],
  })
}
