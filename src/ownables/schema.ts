import * as z from 'zod'
import { BLANK } from '../fields/messages.ts'
import { queryId, recordId } from '../fields/number.ts'
import { ownableType } from '../fields/ownable-type.ts'

const MOST_OWNABLES = 1000

/** The path of the ownables of a type: `/ownables/Patient`. */
export const ownablesPath = z.object({
  ownable_type: ownableType.meta({ description: 'What they are.' }),
})

/** The path of an ownable: `/ownables/Patient/1049`. */
export const ownablePath = z.object({
  ownable_type: ownableType.meta({ description: 'What it is.' }),
  ownable_id: queryId.meta({
    description: "Its id in the clinic's main system.",
    examples: [1049],
  }),
})

export const ownablesBody = z.strictObject({
  ownable_ids: z
    .array(recordId)
    .min(1, { error: BLANK })
    .max(MOST_OWNABLES, { error: `is too long (maximum is ${MOST_OWNABLES} ids)` })
    .meta({ description: "Their ids in the clinic's main system.", examples: [[1049, 1050]] }),
})
