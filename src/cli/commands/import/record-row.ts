import * as z from 'zod'
import { INVALID } from '../../../fields/messages.ts'
import type { ImportedRow } from '../../../operator/records/match.ts'
import { derivedFrom, type Resource } from '../../../records/resource.ts'
import { isDate, type Dates } from './record-columns.ts'

/** How a file writes dates, and which fields a row may do without; `leftOut` counts the rows that did. */
export type Leniency = {
  dates: Dates
  withoutInvalid: readonly string[]
  leftOut: { rows: number }
}

/** What the command line adds where a date is refused. */
const remedyOf = (dates: Dates) =>
  dates === 'iso'
    ? ': it takes YYYY-MM-DD from 1900 on, or the order that --dates mdy or --dates dmy names'
    : `: it takes ${dates === 'mdy' ? 'MM/DD/YYYY' : 'DD/MM/YYYY'} or YYYY-MM-DD, from 1900 on`

/** A sealed SSN as an export has it. */
const exportedSsn = z.object({
  key_id: z.string(),
  sealed: z.string().regex(/^[\w-]{76}$/),
  last_four: z.string().regex(/^\d{4}$/),
})

/**
 * A row of a record, by the rules of the API. A sealed SSN is taken as it is if it was sealed to the key `keyId`, for
 * this clinic and resource.
 */
export function recordRow(
  resource: Resource,
  clinicId: string,
  keyId: string,
  { dates, withoutInvalid, leftOut }: Leniency,
): z.ZodType<ImportedRow> {
  const place = z.object({
    clinic_id: z.literal(clinicId),
    table: z.literal(resource.name),
    uid: z.uuid(),
  })
  const whyNotTaken = (key: string, isForHere: boolean) => {
    if (!isForHere) return 'was sealed for another clinic: open it first, with `ssn open`'
    return key === keyId ? undefined : `is sealed to key ${key}, not to ${keyId}: open it first`
  }

  return z.record(z.string(), z.unknown()).transform((row, { addIssue }) => {
    const columns = { ...row }
    const add = (field: PropertyKey, message: string) =>
      addIssue({ code: 'custom', path: [field], message })
    const { data: ssn } = exportedSsn.safeParse(columns.ssn)
    const { data: from } = place.safeParse(columns)
    const refusal = ssn && whyNotTaken(ssn.key_id, from !== undefined)
    if (refusal) add('ssn', refusal)

    const check = () =>
      resource.given.safeParse(
        Object.fromEntries(
          Object.entries(columns).filter(
            ([name]) => name in resource.given.shape && !(ssn && name === 'ssn'),
          ),
        ),
      )
    const invalid = (check().error?.issues ?? []).map(({ path }) => String(path[0]))
    const dispensable = invalid.filter((name) => withoutInvalid.includes(name))
    for (const name of dispensable) delete columns[name]
    const { data, error } = check()
    for (const { path, message } of error?.issues ?? []) {
      const remedy = isDate(String(path[0])) && message === INVALID ? remedyOf(dates) : ''
      add(path[0] ?? 'row', message + remedy)
    }
    if (!data) return z.NEVER
    if (dispensable.length > 0) leftOut.rows++

    // What the row does not name stays as it is.
    const fields = Object.fromEntries(
      Object.entries(data).filter(([name]) => name in columns && name !== 'ssn'),
    )
    return {
      fields: { ...fields, ...derivedFrom(resource, fields) },
      ...(data.ssn && { ssn: String(data.ssn) }),
      ...(from && { uid: from.uid }),
      ...(ssn && {
        sealed: { keyId: ssn.key_id, sealed: ssn.sealed, lastFour: ssn.last_four },
      }),
    }
  })
}
