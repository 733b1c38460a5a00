import * as z from 'zod'
import { kinds } from '../kinds.ts'
import type { Kind } from '../records/kind.ts'
import { Misuse } from './failure.ts'

/** The kind of record of that name. Throws Misuse. */
export function kindNamed(name: string): Kind {
  const kind = kinds.find((one) => one.name === name)
  if (kind) return kind
  throw new Misuse(`${name} is no table: export ${kinds.map((one) => one.name).join(' or ')}`)
}

/** A line of an export, as far as opening it needs: whose SSN it is, and the SSN as it is stored. */
export const exportedRecord = z.looseObject({
  table: z.enum(kinds.map(({ name }) => name)),
  clinic_id: z.string(),
  ssn: z.object({ key_id: z.string(), sealed: z.string(), last_four: z.string() }).nullable(),
})
