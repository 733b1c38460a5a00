import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { importOwnables } from '../../src/cli/commands/import/ownables.ts'
import { importPlans } from '../../src/cli/commands/import/plans.ts'
import { writeAll } from '../../src/cli/files/output.ts'
import { openRows } from '../../src/cli/files/rows.ts'
import { Failure } from '../../src/cli/terminal/failure.ts'
import { print, reporting } from '../../src/cli/terminal/report.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { lendingSignals, run, start, useServedStore } from './command.ts'

const served = useServedStore()

const opened = () => ({
  db: databaseOf(served.worker.env, 'first-primary'),
  kv: served.worker.env.TOKENS,
  leave: async () => {},
})

let files = 0
async function write(content: string | Buffer, ending = 'csv') {
  const file = served.store.file(`file-${++files}.${ending}`)
  await writeFile(file, content)
  return file
}

const load = async (content: string | Buffer, ending?: string, options = {}) => {
  const file = await write(content, ending)
  const report = await lendingSignals(() => importPlans(opened(), file, options)).catch(
    (error: unknown) => error,
  )
  return { file, report }
}

const HEADER = 'external_id,plan_name,carrier,plan_type,active'
const row = (id: string) => `${id},Círculo,Messy,PPO,yes`
const SECRET = 'Quillfeather'

describe('a file that is not what it should be', () => {
  it.each([
    ['UTF-16', Buffer.from(`\uFEFF${HEADER}\n${row('1')}\n`, 'utf16le'), 'is UTF-16'],
    ['Windows-1252', Buffer.from(`${HEADER}\n${row('1')}\n`, 'latin1'), 'is not UTF-8'],
    ['gzip', gzipSync(`${HEADER}\n${row('1')}\n`), 'is compressed with gzip'],
    ['a workbook', Buffer.from('504b030414000600', 'hex'), 'is an Excel workbook (xlsx)'],
    ['an old workbook', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'is an old Excel workbook'],
    ['a PDF', Buffer.from('%PDF-1.7'), 'is a PDF'],
    ['semicolons', `${HEADER}\n${row('1')}\n`.replaceAll(',', ';'), 'has semicolons between'],
    ['tabs', `${HEADER}\n${row('1')}\n`.replaceAll(',', '\t'), 'has tabs between'],
    [
      'no header',
      `${SECRET},1990-05-15,987-65-4320,PPO,yes\n`,
      'no column external_id, plan_name, carrier, plan_type, active: ',
    ],
    [
      'half a header',
      `external_id,${SECRET}\n`,
      'no column plan_name, carrier, plan_type, active: ',
    ],
  ])('is named for what it is: %s', async (_, content, message) => {
    const { report } = await load(content)

    expect(report).toBeInstanceOf(Failure)
    expect(String(report)).toContain(message)
    expect(String(report)).not.toContain(SECRET)
  })

  it('is refused for ownables too, without a value of it', async () => {
    const file = await write(`${SECRET},1990-05-15\nPatient,1\n`)

    const { status, stdout, stderr } = await run(
      ['import', 'ownables', file, '--clinic', 'riverside'].concat(served.store.flags),
    )

    expect(status).toBe(1)
    expect(stdout + stderr).toContain('has no column type, id')
    expect((stdout + stderr).toLowerCase()).not.toContain(SECRET.toLowerCase())
  })
})

