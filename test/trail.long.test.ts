import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sealTrail } from '../src/trail/seal.ts'
import type { Session } from '../src/storage/session.ts'
import { resources } from '../src/resources/index.ts'
import { repairer } from '../src/operator/records/repair.ts'
import { listSealedToOtherKeys, replaceSealed } from '../src/operator/records/stored.ts'
import { aPersonInformation } from './support/fixtures.ts'
import { findsManipulations } from './support/manipulations.ts'
import { DAY, later, MINUTE, sealing } from './support/sealing.ts'
import { useWorker } from './support/worker.ts'
import { thorough } from './support/thorough.ts'

const worker = useWorker({ instrumented: true })
const { stores, misfits, verdicts, countRows, expectEachRowOnce, insertRows } = sealing(worker)

const SLOW = 20 * MINUTE

describe('a run that dies', () => {
  it.each(['before', 'after'] as const)(
    '%s any of its calls loses, doubles and blocks no segment',
    async (when) => {
      const { db, bucket } = stores()
      await sealTrail(db, bucket, later())
      let [calls, died] = [0, true]
      for (; died; calls++) {
        const { clinicId } = await worker.clinic()
        await insertRows(clinicId, 3)
        const stop = dyingAt(calls, when, db, bucket)

        died = await sealTrail(stop.db, stop.bucket, later()).then(
          () => false,
          () => true,
        )
        await insertRows(clinicId, 2)
        await Promise.all([sealTrail(db, bucket, later()), sealTrail(db, bucket, later())])

        expect(await misfits(clinicId)).toEqual([])
        await expectEachRowOnce(clinicId)
      }
      expect(calls).toBeGreaterThanOrEqual(10)
    },
    SLOW,
  )

  it('is taken up by four at once', async () => {
    const { db, bucket } = stores()
    const { clinicId } = await worker.clinic()
    for (let round = 0; round < 5; round++) {
      await insertRows(clinicId, 300)
      await Promise.all([1, 2, 3, 4].map((n) => sealTrail(db, bucket, later() + n)))
    }

    expect(await misfits(clinicId)).toEqual([])
    await expectEachRowOnce(clinicId)
  })
})

describe('verifying', () => {
  it(
    'gives no false alarm over a storm with faults, sweeps, erasures, restorations and a reseal',
    async () => {
      const { db, bucket } = stores()
      const clinic = await worker.clinic()
      const { clinicId, token } = clinic
      const owner = await clinic.ownable()
      const faulty = { 'x-test-d1-rate': '0.2', 'x-test-settled': 'yes' }
      const alarms: unknown[] = []
      let made = 0
      let deleted = 0

      async function client() {
        for (let n = 0; n < 40; n++) {
          const path = `/person_informations/${1 + Math.floor(Math.random() * (made + 1))}`
          const chosen = Math.random()
          if (chosen < 0.4) {
            const body = aPersonInformation(owner)
            const { status } = await clinic.post('/person_informations', body, faulty)
            if (status === 201) made++
          } else if (chosen < 0.6) {
            await clinic.get('/person_informations?page_size=3', faulty)
          } else if (chosen < 0.8) {
            await clinic.get(path, faulty)
          } else {
            const { status } = await worker.call('DELETE', path, { token, headers: faulty })
            if (status === 204) deleted++
          }
        }
      }
      async function operator() {
        for (let round = 0; round < 5; round++) {
          await Promise.all([worker.sweep(), sealTrail(db, bucket)])
          alarms.push(...(await misfits(clinicId)))
        }
      }
      await Promise.all([client(), client(), client(), client(), operator()])

      const counts = { erased: 0, restored: 0, resealed: 0 }
      for (const resource of resources) {
        for (let id = 1; id <= made; id++) {
          const [requestId, now] = [randomUUID(), new Date().toISOString()]
          const deed = { clinicId, id, tokenId: 'operator:test', requestId, now }
          if (id % 2 && (await repairer(resource).erase(db, deed))) counts.erased++
          else if (await repairer(resource).restore(db, deed)) counts.restored++
        }
        if (!resource.hasSsn) continue
        const first = { clinicId: '', id: 0 }
        const sealed = await listSealedToOtherKeys(db, resource, 'new', first, 1000)
        const resealed = sealed.map(({ ssn, ...record }) => ({
          ...record,
          ...{ keyId: 'new', sealed: `${ssn.sealed} anew`, replaces: ssn.sealed },
        }))
        counts.resealed += (await replaceSealed(db, resource, resealed)).length
        alarms.push(...(await misfits(clinicId)))
      }
      await sealTrail(db, bucket, later())
      alarms.push(...(await misfits(clinicId)))
      await sealTrail(db, bucket, later() + 31 * DAY)
      alarms.push(...(await misfits(clinicId)))

      expect(alarms).toEqual([])
      expect(deleted).toBeGreaterThan(0)
      for (const count of Object.values(counts)) expect(count).toBeGreaterThan(0)
      const sealed = await verdicts(clinicId)
      expect(sealed.map(({ unsealed }) => unsealed)).toEqual([0, 0])
      expect(sealed.map(({ rows }) => rows)).toEqual([
        await countRows('changes', clinicId),
        expect.any(Number),
      ])
    },
    SLOW,
  )

  findsManipulations(stores, thorough(200, 10), SLOW)
})

/** The two stores, of which the call with this number is the last: it is lost, or its answer is. */
function dyingAt(call: number, when: 'before' | 'after', db: Session, bucket: R2Bucket) {
  let made = 0
  const dying = <Arguments extends unknown[], Answer>(
    method: (...args: Arguments) => Promise<Answer>,
  ) => {
    return async (...args: Arguments): Promise<Answer> => {
      const isLast = made++ === call
      if (isLast && when === 'before') throw new Error('died')
      const answer = await method(...args)
      if (isLast) throw new Error('died')
      return answer
    }
  }
  const batch: Session['batch'] = (statements) => dying(() => db.batch<never>(statements))()
  const dyingBucket = new Proxy(bucket, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      return typeof method === 'function'
        ? dying(async (...args) => Reflect.apply(method, target, args))
        : method
    },
  })
  return { db: { ...db, batch }, bucket: dyingBucket }
}
