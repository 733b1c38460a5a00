import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commitHere } from '../../src/cli/environment/project.ts'
import { createClinicText } from '../../src/clinics/queries.ts'
import { DEFAULT_SCOPES } from '../../src/tokens/record.ts'
import { isWellFormedToken, tokenIdOf, tokenKey } from '../../src/tokens/token.ts'
import { run, runJson } from './command.ts'
import { makeStandIn } from './stand-in.ts'

/**
 * Stands in for wrangler where there is no account: it records every call, and remembers what a deployment created, in
 * the forms in which wrangler answers. The file `refuse` holds the beginning of a call that is to fail.
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
  'd1 list'*) list d1 ;;
  'kv namespace list'*) list kv ;;
  'deploy dist/index.js'*)
    [ -s d1 ] || echo '{"name":"clinic-insurances-staging","uuid":"5ca1ab1e"}' > d1
    [ -s kv ] || echo '{"title":"clinic-insurances-staging-tokens","id":"feedc0de"}' > kv ;;
  'deploy --dry-run'*) ;;
  'd1 execute'*) ;;
  'd1 migrations apply'*) ;;
  'r2 bucket lock list'*) cat locks ;;
  'r2 bucket lock add'*) echo "$6" >> locks ;;
  'kv key list'*) list keys ;;
  'kv key put'*) echo "{\"name\":\"$4\"}" >> keys ;;
  *) echo 'unknown call' >&2; exit 1 ;;
esac
`

let folder: string
let config: string
let env: Record<string, string>
beforeEach(async () => {
  const notes = ['d1', 'kv', 'keys', 'locks']
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

const target = () => `--env staging --config ${config}`
const linesSince = async (first: number) =>
  (await calls()).slice(first).map((args) => args.join(' '))

describe('setup --remote', () => {
  it('deploys, migrates and issues a token, and edits its own environment alone', async () => {
    const before = await readFile(config, 'utf8')

    const done = await runJson(setup(...STAGING), options())

    expect((await linesSince(0)).slice(0, -1)).toEqual([
      `d1 list --json --config ${config}`,
      `kv namespace list --config ${config}`,
      `deploy --dry-run --minify --outdir dist --define BUILT_FROM:"${commitHere()}" ${target()}`,
      `deploy dist/index.js --no-bundle ${target()}`,
      `d1 migrations apply DB --remote ${target()}`,
      `d1 execute DB --remote --yes ${target()} --command ${createClinicText('riverside')}`,
      `kv key list --prefix token: --binding TOKENS --remote ${target()}`,
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
            .replace(/^(staging\.(d1_databases|r2_buckets)\]\]\n)/, '$1jurisdiction = "eu"\n'),
        ),
      ].join('[env.'),
    )

    const { token, id } = Object(done['token'])
    expect(isWellFormedToken(token)).toBe(true)
    const [, , , key, value, , metadata] = (await calls()).at(-1) ?? []
    expect(key).toBe(await tokenKey(token))
    expect(id).toBe(tokenIdOf(await tokenKey(token)))
    expect(JSON.parse(value ?? '')).toMatchObject({
      ...{ clinic_id: 'riverside', revoked_at: null, scopes: DEFAULT_SCOPES },
    })
    expect(metadata).toBe(value)
    expect(JSON.stringify(await calls())).not.toContain(token)
    expect(JSON.stringify(await calls())).not.toContain(privateKey)
  })

  it('migrates first where the database exists, and issues no second token', async () => {
    await runJson(setup(...STAGING), options())
    const after = await readFile(config, 'utf8')
    const first = (await calls()).length

    const again = await runJson(setup(...STAGING), options())

    expect(await readFile(config, 'utf8')).toBe(after)
    const made = (await calls()).slice(first).map((args) => args.slice(0, 2).join(' '))
    expect(made).toEqual([
      ...['d1 list', 'kv namespace', 'd1 migrations', 'deploy --dry-run', 'deploy dist/index.js'],
      ...['d1 execute', 'kv key'],
    ])
    expect(again).not.toHaveProperty('token')
    expect(again['steps']).toMatchObject({ 'SSN key': 'exists', 'first token': 'exists' })
  })

  it.each(['deploy dist', 'd1 migrations', 'd1 execute', 'kv key put'])(
    'goes on where `%s` failed',
    async (call) => {
      await writeFile(join(folder, 'refuse'), call)
      const { status, stderr } = await run(setup(...STAGING), options())
      await rm(join(folder, 'refuse'))
      const key = await readFile(join(folder, 'ssn-staging.key.json'), 'utf8')

      const done = await runJson(setup(...STAGING), options())

      expect(status).toBe(1)
      expect(stderr).toContain('no such thing today')
      expect(await readFile(join(folder, 'ssn-staging.key.json'), 'utf8')).toBe(key)
      expect(isWellFormedToken(Object(done['token']).token)).toBe(true)
      expect(await linesSince(0)).toContain(`deploy dist/index.js --no-bundle ${target()}`)
    },
  )

  it('locks the bucket of the trail for six years, once', async () => {
    const place = ['--env', 'production', '--jurisdiction', 'eu', '--domain', 'api.example.com']
    const lock = async () => await runJson(setup(...place, '--lock-trail'), options())

    const [first, second] = [await lock(), await lock()]

    const name = 'clinic-insurances-trail-production'
    expect((await linesSince(0)).filter((line) => line.startsWith('r2'))).toEqual([
      `r2 bucket lock list ${name} --jurisdiction eu --config ${config}`,
      `r2 bucket lock add ${name} six-years  --retention-days 2192 --force --jurisdiction eu --config ${config}`,
      `r2 bucket lock list ${name} --jurisdiction eu --config ${config}`,
    ])
    expect(Object(first['steps'])['bucket lock']).toContain('2192 days')
    expect(Object(second['steps'])['bucket lock']).toBe('exists')
  })

  it('refuses to move an environment to another jurisdiction', async () => {
    await runJson(setup(...STAGING), options())
    const first = (await calls()).length

    const us = ['--env', 'staging', '--jurisdiction', 'us']
    const { status, stderr } = await run(setup(...us), options())

    expect(status).toBe(2)
    expect(stderr).toContain('staging is kept in eu, which cannot be changed')
    expect(await linesSince(first)).toEqual([])
  })

  it('says what to do when nobody is signed in', async () => {
    await writeFile(join(folder, 'refuse'), 'd1 list')

    const { status, stderr } = await run(setup(...STAGING), options())

    expect(status).toBe(1)
    expect(stderr).toContain('npx wrangler login')
    expect(await calls()).toHaveLength(1)
  })

  it.each([
    [['--clinic', 'riverside'], 'say which environment: --env staging or production'],
    [['--env', 'production', '--jurisdiction', 'eu'], '--domain api.example.com'],
    [['--env', 'staging', '--clinic', 'riverside'], '--jurisdiction eu|us|fedramp|none'],
    [['--env', 'staging', '--jurisdiction', 'mars'], 'Use eu, us, fedramp, none.'],
    [[...STAGING, '--domain', 'a"b'], 'Use a host name'],
    [[...STAGING, '--clinic', 'River Side'], 'Use 1 to 64'],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await run(setup(...args), options())

    expect(status).toBe(2)
    expect(stderr).toContain(message)
    expect(await calls()).toEqual([])
  })
})

describe('setup --lock-trail', () => {
  it.each([[['--local']], [['--remote', '--env', 'staging']]])('refuses %j', async (place) => {
    const { status, stderr } = await run(['setup', ...place, '--lock-trail'])

    expect(status).toBe(2)
    expect(stderr).toBe('error: --lock-trail goes with --env production\n')
  })
})

describe('a command on an environment', () => {
  const list = () => run(['list', '--remote', '--env', 'staging', '--config', config], options())

  it('says what to run where it was never set up, or never deployed', async () => {
    const before = await list()
    await writeFile(join(folder, 'refuse'), 'deploy dist')
    await run(setup(...STAGING), options())
    const between = await list()

    expect(before.stderr).toContain('staging does not exist yet: run `npm run clinic -- setup')
    expect(between.stderr).toContain('staging was never deployed: run `npm run clinic -- setup')
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