describe('a row that is not what it should be', () => {
  it.each([
    ['a repeated key', '{"external_id":"1","external_id":"2"}', 'repeats a key'],
    ['a number of 18 digits', '{"external_id":"1","n":900719925474099301}', 'too long to be exact'],
    ['a number past 2^53', '{"external_id":"1","n":9007199254740993}', 'too long to be exact'],
    ['a number past 1e308', '{"external_id":"1","n":[1e309]}', 'too long to be exact'],
    ['a line that is cut', '{"external_id":"1",', 'is not JSON at column 20'],
    ['an array', '["x"]', 'is not a JSON object'],
  ])('is rejected with its reason: %s', async (_, line, reason) => {
    const { report, file } = await load(`${line}\n`, 'ndjson')

    const [rejected] = (await readFile(`${file}.rejected.ndjson`, 'utf8')).split('\n')
    expect(JSON.parse(rejected ?? '').errors.row).toEqual([expect.stringContaining(reason)])
    expect(report).toMatchObject({ failed: true, json: { rejected: 1 } })
  })

  it('is rejected without its values, and a duplicate called so', async () => {
    const { report, file } = await load(`${HEADER},tier\n${row('D1')},1\n${row('D1')},2\n`)

    const rejected = JSON.parse(await readFile(`${file}.rejected.ndjson`, 'utf8'))
    expect(report).toMatchObject({ failed: false, json: { inserted: 1, rejected: 1 } })
    expect(rejected.errors).toEqual({
      external_id: ['is in this file twice: the first row counts'],
    })
    expect(JSON.stringify(rejected)).not.toContain('Círculo')
  })

  it.each([
    ['nothing but a header', `${HEADER}\n`, {}, true],
    ['no row that can be taken', `${HEADER}\n,,,,\n`, {}, true],
    ['a rejected row', `${HEADER}\n${row('E1')}\n,,,,\n`, {}, false],
    ['a rejected row, strictly', `${HEADER}\n${row('E2')}\n,,,,\n`, { strict: true }, true],
  ] as const)('fails or not: %s', async (_, content, options, failed) => {
    const { report } = await load(content, 'csv', options)

    expect(report).toMatchObject({ failed })
  })
})

describe('the lines of NDJSON', () => {
  const plan = (id: string, name: string) =>
    `{"external_id":"${id}","plan_name":"${name}","carrier":"Messy","plan_type":"PPO","active":true}`

  it('end at a line feed alone: not at U+2028, which a name may hold', async () => {
    const text = `${plan('S1', 'a\u2028b')}\r\n${plan('S2', 'c\u2029d')}`
    const file = await write(text, 'ndjson')
    const { rows } = await lendingSignals(() => openRows(file, []))
    const names = []
    for await (const { columns } of rows) names.push(columns?.plan_name)

    expect(names).toEqual(['a\u2028b', 'c\u2029d'])
  })

  it('are not of more than a megabyte', async () => {
    const { report } = await load(`{"external_id":"${'x'.repeat(3_000_000)}"}`, 'ndjson')

    expect(report).toBeInstanceOf(Failure)
    expect(String(report)).toContain('has a line of over 1 MB')
  })

  it('are written with U+2028 and U+2029 escaped, into a new file that follows no link', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clinic-out-'))
    const [file, victim] = [join(folder, 'out.ndjson'), join(folder, 'victim')]
    await writeFile(victim, 'kept')
    await symlink(victim, join(folder, '.out.ndjson.part'))
    await symlink(victim, join(folder, 'link.ndjson'))
    await symlink(join(folder, 'nothing'), join(folder, 'dangling.ndjson'))

    const write = (name: string) =>
      lendingSignals(() => writeAll(join(folder, name), [{ name: 'a\u2028b\u2029' }]))
    await write('out.ndjson')
    for (const name of ['link.ndjson', 'dangling.ndjson', 'out.ndjson']) {
      await expect(write(name)).rejects.toThrow('exists: choose another name')
    }

    expect(await readFile(file, 'utf8')).toBe('{"name":"a\\u2028b\\u2029"}\n')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(victim, 'utf8')).toBe('kept')
    expect((await readdir(folder)).sort()).toEqual([
      ...['.out.ndjson.part', 'dangling.ndjson', 'link.ndjson', 'out.ndjson', 'victim'],
    ])
    await rm(folder, { recursive: true })
  })
})

