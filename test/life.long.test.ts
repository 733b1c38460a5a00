import { describe } from 'vitest'
import { deletionsCostTheSame, pagesEqualModel } from './support/deletions.ts'
import { lifeEqualsModel } from './support/model.ts'
import { thorough } from './support/thorough.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })
const AN_HOUR = 3_600_000

// The quick tests live shorter lives.
if (thorough(1, 0)) lifeEqualsModel(worker, { runs: 20, steps: 40 })

describe('pages', () => pagesEqualModel(worker, thorough(20_000, 200), AN_HOUR))

describe('deletions', () => deletionsCostTheSame(worker, thorough(5000, 75), AN_HOUR))
