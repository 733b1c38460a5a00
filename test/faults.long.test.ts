import { describe } from 'vitest'
import { nothingIsLostInAStorm } from './support/storm.ts'
import { thorough } from './support/thorough.ts'
import { useWorker } from './support/worker.ts'

describe('a storm', () => {
  nothingIsLostInAStorm(useWorker({ instrumented: true }), thorough(2000, 300), 0.3)
})
