import { whoSawEqualsModel } from './support/saw.ts'
import { thorough } from './support/thorough.ts'
import { trailEqualsRequests } from './support/trail.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })

trailEqualsRequests(worker, thorough(1000, 120))
whoSawEqualsModel(worker, thorough(1000, 120))
