import { listClinics } from '../../clinics/queries.ts'
import { resources } from '../../resources/index.ts'
import { createdByWeek, databaseBytes, sizesByTable } from '../../operator/stats.ts'
import { listTables } from '../../operator/tables.ts'
import { listTokens } from '../../operator/tokens.ts'
import { onStore } from '../environment/command.ts'
import { counted, table } from '../terminal/report.ts'

const MOST_BYTES = 10_000_000_000
const WEEKS = 8

const RESOURCES = resources.map(({ name }) => name)
const COUNTED = [...RESOURCES, 'tokens', 'rows', 'bytes']
type Counts = Record<string, number>

const sum = (numbers: readonly (number | undefined)[]) =>
  numbers.reduce<number>((total, one = 0) => total + one, 0)

export const command = onStore({
  example: 'stats --remote --env production',
  takes: {},
  /** Reads every row of the store once, clinic by clinic. */
  async work(_, { db, kv }) {
    const tables = await listTables(db)
    const tokens = await listTokens(kv)
    const shared: Record<string, Counts> = await sizesByTable(db, tables)
    const clinics = []
    for (const { id, state } of await listClinics(db)) {
      const sizes = await sizesByTable(db, tables, id)
      const counts: Counts = {
        ...Object.fromEntries(RESOURCES.map((name) => [name, sizes[name]?.rows ?? 0])),
        tokens: tokens.filter(({ record }) => record.clinic_id === id).length,
        rows: sum(Object.values(sizes).map(({ rows }) => rows)),
        bytes: sum(Object.values(sizes).map(({ bytes }) => bytes)),
      }
      clinics.push({ id, state, counts, created_by_week: await createdByWeek(db, id, WEEKS) })
    }
    const all = [...clinics.map(({ counts }) => counts), ...Object.values(shared)]
    const sums = COUNTED.map((name) => [name, sum(all.map((counts) => counts[name]))])
    // This is more than the bytes of all rows: it includes indexes and free space.
    const bytes = await databaseBytes(db)
    const total: Counts = { ...Object.fromEntries(sums), bytes }
    const room = MOST_BYTES - bytes
    const byWeek = clinics.map((clinic) => clinic.created_by_week)
    const created_by_week = Array.from({ length: WEEKS }, (_, n) =>
      sum(byWeek.map((one) => one[n])),
    )
    const plans = shared.plans?.rows ?? 0
    const rows = [...clinics, { id: 'in all', counts: total, created_by_week }].map((one) => [
      ...[one.id, ...COUNTED.map((name) => counted(one.counts[name] ?? 0))],
      counted(one.created_by_week.at(-1) ?? 0),
    ])
    return {
      json: {
        clinics: clinics.map(({ counts, ...clinic }) => ({ ...clinic, ...counts })),
        total: { ...total, created_by_week },
        plans,
        room_bytes: room,
      },
      lines: [
        ...table(['clinic', ...COUNTED, 'new'], rows),
        '',
        `${counted(plans)} plans`,
        `${((100 * bytes) / MOST_BYTES).toFixed(1)} % of 10 GB; room for ${(room / 1e9).toFixed(1)} GB`,
        'New: records created in the last seven days.',
      ],
    }
  },
})
