import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DEMO_TOKENS } from '../src/cli/dev/demo.ts'
import { makeStore, runJson, type TestStore } from './cli/command.ts'
import { DEV, freePort, startDev, totalOf, type DevServer } from './support/dev-server.ts'
import { aPersonInformation } from './support/fixtures.ts'
import { PROJECT } from './support/project.ts'

let store: TestStore
let server: DevServer
beforeAll(async () => {
  store = await makeStore()
  server = await startDev(store.state)
}, 90_000)
afterAll(async () => {
  await server.stop('SIGTERM')
  await store.remove()
})

/** Every byte that is kept below a folder. */
async function everyByte(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const contents = await Promise.all(
    files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')),
  )
  return contents.join('\n')
}

describe('npm run dev', () => {
  it('serves the demo, with a curl that works as printed', async () => {
    const [, url = ''] = await vi.waitUntil(
      () => /curl -H 'X-User-Token: \S+' '(\S+)'/.exec(server.printed()),
      60_000,
    )

    const shown = await fetch(url, { headers: { 'X-User-Token': DEMO_TOKENS.riverside } })

    expect(shown.status).toBe(200)
    expect(await totalOf(server, 'plans')).toBe(60)
    expect(await totalOf(server, 'person_informations')).toBeGreaterThan(30)
    expect(await totalOf(server, 'dependents', DEMO_TOKENS.lakeside)).toBeGreaterThan(0)
  })

  it('tells the command line where it serves: a new token comes with a curl that works', async () => {
    const { token, curl } = await runJson(
      ['token', 'create', '--clinic', 'riverside', '--label', 'desk'].concat(store.flags),
    )

    const answer = execFileSync('bash', ['-c', String(curl)], {
      input: `${String(token)}\n`,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    })

    expect(JSON.parse(answer)).toMatchObject({ pagination: { total_count: 60 } })
  })

  // Of what is larger than that, the rest is not read: a client that goes on sending may find the connection closed
  // before it has read the answer, which depends on who is faster. Wrangler's own proxy may find it so, too, and then
  // answers in the Worker's place, without its X-Request-Id.
  it.each([
    [70_000, [413]],
    [1_000_000, [413]],
    [5_000_000, [413, 'closed']],
  ])('refuses a stream of %d bytes: %j', async (size, outcomes) => {
    const withoutLength = {
      method: 'POST',
      headers: { 'X-User-Token': DEMO_TOKENS.riverside, 'Content-Type': 'application/json' },
      body: new Blob([' '.repeat(size)]).stream(),
      duplex: 'half',
    }
    const url = `http://localhost:${server.port}/v1/clinic/insurances/dependents`

    const outcome = await fetch(url, withoutLength).then(
      ({ status, headers }) => (headers.has('X-Request-Id') ? status : 'closed'),
      () => 'closed',
    )
    expect(outcomes).toContain(outcome)
  })

  it('keeps no plain SSN and no token in any file of its state', async () => {
    const created = await server.call('/person_informations', aPersonInformation(1049))
    expect(created.status).toBe(201)

    const kept = await everyByte(store.state)

    expect(kept).toContain('Quillfeather-Canary')
    expect(kept).toContain('person_informations')
    expect(kept).not.toMatch(/987-?65-?432\d/)
    for (const token of Object.values(DEMO_TOKENS)) {
      expect(kept).not.toContain(token)
      expect(kept).not.toContain(token.slice('clinic_'.length, 30))
    }
  })

  it('says what is wrong with a damaged key file', async () => {
    const damaged = await mkdtemp(join(tmpdir(), 'clinic-dev-'))
    await writeFile(join(damaged, 'ssn-development-key.json'), '{}', { mode: 0o600 })

    const { status, stderr } = spawnSync(
      process.execPath,
      [...DEV, '--port', String(await freePort()), '--persist-to', damaged],
      { cwd: PROJECT, encoding: 'utf8' },
    )
    await rm(damaged, { recursive: true })

    expect(status).toBe(1)
    expect(stderr).toMatch(/^error: .+ is not a private key as `ssn keygen` writes it\n$/)
  })

  it('says that a port is taken, that a folder is, and what a port is', async () => {
    const dev = (port: string) =>
      spawnSync(process.execPath, [...DEV, '--port', port, '--persist-to', store.state], {
        cwd: PROJECT,
        encoding: 'utf8',
        timeout: 60_000,
      })

    const [taken, second, wrong] = [
      dev(String(server.port)),
      dev(String(await freePort())),
      dev('http'),
    ]

    expect(taken.status).toBe(1)
    expect(taken.stderr).toBe(`error: port ${server.port} is taken: choose another with --port\n`)
    expect(second.status).toBe(1)
    expect(second.stderr).toContain(`${store.state} is served already, at `)
    expect(wrong.status).toBe(2)
    expect(wrong.stderr).toContain('Use a number from 1 to 65535.')
  })
})
