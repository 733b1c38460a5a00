import { describe, expect, it } from 'vitest'
import { resources } from '../../src/resources/index.ts'
import { run } from './command.ts'

const GROUPS = ['token', 'import', 'audit', 'records', 'ssn']
const COMMANDS = [
  ...['setup', 'doctor', 'stats', 'export', 'marks', 'resume', 'backup', 'restore', 'deploy'],
  ...['audit list', 'audit seal', 'audit verify', 'audit head'],
  ...['create', 'list', 'suspend', 'open', 'limit', 'move'],
  ...['token create', 'token list', 'token revoke', 'token rotate'],
  ...['plans', 'ownables', ...resources.map(({ name }) => name)].map((name) => `import ${name}`),
  ...['records restore', 'records reassign', 'records erase'],
  ...['ssn keygen', 'ssn open', 'ssn rotate', 'ssn reseal'],
]

describe('--help', () => {
  it.each(COMMANDS)('shows an example of %s', async (command) => {
    const { status, stdout, stderr } = await run([...command.split(' '), '--help'])

    expect(status).toBe(0)
    expect(stdout).toContain(`Example:\n  npm run clinic -- ${command} `)
    expect(stderr).toBe('')
  })

  it('names the commands that are tried here, and no other', async () => {
    const named: string[] = []
    for (const group of [[], ...GROUPS.map((name) => [name])]) {
      const { stdout } = await run([...group, '--help'])
      const [, listed = ''] = stdout.split('Commands:\n')
      const names = [...listed.matchAll(/^ {2}([a-z_]+)/gm)].map(([, name]) => name)
      named.push(...names.map((name) => [...group, name].join(' ')))
    }

    expect(named.sort()).toEqual([...COMMANDS, ...GROUPS].sort())
  })
})

describe('a usage error', () => {
  it.each([
    [['tokens'], "unknown command 'tokens'"],
    [['token', 'list'], 'say which store: --local or --remote'],
    [['token', 'list', '--local', '--remote'], 'say which store: --local or --remote'],
    [['token', 'list', '--remote'], 'say which environment: --env staging or production'],
    [['token', 'list', '--remote', '--env', 'moon'], 'there is no environment moon'],
    [['token', 'list', '--remote', '--persist-to', 'x'], '--persist-to goes with --local'],
    [['token', 'list', '--local', '--colour'], "unknown option '--colour'"],
    [
      ['export', 'plans', '--local', '--clinic', 'x'],
      'Use person_informations or dependents or coverages.',
    ],
    [['audit', '--local', '--clinic', 'x', '--since', 'yesterday'], "option '--since <when>'"],
    [['audit', '--local', '--clinic', 'x', '--since', '2026-02-31T00:00:00.1234Z'], '--since'],
    [['audit', '--local', '--clinic', 'x', '--since', '0d'], '--since'],
    [['setup', '--local', '--cell', 'eu'], '--cell goes with --remote'],
    [['ssn', 'open', '-'], '--key FILE'],
    [['ssn', 'rotate', '--remote', '--env', 'staging'], '--out FILE'],
    [['ssn', 'rotate', '--local', '--out', 'new.json'], '--out goes with --remote'],
  ])('ends with 2: %j', async (args, message) => {
    const { status, stdout, stderr } = await run(args)

    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
  })
})
