import * as z from 'zod'
import { BLANK } from '../fields/messages.ts'
import { recordId } from '../fields/number.ts'
import type { Resource } from './resource.ts'

export const MOST_RECORDS = 100

/** The value under a key of an unvalidated body; undefined if there is none. */
export const partOf = (sent: unknown, key: string): unknown =>
  Object.getOwnPropertyDescriptor(Object(sent), key)?.value

export const isObject = (sent: unknown): sent is object =>
  typeof sent === 'object' && sent !== null && !Array.isArray(sent)

/** Fields that only we write. A client may send back what it read; we ignore it. */
const OURS = ['created_at', 'updated_at']

const without = (names: readonly string[]) => (sent: unknown) =>
  isObject(sent)
    ? Object.fromEntries(Object.entries(sent).filter(([name]) => !names.includes(name)))
    : sent

/**
 * The bodies of a resource's routes. Fields that an amendment leaves out stay as they are; it may repeat the owner and
 * the id, unchanged. `documented` holds the schemas shown in the OpenAPI document.
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
    // The length is checked before the records are.
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
