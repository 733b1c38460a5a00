import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONFIG, PROJECT } from '../support/project.ts'
import { makeStore, run, runJson, wordsOf, type TestStore } from './command.ts'

let store: TestStore
beforeAll(async () => {
  store = await makeStore()
})
afterAll(() => store.remove())

const PLAN = '{"external_id":"1","plan_name":"One","carrier":"C","plan_type":"PPO","active":true}'

describe('doctor', () => {
  it('fails while no catalogue is served, names the fix, and passes once it is done', async () => {
    const { status, stdout } = await run(['doctor', ...store.flags])
    await writeFile(store.file('plans.ndjson'), PLAN)
    await runJson(['import', 'plans', store.file('plans.ndjson'), ...store.flags])
    const found = await runJson(['doctor', ...store.flags])

    expect(status).toBe(1)
    expect(stdout).toMatch(/FAIL.*catalogue version: none.*import plans plans.csv --local/)
    expect(stdout).toMatch(/ok.*configuration of production: declares .*DB/)
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
  })

  it.each([
    [
      'a binding that one environment lacks',
      (text: string) => text.replace(/\[\[env\.staging\.kv_namespaces\]\]\n.*\n.*\n/, ''),
      /FAIL.*configuration of staging: it lacks TOKENS; declare that under \[env\.staging\]/,
    ],
    [
      'logs of full URLs',
      (text: string) =>
        text.replace(/(\[env\.production\.observability\.logs\]\n)invocation_logs = false/, '$1'),
      /FAIL.*configuration of production: it logs full URLs/,
    ],
    [
      'production at workers.dev',
      (text: string) => text.replace('workers_dev = false', 'workers_dev = true'),
      /FAIL.*configuration of production: it also answers at workers\.dev/,
    ],
  ])('finds %s', async (_, spoil, finding) => {
    const config = store.file('spoiled.toml')
    await writeFile(config, spoil(await readFile(CONFIG, 'utf8')))

    const { status, stdout } = await run(['doctor', '--config', config, ...store.flags])

    expect(status).toBe(1)
    expect(stdout).toMatch(finding)
  })

  it('finds a store that was never set up, and names a command that can be pasted', async () => {
    const config = store.file("this clinic's.toml")
    const migrations = relative(store.folder, join(PROJECT, 'migrations'))
    await writeFile(
      config,
      (await readFile(CONFIG, 'utf8')).replaceAll('"migrations"', `"${migrations}"`),
    )
    const empty = ['--local', '--persist-to', store.file('new state'), '--config', config]

    const before = await run(['doctor', ...empty])
    const token = await run(['token', 'list', ...empty])
    const pasted = await run(wordsOf(/npm run clinic -- ([^`]+)`/.exec(token.stderr)?.[1]))
    const after = await run(['doctor', ...empty])

    expect(before.status).toBe(1)
    expect(before.stdout).toMatch(/FAIL.*SSN key: none; run `npm run clinic -- setup --local/)
    expect(before.stdout).toMatch(/FAIL.*migrations: 0001_\w+\.sql.* not applied; run/)
    expect(token.status).toBe(1)
    expect(token.stderr).toContain('the store lacks migrations: run `npm run clinic -- setup')
    expect(pasted.stdout).toMatch(/^migrations applied: 0001_/)
    expect(after.stdout).toMatch(/ok.*migrations: all applied/)
    expect(wordsOf(/import plans .+? (--local[^`]+)`/.exec(after.stdout)?.[1])).toEqual(empty)
  })

  it('repeats the flags of a store at Cloudflare', async () => {
    const flags = ['--remote', '--env', 'production', '--config', CONFIG]

    const { status, stdout } = await run(['doctor', ...flags])

    expect(status).toBe(1)
    expect(stdout).toContain(
      `FAIL  SSN key: none, so SSNs are refused with 503; run \`npm run clinic -- setup ${flags.join(' ')}\``,
    )
    expect(stdout).toContain(
      `production does not exist yet: run \`npm run clinic -- setup ${flags.join(' ')}\``,
    )
  })
})
