import { listClinics } from '../../clinics/queries.ts'
import { kinds } from '../../kinds.ts'
import { clinicStats, sharedStats } from '../../operator/stats.ts'
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
  const shared = await sharedStats(db)
  const tokens = await listTokens(kv)
  const clinics: Stats['clinics'] = []
  for (const { id, state } of await listClinics(db)) {
    const own = tokens.filter(({ record }) => record.clinic_id === id).length
    clinics.push({ id, state, tokens: own, ...(await clinicStats(db, kinds, id, WEEKS)) })
  }
  const sum = (of: (clinic: Line) => number) =>
    clinics.reduce((total, clinic) => total + of(clinic), 0)

  const inRows = shared.bytes + sum(({ bytes }) => bytes)
  const scale = shared.databaseBytes / Math.max(1, inRows)
  return {
    clinics: clinics.map((clinic) => ({ ...clinic, bytes: Math.round(clinic.bytes * scale) })),
    total: {
      records: Object.fromEntries(
        kinds.map(({ name }) => [name, sum(({ records }) => records[name] ?? 0)]),
      ),
      tokens: tokens.length,
      rows: shared.rows + sum(({ rows }) => rows),
      bytes: shared.databaseBytes,
      createdByWeek: Array.from({ length: WEEKS }, (_, week) =>
        sum(({ createdByWeek }) => createdByWeek[week] ?? 0),
      ),
    },
    plans: shared.plans,
    roomBytes: MOST_BYTES - shared.databaseBytes,
  }
}

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
