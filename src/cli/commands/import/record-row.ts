import * as z from 'zod'
import { PATIENT } from '../../../fields/ownable-type.ts'
import type { ImportedRow } from '../../../operator/records/import.ts'
import { derivedFrom, type Resource } from '../../../records/resource.ts'

type Columns = Record<string, unknown>

/** What other systems call our fields, as far as nobody can mean anything else, without `_`. */
const ALIASES: Record<string, string> = {
  first: 'first_name',
  last: 'last_name',
  dob: 'date_of_birth',
  birthdate: 'date_of_birth',
  birthday: 'date_of_birth',
  phonenumber: 'phone',
  emailaddress: 'email',
  socialsecuritynumber: 'ssn',
}

/** What an export says beside the fields: some of it tells for which record an SSN was sealed. */
const OF_EXPORTS = ['table', 'clinic_id', 'uid', 'id', 'created_at', 'updated_at']

const squeezed = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

/** Names the columns of a row as the API names its fields; `unknown` gathers those that are none. */
export function fieldNames({ given: { shape }, owner }: Resource, unknown: Set<string>) {
  const known = [...Object.keys(shape), owner.filter, ...OF_EXPORTS]
  const names = { ...ALIASES, ...Object.fromEntries(known.map((name) => [squeezed(name), name])) }
  return (columns: Columns): Columns => {
    const named = new Map<string, unknown>()
    for (const [column, value] of Object.entries(columns)) {
      const name = names[squeezed(column)]
      if (name === undefined) unknown.add(column)
      else if (name === column || !named.has(name)) named.set(name, value)
    }
    if (named.has(owner.filter) && owner.filter !== owner.id) {
      named.set(owner.id, named.get(owner.filter))
      if (owner.type !== undefined) named.set(owner.type, PATIENT)
      named.delete(owner.filter)
    }
    // In a CSV an id is text.
    const id = named.get(owner.id)
    if (typeof id === 'string' && /^-?\d+$/.test(id.trim())) named.set(owner.id, Number(id))
    return Object.fromEntries(named)
  }
}

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

  return z.record(z.string(), z.unknown()).transform((columns, { addIssue }) => {
    const add = (field: PropertyKey, message: string) =>
      addIssue({ code: 'custom', path: [field], message })
    const { data: ssn } = exportedSsn.safeParse(columns.ssn)
    const { data: from } = place.safeParse(columns)
    const refusal = ssn && whyNotTaken(ssn.key_id, from !== undefined)
    if (refusal) add('ssn', refusal)

    const own = Object.entries(columns).filter(
      ([name]) => name in resource.given.shape && !(ssn && name === 'ssn'),
    )
    const { data, error } = resource.given.safeParse(Object.fromEntries(own))
    for (const { path, message } of error?.issues ?? []) add(path[0] ?? 'row', message)
    if (!data) return z.NEVER

    // What the row does not name stays as it is.
    const fields = Object.fromEntries(
      Object.entries(data).filter(([name]) => name in columns && name !== 'ssn'),
    )
    return {
      fields: { ...fields, ...derivedFrom(resource, fields) },
      ...(data.ssn && { ssn: String(data.ssn) }),
      ...(ssn &&
        from && {
          sealed: {
            uid: from.uid,
            keyId: ssn.key_id,
            sealed: ssn.sealed,
            lastFour: ssn.last_four,
          },
        }),
    }
  })
}
