import { noInputBreaksIt } from './support/fuzz.ts'
import { thorough } from './support/thorough.ts'
import { useWorker } from './support/worker.ts'

noInputBreaksIt(useWorker(), thorough(700, 75))
