import { describe, expect, it } from 'vitest'
import { run } from './command.ts'

const COMMANDS = [
  'audit',
  'token create',
  'token list',
  'token revoke',
  'token rotate',
  'import plans',
  'import ownables',
  'export',
  'ssn keygen',
  'ssn open',
  'ssn rotate',
  'ssn reseal',
  'setup',
  'doctor',
]

describe('the command line', () => {
  it.each(COMMANDS)('shows an example of %s', async (command) => {
    const { status, stdout, stderr } = await run([...command.split(' '), '--help'])

    expect(status).toBe(0)
    expect(stdout).toContain(`Example:\n  npm run clinic -- ${command}`)
    expect(stderr).toBe('')
    expect(stdout).not.toContain('\u001b')
  })

  it('names no command in its help that is not tried here', async () => {
    const groups = ['', 'token', 'import', 'ssn']
    const named = await Promise.all(
      groups.map(async (group) => {
        const { stdout } = await run([...group.split(' ').filter(Boolean), '--help'])
        const [, listed = ''] = stdout.split('Commands:\n')
        return [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => `${group} ${name}`.trim())
      }),
    )

    const commands = named.flat().filter((name) => !groups.includes(name) && !/help$/.test(name))
    expect(commands.sort()).toEqual([...COMMANDS].sort())
  })

  it.each([
    [['tokens'], "unknown command 'tokens'"],
    [['token', 'list'], 'say which store: --local or --remote'],
    [['token', 'list', '--local', '--remote'], 'say which store: --local or --remote'],
    [['token', 'list', '--remote'], 'say which environment: --env staging or production'],
    [['token', 'list', '--remote', '--env', 'moon'], 'there is no environment moon'],
    [['token', 'list', '--local', '--colour'], "unknown option '--colour'"],
    [['ssn', 'rotate', '--remote', '--env', 'staging'], '--out FILE'],
    [['ssn', 'rotate', '--local', '--out', 'new.json'], '--out is for --remote'],
  ])('ends with 2 for %j', async (args, message) => {
    const { status, stdout, stderr } = await run(args)

    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
  })
})
