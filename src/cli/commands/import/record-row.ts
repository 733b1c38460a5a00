import * as z from 'zod'
import { PATIENT } from '../../../fields/ownable-type.ts'
import { INVALID } from '../../../fields/messages.ts'
import type { FieldErrors } from '../../../http/errors.ts'
import { errorsOf } from '../../../http/field-errors.ts'
import type { ImportedRow } from '../../../operator/records/match.ts'
import { derivedFrom, type Resource } from '../../../records/resource.ts'
import { Failure } from '../../terminal/failure.ts'
import { fieldFinder, importedFields, isDate, valueReader, type Dates } from './record-columns.ts'
import type { Read } from './rows.ts'

type How = {
  clinicId: string
  /** The key that SSNs are sealed to here. */
  keyId: string
  dates: Dates
  /** The fields whose values a row may do without. */
  withoutInvalid: readonly string[]
}

/** What the command line adds where a date is refused. */
const REMEDIES: Record<Dates, string> = {
  iso: ': it takes YYYY-MM-DD from 1900 on, or the order that --dates mdy or --dates dmy names',
  mdy: ': it takes MM/DD/YYYY or YYYY-MM-DD, from 1900 on',
  dmy: ': it takes DD/MM/YYYY or YYYY-MM-DD, from 1900 on',
}

/** What is no column of a record: it is sealed, or named by an id. */
const BESIDE = ['ssn', 'plan']

/** A sealed SSN as an export has it. */
const exportedSsn = z.object({
  key_id: z.string(),
  sealed: z.string().regex(/^[\w-]{76}$/),
  last_four: z.string().regex(/^\d{4}$/),
})

/**
 * Reads the rows of a file as records, by the rules of the API. A sealed SSN is taken as it is if it was sealed for this
 * clinic and resource, to the key that is used here. `told` is what becomes known of the file: the columns that were
 * ignored, how many rows were taken without an invalid value, and on which lines an id differs from one before by
 * leading zeros alone.
 */
export function rowReader(resource: Resource, how: How) {
  const given = importedFields(resource)
  const { find, unknown } = fieldFinder(resource)
  const valueOf = valueReader(given, how.dates)
  const told = { ignored: unknown, incomplete: 0, zeros: new Array<number>() }
  const spellings = new Map<string, string>()
  const place = z.object({
    clinic_id: z.literal(how.clinicId),
    table: z.literal(resource.name),
    uid: z.uuid(),
  })

  /** The fields that the columns of a CSV give. Throws Failure if two give one. */
  function meaning(names: readonly string[]) {
    const { fields, fault } = find(names)
    if (fault) throw new Failure(`the file ${fault}`)
    return fields.keys()
  }

  function whyNotTaken(keyId: string, isForHere: boolean): FieldErrors {
    if (!isForHere)
      return { ssn: ['was sealed for another clinic: open it first, with `ssn open`'] }
    if (keyId === how.keyId) return {}
    return { ssn: [`is sealed to key ${keyId}, not to ${how.keyId}: open it first`] }
  }

  /** `00123` and `123` are one id to us, and may be two in the system that wrote the file. */
  function noteZeros(owner: unknown, line: number) {
    const [, id] = /^0*(\d+)$/.exec(String(owner).trim()) ?? []
    if (id === undefined) return
    const before = spellings.get(id) ?? String(owner).trim()
    if (before !== String(owner).trim()) told.zeros.push(line)
    spellings.set(id, before)
  }

  function read(row: Record<string, unknown>, line: number): Read<ImportedRow> {
    const { fields: columns, fault } = find(Object.keys(row))
    if (fault) return { errors: { row: [fault] } }
    noteZeros(row[columns.get(resource.owner.id) ?? ''], line)
    const values = Object.fromEntries(
      Array.from(columns, ([name, column]) => [
        name,
        column === undefined ? PATIENT : valueOf(name, row[column]),
      ]),
    )
    const { data: ssn } = exportedSsn.safeParse(values.ssn)
    const { data: from } = place.safeParse(values)
    const isGiven = ([name]: [string, unknown]) => name in given.shape && !(ssn && name === 'ssn')
    const fields = Object.entries(values).filter(isGiven)
    // Only where rows may do without a value, they are read twice.
    const wrong =
      how.withoutInvalid.length > 0
        ? given.safeParse(Object.fromEntries(fields)).error?.issues.map(({ path }) => path[0])
        : []
    const isLeftOut = (name: string) => how.withoutInvalid.includes(name) && wrong?.includes(name)
    const kept = Object.fromEntries(fields.filter(([name]) => !isLeftOut(name)))

    const { data, error } = given.safeParse(kept)
    const errors = {
      ...(error && withRemedy(errorsOf(error, given, 'field'), how.dates)),
      ...(ssn && whyNotTaken(ssn.key_id, from !== undefined)),
    }
    if (!data || Object.keys(errors).length > 0) return { errors }
    if (Object.keys(kept).length < fields.length) told.incomplete++

    // What the row does not name stays as it is.
    const named = Object.fromEntries(
      Object.entries(data).filter(([name]) => name in kept && !BESIDE.includes(name)),
    )
    return {
      accepted: {
        line,
        fields: { ...named, ...derivedFrom(resource, named) },
        ...(data.ssn && { ssn: String(data.ssn) }),
        ...(from && { uid: from.uid }),
        ...(ssn && { sealed: { keyId: ssn.key_id, sealed: ssn.sealed, lastFour: ssn.last_four } }),
        ...(data.plan && { plan: String(data.plan) }),
      },
    }
  }
  return { told, meaning, read }
}

const withRemedy = (errors: FieldErrors, dates: Dates): FieldErrors =>
  Object.fromEntries(
    Object.entries(errors).map(([name, messages]) => [
      name,
      isDate(name)
        ? messages.map((message) => (message === INVALID ? message + REMEDIES[dates] : message))
        : messages,
    ]),
  )
