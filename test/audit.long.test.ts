import { whoSawEqualsModel } from './support/saw.ts'
import { trailEqualsRequests } from './support/trail.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })

trailEqualsRequests(worker, 1000)
whoSawEqualsModel(worker, 1000)
