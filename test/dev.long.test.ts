import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startDev, totalOf, type DevServer } from './support/dev-server.ts'
import { aDependent, aPersonInformation } from './support/fixtures.ts'
import { thorough } from './support/thorough.ts'

let state: string
const running: DevServer[] = []
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'clinic-dev-'))
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop('SIGKILL')
  await rm(state, { recursive: true, force: true })
})

async function startOnState(): Promise<DevServer> {
  const server = await startDev(state)
  running.push(server)
  return server
}

describe('npm run dev', { timeout: 180_000 }, () => {
  it.runIf(thorough(1, 0))(
    'loses nothing when it is started again, and loads the demo once',
    async () => {
      const first = await startOnState()
      const created = await first.call('/person_informations', aPersonInformation(1049))
      expect(created.status).toBe(201)
      const before = await totalOf(first, 'person_informations')
      await first.stop('SIGTERM')

      const second = await startOnState()

      expect(await totalOf(second, 'person_informations')).toBe(before)
      expect(await totalOf(second, 'plans')).toBe(60)
    },
  )

  it('keeps every 201 through SIGKILL in the middle of parallel creates', async () => {
    const server = await startOnState()
    const received: number[] = []
    let isUp = true
    const client = async () => {
      while (isUp) {
        const response = await server.call('/dependents', aDependent(1049)).catch(() => undefined)
        if (response?.status !== 201) continue
        const body = await response.text().catch(() => '')
        if (body.endsWith('}')) received.push(JSON.parse(body).id)
      }
    }
    const clients = Array.from({ length: 8 }, client)
    await expect.poll(() => received.length, { timeout: 30_000 }).toBeGreaterThan(100)
    await server.stop('SIGKILL')
    isUp = false
    await Promise.all(clients)

    const again = await startOnState()
    const found: number[] = []
    for (let page = 1, last = 1; page <= last; page++) {
      const answer = await again.call(`/dependents?page=${page}&page_size=100`)
      const list = JSON.parse(await answer.text())
      last = list.pagination.total_pages
      // Dense positions: every page but the last is full, or a position is missing.
      if (page < last) expect(list.dependents).toHaveLength(100)
      found.push(...list.dependents.map(({ id }: { id: number }) => id))
    }
    expect(found).toHaveLength(await totalOf(again, 'dependents'))
    expect(received.length).toBeGreaterThan(100)
    expect(received.filter((id) => !found.includes(id))).toEqual([])
  })
})
