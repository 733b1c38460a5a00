import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { importRecords } from '../src/cli/commands/import/records.ts'
import { openSession } from '../src/storage/session.ts'
import { personInformations } from '../src/resources/person-information.ts'
import { lendingSignals } from './cli/command.ts'
import { aPersonInformation } from './support/fixtures.ts'
import { useWorker } from './support/worker.ts'
import { thorough } from './support/thorough.ts'

const worker = useWorker({ instrumented: true })

const CLIENTS = 16
const BATCHES = 160
const FAILING = 0.3
const DISTANCE_MILLISECONDS = 80

/** A batch of records of the ownable, the nth of all. */
const batchOf = (ownable: number, n: number, records: number) => ({
  person_informations: Array.from(
    { length: records },
    (_, place) =>
      aPersonInformation(ownable, { last_name: `Batch ${n}`, first_name: `Place ${place}` })
        .person_information,
  ),
})

describe(`${CLIENTS} clients that send batches`, () => {
  it(`while ${FAILING * 100} % of calls fail see all or none of each, lose none and double none`, async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    const acknowledged: number[] = []
    const odd: string[] = []
    let [triedAgain, next] = [0, 0]
    /** 1 to 100 records; every seventh batch has one that is wrong. */
    const sizeOf = (n: number) => 1 + ((n * 37) % 100)
    const isWrong = (n: number) => n % 7 === 3

    async function client() {
      while (next < BATCHES) {
        const n = next++
        const body = batchOf(ownable, n, sizeOf(n))
        const [first] = body.person_informations
        if (isWrong(n) && first) first.date_of_birth = 'yesterday'
        for (let tries = 0; tries < 20; tries++) {
          const answer = await clinic.post('/person_informations/batch', body, {
            'Idempotency-Key': `batch ${n}`,
            'x-test-d1-rate': String(FAILING),
          })
          const text = await answer.text()
          if (Number(answer.headers.get('x-test-d1')) > 1) triedAgain++
          if (answer.status === 503) continue
          if (answer.status === 201) acknowledged.push(n)
          else if (!(answer.status === 422 && isWrong(n))) odd.push(`${answer.status} ${text}`)
          break
        }
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))

    const { results } = await worker.env.DB.prepare(
      'SELECT id, first_name, last_name FROM person_informations WHERE clinic_id = ? ORDER BY id',
    )
      .bind(clinic.clinicId)
      .all<{ id: number; first_name: string; last_name: string }>()
    const stored = Map.groupBy(results, ({ last_name }) => Number(last_name.slice(6)))
    const expected = Array.from({ length: BATCHES }, (_, n) => n).filter((n) => !isWrong(n))
    expect(odd).toEqual([])
    expect(triedAgain).toBeGreaterThan(0)
    expect(acknowledged.toSorted((a, b) => a - b)).toEqual(expected)
    expect([...stored.keys()].sort((a, b) => a - b)).toEqual(expected)
    for (const [n, records] of stored) {
      const [{ id: firstId } = { id: NaN }] = records
      expect(records.map(({ id, first_name }) => [id - firstId, first_name])).toEqual(
        Array.from({ length: sizeOf(n) }, (_, place) => [place, `Place ${place}`]),
      )
    }
    // The journal has each record once, and numbers without a gap.
    const { results: changes } = await worker.env.DB.prepare(
      'SELECT seq, record_id FROM changes WHERE clinic_id = ? ORDER BY seq',
    )
      .bind(clinic.clinicId)
      .all()
    expect(changes).toEqual(results.map(({ id }) => ({ seq: id, record_id: id })))
  })
})

describe('records a second', () => {
  it.runIf(thorough(1, 0))(
    `by batch are ten times those one by one, ${DISTANCE_MILLISECONDS} ms from the database`,
    async () => {
      const far = { 'x-test-d1-distance': String(DISTANCE_MILLISECONDS) }
      const clinic = await worker.clinic()
      const ownable = await clinic.ownable()
      const rateOf = async (records: number, work: () => Promise<unknown>) => {
        const startedAt = performance.now()
        await work()
        return (1000 * records) / (performance.now() - startedAt)
      }
      const post = async (path: string, body: unknown) => {
        const answer = await clinic.post(path, body, far)
        expect(answer.status).toBe(201)
        await answer.body?.cancel()
      }
      await post('/person_informations', aPersonInformation(ownable))

      const single = await rateOf(60, async () => {
        for (let n = 0; n < 60; n++) {
          await post('/person_informations', aPersonInformation(ownable, { first_name: `Nº ${n}` }))
        }
      })
      const batch = await rateOf(1000, async () => {
        for (let n = 0; n < 10; n++) {
          await post('/person_informations/batch', batchOf(ownable, n, 100))
        }
      })
      const file = await byFile(clinic.clinicId, ownable, 2000, rateOf)

      console.log(
        `records a second: ${single.toFixed(1)} one by one, ${batch.toFixed()} by batch, ${file.toFixed()} by file`,
      )
      expect(await clinic.total('person_informations')).toBe(1 + 60 + 1000 + 2000)
      expect(batch / single).toBeGreaterThanOrEqual(10)
    },
  )

  /** Imports a file of so many records, from as far away. */
  async function byFile(
    clinicId: string,
    ownable: number,
    records: number,
    rateOf: (records: number, work: () => Promise<unknown>) => Promise<number>,
  ): Promise<number> {
    const folder = await mkdtemp(join(tmpdir(), 'clinic-rates-'))
    const file = join(folder, 'people.ndjson')
    const rows = Array.from({ length: records }, (_, n) => {
      const { person_information: row } = aPersonInformation(ownable, { first_name: `File ${n}` })
      return `${JSON.stringify(row)}\n`
    })
    await writeFile(file, rows.join(''))
    const session = worker.env.DB.withSession('first-primary')
    const db = openSession({
      getBookmark: () => session.getBookmark(),
      prepare: (query) => session.prepare(query),
      batch: async <Row>(statements: D1PreparedStatement[]) => {
        await wait(DISTANCE_MILLISECONDS)
        return await session.batch<Row>(statements)
      },
    })
    const store = { db, operator: async () => 'operator:jo', leave: async () => {} }
    const load = () =>
      lendingSignals(() =>
        importRecords(store, personInformations, file, worker.ssnKey.publicKey, {
          clinic: clinicId,
        }),
      )
    const rate = await rateOf(records, load)
    await rm(folder, { recursive: true })
    return rate
  }
})
