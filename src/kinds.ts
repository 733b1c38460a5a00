import { dependents } from './dependents/kind.ts'
import { personInformations } from './person-informations/kind.ts'

/** Every kind of record that there is. */
export const kinds = [personInformations, dependents]
