import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { importPlans } from '../../src/cli/commands/import/plans.ts'
import { Failure } from '../../src/cli/terminal/failure.ts'
import { databaseOf } from '../../src/storage/session.ts'
import { lendingSignals, useServedStore } from './command.ts'

const served = useServedStore()

let files = 0
const load = async (text: string | Buffer, options = {}, ending = 'csv') => {
  const file = served.store.file(`columns-${++files}.${ending}`)
  await writeFile(file, text)
  const opened = {
    db: databaseOf(served.worker.env, 'first-primary'),
    kv: served.worker.env.TOKENS,
    leave: async () => {},
  }
  return await lendingSignals(() => importPlans(opened, file, options))
}

const refusal = async (...given: Parameters<typeof load>) => {
  const refused = await load(...given).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(Failure)
  return String(refused)
}

let carriers = 0
/** Imports a CSV with these columns beside the required ones, and gives what is stored of them, row by row. */
async function stored(columns: Record<string, readonly string[]>, options = {}) {
  const carrier = `Columns ${++carriers}`
  const quoted = (cells: readonly string[]) => cells.map((cell) => `"${cell}"`).join()
  const rows = Object.values(columns)[0]?.map((_, n) =>
    quoted([
      ...[`${carrier}-${n}`, `Plan ${n}`, carrier, 'PPO', 'yes'],
      ...Object.values(columns).map((cells) => cells[n] ?? ''),
    ]),
  )
  const header = ['external_id', 'plan_name', 'carrier', 'plan_type', 'active']
  const text = [quoted([...header, ...Object.keys(columns)]), ...(rows ?? []), ''].join('\n')
  const report = await load(text, options)
  const { results } = await served.worker.env.DB.prepare(
    'SELECT coverage_details FROM plans WHERE carrier = ? ORDER BY id',
  )
    .bind(carrier)
    .all()
  const details = results.map((row) => JSON.parse(String(row['coverage_details'])))
  return { report, details }
}

describe('a column of a catalogue', () => {
  const NUMBERS: Record<string, [string[], number[]]> = {
    'dollars, with thousands and cents': [
      ['$5,250', '$0.00', '$1,000.50'],
      [5250, 0, 1000.5],
    ],
    'negative dollars, and dollars after a blank': [
      ['-$50', '$ 300', '-$25.50'],
      [-50, 300, -25.5],
    ],
    'dollars beside plain numbers': [
      ['$0', '0', '$0.00'],
      [0, 0, 0],
    ],
    'rates with many decimals': [
      ['298.62', '325.2669285', '7'],
      [298.62, 325.2669285, 7],
    ],
    'thousands with cents': [
      ['7500', '6,350.50', '1,200'],
      [7500, 6350.5, 1200],
    ],
  }
  it.each(Object.entries(NUMBERS))('is numbers: %s', async (_, [cells, numbers]) => {
    const { details, report } = await stored({ amount: cells })

    expect(details.map(({ amount }) => amount)).toEqual(numbers)
    expect(report.json.columns).toEqual([{ column: 'amount', type: 'number', example: cells[0] }])
    expect(report.lines).toContain(`amount: number, such as ${cells[0]}`)
  })

  it('is booleans', async () => {
    const { details } = await stored({ dental: ['Yes', 'no'], vision: ['TRUE', 'NO'] })

    expect(details).toEqual([
      { dental: true, vision: true },
      { dental: false, vision: false },
    ])
  })

  it.each([
    ['lists of counties', ['001,003,005', '013,015']],
    ['lists that look like thousands', ['1,200', '2,300']],
    ['versions', ['1.10', '1.1']],
    ['thousands as in Europe, all of them', ['1.000', '2.500']],
    ['percents', ['20%', '0%']],
    ['another currency', ['€500', '€600']],
    ['a currency by its code', ['USD 1,000', 'USD 2']],
    ['losses in brackets', ['($50)', '($25)']],
    ['Norway', ['NO', 'NO']],
    ['countries', ['NO', 'SE']],
    ['words beside dollars', ['N/A', '$100']],
    ['numbers with leading zeros', ['02134', '90210']],
    ['exponents', ['1e3', '2e3']],
    ['numbers of sixteen digits', ['1234567890123456', '1']],
  ])('stays text: %s', async (_, cells) => {
    const { details } = await stored({ amount: cells })

    expect(details.map(({ amount }) => amount)).toEqual(cells)
  })

  it('stays text where another column has decimals as in Europe', async () => {
    const { details } = await stored({ one: ['345.6', '1.234'], other: ['1.234,50', '2,5'] })

    expect(details).toEqual([
      { one: '345.6', other: '1.234,50' },
      { one: '1.234', other: '2,5' },
    ])
  })

  it.each(['Payer ID', 'zip', 'Phone', 'NAIC', 'Group Number', 'formulary version', 'rider_codes'])(
    'of codes stays text: %s',
    async (header) => {
      const { details } = await stored({ [header]: ['00010', '60054'] })
      const { details: plain } = await stored({ [header]: ['1', '60054'] })

      expect(details.flatMap(Object.values)).toEqual(['00010', '60054'])
      expect(plain.flatMap(Object.values)).toEqual(['1', '60054'])
    },
  )

  it('is what the operator says', async () => {
    const { details, report } = await stored(
      { Tier: ['1', '2', '3'], av: ['1.10', '1,200', 'high'] },
      { text: ['tier'], number: ['AV'] },
    )

    expect(report.json).toMatchObject({ inserted: 2, rejected: 1 })
    expect(report.lines).toContain('line 4 rejected: av is not a number')
    expect(details).toEqual([
      { tier: '1', av: 1.1 },
      { tier: '2', av: 1200 },
    ])
    const unknown = stored({ av: ['x'] }, { text: ['tear'] })
    await expect(unknown).rejects.toThrow(/has no column tear of text: it has av$/)
  })

  it('without a name is called by its place, unless it is empty', async () => {
    const { details, report } = await stored({ '%': ['3', '4'], '#': ['5', ''], ' ': ['', ''] })

    expect(details).toEqual([{ column_6: 3, column_7: 5 }, { column_6: 4 }])
    expect(report.json.columns).toMatchObject([{ column: 'column_6' }, { column: 'column_7' }])
  })
})

