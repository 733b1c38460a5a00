import { copyFile, readFile, rename, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chooseLocal } from '../../src/cli/environment/choose.ts'
import { openStore } from '../../src/cli/environment/open.ts'
import { readWranglerToml } from '../../src/cli/environment/wrangler-toml.ts'
import { CONFIG } from '../support/project.ts'
import { makeStore, run, runJson, wordsOf, type TestStore } from './command.ts'

let store: TestStore
beforeAll(async () => {
  store = await makeStore()
})
afterAll(() => store.remove())

const PLANS = 'external_id,plan_name,carrier,plan_type,active\n1,One,Harbor,PPO,yes\n'

describe('doctor', () => {
  it('fails while no catalogue is served, and passes once its fix was pasted', async () => {
    const config = store.file("this clinic's.toml")
    await copyFile(CONFIG, config)
    await rename(store.state, store.file('its state'))
    const flags = ['--local', '--persist-to', 'its state', '--config', "this clinic's.toml"]
    await writeFile(store.file('plans.csv'), PLANS)

    const before = await run(['doctor', ...flags], { cwd: store.folder })
    const [, fix] =
      /FAIL.*catalogue version: none.*run `npm run clinic -- (.+)`/.exec(before.stdout) ?? []
    await runJson(wordsOf(fix), { cwd: store.folder })
    const after = await runJson(['doctor', ...flags], { cwd: store.folder })

    expect(before.status).toBe(1)
    expect(after).toMatchObject({ ok: true })
    expect(after['checks']).toMatchObject([
      { name: 'logs', found: 'hold no URLs' },
      { name: 'SSN key' },
      { name: 'migrations', found: 'all applied' },
      { name: 'catalogue version' },
      { name: 'tokens', found: 'none expires within two weeks' },
      { name: 'import', found: 'none was cut short' },
      { name: 'trail' },
      { name: 'size' },
    ])
  })

  it('finds logs of full URLs', async () => {
    const config = store.file('spoiled.toml')
    const text = await readFile(CONFIG, 'utf8')
    const logs = /(\[env\.production\.observability\.logs\]\n)invocation_logs = false/
    await writeFile(config, text.replace(logs, '$1'))

    // A store that does not exist is not opened.
    const { stdout } = await run(['doctor', '--remote', '--env', 'production', '--config', config])

    expect(stdout).toMatch(/FAIL.*logs: of production hold full URLs/)
  })

  it('finds a store that was never set up', async () => {
    const empty = ['--local', '--persist-to', store.file('empty')]

    const { status, stdout } = await run(['doctor', ...empty])
    const token = await run(['token', 'list', ...empty])

    expect(status).toBe(1)
    expect(stdout).toMatch(/FAIL.*SSN key: none; run `npm run clinic -- setup --local/)
    expect(stdout).toMatch(/FAIL.*migrations: 0001_\w+\.sql.* not applied; run/)
    expect(token.status).toBe(1)
    expect(token.stderr).toContain('the store lacks migrations: run `npm run clinic -- setup')
  })

  it('fails once a row of the trail has waited for two hours to be sealed', async () => {
    const own = await makeStore()
    try {
      const trailOnceWaited = async (minutes: number) => {
        const opened = await openStore(await chooseLocal({ local: true, persistTo: own.state }))
        const at = new Date(Date.now() - minutes * 60_000).toISOString()
        await opened.db
          .prepare(
            `INSERT INTO accesses (clinic_id, at, request_id, token_id, action, resource, ids, status) VALUES ('riverside', ?, ?, 'token', 'list', 'dependents', '1', 200)`,
          )
          .bind(at, `request-${minutes}`)
          .run()
        await opened.close()
        const { stdout } = await run(['doctor', ...own.flags])
        return /^.*trail: .*$/m.exec(stdout)?.[0]
      }

      expect(await trailOnceWaited(110)).toMatch(/^ok.*is sealed in R2/)
      expect(await trailOnceWaited(130)).toMatch(
        /^FAIL.*its oldest unsealed row is 2\.2 hours old; run `npm run clinic -- audit seal --local/,
      )
    } finally {
      await own.remove()
    }
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

describe('wrangler.toml', () => {
  it('declares the same in every environment, which inherits neither bindings nor variables', async () => {
    const { top, environments } = await readWranglerToml(CONFIG)
    const declaredBy = (config: typeof top) => [
      ...Object.keys(config.vars).sort(),
      ...(JSON.stringify(config).match(/"(binding|name)":"[A-Z_]+"/g) ?? []).sort(),
    ]
    // These are inherited.
    const { assets: _, ...local } = top

    for (const config of Object.values(environments)) {
      expect(declaredBy(config)).toEqual(declaredBy(local))
    }
  })
})
