import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { DEMO_TOKENS } from '../src/cli/dev/demo.ts'
import { freePort } from './support/dev-server.ts'
import { aDependent } from './support/fixtures.ts'
import { PROJECT } from './support/project.ts'

// What a newcomer types in the first hour, in a copy of the project that nothing was run in, and on odd machines.

let clone: string
beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), 'clinic-clone-'))
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: PROJECT,
    encoding: 'utf8',
  })
  for (const file of files.split('\n').filter((name) => name && name !== 'node_modules')) {
    await mkdir(dirname(join(clone, file)), { recursive: true })
    await cp(join(PROJECT, file), join(clone, file))
  }
  await symlink(join(PROJECT, 'node_modules'), join(clone, 'node_modules'))
})
afterAll(() => rm(clone, { recursive: true, force: true }))

const running: ChildProcess[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => end(child, 'SIGKILL')))
})

async function end(child: ChildProcess, signal: NodeJS.Signals) {
  const ended = new Promise((resolve) => child.once('close', resolve))
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  process.kill(-child.pid, signal)
  await ended
}

const environment = (env: Record<string, string>) => ({
  ...process.env,
  PATH: `${join(PROJECT, 'node_modules/.bin')}:${process.env.PATH}`,
  CI: '1',
  ...env,
})

/** Starts what is typed, and gives what it printed so far and a way to ask the port. */
async function type(words: string[], env: Record<string, string> = {}) {
  const port = await freePort()
  const [program = '', ...args] = words
  const child = spawn(program, [...args, '--port', String(port)], {
    cwd: clone,
    detached: true,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const origin = `http://localhost:${port}`
  return {
    child,
    port,
    printed: () => output,
    prints: (text: string | RegExp) =>
      vi.waitFor(() => expect(output).toMatch(text), { timeout: 90_000, interval: 200 }),
    isServed: () =>
      vi.waitFor(async () => expect((await fetch(`${origin}/health`)).status).toBe(200), {
        timeout: 90_000,
        interval: 250,
      }),
    ready: async () => {
      const answer = await fetch(`${origin}/health/ready`)
      return `${answer.status} ${await answer.text()}`
    },
    create: async () => {
      const answer = await fetch(`${origin}/v1/clinic/insurances/dependents`, {
        method: 'POST',
        headers: { 'X-User-Token': DEMO_TOKENS.riverside, 'Content-Type': 'application/json' },
        body: JSON.stringify(aDependent(1049)),
      })
      return answer.status
    },
  }
}

/** Runs it to its end. */
const finish = (words: string[], env: Record<string, string> = {}) => {
  const [program = '', ...args] = words
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: clone,
    encoding: 'utf8',
    env: environment(env),
    timeout: 90_000,
  })
  return { status, printed: stdout + stderr }
}

const DEV = ['npm', 'run', 'dev', '--']
const BARE = ['wrangler', 'dev']
const READY = '200 {"status":"ready","d1":"ok","kv":"ok"}'

