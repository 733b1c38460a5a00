import * as z from 'zod'
import { BLANK } from '../fields/messages.ts'
import { recordId } from '../fields/number.ts'
import { amendedSsn } from '../fields/person.ts'
import type { Resource } from './resource.ts'

/** More records than these in a batch are refused for their number. */
export const MOST_RECORDS = 100

/** What a body that was sent has under a key, whatever it is. */
export const partOf = (sent: unknown, key: string): unknown =>
  Object.getOwnPropertyDescriptor(Object(sent), key)?.value

/** What we write ourselves: a client may send it along, having read it, and it is ignored. */
const OURS = ['created_at', 'updated_at']

const without = (names: readonly string[]) => (sent: unknown) =>
  typeof sent === 'object' && sent !== null && !Array.isArray(sent)
    ? Object.fromEntries(Object.entries(sent).filter(([name]) => !names.includes(name)))
    : sent

const mapValues = <Value, Mapped>(
  values: Record<string, Value>,
  map: (value: Value) => Mapped,
): Record<string, Mapped> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]))

/**
 * The bodies of a resource's routes. An amendment leaves fields that it does not give as they are, and may send the
 * owner and the id along, unchanged. `documented` holds the schemas shown in the OpenAPI document where they differ.
 */
export function bodiesOf({ name, one, fields, ownerColumns, hasSsn, given }: Resource) {
  const created = z.preprocess(without(['id', ...OURS]), given)
  const amended = z.strictObject({
    ...mapValues(fields, ({ given }) => given.optional()),
    ...(hasSsn && { ssn: amendedSsn.optional() }),
    id: recordId.optional(),
  })
  const examples = mapValues(fields, ({ example }) => example)
  const example = without([...ownerColumns, 'ssn'])(examples)
  const many = <Record extends z.ZodType>(record: Record) =>
    z
      .array(record)
      .min(1, { error: BLANK })
      .max(MOST_RECORDS, { error: `is too long (maximum is ${MOST_RECORDS} records)` })
  /** A list that is too long is refused before its records are looked at. */
  const manyAtMost = <Record extends z.ZodType>(record: Record) =>
    many(z.unknown()).pipe(z.array(record))
  return {
    create: z.strictObject({ [one]: created }),
    batch: z.strictObject({ [name]: manyAtMost(created) }),
    amend: z.strictObject({ [one]: z.preprocess(without(OURS), amended) }),
    documented: {
      create: z.object({ [one]: given }),
      batch: z.object({ [name]: many(given) }),
      amend: z.object({ [one]: amended.meta({ examples: [example] }) }),
    },
  }
}
