import { describe } from 'vitest'
import { nothingIsLostInAStorm } from './support/storm.ts'
import { useWorker } from './support/worker.ts'

describe('a storm', () => {
  nothingIsLostInAStorm(useWorker({ instrumented: true }), 2000, 0.3)
})
