import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readWranglerToml, setInWranglerToml } from '../../src/cli/environment/wrangler-toml.ts'
import { commitHere } from '../../src/cli/environment/project.ts'
import { run, runJson } from './command.ts'
import { makeStandIn } from './stand-in.ts'

/** Stands in for wrangler: records every call, lists nothing, and accepts whatever it is told. */
const STAND_IN = String.raw`#!/bin/sh
echo "$*" >> "$STAND_IN/calls"
case "$*" in
  *list*) echo '[]' ;;
esac
`

let folder: string
let config: string
let env: Record<string, string>
beforeEach(async () => {
  ;({ folder, config, env } = await makeStandIn(STAND_IN))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const options = () => ({ cwd: folder, env })
const remote = (env: string) => ['--remote', '--config', 'wrangler.toml', '--env', env]
const setup = (env: string, cell: string, ...args: string[]) => [
  ...['setup', ...remote(env), '--cell', cell, '--jurisdiction', cell],
  ...['--domain', `${cell}.api.example.com`, ...args],
]
const callsOf = async (command: string) =>
  (await readFile(join(folder, 'calls'), 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith(command))

const CELLS = '{"eu":"https://eu.api.example.com","us":"https://us.api.example.com"}'

/** Both cells of production. */
async function setUpBoth() {
  await runJson(setup('production-eu', 'eu'), options())
  return await runJson(setup('production-us', 'us', '--clinic', 'riverside'), options())
}

describe('setup --cell', () => {
  it('makes each cell an environment of its own, and tells every cell of all', async () => {
    const done = await setUpBoth()

    const { environments } = await readWranglerToml(config)
    for (const cell of ['eu', 'us']) {
      const made = environments[`production-${cell}`]
      expect(made?.vars).toMatchObject({ CELL: cell, CELLS })
      expect(made?.d1_databases[0]?.database_name).toBe(`clinic-insurances-production-${cell}`)
      expect(made?.routes).toEqual([{ pattern: `${cell}.api.example.com`, custom_domain: true }])
      expect(made?.d1_databases[0]?.jurisdiction).toBe(cell)
    }
    const ids = [...(await readFile(config, 'utf8')).matchAll(/namespace_id = "(\d+)"/g)]
    expect(new Set(ids.map(([, id]) => id)).size).toBe(ids.length)
    expect(Object(done['token']).token).toMatch(/^clinic_us_/)
    expect(Object(done['steps']).cell).toContain('now deploy production-eu too')
  })

  it('leaves every other environment as it is, and does nothing twice', async () => {
    const before = await readFile(config, 'utf8')
    await setUpBoth()
    const after = await readFile(config, 'utf8')

    await setUpBoth()

    expect(after.startsWith(before.trimEnd())).toBe(true)
    expect(await readFile(config, 'utf8')).toBe(after)
  })

  it('says what a cell lacks', async () => {
    const before = await readFile(config, 'utf8')

    const nameless = await run(setup('europe', 'eu'), options())
    const homeless = await run(
      ['setup', ...remote('staging'), '--cell', 'eu', '--jurisdiction', 'none'],
      options(),
    )

    expect(nameless.status).toBe(2)
    expect(nameless.stderr).toContain('call that of a new cell staging-eu or production-eu')
    expect(homeless.stderr).toContain('say at which host name staging answers')
    expect(await readFile(config, 'utf8')).toBe(before)
  })
})

describe('--all-cells', () => {
  it('deploys one after the other what was built once', async () => {
    await setUpBoth()
    await rm(join(folder, 'calls'))

    const done = await runJson(['deploy', ...remote('production-us'), '--all-cells'], options())

    expect(done).toEqual({ deployed: ['production-eu', 'production-us'] })
    expect(await callsOf('deploy')).toEqual([
      `deploy --dry-run --minify --outdir dist --define BUILT_FROM:"${commitHere()}" --env production-eu --config ${config}`,
      `deploy dist/index.js --no-bundle --env production-eu --config ${config}`,
      `deploy dist/index.js --no-bundle --env production-us --config ${config}`,
    ])
  })

  it('is of cells at Cloudflare alone', async () => {
    await setUpBoth()
    const all = async (...args: string[]) => (await run([...args, '--all-cells'], options())).stderr

    expect(await all('doctor', '--local')).toContain('--all-cells goes with --remote')
    expect(await all('deploy', ...remote('staging'))).toContain('staging is no cell')
    expect(await all('import', 'plans', '-', ...remote('production-eu'))).toContain(
      'stdin can be read once',
    )
  })
})

describe('doctor', () => {
  const cellsFound = async (env: string) => {
    const { stdout } = await run(['doctor', ...remote(env), '--json'], options())
    const { checks } = JSON.parse(stdout)
    return checks.find(({ name }: { name: string }) => name === 'cells')
  }

  it('says whether all cells agree on CELLS', async () => {
    await setUpBoth()
    expect(await cellsFound('production-eu')).toMatchObject({ ok: true })
    expect(await cellsFound('staging')).toBeUndefined()

    await setInWranglerToml(
      config,
      '[env.production-us.vars]',
      'CELLS',
      `'{"us":"https://other.example.com"}'`,
    )

    const found = 'CELLS of production-us is not where the cells answer'
    expect(await cellsFound('production-eu')).toMatchObject({ ok: false, found })
    expect(await cellsFound('production-us')).toMatchObject({ ok: false, found })
  })
})
