import { listClinics } from '../../clinics/queries.ts'
import { resources } from '../../resources/index.ts'
import { createdByWeek, databaseBytes, sizesByTable } from '../../operator/stats.ts'
import { listTables } from '../../operator/tables.ts'
import { listTokens } from '../../operator/tokens.ts'
import { onStore } from '../environment/command.ts'
import type { Store } from '../environment/open.ts'
import { counted, table } from '../terminal/report.ts'

/** What one D1 database may hold, in bytes. */
const MOST_BYTES = 10_000_000_000
const WEEKS = 8

/** How many there are of each resource, of tokens, of rows and of bytes. */
type Counts = Record<string, number>

export const command = onStore({
  example: 'stats --remote --env production',
  takes: {},
  async work(_, store) {
    const { clinics, total, createdByWeek, plans } = await measure(store)
    const { bytes } = total
    const room = MOST_BYTES - bytes
    const cellsOf = (name: string, counts: Counts, weeks: number[]) => [
      name,
      ...Object.entries(counts).map(([of, n]) => (of === 'bytes' ? sized(n) : counted(n))),
      counted(weeks.at(-1) ?? 0),
    ]
    return {
      json: {
        clinics: clinics.map(({ counts, createdByWeek: weeks, ...clinic }) => ({
          ...{ ...clinic, ...counts },
          created_by_week: weeks,
        })),
        total: { ...total, created_by_week: createdByWeek },
        plans,
        room_bytes: room,
      },
      lines: [
        ...table(
          ['clinic', ...Object.keys(total), 'new'],
          [
            ...clinics.map((one) => cellsOf(one.id, one.counts, one.createdByWeek)),
            cellsOf('in all', total, createdByWeek),
          ],
        ),
        '',
        `${counted(plans)} plans`,
        `${((100 * bytes) / MOST_BYTES).toFixed(1)} % of 10 GB; room for ${sized(room)}`,
        'New: records created in the last seven days.',
      ],
    }
  },
})

/** Reads every row of the store once, clinic by clinic. */
async function measure({ db, kv }: Store) {
  const tables = await listTables(db)
  const shared = await sizesByTable(db, tables)
  const tokens = await listTokens(kv)
  const clinics: { id: string; state: string; counts: Counts; createdByWeek: number[] }[] = []
  for (const { id, state } of await listClinics(db)) {
    const sizes = await sizesByTable(db, tables, id)
    const counts = {
      ...Object.fromEntries(resources.map(({ name }) => [name, sizes[name]?.rows ?? 0])),
      tokens: tokens.filter(({ record }) => record.clinic_id === id).length,
      ...sum(['rows', 'bytes'], Object.values(sizes)),
    }
    clinics.push({ id, state, counts, createdByWeek: await createdByWeek(db, id, WEEKS) })
  }
  const names = [...resources.map(({ name }) => name), 'tokens', 'rows', 'bytes']
  const all = sum(names, [...clinics.map(({ counts }) => counts), ...Object.values(shared)])
  const total = { ...all, bytes: await databaseBytes(db) }
  // A clinic's bytes are its share of the database's, with indexes and free space.
  const scale = total.bytes / Math.max(1, all.bytes ?? 0)
  for (const { counts } of clinics) counts.bytes = Math.round((counts.bytes ?? 0) * scale)
  const weeks = Array.from({ length: WEEKS }, (_, week) =>
    clinics.reduce((created, one) => created + (one.createdByWeek[week] ?? 0), 0),
  )
  return { clinics, total, createdByWeek: weeks, plans: shared['plans']?.rows ?? 0 }
}

const sum = (names: readonly string[], all: readonly Counts[]): Counts =>
  Object.fromEntries(
    names.map((name) => [name, all.reduce((total, counts) => total + (counts[name] ?? 0), 0)]),
  )

/** `1.2 MB`: three digits and a unit of a thousand. */
function sized(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB']
  const power = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const value = bytes / 1000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}
