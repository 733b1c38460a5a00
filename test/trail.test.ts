import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { listClinicsIn, listKeys } from '../src/trail/bucket.ts'
import { sealTrail } from '../src/trail/seal.ts'
import { trailOf } from '../src/operator/trail/events.ts'
import { listHeads, verifyTrail } from '../src/operator/trail/verify.ts'
import { addMissing, type StoredRow } from '../src/operator/copy.ts'
import { listTables } from '../src/operator/tables.ts'
import { setClinicState } from '../src/clinics/queries.ts'
import { aDependent, aPersonInformation } from './support/fixtures.ts'
import { findsManipulations } from './support/manipulations.ts'
import { all, DAY, later, MINUTE, sealing } from './support/sealing.ts'
import { keyAt, objectsOf, sealedRows } from './support/segments.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker({ instrumented: true })
const { stores, misfits, verdicts, trail, countRows, insertRows, expectEachRowOnce } =
  sealing(worker)

const settled = { 'x-test-settled': 'yes' }

/** A clinic in which each kind of deed was done. */
async function busyClinic() {
  const clinic = await worker.clinic()
  const patient = await clinic.ownable()
  for (let n = 0; n < 3; n++) {
    await clinic.post('/person_informations', aPersonInformation(patient))
    await clinic.get('/person_informations', settled)
  }
  return { ...clinic, patient }
}

/** A busy clinic of which a run had begun to seal the rows when it died. */
async function begunClinic() {
  const { db, bucket } = stores()
  await sealTrail(db, bucket, later())
  const clinic = await busyClinic()
  const dying = new Proxy(bucket, {
    get: (of, name) =>
      name === 'put' ? () => Promise.reject(new Error('died')) : Reflect.get(of, name),
  })
  await expect(sealTrail(db, dying, later())).rejects.toThrow('died')
  return clinic
}

