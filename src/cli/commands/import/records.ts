import { decodeBase64Url } from 'hono/utils/encode'
import * as z from 'zod'
import { MUST_EXIST } from '../../../fields/messages.ts'
import { compareOwnables, insertOwnables } from '../../../operator/ownables.ts'
import { listAbsent } from '../../../ownables/queries.ts'
import { importer } from '../../../operator/records/import.ts'
import { ACCENTS, type Accents, type ImportedRow } from '../../../operator/records/match.ts'
import { ownerOf, type Resource } from '../../../records/resource.ts'
import { keyIdOf } from '../../../ssn/suite.ts'
import { checkClinic } from '../../environment/clinic.ts'
import { onStore } from '../../environment/command.ts'
import type { Store } from '../../environment/open.ts'
import { activePublicKey } from '../../environment/ssn-key.ts'
import { flag, option } from '../../terminal/command.ts'
import { Misuse, stopAtCtrlC } from '../../terminal/failure.ts'
import { clinicOption, oneOf } from '../../terminal/options.ts'
import { counted, type Report } from '../../terminal/report.ts'
import type { RowErrors } from '../../files/rejections.ts'
import { namePlans } from './named-plans.ts'
import { oddities } from './oddities.ts'
import { mergesIn } from './merges.ts'
import { DATES, fieldReader, type Dates } from './record-columns.ts'
import { recordRow } from './record-row.ts'
import {
  importRows,
  importWords,
  refuseWrites,
  reportOf,
  type CheckedRow,
  type ImportOptions,
} from './rows.ts'

const REGISTER = ': --register registers the owners that rows name'
/** So many merged rows are named. */
const MOST_TOLD = 100

type Options = ImportOptions & {
  clinic: string
  register?: true | undefined
  replaceSsns?: true | undefined
  dates?: Dates | undefined
  accents?: Accents | undefined
  withoutInvalid?: string[] | undefined
}

/** The command that imports records of a resource. */
export const importOf = (resource: Resource) => ({
  command: onStore({
    example: `import ${resource.name} file.csv --clinic riverside --local --dry-run`,
    takes: {
      ...importWords,
      clinic: clinicOption,
      register: flag('--register', 'register the patients, or other owners, that rows name'),
      replaceSsns: flag(
        '--replace-ssns',
        'write every SSN given, even if its last four digits are the same',
      ),
      dates: option(
        '--dates <order>',
        `how the file writes dates, such as 5/15/1990: ${DATES.join(', ')} (default: iso)`,
        oneOf(DATES),
      ),
      accents: option(
        '--accents <decision>',
        `whether a row with the names of a record but for accents is the same person: ${ACCENTS.join(', ')}`,
        oneOf(ACCENTS),
      ),
      withoutInvalid: option(
        '--without-invalid <fields>',
        'take rows without such values as are invalid, such as phone,email',
        (text) => text.split(','),
      ),
    },
    async work({ file, ...options }, store) {
      const publicKey = await activePublicKey(store.environment)
      await checkClinic(store, options.clinic)
      return await importRecords(store, resource, file, publicKey, options)
    },
  }),
})