describe('a terminal', () => {
  it('is told of a column that is named by control characters, and obeys none of them', async () => {
    const file = await write(`${HEADER},\u001b]0;pwned\u0007\u009b2J\n${row('T1')},1\n,,,,,\n`)

    for (const flags of [[], ['--json']]) {
      const { stdout, stderr } = await run(
        ['import', 'plans', file, '--dry-run', ...flags].concat(served.store.flags),
      )
      expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n\t]/u)
    }
  })

  it('shows control characters as JSON writes them, and our colours', () => {
    const shown: string[] = []
    const to = new Writable({
      write: (chunk, _, done) => {
        shown.push(String(chunk))
        done()
      },
    })
    const lines = ['\u001b]0;pwned\u0007', '\u001b[1mbold\u001b[22m', 'a\u009b2J']
    reporting.to = to
    print({ json: {}, lines }, false)

    expect(shown.join('')).toBe('\\u001b]0;pwned\\u0007\n\u001b[1mbold\u001b[22m\na\\u009b2J\n')
  })
})

describe('the columns of a CSV', () => {
  it('are numbers, booleans or text as a whole, and the report says which', async () => {
    const { report } = await load(
      'ContractPlanID,External ID,Plan Name,Carrier,Plan Type,Active,Premium,ZIP,Dental,Vision\n' +
        'H1,T1,One,Types,PPO,yes,"$6,750.00 ",02134,True,Yes\n' +
        'H2,T2,Two,Types,PPO,yes,"  $1,250.50",90210,False,perhaps\n' +
        'H3,T3,Three,Types,PPO,yes,,,,\n',
    )

    const { results } = await served.worker.env.DB.prepare(
      "SELECT coverage_details AS details FROM plans WHERE carrier = 'Types' ORDER BY external_id",
    ).all<{ details: string }>()
    expect(results.map(({ details }) => JSON.parse(details))).toEqual([
      { contract_plan_id: 'H1', premium: 6750, zip: '02134', dental: true, vision: 'Yes' },
      { contract_plan_id: 'H2', premium: 1250.5, zip: '90210', dental: false, vision: 'perhaps' },
      { contract_plan_id: 'H3', premium: null, zip: null, dental: null, vision: null },
    ])
    expect(report).toMatchObject({
      json: {
        columns: [
          { column: 'contract_plan_id', type: 'text', example: 'H1' },
          { column: 'premium', type: 'number', example: '$6,750.00' },
          { column: 'zip', type: 'text', example: '02134' },
          { column: 'dental', type: 'boolean', example: 'True' },
          { column: 'vision', type: 'text', example: 'Yes' },
        ],
      },
    })
  })

  it('are read from stdin as from a file', async () => {
    const { status, stdout } = await start(
      ['import', 'plans', '-', '--json', ...served.store.flags],
      {
        input: `${HEADER},Amount\n${row('S1')},"$1,000 "\n`,
      },
    ).finished

    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ inserted: 1 })
  })

  it('that are wrong on stdin go to a file where the caller is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clinic-test-'))
    const { stdout } = await start(['import', 'plans', '-', '--json', ...served.store.flags], {
      input: `${HEADER}\n${row('S2')}\n,Nameless,Acme,PPO,yes\n`,
      env: { INIT_CWD: folder },
    }).finished

    const { rejected_file } = JSON.parse(stdout)
    expect(rejected_file).toBe(join(folder, 'stdin.rejected.ndjson'))
    expect(await readFile(rejected_file, 'utf8')).toContain('external_id')
    await rm(folder, { recursive: true })
  })
})

it('takes ids of ownables that a spreadsheet has left whole, and no others', async () => {
  const file = await write('type,id\nPatient,1.23E+15\nPatient,42\n')

  const report = await lendingSignals(() => importOwnables(opened(), file, { clinic: 'riverside' }))

  expect(report.json).toMatchObject({ inserted: 1, rejected: 1 })
})
