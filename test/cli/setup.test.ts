import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commitHere } from '../../src/cli/environment/project.ts'
import { createClinicText } from '../../src/clinics/queries.ts'
import { isWellFormedToken, tokenIdOf, tokenKey } from '../../src/tokens/token.ts'
import { run, runJson } from './command.ts'
import { makeStandIn } from './stand-in.ts'

/**
 * Stands in for wrangler where there is no account: it records every call, and remembers what it was asked to
 * create, in the forms in which wrangler answers. The file `refuse` holds the beginning of a call that is to fail.
 */
const STAND_IN = String.raw`#!/bin/sh
cd "$STAND_IN"
printf '%s\t' "$@" >> calls
echo >> calls
if [ -f refuse ]; then
  case "$*" in "$(cat refuse)"*) echo 'X [ERROR] no such thing today' >&2; exit 1 ;; esac
fi
list() { echo 'wrangler'; echo '['; paste -sd, "$1"; echo ']'; }
case "$*" in
  'whoami'*) echo '{"loggedIn":true}' ;;
  'd1 list'*) list d1 ;;
  'd1 create'*)
    echo "{\"name\":\"$3\",\"uuid\":\"5ca1ab1e-0000-4000-8000-000000000000\"}" >> d1
    printf '[[d1_databases]]\ndatabase_id = "5ca1ab1e-0000-4000-8000-000000000000"\n' ;;
  'kv namespace list'*) list kv ;;
  'kv namespace create'*)
    # Whether the namespaces of a jurisdiction are listed is not known, so here they are not.
    case "$*" in
      *--jurisdiction*) ;;
      *) echo "{\"title\":\"$4\",\"id\":\"feedc0de000000000000000000000000\"}" >> kv ;;
    esac
    printf '[[kv_namespaces]]\nid = "feedc0de000000000000000000000000"\n' ;;
  'r2 bucket info'*) [ -f r2 ] && echo '{}' ;;
  'r2 bucket create'*) touch r2 ;;
  'd1 execute'*) ;;
  'd1 migrations apply'*) echo 'No migrations to apply!' ;;
  'deployments list'*) list deployments ;;
  'deploy dist/index.js'*)
    echo '{"id":"d"}' >> deployments
    echo 'Deployed'
    echo '  https://clinic-insurances-staging.example.workers.dev' ;;
  'deploy --dry-run'*) ;;
  'kv key list'*) list keys ;;
  'kv key put'*) echo "{\"name\":\"$4\"}" >> keys ;;
  *) echo 'unknown call' >&2; exit 1 ;;
esac
`

