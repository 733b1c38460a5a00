import { describe, expect, it } from 'vitest'
import { ClinicInsurancesError, createClient } from '../dist/client/index.js'
import { mintToken } from '../src/tokens/token.ts'
import { operations } from './support/contract.ts'
import { aPersonInformation } from './support/fixtures.ts'
import { useWorker, type TestWorker } from './support/worker.ts'

const [EU, US] = ['https://eu.api.example.com', 'https://us.api.example.com']
const CELLS = JSON.stringify({ eu: EU, us: US })
const eu = useWorker({ vars: { CELL: 'eu', CELLS } })
const us = useWorker({ vars: { CELL: 'us', CELLS } })

const BOOKMARK = 'x-d1-bookmark'
const keptAt = (origin: string) => ({ errors: `This clinic's records are kept at ${origin}` })

/** All that an answer tells, but for the name of the request. */
async function told(worker: TestWorker, token: string) {
  const answer = await worker.call('GET', '/person_informations', { token })
  const headers = [...answer.headers].filter(([name]) => name !== 'x-request-id')
  return { status: answer.status, headers, body: JSON.parse(await answer.text()) }
}

describe('a token of another cell', () => {
  it('is told where it belongs, whether it exists or not', async () => {
    const existing = mintToken('us')
    await us.issue(existing, { clinic_id: 'riverside' })

    const [one, other] = [await told(eu, existing), await told(eu, mintToken('us'))]

    expect(one).toMatchObject({ status: 421, body: keptAt(US) })
    expect(other).toEqual(one)
  })

  it('lets in where its clinic has moved, and is told where its clinic went', async () => {
    const clinic = await eu.clinic()
    const token = mintToken('us')
    await eu.issue(token, { clinic_id: clinic.clinicId })
    await us.issue(token, { clinic_id: clinic.clinicId, moved_to: 'eu' })

    expect((await told(eu, token)).status).toBe(200)
    expect(await told(us, token)).toMatchObject({ status: 421, body: keptAt(EU) })
  })

  it('is told the same where it is revoked or has expired, as that is for the other cell to say', async () => {
    const past = '2020-01-01T00:00:00.000Z'
    for (const record of [{ revoked_at: past }, { expires_at: past }, { suspended: true }]) {
      const token = mintToken('eu')
      await eu.issue(token, { clinic_id: 'riverside', moved_to: 'us', ...record })

      expect(await told(eu, token)).toMatchObject({ status: 421, body: keptAt(US) })
    }
  })

  it('is refused where it is held and revoked', async () => {
    const token = mintToken('us')
    await eu.issue(token, { clinic_id: 'riverside', revoked_at: '2020-01-01T00:00:00.000Z' })

    expect((await told(eu, token)).status).toBe(401)
  })

  it('is 421 on every operation that takes a token', () => {
    const guarded = operations().filter(({ path }) => path.startsWith('/v1/'))

    expect(guarded.length).toBeGreaterThan(10)
    expect(guarded.filter(({ responses }) => !(421 in responses))).toEqual([])
  })
})

it.each([
  ['of this cell', mintToken('eu')],
  ['of a cell that nobody knows', mintToken('mars')],
  ['of no cell', mintToken()],
])('an unknown token %s is refused', async (_, token) => {
  expect((await told(eu, token)).status).toBe(401)
})

describe('a cell that stands alone', () => {
  const alone = useWorker()

  it('knows of no other, and gives bookmarks as D1 writes them', async () => {
    const clinic = await alone.clinic()
    const answer = await clinic.get('/person_informations')

    expect((await told(alone, mintToken('us'))).status).toBe(401)
    expect(answer.headers.get(BOOKMARK)).toMatch(/^[0-9a-f]{8}-/)
    const document = await alone.fetch('/openapi.json')
    expect(JSON.parse(await document.text()).servers).toHaveLength(1)
  })
})

describe('with limits', () => {
  const limited = useWorker({
    vars: { CELL: 'eu', CELLS },
    rateLimits: { FAILURE_RATE_LIMIT: 3 },
  })

  it('whoever tries tokens of other cells is slowed down like any guesser', async () => {
    const statuses: number[] = []
    for (let n = 0; n < 8; n++) statuses.push((await told(limited, mintToken('us'))).status)

    expect(statuses).toContain(421)
    expect(statuses.at(-1)).toBe(429)
  })
})

describe('a bookmark', () => {
  it('says its cell, and is good there', async () => {
    const clinic = await eu.clinic()
    const written = await clinic.put('/ownables/Patient/1')
    const bookmark = written.headers.get(BOOKMARK) ?? ''

    const read = await clinic.get('/dependents', { [BOOKMARK]: bookmark })

    expect(bookmark).toMatch(/^eu:[0-9a-f]{8}-/)
    expect(read.status).toBe(200)
    expect((read.headers.get(BOOKMARK) ?? '') >= bookmark).toBe(true)
  })

  it.each(['us:', ''])('of another database, as %j says, is ignored', async (prefix) => {
    const clinic = await eu.clinic()
    const future = `${prefix}ffffffff-ffffffff-ffffffff-${'f'.repeat(32)}`

    const read = await clinic.get('/dependents', { [BOOKMARK]: future })

    expect(read.status).toBe(200)
    expect(read.headers.get(BOOKMARK)).toMatch(/^eu:0/)
  })

  it('that is none is refused by name', async () => {
    const clinic = await eu.clinic()

    const read = await clinic.get('/dependents', { [BOOKMARK]: 'eu:nothing' })

    expect(read.status).toBe(422)
    expect(JSON.parse(await read.text())).toEqual({
      errors: { [BOOKMARK]: ['is not a bookmark: send what an answer gave you, or nothing'] },
    })
  })
})

