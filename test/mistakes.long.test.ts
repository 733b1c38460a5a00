import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PEOPLE, RESOURCES } from './support/resources.ts'
import { somePlans } from './support/fixtures.ts'
import { useWorker, type Answer } from './support/worker.ts'

const worker = useWorker()

const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz_-.[]0'.split(''))
const at = fc.nat(30)

/** Names near to one: in another case, in camelCase, with brackets, in the plural, or with one letter mistyped. */
const nearMisses = (name: string) =>
  fc.oneof(
    fc.mixedCase(fc.constant(name)),
    fc.constantFrom(
      name.replace(/_(\w)/g, (_, small: string) => small.toUpperCase()),
      ...[`${name}[]`, `${name}[0]`, `filter[${name}]`, `${name}s`, `${name}_`, ` ${name}`],
      ...[name.replaceAll('_', '-'), name.replaceAll('_', ''), name.replaceAll('_', '.')],
    ),
    fc.tuple(at, letter, fc.constantFrom(0, 1)).map(([place, typed, replaced]) => {
      const n = place % (name.length + 1)
      return name.slice(0, n) + typed + name.slice(n + replaced)
    }),
    at.map((n) => name.slice(0, n % name.length) + name.slice((n % name.length) + 1)),
    at.map((place) => {
      const n = place % (name.length - 1)
      return name.slice(0, n) + name.charAt(n + 1) + name.charAt(n) + name.slice(n + 2)
    }),
  )

/** How many records an answer has; a refusal has none. */
async function found(answer: Answer): Promise<number> {
  const body: unknown = await answer.json()
  expect([200, 422], JSON.stringify(body)).toContain(answer.status)
  return answer.status === 422 ? 0 : Object(body).pagination.total_count
}

/** Asks under near misses of `name`, which may find no more than the name itself finds. */
const noneWidens = async (name: string, ask: (name: string) => Promise<Answer>, runs: number) => {
  const right = await found(await ask(name))
  let refused = 0
  await fc.assert(
    fc.asyncProperty(nearMisses(name), async (near) => {
      const answer = await ask(near)
      if (answer.status === 422) refused++
      expect(await found(answer), near).toBeLessThanOrEqual(right)
    }),
    { numRuns: runs, seed: 20261125 },
  )
  expect(refused).toBeGreaterThan(runs / 2)
}

describe('a name that is nearly right', () => {
  it.each(RESOURCES)(
    'widens no list of $name',
    async ({ name, one, owner: { filter }, aRecord }) => {
      const clinic = await worker.clinic()
      for (const owner of [1049, 1050, 1051]) {
        await clinic.ownable('Patient', owner)
        expect((await clinic.post(`/${name}`, aRecord(owner))).status, one).toBe(201)
      }

      await noneWidens(
        filter,
        (near) => clinic.get(`/${name}?${encodeURIComponent(near)}=1049`),
        500,
      )
    },
  )

  it.each(PEOPLE)('widens no search of $name', async ({ name, aRecord }) => {
    const clinic = await worker.clinic()
    await clinic.ownable('Patient', 1049)
    for (const first_name of ['Ana', 'Bo']) {
      await clinic.post(`/${name}`, aRecord(1049, { first_name }))
    }
    const last_name = 'quill'

    await noneWidens(
      'first_name',
      (near) => clinic.post(`/${name}/search`, { search: { last_name, [near]: 'a' } }),
      200,
    )
  })

  it.each(['carrier', 'plan_type', 'active', 'search'])(
    'widens no list of plans: %s',
    async (name) => {
      const [of, type] = ['Solène Santé', 'HMO']
      await worker.publish(
        somePlans(9, (n) => (n === 1 ? { carrier: of, plan_type: type, active: false } : {})),
      )
      const clinic = await worker.clinic()
      const values: Record<string, string> = { carrier: of, plan_type: type, active: '0' }
      const value = encodeURIComponent(values[name] ?? 'sol')

      await noneWidens(
        name,
        (near) => clinic.get(`/plans?${encodeURIComponent(near)}=${value}`),
        200,
      )
    },
  )
})