let folder: string
let config: string
let env: Record<string, string>
beforeEach(async () => {
  const notes = ['d1', 'kv', 'deployments', 'keys']
  ;({ folder, config, env } = await makeStandIn(STAND_IN, notes))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const options = () => ({ cwd: folder, env })
const setup = (...args: string[]) => ['setup', '--remote', '--config', 'wrangler.toml', ...args]
const calls = async () => {
  const recorded = await readFile(join(folder, 'calls'), 'utf8').catch(() => '')
  return recorded
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t').slice(0, -1))
}
const STAGING = ['--env', 'staging', '--jurisdiction', 'eu', '--clinic', 'riverside']

describe('setup --remote', () => {
  it('creates everything, in order, and writes it to its own environment alone', async () => {
    const before = await readFile(config, 'utf8')

    const done = await runJson(setup(...STAGING), options())

    const target = `--env staging --config ${config}`
    const made = (await calls()).map((args) => args.join(' '))
    expect(made.slice(0, -1)).toEqual([
      'whoami --json',
      `d1 list --json --config ${config}`,
      `d1 create clinic-insurances-staging --jurisdiction eu --config ${config}`,
      `kv namespace list --config ${config}`,
      `kv namespace create clinic-insurances-staging-tokens --jurisdiction eu --config ${config}`,
      `r2 bucket info clinic-insurances-trail-staging --json --jurisdiction eu --config ${config}`,
      `r2 bucket create clinic-insurances-trail-staging --jurisdiction eu --config ${config}`,
      `d1 migrations apply DB --remote ${target}`,
      `deployments list --json --name clinic-insurances-staging --config ${config}`,
      `deploy --dry-run --minify --outdir dist --define BUILT_FROM:"${commitHere()}" ${target}`,
      `deploy dist/index.js --no-bundle ${target}`,
      `d1 execute clinic-insurances-staging --remote --yes ${target} --command ${createClinicText('riverside')}`,
      `kv key list --prefix token: --binding TOKENS --remote ${target}`,
    ])
    const { publicKey, privateKey } = JSON.parse(
      await readFile(join(folder, 'ssn-staging.key.json'), 'utf8'),
    )
    expect((await stat(join(folder, 'ssn-staging.key.json'))).mode & 0o077).toBe(0)
    const [head = '', ...environments] = before.split('[env.')
    expect(await readFile(config, 'utf8')).toBe(
      [
        head,
        ...environments.map((text) =>
          text
            .replace(/^(staging\.vars\]\nSSN_PUBLIC_KEY = )""/, `$1"${publicKey}"`)
            .replace(
              /^(staging\.d1_databases\]\][^]*database_id = )"[0-]+"/,
              '$1"5ca1ab1e-0000-4000-8000-000000000000"',
            )
            .replace(
              /^(staging\.kv_namespaces\]\][^]*id = )"0+"/,
              '$1"feedc0de000000000000000000000000"',
            )
            .replace(/^(staging\.r2_buckets\]\]\n)/, '$1jurisdiction = "eu"\n'),
        ),
      ].join('[env.'),
    )

    const { token, id, curl } = Object(done['token'])
    expect(isWellFormedToken(token)).toBe(true)
    const [, , , key, value, , metadata] = (await calls()).at(-1) ?? []
    expect(key).toBe(await tokenKey(token))
    expect(id).toBe(tokenIdOf(await tokenKey(token)))
    expect(JSON.parse(value ?? '')).toMatchObject({ clinic_id: 'riverside', revoked_at: null })
    expect(metadata).toBe(value)
    expect(curl).toContain('https://clinic-insurances-staging.example.workers.dev/v1/')
    expect(JSON.stringify(await calls())).not.toContain(token)
    expect(JSON.stringify(await calls())).not.toContain(privateKey)
  })

  it('skips at a second run what exists', async () => {
    await runJson(setup(...STAGING), options())
    const after = await readFile(config, 'utf8')
    const first = (await calls()).length

    const again = await runJson(setup(...STAGING), options())

    expect(await readFile(config, 'utf8')).toBe(after)
    const made = (await calls()).slice(first).map((args) => args.slice(0, 3).join(' '))
    expect(made).toEqual([
      'whoami --json',
      'r2 bucket info',
      'd1 migrations apply',
      'deployments list --json',
      'd1 execute clinic-insurances-staging',
      'kv key list',
    ])
    expect(again).not.toHaveProperty('token')
    expect(again['steps']).toMatchObject({
      'D1 database': 'exists, 5ca1ab1e-0000-4000-8000-000000000000',
      'first token': 'exists',
    })
  })

  it('goes on where it failed, and finds what was made but not written down', async () => {
    const made = '{"name":"clinic-insurances-staging","uuid":"0ddba11"}\n'
    await writeFile(join(folder, 'd1'), made)
    const failing = async (call: string, ...more: string[]) => {
      await writeFile(join(folder, 'refuse'), call)
      const { status, stderr } = await run(setup(...STAGING, ...more), options())
      expect(status).toBe(1)
      expect(stderr).toContain('no such thing today')
      return stderr
    }

    const withoutKv = await failing('kv namespace create clinic-insurances-staging-tokens --jur')
    await failing('deploy dist', '--kv-anywhere')
    await failing('kv key put')
    await rm(join(folder, 'refuse'))
    const { steps } = await runJson(setup(...STAGING), options())

    expect(withoutKv).toContain('add --kv-anywhere')
    expect(steps).toMatchObject({ 'D1 database': 'exists, 0ddba11' })
    const all = (await calls()).map((args) => args.join(' '))
    expect(all.join('\n')).not.toContain('d1 create')
    expect(all.filter((call) => call.startsWith('kv namespace create'))).toEqual([
      expect.stringContaining('--jurisdiction eu'),
      `kv namespace create clinic-insurances-staging-tokens --config ${config}`,
    ])
    expect(all.filter((call) => call.startsWith('kv key put'))).toHaveLength(2)
  })

  it('prints each step at a dry run, asks nothing and changes nothing', async () => {
    const before = await readFile(config, 'utf8')
    const place = ['--env', 'production', '--location', 'weur', '--domain', 'api.example.com']

    const { status, stdout } = await run(setup('--dry-run', ...place), options())

    expect(status).toBe(0)
    expect(stdout).toContain('wrangler d1 create clinic-insurances-production --location weur')
    expect(stdout).toContain('custom_domain = true')
    expect(await calls()).toEqual([])
    expect(await readFile(config, 'utf8')).toBe(before)
  })

  it.each(['eu', 'us', 'fedramp'])('keeps D1, KV and R2 in the jurisdiction %s', async (name) => {
    const place = ['--env', 'production', '--jurisdiction', name, '--domain', 'api.example.com']

    const { stdout } = await run(setup('--dry-run', ...place), options())

    const created = stdout.match(/wrangler .* create .*/g)
    expect(created).toEqual([
      expect.stringContaining(`d1 create clinic-insurances-production --jurisdiction ${name}`),
      expect.stringContaining(`create clinic-insurances-production-tokens --jurisdiction ${name}`),
      expect.stringContaining(`create clinic-insurances-trail-production --jurisdiction ${name}`),
    ])
  })

  it('says what to do when nobody is signed in', async () => {
    await writeFile(join(folder, 'refuse'), 'whoami')

    const { status, stderr } = await run(setup(...STAGING), options())

    expect(status).toBe(1)
    expect(stderr).toContain('npx wrangler login')
    expect(await calls()).toHaveLength(1)
  })

  it.each([
    [['--clinic', 'riverside'], 'say which environment: --env staging or production'],
    [['--env', 'production', '--jurisdiction', 'eu'], '--domain api.example.com'],
    [['--env', 'staging', '--clinic', 'riverside'], '--jurisdiction eu|us|fedramp or --location'],
    [['--env', 'staging', '--jurisdiction', 'mars'], 'Use eu, us, fedramp.'],
    [[...STAGING, '--domain', 'a"b'], 'Use a host name'],
    [[...STAGING, '--clinic', 'River Side'], 'Use 1 to 64'],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await run(setup(...args), options())

    expect(status).toBe(2)
    expect(stderr).toContain(message)
    expect(await calls()).toEqual([])
  })
})

describe('setup --remote where a listing fails', () => {
  it('ships nothing', async () => {
    await writeFile(join(folder, 'refuse'), 'deployments list')

    const { status, stderr } = await run(setup(...STAGING), options())

    expect(status).toBe(1)
    expect(stderr).toContain('no such thing today')
    expect((await calls()).map(([call]) => call)).not.toContain('deploy')
  })
})

describe('ssn rotate --remote', () => {
  it('has the new private key at its file, the public one in the configuration, and says what is next', async () => {
    const out = join(folder, 'second.key.json')
    const flags = ['--remote', '--env', 'staging', '--config', config]

    const { stdout } = await run(['ssn', 'rotate', ...flags, '--out', 'second.key.json'], options())

    const { publicKey } = JSON.parse(await readFile(out, 'utf8'))
    expect(await readFile(config, 'utf8')).toContain(`SSN_PUBLIC_KEY = "${publicKey}"`)
    expect(stdout).toContain(out)
    expect(stdout).toContain(`\n  npm run deploy -- --env staging --config ${config}\n`)
    expect(stdout).toContain(`\n  npm run clinic -- ssn reseal ${flags.join(' ')}\n`)
  })
})