describe('a clinic that is being moved', () => {
  it.each(['frozen', 'arriving', 'moved'])(
    'can be read, and not written to, while %s',
    async (state) => {
      const clinic = await eu.clinic()
      const ownable = await clinic.ownable()
      const created = await clinic.post('/person_informations', aPersonInformation(ownable))
      const { id } = JSON.parse(await created.text())
      await eu.env.DB.prepare('UPDATE clinics SET state = ? WHERE id = ?')
        .bind(state, clinic.clinicId)
        .run()

      const path = `/person_informations/${id}`
      const write = (method: string, at: string, body?: unknown) =>
        eu.call(method, at, { token: clinic.token, ...(body !== undefined && { body }) })
      const writes = await Promise.all([
        write('POST', '/person_informations', aPersonInformation(ownable)),
        write('PATCH', path, { person_information: { first_name: 'Eva' } }),
        write('DELETE', path),
        write('PUT', '/ownables/Patient/77'),
      ])

      expect(writes.map(({ status }) => status)).toEqual([503, 503, 503, 503])
      expect(writes.map(({ headers }) => headers.get('Retry-After'))).toEqual([
        '30',
        '30',
        '30',
        '30',
      ])
      expect((await clinic.get(path)).status).toBe(200)
      expect(await clinic.total('person_informations')).toBe(1)
      const { results } = await eu.env.DB.prepare('SELECT id FROM ownables WHERE clinic_id = ?')
        .bind(clinic.clinicId)
        .all()
      expect(results).toEqual([{ id: ownable }])
    },
  )
})

describe('openapi.json', () => {
  it('names every cell as a server, this one first', async () => {
    const answer = await us.fetch('/openapi.json')
    const { servers } = JSON.parse(await answer.text())

    expect(servers).toEqual([
      { url: US, description: 'The cell us.' },
      { url: EU, description: 'The cell eu.' },
    ])
  })
})

describe('the client', () => {
  /** A token whose clinic is at us, though the token says eu; and a client that asks eu first. */
  async function moved(origins: string[]) {
    const clinic = await us.clinic()
    const token = mintToken('eu')
    await us.issue(token, { clinic_id: clinic.clinicId })
    await eu.issue(token, { clinic_id: clinic.clinicId, moved_to: 'us' })
    const asked: string[] = []
    const bookmarks: (string | null)[] = []
    const client = createClient({
      baseUrl: EU,
      origins,
      token,
      async fetch(url, { method = 'GET', headers, body }) {
        const { origin, pathname, search } = new URL(url)
        asked.push(origin)
        const init = {
          method,
          headers: new Headers(headers),
          ...(typeof body === 'string' && { body }),
        }
        bookmarks.push(init.headers.get(BOOKMARK))
        const answer = await (origin === EU ? eu : us).fetch(pathname + search, {
          ...init,
          headers: Object.fromEntries(init.headers),
        })
        return new Response((await answer.text()) || null, {
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
        })
      },
    })
    return { client, asked, bookmarks, token, clinic }
  }

  it('follows one hop to an origin that it was given, and stays there', async () => {
    const { client, asked } = await moved([US])

    await client.registerOwnable('Patient', 1)
    const { pagination } = await client.listPersonInformations()

    expect(pagination.total_count).toBe(0)
    expect(asked).toEqual([EU, US, US])
  })

  it('takes no bookmark along, which would hide those of the other cell', async () => {
    const { client, bookmarks, token, clinic } = await moved([US])
    await eu.issue(token, { clinic_id: clinic.clinicId })
    await client.listPersonInformations()
    await eu.issue(token, { clinic_id: clinic.clinicId, moved_to: 'us' })

    await client.listPersonInformations()
    await client.listPersonInformations()

    expect(bookmarks.map((bookmark) => bookmark?.slice(0, 3))).toEqual([
      ...[undefined, 'eu:', undefined, 'us:'],
    ])
  })

  it('sends its token to no origin that it was not given', async () => {
    const { client, asked } = await moved([])

    const failed = await client.listPersonInformations().then(undefined, (error: unknown) => error)

    expect(failed).toBeInstanceOf(ClinicInsurancesError)
    expect(failed).toMatchObject({ status: 421, origin: US })
    expect(asked).toEqual([EU])
  })

  it('does not go round in circles', async () => {
    const { client, asked, token, clinic } = await moved([US])
    await us.issue(token, { clinic_id: clinic.clinicId, moved_to: 'eu' })

    const failed = await client.listPersonInformations().then(undefined, (error: unknown) => error)

    expect(failed).toMatchObject({ status: 421, origin: EU })
    expect(asked).toEqual([EU, US])
  })
})
