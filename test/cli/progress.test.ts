import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROJECT } from '../../src/cli/store.ts'
import { writeManyPlans } from '../support/many-plans.ts'
import { makeStore, type TestStore } from './command.ts'

let store: TestStore
beforeAll(async () => {
  store = await makeStore()
  await writeManyPlans(store.file('plans.ndjson'), 5000)
})
afterAll(() => store.remove())

describe('on a terminal', () => {
  it('an import draws a bar that moves', async () => {
    const command = [
      ...[process.execPath, join(PROJECT, 'src/cli/index.ts'), 'import', 'plans'],
      ...[store.file('plans.ndjson'), ...store.flags],
    ].join(' ')

    // util-linux's `script` runs a command on a terminal of its own and copies what that shows.
    const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], {
      cwd: PROJECT,
    })

    const shown = new Set([...stdout.matchAll(/(\d+)% · [\d,]+ rows/g)].map(([, part]) => part))
    expect(shown.size).toBeGreaterThan(2)
    expect(stdout).toContain('5,000 inserted')
  })
})