describe('a fresh clone', () => {
  it('plays the first hour', async () => {
    const bare = await type(BARE)
    await bare.isServed()
    expect(bare.printed().split('\n').slice(0, 7).join('\n')).toContain('run `npm run dev`')
    expect(await bare.ready()).toBe('503 {"errors":"migrations are missing; no SSN key"}')
    await end(bare.child, 'SIGKILL')

    const odd = { CLOUDFLARE_ENV: 'production', HOME: '/dev/null' }
    const proxied = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: 'http://127.0.0.1:9' }
    const first = await type([...DEV, '--ip', '0.0.0.0', '--faults', '50'], { ...odd, ...proxied })
    await first.prints(DEMO_TOKENS.riverside)
    expect(await first.ready()).toBe(READY)
    // Every second request fails, at random, and the server lives on.
    const answers = Array.from({ length: 20 }, () => first.create().catch(() => 0))
    expect((await Promise.all(answers)).filter((status) => status === 201)).not.toEqual([])
    expect(await first.ready()).toBe(READY)

    const second = finish(DEV)
    expect(second.status).toBe(1)
    expect(second.printed).toContain(`is served already, at http://localhost:${first.port}: stop`)
    const beside = await type(BARE)
    await beside.prints('`npm run dev` serves this local store already')
    await end(beside.child, 'SIGKILL')
    await end(first.child, 'SIGKILL')

    const again = await type(BARE)
    await again.isServed()
    expect(again.printed()).not.toContain('npm run dev')
    expect(await again.ready()).toBe(READY)
    expect(await again.create()).toBe(201)
    await end(again.child, 'SIGKILL')

    const key = await readFile(join(clone, '.dev.vars'), 'utf8')
    await writeFile(join(clone, '.dev.vars'), key.replace(/=.*/, `=${'A'.repeat(43)}`))
    const stale = await type(BARE)
    await stale.isServed()
    expect(await stale.ready()).toBe('503 {"errors":"the SSN key belongs to another store"}')
    await end(stale.child, 'SIGKILL')

    const production = await type([...BARE, '--env', 'production'])
    await production.isServed()
    expect(await production.ready()).toContain('no SSN key')
  })

  it('says to restart when a migration comes while it serves', async () => {
    const state = join(clone, 'other-state')
    const server = await type([...DEV, '--persist-to', state])
    await server.prints(DEMO_TOKENS.riverside)

    const migration = join(clone, 'migrations/9999_add_nothing.sql')
    await writeFile(migration, 'SELECT 1;\n')

    await server.prints('(9999_add_nothing.sql): restart `npm run dev` to migrate')
    await rm(migration)
  })

  it('shows the demo’s tokens only where they work', async () => {
    const state = join(clone, 'third-state')
    const flags = ['--local', '--persist-to', state]
    for (const words of [['setup'], ['create', 'north']]) {
      expect(finish(['npm', 'run', 'clinic', '--', ...words, ...flags]).status).toBe(0)
    }
    finish(
      ['npm', 'run', 'clinic', '--', 'token', 'create', '--clinic', 'north', '--label', 'x'].concat(
        flags,
      ),
    )
    const server = await type([...DEV, '--persist-to', state])
    await server.prints('This store is not the demo. Issue a token: npm run clinic -- token create')

    expect(server.printed()).not.toContain(DEMO_TOKENS.riverside)
  })

  it.each(['deploy', 'versions upload'])('ships no local configuration: wrangler %s', (command) => {
    const { status, printed } = finish(['wrangler', ...command.split(' ')])

    expect(status).toBe(1)
    expect(printed).toContain('npm run deploy -- --env production')
  })

  it.each([
    ['1', 'localhost', /cannot listen on port 1 of localhost \(EACCES\)|taken/],
    ['8787', '192.0.2.77', 'cannot listen on port 8787 of 192.0.2.77 (EADDRNOTAVAIL)'],
    ['8787', 'no.such.invalid', 'cannot listen on port 8787 of no.such.invalid (ENOTFOUND)'],
  ])('calls errors of listening what they are: port %s of %s', (port, ip, sentence) => {
    if (port === '1' && process.getuid?.() === 0) return
    const { status, printed } = finish([...DEV, '--port', port, '--ip', ip])

    expect(status).toBe(1)
    expect(printed).toMatch(sentence)
  })

  it('says how to install what is missing or out of date', async () => {
    const installed = join(clone, 'node_modules')
    await rm(installed)
    await mkdir(join(installed, 'hono'), { recursive: true })
    await writeFile(join(installed, 'hono/package.json'), '{"version": "1.0.0"}')
    try {
      for (const command of ['dev', 'clinic']) {
        const { status, printed } = finish(['npm', 'run', command], { NODE_ENV: 'production' })
        expect(status).toBe(1)
        expect(printed).toContain('or brought up to date: run `npm ci --include=dev`')
      }
    } finally {
      await rm(installed, { recursive: true })
      await symlink(join(PROJECT, 'node_modules'), installed)
    }
  })
})
