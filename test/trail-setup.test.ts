import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBucket } from '../src/cli/commands/setup/bucket.ts'
import type { Wanted } from '../src/cli/commands/setup/steps.ts'
import { chooseEnvironment } from '../src/cli/environment/choose.ts'
import { run, runJson } from './cli/command.ts'
import { makeStandIn } from './cli/stand-in.ts'

/** Stands in for wrangler where there is no account: it records its calls, and remembers buckets and locks. */
const STAND_IN = String.raw`#!/bin/sh
cd "$STAND_IN"
echo "$*" >> calls
case "$*" in
  'r2 bucket info'*) grep -q "^$4$" buckets ;;
  'r2 bucket create'*) echo "$4" >> buckets ;;
  'r2 bucket lock list'*) cat locks ;;
  'r2 bucket lock add'*) echo "$6" >> locks ;;
  *) exit 1 ;;
esac
`

let folder: string
beforeEach(async () => {
  const made = await makeStandIn(STAND_IN, ['buckets', 'locks', 'calls'])
  folder = made.folder
  for (const [name, value] of Object.entries(made.env)) vi.stubEnv(name, value)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

/** Runs the steps, and tells what each came to and which calls they made. */
async function make(wanted: Partial<Wanted>) {
  const config = join(folder, 'wrangler.toml')
  const choice = await chooseEnvironment({ remote: true, env: 'production', config })
  if (choice.place === 'local') throw new Error('the choice is remote')
  await writeFile(join(folder, 'calls'), '')
  const done: string[] = []
  const changed = { hasChanged: false }
  for (const step of createBucket(choice, { label: '', ...wanted }, changed)) {
    done.push(await step.run())
  }
  const calls = (await readFile(join(folder, 'calls'), 'utf8')).trimEnd().split('\n')
  return { done, calls: calls.map((call) => call.replace(` --config ${config}`, '')), ...changed }
}

const NAME = 'clinic-insurances-trail-production'

describe('setup makes the bucket of the trail', () => {
  it('in its jurisdiction, once, and writes that to wrangler.toml', async () => {
    const first = await make({ jurisdiction: 'eu' })
    const second = await make({})

    expect(first).toEqual({
      done: [`created, ${NAME}`],
      hasChanged: true,
      calls: [
        `r2 bucket info ${NAME} --json --jurisdiction eu`,
        `r2 bucket create ${NAME} --jurisdiction eu`,
      ],
    })
    expect(await readFile(join(folder, 'wrangler.toml'), 'utf8')).toContain(
      '[[env.production.r2_buckets]]\njurisdiction = "eu"\nbinding = "TRAIL"\n',
    )
    expect(second).toEqual({
      done: [`exists, ${NAME}`],
      hasChanged: false,
      calls: [`r2 bucket info ${NAME} --json --jurisdiction eu`],
    })
  })

  it('and locks it for six years, once, only where it is told to', async () => {
    const unlocked = await make({ location: 'weur' })
    const locked = await make({ lockTrail: true })
    const again = await make({ lockTrail: true })

    expect(unlocked.calls).toHaveLength(2)
    expect(locked.calls.at(-1)).toBe(
      `r2 bucket lock add ${NAME} six-years  --retention-days 2192 --force`,
    )
    expect(again.calls.at(-1)).toBe(`r2 bucket lock list ${NAME}`)
  })

  it('and tells each step in a dry run', async () => {
    const args = [
      'setup',
      '--remote',
      '--env',
      'production',
      '--location',
      'weur',
      '--dry-run',
      '--domain',
      'api.example.com',
    ]

    const { steps } = await runJson([...args, '--lock-trail'])

    expect(JSON.stringify(steps)).toContain('"title":"bucket lock"')
    expect(JSON.stringify(steps)).toContain(`npx wrangler r2 bucket create ${NAME}`)
  })

  it.each([[['--local']], [['--remote', '--env', 'staging']]])(
    'but refuses to lock another: %j',
    async (place) => {
      const { status, stderr } = await run(['setup', ...place, '--lock-trail', '--dry-run'])

      expect(status).toBe(2)
      expect(stderr).toBe('error: --lock-trail goes with --env production\n')
    },
  )
})
