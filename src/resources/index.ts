import { coverages } from './coverage.ts'
import { dependents } from './dependent.ts'
import { personInformations } from './person-information.ts'

export const resources = [personInformations, dependents, coverages]
