import { trailEqualsRequests } from './support/trail.ts'
import { useWorker } from './support/worker.ts'

trailEqualsRequests(useWorker({ instrumented: true }), 1000)