/** Creates and amends a clinic's records of a resource, as the rows of a file say. */
export async function importRecords(
  { db, leave, operator }: Pick<Store, 'db' | 'leave' | 'operator'>,
  resource: Resource,
  file: string,
  publicKey: string,
  { clinic: clinicId, register, dates = 'iso', accents, withoutInvalid = [], ...options }: Options,
): Promise<Report> {
  checkOptional(resource, withoutInvalid)
  const { dryRun, replaceSsns } = options
  const { given, owner } = resource
  const importing = { clinicId, tokenId: await operator(), publicKey, replaceSsns, accents, dryRun }
  const keyId = await keyIdOf(decodeBase64Url(publicKey))
  const write = importer(resource)
  const namesOwner = z.object(
    Object.fromEntries(resource.ownerColumns.map((name) => [name, given.shape[name] ?? z.any()])),
  )
  const unknown = new Set<string>()
  const odd = oddities()
  const merges = mergesIn(resource, accents)
  const leniency = { dates, withoutInvalid, leftOut: { rows: 0 } }
  let registered = 0

  /** The owners that rows name, with the places of the rows. */
  const ownersOf = (rows: readonly CheckedRow<ImportedRow>[]) =>
    rows.flatMap(({ row, errors }, place) => {
      const { data } = namesOwner.safeParse(row.columns)
      return data ? [{ place, isGood: !errors, ...ownerOf(resource, data) }] : []
    })

  async function registerOwners(owners: ReturnType<typeof ownersOf>) {
    const rows = owners.filter(({ isGood }) => isGood).map(({ type, id }) => ({ type, id }))
    if (rows.length === 0) return
    const count = dryRun ? compareOwnables : insertOwnables
    const { inserted } = (await count(db, clinicId, rows)) ?? refuseWrites(clinicId)
    if (registered === 0 && inserted > 0 && !dryRun) {
      await leave({ action: 'import', resource: 'ownables', clinicId })
    }
    registered += inserted
  }

  // What is wrong with nothing at all is that it lacks what every record must have.
  const required = given.safeParse({}).error?.issues.map(({ path }) => String(path[0])) ?? []
  const imported = await importRows(file, options, stopAtCtrlC(), {
    what: resource.name,
    required,
    rename: fieldReader(resource, dates, unknown, odd),
    odd,
    schema: () => recordRow(resource, clinicId, keyId, leniency),
    async check(rows) {
      for (const { row, accepted } of rows) if (accepted) accepted.line = row.line
      const noPlans = await namePlans(db, rows)
      const isWrong = (place: number) => noPlans.has(place)
      const owners = ownersOf(rows).map((owner) => ({
        ...owner,
        isGood: owner.isGood && !isWrong(owner.place),
      }))
      if (register) {
        await registerOwners(owners)
        merges.find(rows, isWrong)
        return noPlans
      }
      const absent = await listAbsent(db, clinicId, owners)
      const errors = new Map<number, RowErrors>(noPlans)
      for (const place of absent.map((n) => owners[n]?.place ?? 0)) {
        errors.set(place, { ...errors.get(place), [owner.id]: [MUST_EXIST + REGISTER] })
      }
      merges.find(rows, (place) => errors.has(place))
      return errors
    },
    async write(rows) {
      const written = (await write(db, rows, importing)) ?? refuseWrites(clinicId)
      return {
        ...written,
        unchanged: written.unchanged - merges.inPortion(),
      }
    },
  })
  const { merged } = merges
  const report = reportOf(imported, options, {
    more: {
      ...(merged.length > 0 && { merged: merged.length }),
      ...(withoutInvalid.length > 0 && { without_invalid: leniency.leftOut.rows }),
    },
  })
  const ignored = [...unknown].sort()
  return {
    ...report,
    json: {
      ...report.json,
      ...(merged.length > 0 && { merged_rows: merged.slice(0, MOST_TOLD) }),
      ...(register && { registered }),
      ignored_columns: ignored,
    },
    lines: [
      ...report.lines,
      ...merged
        .slice(0, 10)
        .map(
          ({ line, first, differs }) =>
            `line ${line} merged into line ${first}, which names the same ${resource.person ? 'person' : resource.oneWord}${differs ? ' with other values' : ''}`,
        ),
      ...(register ? [`${counted(registered)} owners registered`] : []),
      ...(ignored.length > 0 ? [`ignored columns: ${ignored.join(', ')}`] : []),
    ],
  }
}

/** Throws Misuse. */
function checkOptional({ given: { shape } }: Resource, names: readonly string[]) {
  const optional = Object.keys(shape).filter((name) => shape[name]?.safeParse(null).success)
  const other = names.find((name) => !optional.includes(name))
  if (other !== undefined) {
    throw new Misuse(`--without-invalid takes ${optional.join(',')}, not ${other}`)
  }
}