describe('a line of JSON', () => {
  const line = (more: object) =>
    `${JSON.stringify({
      ...{ external_id: 'J1', plan_name: 'J', carrier: 'Lines', plan_type: 'HMO', active: true },
      ...more,
    })}\n`

  it('keeps text as text and numbers as numbers, but for payer ids', async () => {
    const details = {
      counties: '001,003',
      money: '$1,000',
      note: 'Yes',
      year: 2014,
      payer_id: 60054,
    }
    await load(line({ coverage_details: details }), {}, 'ndjson')

    const row = await served.worker.env.DB.prepare(
      "SELECT coverage_details FROM plans WHERE carrier = 'Lines'",
    ).first()
    expect(JSON.parse(String(row?.['coverage_details']))).toEqual({ ...details, payer_id: '60054' })
  })

  it('is rejected if it says a detail twice', async () => {
    const twice = line({ coverage_details: { deductible: 1000 }, deductible: 9999 })

    const { lines, json } = await load(twice, {}, 'ndjson')

    expect(json).toMatchObject({ inserted: 0, rejected: 1 })
    expect(lines[0]).toBe(
      'line 1 rejected: deductible is a column and one of the coverage_details too: give it once',
    )
  })
})

describe('a file in another encoding', () => {
  const HEADER = 'external_id,plan_name,carrier,plan_type,active\n'
  const rows = (count: number) =>
    Array.from({ length: count }, (_, n) => `W${n},Plan,Windows,PPO,yes\n`).join('')

  it.each([0, 3, 5000])('is told with its line, after %i good rows', async (count) => {
    const bad = Buffer.from('X,Círculo,Windows,PPO,yes\n', 'latin1')

    const message = await refusal(Buffer.concat([Buffer.from(HEADER + rows(count)), bad]))

    expect(message).toContain(`is not UTF-8 on line ${count + 2}: `)
  })

  it.each([
    ['U+FFFD', 'C\uFFFDrculo'],
    ['text encoded twice', 'CÃ­rculo'],
    ['an apostrophe encoded twice', 'Oâ€™Neil'],
  ])('once is warned of: %s', async (_, name) => {
    const { json } = await load(`${HEADER}D1,${name},Damaged,PPO,yes\n`)

    expect(json.warnings).toEqual([
      'text that was damaged before: 1 of the rows, the first on line 2',
    ])
  })

  it('in Portuguese is not taken for damaged', async () => {
    const { json } = await load(`${HEADER}D2,SÃO JOSÉ ÂNGELA,Damaged,PPO,yes\n`)

    expect(json.warnings).toBeUndefined()
  })
})
