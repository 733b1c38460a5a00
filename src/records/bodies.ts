import * as z from 'zod'
import { BLANK } from '../fields/messages.ts'
import { recordId } from '../fields/number.ts'
import type { Resource } from './resource.ts'

/** More records than these in a batch are refused for their number. */
export const MOST_RECORDS = 100

/** What a body that was sent has under a key, whatever it is. */
export const partOf = (sent: unknown, key: string): unknown =>
  Object.getOwnPropertyDescriptor(Object(sent), key)?.value

export const isObject = (sent: unknown): sent is object =>
  typeof sent === 'object' && sent !== null && !Array.isArray(sent)

/** What we write ourselves: a client may send it along, having read it, and it is ignored. */
const OURS = ['created_at', 'updated_at']

const without = (names: readonly string[]) => (sent: unknown) =>
  isObject(sent)
    ? Object.fromEntries(Object.entries(sent).filter(([name]) => !names.includes(name)))
    : sent

/**
 * The bodies of a resource's routes. An amendment leaves fields that it does not give as they are, and may send the
 * owner and the id along, unchanged. `documented` holds the schemas shown in the OpenAPI document.
 */
export function bodiesOf({ name, one, fields, ownerColumns, given }: Resource) {
  const entries = Object.entries(fields)
  const example = entries.map(([field, { example }]) => [field, example])
  const created = z.preprocess(without(['id', ...OURS]), given)
  const amended = z
    .strictObject({
      ...Object.fromEntries(
        entries.map(([field, { amended, given }]) => [field, (amended ?? given).optional()]),
      ),
      id: recordId.optional(),
    })
    .meta({ examples: [without([...ownerColumns, 'ssn'])(Object.fromEntries(example))] })
  return {
    create: z.strictObject({ [one]: created }),
    // A list that is too long is refused before its records are looked at.
    batch: z.strictObject({ [name]: many(z.unknown()).pipe(z.array(created)) }),
    amend: z.strictObject({ [one]: z.preprocess(without(OURS), amended) }),
    documented: {
      create: z.object({ [one]: given }),
      batch: z.object({ [name]: many(given) }),
      amend: z.object({ [one]: amended }),
    },
  }
}

const many = <Record extends z.ZodType>(record: Record) =>
  z
    .array(record)
    .min(1, { error: BLANK })
    .max(MOST_RECORDS, { error: `is too long (maximum is ${MOST_RECORDS} records)` })
