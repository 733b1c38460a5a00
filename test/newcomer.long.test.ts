import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { DEMO_TOKENS } from '../src/cli/dev/demo.ts'
import { runJson, wordsOf } from './cli/command.ts'
import { loadDemoInto } from './support/demo.ts'
import { startDev, type DevServer } from './support/dev-server.ts'
import { aPersonInformation } from './support/fixtures.ts'
import { PROJECT } from './support/project.ts'
import { API, useWorker } from './support/worker.ts'

/** What ten tasks came to, and the calls they took. */
const report = z.object({ calls: z.record(z.string(), z.number()), found: z.looseObject({}) })

async function runNewcomer(origin: string, token: string) {
  const { stdout } = await promisify(execFile)(
    'python3',
    [join(import.meta.dirname, 'newcomer.py')],
    { env: { PATH: process.env['PATH'], API: `${origin}${API}`, TOKEN: token } },
  )
  return report.parse(JSON.parse(stdout))
}

const FOUND = {
  retry: [true, 'true'],
  page: true,
  'look up': true,
  'find plans': ['HDHP', 'HMO', 'POS', 'PPO'].map((type) => `Harbor Mutual Premier ${type}`),
  mirror: true,
  correct: [412, 'This record has been changed since you read it'],
  remove: null,
  search: [[true, '***-**-4320']],
  'fill drop-downs': [6, 5, null],
}

/** With 200 patients and 150 dependents beside the demo's records: one call registers them, four create. */
const CALLS = {
  sync: 5,
  retry: 3,
  page: 12,
  'look up': 2,
  'find plans': 1,
  mirror: 6,
  correct: 3,
  remove: 3,
  search: 1,
  'fill drop-downs': 2,
}

describe('a newcomer', () => {
  const worker = useWorker()

  it('does ten tasks in Python, in so many calls', async () => {
    const { riverside } = await loadDemoInto(worker)

    const { calls, found } = await runNewcomer(worker.origin, riverside)

    expect(found).toEqual(FOUND)
    expect(calls).toEqual(CALLS)
  })

  it('syncs 200 patients twice, under other keys: 200 records', async () => {
    const clinic = await worker.clinic()
    const patients = Array.from({ length: 200 }, (_, n) => 7000 + n)
    await Promise.all(patients.map((patient) => clinic.ownable('Patient', patient)))
    const sync = () =>
      Promise.all(
        patients.map(async (patient) => {
          const headers = { 'Idempotency-Key': crypto.randomUUID() }
          const body = aPersonInformation(patient)
          return await clinic.post('/person_informations?if_exists=return', body, headers)
        }),
      )

    const [first, second] = [await sync(), await sync()]

    expect(new Set(first.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(second.map(({ status }) => status))).toEqual(new Set([200]))
    expect(await clinic.total('person_informations')).toBe(200)
  })

  it('creates the same person eight times at once: one record', async () => {
    const clinic = await worker.clinic()
    const body = aPersonInformation(await clinic.ownable())

    const answers = await Promise.all(
      Array.from({ length: 8 }, () => clinic.post('/person_informations?if_exists=return', body)),
    )

    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(7).fill(200), 201])
    expect(await clinic.total('person_informations')).toBe(1)
  })

  it('changes its token in the middle of a sync: the same key makes one record', async () => {
    const clinic = await worker.clinic()
    const other = await worker.token({ clinic_id: clinic.clinicId })
    const body = aPersonInformation(await clinic.ownable())
    const headers = { 'Idempotency-Key': 'patient-1' }

    const first = await clinic.post('/person_informations', body, headers)
    const again = await worker.call('POST', '/person_informations', { token: other, body, headers })

    expect(again.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await again.json()).toEqual(await first.json())
    expect(await clinic.total('person_informations')).toBe(1)
  })
})

describe('npm run dev -- --faults', () => {
  let state: string
  let server: DevServer
  beforeAll(async () => {
    state = await mkdtemp(join(tmpdir(), 'clinic-faults-'))
    server = await startDev(state, '--faults', '20')
  })
  afterAll(async () => {
    await server.stop('SIGTERM')
    await rm(state, { recursive: true, force: true })
  })

  it('lets a newcomer rehearse retries with the token that the README makes: nothing doubles', async () => {
    const readme = await readFile(join(PROJECT, 'README.md'), 'utf8')
    const [, line = ''] =
      /^npm run clinic -- (token create [^]*?)\n```/m.exec(readme.replaceAll('\\\n', '')) ?? []
    const { token } = await runJson([...wordsOf(line), '--persist-to', state])

    const { calls, found } = await runNewcomer(`http://localhost:${server.port}`, String(token))

    expect(found).toEqual(FOUND)
    const sum = (counts: object) => Object.values(counts).reduce((all, one) => all + one, 0)
    expect(sum(calls)).toBeGreaterThan(sum(CALLS))
  })

  it('answers 503, loses the answer and limits, in turn, and only below /v1', async () => {
    const outcomes = new Set<string>()
    const headers = { 'X-User-Token': DEMO_TOKENS.riverside }
    while (outcomes.size < 4) {
      const url = `http://localhost:${server.port}${API}/plans`
      const answer = await fetch(url, { headers }).catch(() => undefined)
      const wait = answer?.headers.get('Retry-After')
      outcomes.add(answer ? `${answer.status} ${wait}` : 'lost')
    }

    expect([...outcomes].sort()).toEqual(['200 null', '429 1', '503 1', 'lost'])
    const health = Array.from({ length: 30 }, () => fetch(`http://localhost:${server.port}/health`))
    expect(new Set((await Promise.all(health)).map(({ status }) => status))).toEqual(new Set([200]))
  })
})
