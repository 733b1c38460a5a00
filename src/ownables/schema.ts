import * as z from 'zod'
import { queryId } from '../fields/number.ts'
import { ownableType } from '../fields/ownable-type.ts'

/** The path of an ownable: `/ownables/Patient/1049`. */
export const ownablePath = z.object({
  ownable_type: ownableType.meta({ description: 'What it is.' }),
  ownable_id: queryId.meta({
    description: "Its id in the clinic's main system.",
    examples: [1049],
  }),
})
