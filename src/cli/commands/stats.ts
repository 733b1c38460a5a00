import { listClinics } from '../../clinics/queries.ts'
import { resources } from '../../resources/index.ts'
import type { Size } from '../../operator/copy.ts'
import { createdByWeek, databaseBytes, sizesByTable } from '../../operator/stats.ts'
import { listTables } from '../../operator/tables.ts'
import { listTokens } from '../../operator/tokens.ts'
import { onStore } from '../environment/command.ts'
import type { Store } from '../environment/open.ts'
import { bar, columns, sized } from '../terminal/bars.ts'
import { counted, table, type Report } from '../terminal/report.ts'

/** What one D1 database may hold, in bytes. */
const MOST_BYTES = 10_000_000_000
const WEEKS = 8
const BAR_WIDTH = 12

export const command = onStore({
  example: 'stats --remote --env production',
  takes: {},
  work: async (_, store) => reportOf(await measure(store)),
})

type Line = {
  records: Record<string, number>
  tokens: number
  rows: number
  /** Of the database's bytes, those that the rows take up, with their share of indexes and free space. */
  bytes: number
  createdByWeek: number[]
}
type Stats = {
  clinics: (Line & { id: string; state: string })[]
  total: Line
  plans: number
  roomBytes: number
}

/** Reads every row of the store once, clinic by clinic. */
async function measure({ db, kv }: Store): Promise<Stats> {
  const stored = await listTables(db)
  const shared = await sizesByTable(db, stored)
  const tokens = await listTokens(kv)
  const clinics: Stats['clinics'] = []
  for (const { id, state } of await listClinics(db)) {
    const tables = await sizesByTable(db, stored, id)
    const own = tokens.filter(({ record }) => record.clinic_id === id).length
    const records = Object.fromEntries(resources.map(({ name }) => [name, tables[name]?.rows ?? 0]))
    const sizes = sum(Object.values(tables))
    const weeks = await createdByWeek(db, id, WEEKS)
    clinics.push({ id, state, records, tokens: own, ...sizes, createdByWeek: weeks })
  }
  const all = sum([...clinics, ...Object.values(shared)])
  const bytes = await databaseBytes(db)
  const scale = bytes / Math.max(1, all.bytes)
  return {
    clinics: clinics.map((clinic) => ({ ...clinic, bytes: Math.round(clinic.bytes * scale) })),
    total: {
      records: Object.fromEntries(
        resources.map(({ name }) => [name, total(clinics.map(({ records }) => records[name]))]),
      ),
      tokens: tokens.length,
      rows: all.rows,
      bytes,
      createdByWeek: Array.from({ length: WEEKS }, (_, week) =>
        total(clinics.map(({ createdByWeek }) => createdByWeek[week])),
      ),
    },
    plans: shared['plans']?.rows ?? 0,
    roomBytes: MOST_BYTES - bytes,
  }
}

const total = (counts: readonly (number | undefined)[]) =>
  counts.reduce<number>((all, count = 0) => all + count, 0)

const sum = (sizes: readonly Size[]): Size => ({
  rows: total(sizes.map(({ rows }) => rows)),
  bytes: total(sizes.map(({ bytes }) => bytes)),
})

function reportOf({ clinics, total, plans, roomBytes }: Stats): Report {
  const jsonOf = ({ records, createdByWeek, ...line }: Line) => ({
    ...line,
    ...records,
    created_by_week: createdByWeek,
  })
  const cellsOf = (name: string, { records, tokens, rows, bytes, createdByWeek }: Line) => [
    name,
    ...[...Object.values(records), tokens, rows].map(counted),
    `${bar(bytes / Math.max(1, total.bytes), BAR_WIDTH)} ${sized(bytes)}`,
    `${columns(createdByWeek)} ${counted(createdByWeek.at(-1) ?? 0)}`,
  ]
  const heading = ['clinic', ...Object.keys(total.records), 'tokens', 'rows', 'bytes', 'by week']
  const used = total.bytes / MOST_BYTES
  return {
    json: {
      clinics: clinics.map(({ id, state, ...line }) => ({ id, state, ...jsonOf(line) })),
      total: jsonOf(total),
      plans,
      room_bytes: roomBytes,
    },
    lines: [
      ...table(heading, [
        ...clinics.map(({ id, ...line }) => cellsOf(id, line)),
        cellsOf('in all', total),
      ]),
      '',
      `${counted(plans)} plans`,
      `${bar(used, 2 * BAR_WIDTH)} ${(100 * used).toFixed(1)} % of 10 GB; room for ${sized(roomBytes)}`,
      `By week: records created in each of the last ${WEEKS} weeks, and how many in the last.`,
    ],
  }
}
