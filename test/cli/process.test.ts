import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeManyPlans } from '../support/many-plans.ts'
import { PROJECT } from '../support/project.ts'
import { argumentsOf, makeStore, start, type TestStore } from './command.ts'

let store: TestStore
beforeAll(async () => {
  store = await makeStore()
})
afterAll(() => store.remove())

describe('the process', () => {
  it('prints without colours into a pipe, and ends with 0', async () => {
    const { status, stdout, stderr } = await start(['--help']).finished

    expect(status).toBe(0)
    expect(stdout).toContain('Exit status: 0 done, 1 failed, 2 usage error.')
    expect(stdout).not.toContain('\u001b')
    expect(stderr).toBe('')
  })

  it('ends with 2 at a usage error', async () => {
    const { status, stderr } = await start(['token', 'list']).finished

    expect(status).toBe(2)
    expect(stderr).toBe('error: say which store: --local or --remote\n')
  })

  it.each(['clinic', 'dev'] as const)(
    'names the remedy where Node is too old: %s',
    async (script) => {
      // As Node 20 does: it has no types to strip. Only what it can read may be loaded before it ends.
      const { stdout, stderr } = await start(['--help'], { script, node: ['--no-strip-types'] })
        .finished

      expect(stdout).toBe('')
      expect(stderr).toMatch(/^error: Node \S+ is too old: run `npm rebuild node .+\n$/)
    },
  )

  it('reads stdin, and ends with 1 when something was refused', async () => {
    const args = ['ssn', 'open', '-', '--key', store.keyFile, '--json']

    const { status, stdout, stderr } = await start(args, { input: '{"any":"line"}\n' }).finished

    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toBe('line 1 refused: it is not a line of an export\n{"opened":0,"refused":1}\n')
  })

  it('draws a bar that moves on a terminal', async () => {
    await writeManyPlans(store.file('plans.ndjson'), 3000)
    const command = [
      ...[process.execPath, ...argumentsOf('clinic'), 'import', 'plans'],
      ...[store.file('plans.ndjson'), ...store.flags],
    ].join(' ')

    // util-linux's `script` runs a command on a terminal of its own and copies what that shows.
    const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], {
      cwd: PROJECT,
    })

    const shown = new Set([...stdout.matchAll(/(\d+)% · [\d,]+ rows/g)].map(([, part]) => part))
    expect(shown.size).toBeGreaterThan(1)
    expect(stdout).toContain('3,000 inserted')
  })
})
