import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { sealTrail } from '../../src/trail/seal.ts'
import { trailOf } from '../../src/operator/trail/events.ts'
import { recordsOf } from '../../src/cli/commands/export.ts'
import { leaveEvent } from '../../src/cli/environment/open.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { resources } from '../../src/resources/index.ts'
import { aboutPatient, isAbout } from '../../src/operator/trail/about.ts'
import { repairer } from '../../src/operator/records/repair.ts'
import { RESOURCES } from './resources.ts'
import type { Answer, TestWorker } from './worker.ts'

const PATIENTS = [1047, 1048, 1049, 1050]
const DAY = 24 * 60 * 60_000

/** What a request asks, with what the model needs to know of it. */
type Asked = { resource: number; patient: number; id: number; deed: string }

const DEEDS = [
  ...['list', 'list', 'listOfPatient', 'listOfPatient', 'read', 'read', 'history', 'search'],
  ...[
    'create',
    'create',
    'createAgain',
    'batch',
    'amend',
    'delete',
    'follow',
    'export',
    'reassign',
    'forbidden',
  ],
]

/** Times of the trail are in milliseconds. */
export const nextMillisecond = (now = Date.now()) =>
  vi.waitUntil(() => Date.now() > now, { interval: 1 })

/** Sends so many random requests and compares who saw each patient with what the answers said. */
export function whoSawEqualsModel(worker: TestWorker, requests: number) {
  it(`tells who saw a patient as a model does, over ${requests} random requests`, async () => {
    const clinic = await worker.clinic()
    const weak = await worker.token({ clinic_id: clinic.clinicId, scopes: [] })
    for (const patient of PATIENTS) await clinic.ownable('Patient', patient)
    const { TRAIL: bucket } = worker.env
    const db = databaseOf(worker.env, 'first-primary')
    if (!bucket) throw new Error('wrangler.toml declares no bucket')

    /** Whose each record is, also a deleted one; by resource and id. */
    const ownerOf = new Map<string, number>()
    const expected = new Map(PATIENTS.map((patient) => [patient, new Set<string>()]))
    const saw = (patients: Iterable<number>, event: string) => {
      for (const patient of patients) expected.get(patient)?.add(event)
    }

    async function send({ resource: n, patient, id, deed }: Asked) {
      const resource = RESOURCES[n]
      if (!resource) return
      const call = (method: string, path: string, body?: unknown, token = clinic.token) =>
        worker.call(method, path, {
          ...{ token, headers: { 'x-test-settled': 'yes' } },
          ...(body !== undefined && { body }),
        })
      if (deed === 'export') {
        const requestIds: string[] = []
        const leave = async (left: Parameters<typeof leaveEvent>[2]) => {
          await leaveEvent(db, 'operator:test', left)
          requestIds.push(`export ${left.resource} ${left.ids}`)
        }
        const shown = new Set<number>()
        const own = resources[n]
        if (!own) return
        for await (const record of recordsOf({ db, leave }, own, clinic.clinicId)) {
          shown.add(Number(record[resource.owner.id]))
        }
        for (const event of requestIds) saw(shown, event)
        return
      }
      if (deed === 'reassign') {
        const own = resources[n]
        const stored =
          own && (await repairer(own).find(db, { clinicId: clinic.clinicId, id, tokenId: '' }))
        if (!own || !stored) return
        await nextMillisecond()
        const requestId = randomUUID()
        const run = { clinicId: clinic.clinicId, id, tokenId: 'operator:test', requestId }
        const to = { type: 'Patient', id: patient }
        expect(await repairer(own).reassign(db, run, to, Number(stored.version), {})).toBe(true)
        await nextMillisecond()
        saw([ownerOf.get(`${resource.name}/${id}`) ?? 0, patient], requestId)
        ownerOf.set(`${resource.name}/${id}`, patient)
        return
      }
      const record = resource.aRecord(patient, { [resource.textField]: `Name ${id}` })
      const path = `/${resource.name}/${id}`
      const requested: Record<string, () => Promise<Answer>> = {
        list: () => call('GET', `/${resource.name}?page_size=2&page=${(id % 3) + 1}`),
        listOfPatient: () =>
          call('GET', `/${resource.name}?${resource.owner.filter}=${patient}&page_size=3`),
        read: () => call('GET', path),
        history: () => call('GET', `${path}/history`),
        search: () =>
          call('POST', `/${resource.name}/search`, {
            search: { last_name: 'quill' },
            page_size: 3,
          }),
        create: () => call('POST', `/${resource.name}`, record),
        createAgain: () => call('POST', `/${resource.name}?if_exists=return`, record),
        batch: () =>
          call('POST', `/${resource.name}/batch`, {
            [resource.name]: PATIENTS.slice(0, 2).map(
              (owner) => resource.aRecord(owner)[resource.one],
            ),
          }),
        amend: () =>
          call('PATCH', path, { [resource.one]: { [resource.textField]: `Name ${patient}` } }),
        delete: () => call('DELETE', path),
        follow: () => call('GET', `/changes?after=${id}&limit=3`),
        forbidden: () => call('GET', path, undefined, weak),
      }
      const answer = await requested[deed]?.()
      if (!answer || answer.status >= 400) return
      const text = await answer.text()
      const body = text === '' ? {} : JSON.parse(text)
      const event = answer.headers.get('X-Request-Id') ?? ''
      const owner = (one: Record<string, unknown>) => Number(one[resource.owner.id])
      const made = deed.startsWith('create') ? [body] : deed === 'batch' ? body[resource.name] : []
      for (const one of made) ownerOf.set(`${resource.name}/${one.id}`, owner(one))

      if (['read', 'amend', 'delete', 'history'].includes(deed)) {
        saw([ownerOf.get(`${resource.name}/${id}`) ?? 0], event)
      } else if (deed === 'follow') {
        const changes: { resource: string; id: number }[] = body.changes
        saw(
          changes.map((change) => ownerOf.get(`${change.resource}/${change.id}`) ?? 0),
          event,
        )
      } else {
        saw([...made, ...(body[resource.name] ?? [])].map(owner), event)
      }
    }

    const asked = fc.record({
      resource: fc.integer({ min: 0, max: RESOURCES.length - 1 }),
      patient: fc.constantFrom(...PATIENTS),
      id: fc.integer({ min: 1, max: 20 }),
      deed: fc.constantFrom(...DEEDS),
    })
    const sequence = fc.sample(asked, { numRuns: requests, seed: 1049 })
    const half = Math.floor(requests / 2)
    for (const one of sequence.slice(0, half)) await send(one)
    // One half is asked of R2, the other of D1.
    const sealedAt = Date.now() + 11 * 60_000
    await sealTrail(db, bucket, sealedAt)
    await sealTrail(db, bucket, sealedAt + 31 * DAY)
    for (const one of sequence.slice(half)) await send(one)

    for (const patient of PATIENTS) {
      const about = await aboutPatient(db, clinic.clinicId, patient)
      const told = new Set<string>()
      for await (const event of trailOf(db, bucket, clinic.clinicId, '')) {
        if (!isAbout(about, event)) continue
        const { action, resource, ids } = event
        told.add(action === 'export' ? `export ${resource} ${ids}` : event.request_id)
      }
      expect([...told].sort()).toEqual([...(expected.get(patient) ?? [])].sort())
      expect(told.size).toBeGreaterThan(requests / 20)
    }
  })
}
