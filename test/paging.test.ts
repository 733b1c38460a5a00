import { describe, expect, it } from 'vitest'
import { aDependent, aPersonInformation } from './support/fixtures.ts'
import { useWorker, type Clinic } from './support/worker.ts'

const worker = useWorker()

const LISTS = [
  ['person_informations', aPersonInformation, 'patient_id'],
  ['dependents', aDependent, 'primary_holder_id'],
] as const

const page = async (clinic: Clinic, path: string) =>
  JSON.parse(await (await clinic.get(path)).text())

describe.each(LISTS)('GET /%s', (list, aRecord, filter) => {
  it.each(['', filter])(
    'walks the whole list while records are being added (filter %j)',
    async (by) => {
      const clinic = await worker.clinic()
      const ownable = await clinic.ownable()
      const other = await clinic.ownable()
      const add = async () => {
        const created = await clinic.post(`/${list}`, aRecord(ownable))
        await clinic.post(`/${list}`, aRecord(other))
        return JSON.parse(await created.text()).id
      }
      const made: number[] = []
      for (let n = 0; n < 7; n++) made.push(await add())

      const walked: { id: number; [owner: string]: unknown }[] = []
      let path: string | undefined = `/${list}?page_size=3${by && `&${by}=${ownable}`}`
      for (let pages = 0; path !== undefined && pages < 20; pages++) {
        if (pages > 0 && pages < 4) made.push(await add())
        const response = await clinic.get(path)
        walked.push(...JSON.parse(await response.text())[list])
        path = /<[^>]*insurances([^>]*)>; rel="next"/.exec(response.headers.get('Link') ?? '')?.[1]
      }

      const ids = walked.map(({ id }) => id)
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
      expect(ids).toEqual(expect.arrayContaining(made))
      expect(ids).toHaveLength(by ? made.length : 2 * made.length)
    },
  )

  it('answers a page past the end with nothing and true totals', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    for (let n = 0; n < 3; n++) await clinic.post(`/${list}`, aRecord(ownable))

    for (const query of ['', `&${filter}=${ownable}`]) {
      const response = await clinic.get(`/${list}?page=9&page_size=2${query}`)
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual({
        [list]: [],
        pagination: { current_page: 9, total_pages: 2, total_count: 3, per_page: 2 },
      })
      expect(response.headers.get('Link')).toMatch(/page=2[^>]*>; rel="prev"/)
      expect(response.headers.get('Link')).not.toContain('rel="next"')
    }
  })

  it('links first, prev, next and last, those that apply, with the filter', async () => {
    const clinic = await worker.clinic()
    const ownable = await clinic.ownable()
    for (let n = 0; n < 3; n++) await clinic.post(`/${list}`, aRecord(ownable))
    const relations = async (query: string) => {
      const links = (await clinic.get(`/${list}?${query}`)).headers.get('Link') ?? ''
      return [...links.matchAll(/[?&]page=(\d+)[^>]*>; rel="(\w+)"/g)].map(
        ([, n, rel]) => `${rel} ${n}`,
      )
    }

    expect(await relations('page_size=1')).toEqual(['first 1', 'next 2', 'last 3'])
    expect(await relations('page_size=1&page=2')).toEqual(['first 1', 'prev 1', 'next 3', 'last 3'])
    expect(await relations('page_size=1&page=3')).toEqual(['first 1', 'prev 2', 'last 3'])
    expect(await relations(`${filter}=${ownable}`)).toEqual(['first 1', 'last 1'])
    expect(await relations(`${filter}=987654321`)).toEqual(['first 1'])

    const filtered = await clinic.get(`/${list}?${filter}=${ownable}&page_size=1`)
    const links = (filtered.headers.get('Link') ?? '').split(', ')
    expect(links.filter((link) => link.includes(`${filter}=${ownable}`))).toHaveLength(3)
  })

  it.each([
    ['page=0', 'page', 'must be greater than 0'],
    ['page=-1', 'page', 'must be greater than 0'],
    ['page=abc', 'page', 'is not a number'],
    ['page=', 'page', 'is not a number'],
    ['page=1.5', 'page', 'must be an integer'],
    ['page=1e3', 'page', 'is not a number'],
    ['page=0x10', 'page', 'is not a number'],
    ['page=%201', 'page', 'is not a number'],
    ['page=+1', 'page', 'is not a number'],
    ['page=1&page=2', 'page', 'is not a number'],
    ['page=99999999999999999999', 'page', 'must be less than or equal to 90071992547409'],
    ['page_size=0', 'page_size', 'must be greater than 0'],
    ['page_size=101', 'page_size', 'must be less than or equal to 100'],
    ['page_size=ten', 'page_size', 'is not a number'],
    [`${filter}=abc`, filter, 'is not a number'],
    [`${filter}=0x10`, filter, 'is not a number'],
    [`${filter}=1e3`, filter, 'is not a number'],
    [`${filter}=1.5`, filter, 'must be an integer'],
    [`${filter}=0`, filter, 'must be greater than 0'],
    [`${filter}=`, filter, 'is not a number'],
    [`${filter}`, filter, 'is not a number'],
    [`${filter}=1&${filter}=2`, filter, 'is not a number'],
    [`${filter}[]=1&${filter}=x`, filter, 'is not a number'],
    [`${filter}=9007199254740993`, filter, 'must be less than or equal to 9007199254740991'],
  ])('refuses ?%s', async (query, parameter, message) => {
    const clinic = await worker.clinic()

    const response = await clinic.get(`/${list}?${query}`)

    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({ errors: { [parameter]: [message] } })
  })

  it('names every malformed parameter at once and ignores those it does not know', async () => {
    const clinic = await worker.clinic()

    const refused = await clinic.get(`/${list}?page=0&page_size=1000&${filter}=x&colour=blue`)
    const taken = await clinic.get(`/${list}?colour=blue`)

    expect(await refused.json()).toEqual({
      errors: {
        page: ['must be greater than 0'],
        page_size: ['must be less than or equal to 100'],
        [filter]: ['is not a number'],
      },
    })
    expect(taken.status).toBe(200)
  })

  it('takes the largest page and page size there are', async () => {
    const clinic = await worker.clinic()

    const { pagination } = await page(clinic, `/${list}?page=90071992547409&page_size=100`)

    expect(pagination).toEqual({
      current_page: 90071992547409,
      total_pages: 0,
      total_count: 0,
      per_page: 100,
    })
  })
})
