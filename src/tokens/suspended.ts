import * as z from 'zod'
import { clinicId } from '../fields/clinic-id.ts'
import { recordReader } from '../storage/recent.ts'

/**
 * The key of the ids of suspended clinics, as JSON, which is read with every token. D1 says it too, and at once; this
 * outlasts a restore of D1 to an earlier time, and stops what never asks D1.
 */
export const SUSPENDED_KEY = 'suspended'

const readIds = recordReader(2, z.array(clinicId))

/** The ids that the value of the key names; none if there is no value. */
export const suspendedIn = (value: string | null | undefined): readonly string[] =>
  readIds(value) ?? []
