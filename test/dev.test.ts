import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_TOKENS } from '../src/cli/demo.ts'
import { PROJECT } from '../src/cli/store.ts'
import { aDependent, aPersonInformation } from './support/fixtures.ts'

/** `npm run dev` in a process group of its own, so that all of it can be killed at once. */
type DevServer = {
  url: string
  printed: () => string
  child: ChildProcess
  stop: (signal: NodeJS.Signals) => Promise<void>
}

const running = new Set<DevServer>()
let state: string
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'clinic-dev-'))
})
afterAll(async () => {
  for (const server of running) await server.stop('SIGKILL')
  await rm(state, { recursive: true, force: true })
})

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

async function startDev(persistTo: string): Promise<DevServer> {
  const port = await freePort()
  const child = spawn(
    process.execPath,
    ['src/cli/dev.ts', '--port', String(port), '--persist-to', persistTo],
    { cwd: PROJECT, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  child.stdout?.on('data', (chunk) => (output += chunk))
  child.stderr?.on('data', (chunk) => (output += chunk))
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  const server: DevServer = {
    url: `http://localhost:${port}/v1/clinic/insurances`,
    printed: () => output,
    child,
    async stop(signal) {
      running.delete(server)
      // The group may have ended by itself.
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, signal)
      await exited
    },
  }
  running.add(server)
  await expect
    .poll(
      () =>
        fetch(server.url).then(
          ({ status }) => status,
          () => output,
        ),
      { timeout: 60_000, interval: 250 },
    )
    .toBe(401)
  return server
}

const call = (server: DevServer, path: string, body?: unknown, token = DEMO_TOKENS.riverside) =>
  fetch(server.url + path, {
    headers: { 'X-User-Token': token, 'Content-Type': 'application/json' },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })

const total = async (server: DevServer, list: string, token?: string): Promise<number> =>
  JSON.parse(await (await call(server, `/${list}`, undefined, token)).text()).pagination.total_count

/** Every byte that is kept below a folder. */
async function everyByte(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const contents = await Promise.all(
    files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')),
  )
  return contents.join('\n')
}

describe('npm run dev', { timeout: 180_000 }, () => {
  it('serves the demo, with a curl that works as printed, and loses nothing when started again', async () => {
    const first = await startDev(state)
    const [, printed] = /curl -H 'X-User-Token: \S+' '(\S+)'/.exec(first.printed()) ?? []
    const shown = await fetch(printed ?? '', { headers: { 'X-User-Token': DEMO_TOKENS.riverside } })
    expect(shown.status).toBe(200)
    expect(await total(first, 'plans')).toBe(60)
    expect(await total(first, 'person_informations')).toBeGreaterThan(30)
    expect(await total(first, 'dependents', DEMO_TOKENS.lakeside)).toBeGreaterThan(0)
    const created = await call(first, '/person_informations', aPersonInformation(1049))
    expect(created.status).toBe(201)
    for (const size of [70_000, 1_500_000, 5_000_000]) {
      const withoutLength = {
        method: 'POST',
        headers: { 'X-User-Token': DEMO_TOKENS.riverside, 'Content-Type': 'application/json' },
        body: new Blob([' '.repeat(size)]).stream(),
        duplex: 'half',
      }
      const oversized = await fetch(`${first.url}/dependents`, withoutLength)
      expect(oversized.status).toBe(413)
    }
    const before = await total(first, 'person_informations')
    await first.stop('SIGTERM')

    const second = await startDev(state)
    expect(await total(second, 'person_informations')).toBe(before)
    expect(await total(second, 'plans')).toBe(60)
    await second.stop('SIGTERM')
  })

  it('says what is wrong with a damaged key file, and how', async () => {
    const damaged = await mkdtemp(join(tmpdir(), 'clinic-dev-'))
    await writeFile(join(damaged, 'ssn-development-key.json'), '{}', { mode: 0o600 })

    const { status, stderr } = spawnSync(
      process.execPath,
      ['src/cli/dev.ts', '--port', String(await freePort()), '--persist-to', damaged],
      { cwd: PROJECT, encoding: 'utf8' },
    )
    await rm(damaged, { recursive: true })

    expect(status).toBe(1)
    expect(stderr).toMatch(/^error: .+ holds no private key as `ssn keygen` writes it\n$/)
  })

  it('keeps every 201 through SIGKILL in the middle of parallel creates', async () => {
    const server = await startDev(state)
    const received: number[] = []
    let isUp = true
    const client = async () => {
      while (isUp) {
        const response = await call(server, '/dependents', aDependent(1049)).catch(() => undefined)
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

    const again = await startDev(state)
    const found: number[] = []
    for (let page = 1, last = 1; page <= last; page++) {
      const list = JSON.parse(
        await (await call(again, `/dependents?page=${page}&page_size=100`)).text(),
      )
      last = list.pagination.total_pages
      // Dense positions: every page but the last is full, or a position is missing.
      if (page < last) expect(list.dependents).toHaveLength(100)
      found.push(...list.dependents.map(({ id }: { id: number }) => id))
    }
    expect(found).toHaveLength(await total(again, 'dependents'))
    expect(received.length).toBeGreaterThan(100)
    expect(received.filter((id) => !found.includes(id))).toEqual([])
    await again.stop('SIGTERM')
  })

  it('keeps no plain SSN and no token in any file of its state', async () => {
    expect(existsSync(state)).toBe(true)
    const kept = await everyByte(state)

    expect(kept).toContain('Quillfeather-Canary')
    expect(kept).toContain('person_informations')
    expect(kept).not.toMatch(/987-?65-?432\d/)
    for (const token of Object.values(DEMO_TOKENS)) {
      expect(kept).not.toContain(token)
      expect(kept).not.toContain(token.slice('clinic_'.length, 30))
    }
  })
})
