import { noInputBreaksIt } from './support/fuzz.ts'
import { useWorker } from './support/worker.ts'

noInputBreaksIt(useWorker(), 700)
