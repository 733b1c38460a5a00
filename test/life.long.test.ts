import { lifeEqualsModel } from './support/model.ts'
import { thorough } from './support/thorough.ts'
import { useWorker } from './support/worker.ts'

lifeEqualsModel(useWorker(), { runs: thorough(20, 1), steps: 40 })
