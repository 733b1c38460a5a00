import * as z from 'zod'
import { PATIENT } from '../../../fields/ownable-type.ts'
import { INVALID } from '../../../fields/messages.ts'
import { errorsOf } from '../../../http/field-errors.ts'
import type { ImportedRow } from '../../../operator/records/match.ts'
import { derivedFrom, type Resource } from '../../../records/resource.ts'
import { Failure } from '../../terminal/failure.ts'
import { fieldFinder, importedFields, isDate, readCell, type Dates } from './record-columns.ts'
import type { Read } from './rows.ts'

type How = {
  clinicId: string
  /** The key that SSNs are sealed to here. */
  keyId: string
  dates: Dates
  /** The fields whose invalid values are left out, so that the row is still taken. */
  withoutInvalid: readonly string[]
}

/** Added to the error of an invalid date. */
const REMEDIES: Record<Dates, string> = {
  iso: ': it takes YYYY-MM-DD from 1900 on, or the order that --dates mdy or --dates dmy names',
  mdy: ': it takes MM/DD/YYYY or YYYY-MM-DD, from 1900 on',
  dmy: ': it takes DD/MM/YYYY or YYYY-MM-DD, from 1900 on',
}

/** A sealed SSN in the form of an export. */
const exportedSsn = z
  .object({
    key_id: z.string(),
    sealed: z.string().regex(/^[\w-]{76}$/),
    last_four: z.string().regex(/^\d{4}$/),
  })
  .transform(({ key_id, sealed, last_four }) => ({ keyId: key_id, sealed, lastFour: last_four }))

/**
 * Reads the rows of a file as records, by the rules of the API. A sealed SSN is kept as it is if it was sealed for this
 * clinic and resource and to the current key. `told` collects what to report: the ignored columns, how many rows were
 * taken without an invalid value, and the lines where an id differs from an earlier one only in leading zeros.
 */
export function rowReader(resource: Resource, { clinicId, keyId, dates, withoutInvalid }: How) {
  const { name, owner } = resource
  const given = importedFields(resource)
  const { find, unknown } = fieldFinder(resource)
  const told = { ignored: unknown, incomplete: 0, zeros: new Array<number>() }
  const spellings = new Map<string, string>()
  const place = z.object({ clinic_id: z.literal(clinicId), table: z.literal(name), uid: z.uuid() })

  /** The fields that a CSV's columns give. Throws Failure if two columns give the same one. */
  function fieldsIn(names: readonly string[]) {
    const { fields, fault } = find(names)
    if (fault) throw new Failure(`the file ${fault}`)
    return fields.keys()
  }

  /** `00123` and `123` are the same id to us, but may be two in the system that wrote the file. */
  function noteZeros(owner: unknown, line: number) {
    const written = String(owner).trim()
    const [, id] = /^0*(\d+)$/.exec(written) ?? []
    if (id === undefined) return
    if ((spellings.get(id) ?? written) !== written) told.zeros.push(line)
    else spellings.set(id, written)
  }

  function read(row: Record<string, unknown>, line: number): Read<ImportedRow> {
    const { fields: columns, fault } = find(Object.keys(row))
    if (fault) return { errors: { row: [fault] } }
    noteZeros(row[columns.get(owner.id) ?? ''], line)
    const values = Array.from(columns, ([name, column]) => {
      const value = column === undefined ? PATIENT : row[column]
      return [name, readCell(name, value, given.shape[name], dates)] as const
    })
    const { ssn: written, ...from } = Object.fromEntries(values)
    const { data: sealed } = exportedSsn.safeParse(written)
    const { data: origin } = place.safeParse(from)
    const fields = values.filter(([name]) => name in given.shape && !(sealed && name === 'ssn'))
    const isValid = (name: string, value: unknown) => given.shape[name]?.safeParse(value).success
    const kept = fields.filter((field) => !withoutInvalid.includes(field[0]) || isValid(...field))
    const named = Object.fromEntries(kept)

    const { data, error } = given.safeParse(named)
    const errors = error ? errorsOf(error, given, 'field') : {}
    for (const [name, [message]] of Object.entries(errors)) {
      if (isDate(name) && message === INVALID) errors[name] = [message + REMEDIES[dates]]
    }
    if (sealed && !origin) {
      errors.ssn = ['was sealed for another clinic: open it first, with `ssn open`']
    } else if (sealed && sealed.keyId !== keyId) {
      errors.ssn = [`is sealed to key ${sealed.keyId}, not to ${keyId}: open it first`]
    }
    if (!data || Object.keys(errors).length > 0) return { errors }
    if (kept.length < fields.length) told.incomplete++

    const { ssn, plan, ...record } = data
    // Fields that the row does not have stay as they are.
    const stored = Object.fromEntries(Object.entries(record).filter(([name]) => name in named))
    return {
      accepted: {
        line,
        fields: { ...stored, ...derivedFrom(resource, stored) },
        ...(ssn && { ssn: String(ssn) }),
        ...(origin && { uid: origin.uid }),
        ...(sealed && { sealed }),
        ...(plan && { plan: String(plan) }),
      },
    }
  }
  return { told, fieldsIn, read }
}
