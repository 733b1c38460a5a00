import * as z from 'zod'
import { clinicId } from '../fields/clinic-id.ts'
import { recordReader } from '../storage/lru-cache.ts'

/**
 * The KV key of the suspended clinics' ids, as JSON, which is read with every token. D1 has the same, and at once; but
 * this survives a restore of D1 to an earlier time, and stops requests that never read D1.
 */
export const SUSPENDED_KEY = 'suspended'

const readIds = recordReader(2, z.array(clinicId))

/** The ids in the key's value; none if there is no value. */
export const suspendedIn = (value: string | null | undefined): readonly string[] =>
  readIds(value) ?? []
