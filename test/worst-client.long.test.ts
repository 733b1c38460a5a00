import { expect, it } from 'vitest'
import { aDependent, somePlans } from './support/fixtures.ts'
import { thorough } from './support/thorough.ts'
import { useWorker, type Clinic } from './support/worker.ts'

// What the worst client of an hour does to another clinic, within the limit of its token.

const worker = useWorker()

/** How many requests a token may send in a minute; wrangler.toml sets it. */
const A_MINUTE = 3000
const CREATES = thorough(300, 100)

type Attack = { counts: number; send: (n: number) => Promise<{ status: number }> }

const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0

/** Milliseconds that each of so many creates of the clinic takes, one after the other. */
async function timesOf(clinic: Clinic, patient: number): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < CREATES; n++) {
    const startedAt = performance.now()
    const { status } = await clinic.post('/dependents', aDependent(patient, { ssn: null }))
    times.push(performance.now() - startedAt)
    expect(status).toBe(201)
  }
  return times
}

/** Attacks in turn, as often as the limit of a token lets it, until it is told to stop. */
function attacking(attacks: Attack[]) {
  let isOn = true
  const statuses: number[] = []
  async function attack() {
    const startedAt = performance.now()
    for (let n = 0, counted = 0; isOn; n++) {
      const { counts, send } = attacks[n % attacks.length] ?? {
        counts: 1,
        send: async () => ({ status: 0 }),
      }
      counted += counts
      statuses.push((await send(n)).status)
      const due = startedAt + (counted / A_MINUTE) * 60_000 - performance.now()
      if (due > 0) await new Promise((resolve) => setTimeout(resolve, due))
    }
  }
  const ended = attack()
  return async () => {
    isOn = false
    await ended
    return statuses
  }
}

async function attackBeside(attacks: (clinic: Clinic, patient: number) => Attack[]) {
  const [victim, attacker] = [await worker.clinic(), await worker.clinic()]
  const [patient, own] = [await victim.ownable(), await attacker.ownable()]
  await timesOf(victim, patient)
  const quiet = median(await timesOf(victim, patient))

  const stop = attacking(attacks(attacker, own))
  const beside = median(await timesOf(victim, patient))
  const statuses = await stop()

  expect(await victim.total('dependents')).toBe(3 * CREATES)
  expect(statuses.filter((status) => status >= 500)).toEqual([])
  // Times are reported and decide nothing: a machine may be busy.
  console.info({ quiet, beside, ratio: beside / quiet, sent: statuses.length })
}

it('loses nothing of another clinic, and gets no 500, whatever it sends', async () => {
  await attackBeside((clinic, patient) => {
    const one = ({ dependent }: ReturnType<typeof aDependent>) => dependent
    const dependents = Array.from({ length: 100 }, () => one(aDependent(patient, { ssn: null })))
    const keys = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 0]))
    const deleted = (n: number) =>
      worker.call('DELETE', `/dependents/${1 + n}`, { token: clinic.token })
    return [
      {
        counts: 1,
        send: (n) =>
          clinic.post('/dependents/search', { search: { last_name: '9'.repeat(100 * (n % 500)) } }),
      },
      { counts: 1, send: () => clinic.post('/dependents', { dependent: keys(4000) }) },
      { counts: 10, send: () => clinic.post('/dependents/batch', { dependents }) },
      { counts: 1, send: deleted },
      { counts: 1, send: deleted },
      {
        counts: 10,
        send: () =>
          clinic.post('/dependents/batch', {
            dependents: Array.from({ length: 100 }, () => keys(500)),
          }),
      },
      { counts: 1, send: (n) => clinic.get('/dependents', { 'x-d1-bookmark': `wrong ${n}` }) },
      {
        counts: 1,
        send: () => clinic.get(`/dependents?primary_holder_id=${patient}&page=900&page_size=100`),
      },
    ]
  })
}, 120_000)

it('loses nothing of another clinic, and gets no 500, whatever pages of plans it asks for', async () => {
  await worker.publish(somePlans(2000))
  await attackBeside((clinic) => [
    {
      counts: 1,
      send: (n) =>
        clinic.get(`/plans?page=${1 + (n % 700)}&page_size=${1 + (n % 97)}&sort_by=carrier`),
    },
  ])
}, 120_000)
