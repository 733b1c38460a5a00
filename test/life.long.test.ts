import { lifeEqualsModel } from './support/model.ts'
import { useWorker } from './support/worker.ts'

lifeEqualsModel(useWorker(), { runs: 4, steps: 40 })