describe('sealing', () => {
  it('happens hourly, and puts every row into one segment', async () => {
    const { bucket } = stores()
    const clinic = await busyClinic()

    await worker.sweep()

    const sealed = await sealedRows(bucket, clinic.clinicId)
    expect([...sealed.keys()]).toEqual([`${clinic.clinicId}/changes/1`])
    expect(sealed.get(`${clinic.clinicId}/changes/1`)?.map((row) => JSON.parse(row).seq)).toEqual([
      1, 2, 3,
    ])
  })

  it("seals one clinic's rows though another, whose rows are older, has more than a run takes", async () => {
    const { db, bucket } = stores()
    const [large, small] = [await worker.clinic(), await busyClinic()]
    await worker.env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
       INSERT INTO accesses
       SELECT ?, '2026-01-01T00:00:00.000Z', 'request-' || i, 'token', 'list', 'dependents', '1', 200 FROM n`,
    )
      .bind(large.clinicId)
      .run()

    const run = await sealTrail(db, bucket, later(), 9000)

    expect(run.oldest_seconds).toBeGreaterThan(3600)
    const [, ofLarge] = await verdicts(large.clinicId)
    expect(ofLarge?.unsealed).toBeGreaterThan(0)
    const left = (await verdicts(small.clinicId)).map(({ unsealed }) => unsealed)
    expect(left).toEqual([0, 0])

    await sealTrail(db, bucket, later())
    expect((await verdicts(large.clinicId))[1]).toMatchObject({ rows: 12_000, unsealed: 0 })
  })

  it('leaves accesses of the last ten minutes for later, as an event may be late', async () => {
    const { db, bucket } = stores()
    const clinic = await busyClinic()

    await sealTrail(db, bucket, Date.now() + 9 * MINUTE)
    const early = await verdicts(clinic.clinicId)
    await sealTrail(db, bucket, later())
    const late = await verdicts(clinic.clinicId)

    expect(early).toMatchObject([
      { stream: 'changes', rows: 3, unsealed: 0 },
      { stream: 'accesses', rows: 0, unsealed: 4 },
    ])
    expect(late).toMatchObject([
      { stream: 'changes', rows: 3, unsealed: 0 },
      { stream: 'accesses', rows: 4, unsealed: 0 },
    ])
  })

  it('cuts what is much into segments', async () => {
    const { db, bucket } = stores()
    const { clinicId } = await worker.clinic()
    await insertRows(clinicId, 11_000)

    await sealTrail(db, bucket, later())

    expect(await misfits(clinicId)).toEqual([])
    const sealed = await sealedRows(bucket, clinicId)
    const counts = [...sealed.values()].map((rows) => rows.length)
    expect(counts).toEqual([5000, 5000, 1000, 5000, 5000, 1000])
    const onePerPage = new Proxy(bucket, {
      get: (of, name) =>
        name === 'list'
          ? (options: R2ListOptions) => of.list({ ...options, limit: 1 })
          : Reflect.get(of, name),
    })
    expect((await listKeys(onePerPage, { clinicId, stream: 'changes' })).size).toBe(3)
    expect(await listClinicsIn(onePerPage)).toEqual(await listClinicsIn(bucket))
  })

  it('takes up what a run had begun that died, and puts nothing over what lies in its place', async () => {
    const { db, bucket } = stores()
    const clinic = await begunClinic()
    const digest = await db
      .prepare("SELECT sha256 FROM segments WHERE clinic_id = ? AND stream = 'changes'")
      .bind(clinic.clinicId)
      .first<string>('sha256')
    const key = `${clinic.clinicId}/changes/1/${digest}`
    await bucket.put(key, 'something else')

    const { unfit } = await sealTrail(db, bucket, later())
    const found = await (await bucket.get(key))?.text()
    await worker.sweep()
    expect(JSON.parse(await worker.logLine(key))).toMatchObject({ code: 'sealed', level: 'error' })
    await bucket.delete(key)
    await sealTrail(db, bucket, later())

    // Other tests leave clinics whose segments don't fit.
    expect(unfit.filter((each) => each.startsWith(`${clinic.clinicId}/`))).toEqual([key])
    expect(found).toBe('something else')
    expect(
      (await sealedRows(bucket, clinic.clinicId)).get(`${clinic.clinicId}/changes/1`),
    ).toHaveLength(3)
    expect(await misfits(clinic.clinicId)).toEqual([])
  })

  it('takes a segment of every clinic before a second of any, and says how old the rest is', async () => {
    const { db, bucket } = stores()
    const [busy, quiet] = [await worker.clinic(), await worker.clinic()]
    // Older than the quiet clinic's rows, and more than a run seals.
    await insertRows(busy.clinicId, 12_000)
    await insertRows(quiet.clinicId, 3)

    const first = await sealTrail(db, bucket, later(), 20_000)
    const sealedFirst = await verdicts(quiet.clinicId)
    const second = await sealTrail(db, bucket, later())

    expect(first.rows).toBeGreaterThanOrEqual(20_000)
    expect(first.rows).toBeLessThan(24_006)
    expect(first.oldest_seconds).toBeGreaterThanOrEqual(660)
    expect(sealedFirst.map(({ rows, unsealed }) => [rows, unsealed])).toEqual([
      [3, 0],
      [3, 0],
    ])
    expect(second.oldest_seconds).toBe(0)
    expect(await misfits(busy.clinicId)).toEqual([])
    await expectEachRowOnce(busy.clinicId)
  })

  it('waits for a clinic that is on its way here', async () => {
    const { db, bucket } = stores()
    const { clinicId } = await busyClinic()
    await setClinicState(db, clinicId, 'arriving', ['open'])

    await sealTrail(db, bucket, later())
    const early = await sealedRows(bucket, clinicId)
    await setClinicState(db, clinicId, 'open', ['arriving'])
    await sealTrail(db, bucket, later())

    expect([early.size, (await sealedRows(bucket, clinicId)).size]).toEqual([0, 2])
  })

  it('of what a clinic said has nothing: no name, no value', async () => {
    const { db, bucket } = stores()
    const clinic = await busyClinic()
    const { id } = JSON.parse(
      await (await clinic.post('/dependents', aDependent(clinic.patient))).text(),
    )
    await worker.call('PATCH', `/dependents/${id}`, {
      token: clinic.token,
      body: { dependent: { first_name: 'Zenobia' } },
    })
    await worker.call('DELETE', `/dependents/${id}`, { token: clinic.token })
    await sealTrail(db, bucket, later())

    const texts = [...(await sealedRows(bucket, clinic.clinicId)).values()].flat().join('\n')

    expect(texts).toContain('"changed":["first_name"]')
    for (const said of ['Zenobia', 'Quillfeather', 'Ida', '1990-05-15', '4320', '0123', 'child']) {
      expect(texts).not.toContain(said)
    }
  })
})

describe('ageing', () => {
  it('takes accesses from D1 thirty days after they were sealed, and from no answer', async () => {
    const { db, bucket } = stores()
    const clinic = await busyClinic()
    const before = await trail(clinic.clinicId)
    const sealed = later()
    await sealTrail(db, bucket, sealed)

    await sealTrail(db, bucket, sealed + 30 * DAY - MINUTE)
    const young = await countRows('accesses', clinic.clinicId)
    await sealTrail(db, bucket, sealed + 30 * DAY + MINUTE)
    const aged = await countRows('accesses', clinic.clinicId)

    expect([young, aged]).toEqual([4, 0])
    expect(await countRows('changes', clinic.clinicId)).toBe(3)
    expect(await trail(clinic.clinicId)).toEqual(before)
    expect(await misfits(clinic.clinicId)).toEqual([])
  })

  it('leaves a trail that can be told from a time on, and once what a restore brought back', async () => {
    const { db, bucket } = stores()
    const { clinicId } = await busyClinic()
    const before = await trail(clinicId)
    const { results } = await db
      .prepare('SELECT * FROM accesses WHERE clinic_id = ?')
      .bind(clinicId)
      .all<StoredRow>()
    const sealed = later()
    await sealTrail(db, bucket, sealed)
    await sealTrail(db, bucket, sealed + 31 * DAY)

    const since = before.at(-1)?.at ?? ''
    expect(await all(trailOf(db, bucket, clinicId, since))).toEqual(
      before.filter(({ at }) => at >= since),
    )
    const accesses = (await listTables(db)).find(({ name }) => name === 'accesses')
    if (accesses) await addMissing(db, { table: accesses }, Readable.from(results))
    expect(await trail(clinicId)).toEqual(before)
  })

  it('takes nothing that R2 does not have', async () => {
    const { db, bucket } = stores()
    const clinic = await busyClinic()
    const sealed = later()
    await sealTrail(db, bucket, sealed)
    const key = await keyAt(bucket, clinic.clinicId, 'accesses', 1)
    await bucket.delete(key)

    const { unfit } = await sealTrail(db, bucket, sealed + 31 * DAY)

    expect(unfit).toContain(key)
    expect(await countRows('accesses', clinic.clinicId)).toBe(4)
  })

  it('takes nothing if what R2 has of the same rows is not what was sealed', async () => {
    const { db, bucket } = stores()
    const { clinicId } = await busyClinic()
    const sealed = later()
    await sealTrail(db, bucket, sealed)
    const key = await keyAt(bucket, clinicId, 'accesses', 1)
    const ndjson = (await objectsOf(bucket, key)).get(key) ?? ''
    await bucket.put(key, gzipSync(ndjson.replaceAll('"list"', '"read"')))

    const { unfit } = await sealTrail(db, bucket, sealed + 31 * DAY)

    expect(unfit).toContain(key)
    expect(await countRows('accesses', clinicId)).toBe(4)
  })

  it("takes only what was sealed, whatever D1 says, and nothing of another clinic's", async () => {
    const { db, bucket } = stores()
    const [altered, wide, other] = [await busyClinic(), await busyClinic(), await busyClinic()]
    const sealed = later()
    await sealTrail(db, bucket, sealed)
    const run = (query: string, clinicId: string) => db.prepare(query).bind(clinicId).run()
    await run("UPDATE accesses SET token_id = 'other' WHERE clinic_id = ?", altered.clinicId)
    // A place behind all that will ever come.
    await run("UPDATE segments SET last = '~' WHERE clinic_id = ?", wide.clinicId)
    await insertRows(wide.clinicId, 2)
    // These rows have the same times and requests as those that age.
    await run(
      `INSERT INTO accesses SELECT '${wide.clinicId}', at, request_id, token_id, action, resource, ids, status
        FROM accesses WHERE clinic_id = ?`,
      other.clinicId,
    )

    const { unfit } = await sealTrail(db, bucket, sealed + 31 * DAY)

    expect(unfit).toContain(await keyAt(bucket, altered.clinicId, 'accesses', 1))
    expect(await countRows('accesses', altered.clinicId)).toBe(4)
    expect(await countRows('accesses', wide.clinicId)).toBe(2 + 4)
    expect(await countRows('accesses', other.clinicId)).toBe(0)
  })
})

describe('verifying', () => {
  it('names a segment whose rows have changed between its beginning and its end', async () => {
    const { db, bucket } = stores()
    const { clinicId } = await begunClinic()
    const setToken = (token: string) =>
      db.prepare('UPDATE changes SET token_id = ? WHERE clinic_id = ?').bind(token, clinicId).run()
    const before = (await trail(clinicId))[0]?.token_id ?? ''

    const early = await misfits(clinicId)
    await setToken('somebody else')
    const changed = await misfits(clinicId)
    await setToken(before)
    await sealTrail(db, bucket, later())

    const segment = expect.stringContaining(`${clinicId}/changes/1/`)
    expect(early).toEqual([])
    expect(changed).toEqual([{ segment, found: 'its rows have changed since it was begun' }])
  })

  it('compares with heads that were kept: a chain made anew in both stores is found', async () => {
    const { db, bucket } = stores()
    const clinic = await busyClinic()
    await sealTrail(db, bucket, later())
    const { clinicId } = clinic
    const head = { clinic_id: clinicId, stream: 'changes', n: 1, sha256: 'f'.repeat(64) }

    const [changes] = await all(verifyTrail(db, bucket, clinicId, [head]))

    expect(changes?.misfit).toEqual({
      segment: `${clinicId}/changes/1/${head.sha256}`,
      found: 'its digest was kept, and is now another',
    })
  })

  it('misses what a kept head names and neither store has', async () => {
    const { db, bucket } = stores()
    const { clinicId } = await busyClinic()
    await sealTrail(db, bucket, later())
    const heads = (await listHeads(db)).filter(({ clinic_id }) => clinic_id === clinicId)
    const gone = heads.map((head) => ({ ...head, n: head.n + 1 }))

    const good = await all(verifyTrail(db, bucket, clinicId, heads))
    const cut = await all(verifyTrail(db, bucket, clinicId, gone))

    expect(good.flatMap(({ misfit }) => misfit ?? [])).toEqual([])
    const found = 'its digest was kept, and it is gone'
    expect(cut.map(({ misfit }) => misfit)).toEqual([
      { segment: expect.stringContaining(`${clinicId}/changes/2/`), found },
      { segment: expect.stringContaining(`${clinicId}/accesses/2/`), found },
    ])
  })

  it('misses the kept heads of clinics that neither store knows, and of the operator', async () => {
    const { db, bucket } = stores()
    const heads = ['gone', '*'].map((clinic_id) => ({
      ...{ clinic_id, stream: 'accesses', n: 900, sha256: 'f'.repeat(64) },
    }))

    const found = await all(verifyTrail(db, bucket, undefined, heads))

    const missed = found.filter(({ misfit }) => misfit?.found.includes('it is gone'))
    expect(missed.map(({ clinic_id }) => clinic_id).sort()).toEqual(['*', 'gone'])
  })

  describe('after a restore in time', () => {
    /** Sets the clinic's trail back to one segment, and leaves what was sealed since in R2. */
    async function setBack() {
      const { db, bucket } = stores()
      const { clinicId } = await worker.clinic()
      await insertRows(clinicId, 4)
      await sealTrail(db, bucket, later())
      await insertRows(clinicId, 5)
      await sealTrail(db, bucket, later())
      const heads = (await listHeads(db)).filter(({ clinic_id }) => clinic_id === clinicId)
      const before = await trail(clinicId)
      const run = (query: string) => db.prepare(query).bind(clinicId).run()
      await run('DELETE FROM segments WHERE clinic_id = ? AND n = 2')
      await run('DELETE FROM changes WHERE clinic_id = ? AND seq > 4')
      await run(
        `DELETE FROM accesses WHERE clinic_id = ? AND (at, request_id) > (
          SELECT substr(last, 1, 24), substr(last, 26) FROM segments WHERE clinic_id = ?1 AND stream = 'accesses')`,
      )
      const resume = async (seq: number) => {
        await run(
          `INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before) VALUES (?, ${seq}, 'dependents', ${seq}, 1000, 'skip',
            strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'operator:jo', 'resume', '[]', NULL)`,
        )
        await run(
          `INSERT INTO accesses (clinic_id, at, request_id, token_id, action, resource, ids, status) VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 second'), 'resume',
            'operator:jo', 'resume', 'clinics', '', 200)`,
        )
      }
      return { db, bucket, clinicId, heads, before, run, resume }
    }

    it('is an alarm until `resume` has left its rows, and tells then what was lost', async () => {
      const { db, bucket, clinicId, heads, before, resume } = await setBack()
      const early = await misfits(clinicId)
      await resume(9)
      const resumed = await misfits(clinicId)
      await insertRows(clinicId, 3)
      await sealTrail(db, bucket, later())

      expect(early.map(({ found }) => found)).toEqual([
        'D1 knows nothing of it; after a restore in time, run `resume`',
        'D1 knows nothing of it; after a restore in time, run `resume`',
      ])
      expect(resumed).toEqual([])
      const verified = await all(verifyTrail(db, bucket, clinicId, heads))
      expect(verified.flatMap(({ misfit }) => misfit ?? [])).toEqual([])
      const told = await trail(clinicId)
      for (const event of before) expect(told).toContainEqual(event)
      expect(told).toHaveLength(before.length + 2 + 6)
    })

    it('is an alarm where `resume` passed over too little, since a number may be given twice', async () => {
      const { clinicId, resume } = await setBack()

      await resume(8)

      expect(await misfits(clinicId)).toMatchObject([
        { segment: expect.stringContaining(`${clinicId}/changes/2/`) },
      ])
    })

    it('explains no segment that does not follow the others, or is not what its name says', async () => {
      const { db, bucket, clinicId, resume } = await setBack()
      await resume(9)
      await sealTrail(db, bucket, later())
      const lost = await keyAt(bucket, clinicId, 'changes', 2)
      const forged = lost.replace(/[^/]+$/, 'f'.repeat(64))
      const object = await bucket.get(lost)
      await bucket.put(forged, (await object?.arrayBuffer()) ?? '')

      expect(await misfits(clinicId)).toMatchObject([{ segment: forged }])
    })
  })

  findsManipulations(stores, 5)
})
