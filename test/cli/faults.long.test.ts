import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sentenceOf } from '../../src/cli/terminal/sentences.ts'
import { PROJECT } from '../support/project.ts'
import { argumentsOf, makeStore, start, type TestStore } from './command.ts'

let store: TestStore
let folder: string
beforeAll(async () => {
  store = await makeStore()
  folder = await mkdtemp(join(tmpdir(), 'clinic-faults-'))
  await mkdir(join(folder, 'a-folder'))
  await writeFile(join(folder, 'a-file'), 'x')
  await symlink('circle', join(folder, 'circle'))
})
afterAll(() => Promise.all([store.remove(), rm(folder, { recursive: true })]))

it('of a full disk is told with its remedy', () => {
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC', path: 'out.ndjson' })

  expect(sentenceOf(full)).toContain('out.ndjson: the disk is full: free some space')
})

/** Runs a command line as a process, where `F/` is the folder of faults and `S` the flags of a store. */
const wordsIn = (line: string) =>
  line
    .split(' ')
    .flatMap((word) => (word === 'S' ? store.flags : [word.replace(/^F\//, `${folder}/`)]))
const failed = (line: string) => start(wordsIn(line)).finished

const CLINIC = '--clinic riverside'
const FAULTS: [fault: string, line: string, status: number, message: string][] = [
  ['a file that is not there', 'import plans F/none.csv S', 1, 'there is no such file or folder'],
  ['a folder for a file', 'import plans F/a-folder S', 1, 'is a folder: name a file'],
  ['a file for a folder', 'import plans F/a-file/x.csv S', 1, 'a part of the path is a file'],
  ['links in a circle', 'import plans F/circle S', 1, 'its links lead in a circle'],
  ['a name too long', `import plans F/${'x'.repeat(300)} S`, 1, 'that name is too long'],
  ['no folder for what is written', `marks --out F/no/x S`, 1, 'there is no such file or folder'],
  ['a file in the way', 'marks --out F/a-file S', 1, 'exists: choose another name'],
  ['a store below a file', 'list --local --persist-to F/a-file', 1, 'is a file, not a folder'],
  ['doctor on it', 'doctor --local --persist-to F/a-file', 1, 'is a file, not a folder'],
  ['a store that was never made', 'list --local --persist-to F/new', 1, 'lacks migrations'],
  ['a key that is not there', 'ssn open - --key F/none', 1, 'cannot read the key file'],
  ['a key that is none', 'ssn open - --key F/a-file', 1, 'is not a private key'],
  ['a key in the way', 'ssn keygen --out F/a-file', 1, 'exists and may hold a key'],
  ['no wrangler.toml', 'list --local --config F/none.toml', 1, 'cannot be read'],
  ['an unknown clinic', `export dependents --clinic riverzide S`, 1, 'did you mean riverside?'],
  ['a clinic unlike any', `export dependents --clinic q S`, 1, 'create q --local'],
  ['an unknown command', 'exprot', 2, 'Did you mean export?'],
  ['an unknown option', 'list --jsn --local', 2, 'Did you mean --json?'],
  ['no store said', 'list', 2, 'say which store: --local or --remote'],
  ['a backup that is none', 'restore F/a-folder S', 1, 'manifest.json is missing'],
  ['a backup over another', 'backup F/ S', 1, 'is not empty: name another'],
  ['marks that are none', 'resume F/a-file S', 1, 'was not written by `marks`'],
  ['nothing to resume', 'resume S', 2, 'say how many ids to --skip'],
  ['an empty file', `import ownables /dev/null ${CLINIC} S`, 1, 'the file has no row'],
  ['an environment that is not set up', 'list --remote --env staging', 1, 'does not exist'],
]

describe('a fault', () => {
  it.each(FAULTS)('is said with its remedy: %s', async (_, line, status, message) => {
    const ended = await failed(line)

    expect(ended.stdout + ended.stderr).toContain(message)
    expect(ended.status).toBe(status)
    expect(ended.stdout + ended.stderr).not.toMatch(/error: \w*Error$|^ +at /m)
  })

  it('leaves nothing behind that would block the next run', () => {
    expect(existsSync(join(folder, 'full.ndjson'))).toBe(false)
  })

  it.each([
    ['frobnicate --json', 2],
    ['list --json', 2],
    ['import plans F/none.csv --json S', 1],
  ])('is one JSON object: %s', async (line, status) => {
    const ended = await failed(line)

    expect(Object.keys(JSON.parse(ended.stdout))).toEqual(['error'])
    expect(ended.status).toBe(status)
  })

  it('shows the rest with --debug alone', async () => {
    const line = 'import plans F/none.csv S'
    const [plain, debugged] = [await failed(line), await failed(`${line} --debug`)]

    expect(plain.stderr).not.toContain('    at ')
    expect(debugged.stderr).toContain('ENOENT: no such file')
  })

  it('is said when stdout is full', () => {
    const words = [process.execPath, ...argumentsOf('clinic'), ...wordsIn('marks S')].join(' ')
    const ended = spawnSync('bash', ['-c', `${words} > /dev/full`], {
      cwd: PROJECT,
      encoding: 'utf8',
    })

    expect(ended.stderr).toContain('the disk is full')
    expect(ended.status).toBe(1)
  })
})

describe('a command that is killed', () => {
  it('leaves no workerd behind', async () => {
    const { child } = start(
      ['import', 'ownables', '/dev/stdin', '--clinic', 'riverside'].concat(store.flags),
    )
    const below = () =>
      spawnSync('pgrep', ['-P', String(child.pid), 'workerd'], { encoding: 'utf8' }).stdout.trim()
    await expect.poll(below, { timeout: 60_000, interval: 20 }).not.toBe('')
    const workerd = below()
    child.kill('SIGKILL')

    const state = () =>
      spawnSync('ps', ['-o', 'stat=', '-p', workerd], { encoding: 'utf8' }).stdout.trim()
    await expect.poll(state, { timeout: 20_000 }).toMatch(/^(Z.*)?$/)
  })

  it('ends at Ctrl-C before it has begun, and says so', async () => {
    const { child, finished } = start(['list', ...store.flags])
    const isUp = () => spawnSync('pgrep', ['-P', String(child.pid)]).status
    await expect.poll(isUp, { timeout: 60_000, interval: 20 }).toBe(0)
    child.kill('SIGINT')
    const { status, stderr } = await finished

    expect(stderr).toBe('error: stopped before it was done\n')
    expect(status).toBe(1)
  })
})

it('tells its version, and runs as `npx clinic`', () => {
  const { stdout } = spawnSync(process.execPath, ['src/cli/terminal/bin.js', '--version'], {
    cwd: PROJECT,
    encoding: 'utf8',
  })

  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
