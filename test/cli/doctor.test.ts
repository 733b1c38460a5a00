import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONFIG } from '../../src/cli/store.ts'
import { makeStore, run, runJson, type TestStore } from './command.ts'

let store: TestStore
beforeAll(async () => {
  store = await makeStore()
})
afterAll(() => store.remove())

describe('doctor', () => {
  it('fails while no catalogue is served, and names the fix', async () => {
    const { status, stdout } = await run(['doctor', ...store.flags])

    expect(status).toBe(1)
    expect(stdout).toMatch(/FAIL {2}catalogue version: none.*import plans FILE --local/)
    expect(stdout).toMatch(/ok {4}configuration of production: declares .*DB/)
    expect(stdout).not.toContain('\u001b')
  })

  it('passes once everything is in place', async () => {
    const own = await makeStore()
    const plan =
      '{"external_id":"1","plan_name":"One","carrier":"C","plan_type":"PPO","active":true}'
    await runJson(['import', 'plans', '-', ...own.flags], { input: plan })

    const found = await runJson(['doctor', ...own.flags])

    expect(found).toMatchObject({ ok: true })
    expect(found['checks']).toMatchObject([
      { name: 'configuration of the top level' },
      { name: 'configuration of staging' },
      { name: 'configuration of production' },
      { name: 'SSN key' },
      { name: 'migrations', found: 'all applied' },
      { name: 'catalogue version' },
      { name: 'clock' },
    ])
    await own.remove()
  })

  it.each([
    [
      'a binding that one environment lacks',
      (text: string) => text.replace(/\[\[env\.staging\.kv_namespaces\]\]\n.*\n.*\n/, ''),
      /FAIL {2}configuration of staging: it lacks TOKENS; declare it under \[env\.staging\]/,
    ],
    [
      'logs of full URLs',
      (text: string) =>
        text.replace(/(\[env\.production\.observability\.logs\]\n)invocation_logs = false/, '$1'),
      /FAIL {2}configuration of production: it logs full URLs/,
    ],
    [
      'production at workers.dev',
      (text: string) => text.replace('workers_dev = false', 'workers_dev = true'),
      /FAIL {2}configuration of production: it also answers at workers\.dev/,
    ],
  ])('finds %s', async (_, spoil, finding) => {
    const config = store.file('spoiled.toml')
    await writeFile(config, spoil(await readFile(CONFIG, 'utf8')))

    const { status, stdout } = await run(['doctor', '--config', config, ...store.flags])

    expect(status).toBe(1)
    expect(stdout).toMatch(finding)
  })

  it('finds a store that was never set up, here and at Cloudflare', async () => {
    const empty = ['--local', '--persist-to', store.file('empty')]

    const { status, stdout } = await run(['doctor', ...empty])
    const token = await run(['token', 'list', ...empty])
    const remote = await run(['doctor', '--remote', '--env', 'production'])

    expect(status).toBe(1)
    expect(stdout).toMatch(/FAIL {2}SSN key: none; run `npm run clinic -- setup --local/)
    expect(stdout).toMatch(/FAIL {2}migrations: 0001_\w+\.sql.* not applied; run/)
    expect(token.status).toBe(1)
    expect(token.stderr).toContain('the store is not migrated: run `npm run clinic -- setup')
    expect(remote.status).toBe(1)
    expect(remote.stdout).toContain('setup --remote --env production')
  })
})
