import { createHash } from 'node:crypto'
import type { ImportedRow } from '../../../operator/records/import.ts'
import type { Resource } from '../../../records/resource.ts'
import type { RowErrors } from '../../files/rejections.ts'
import type { CheckedRow } from './rows.ts'

/** A row of a record that a row before it names, and whether the two say the same. */
export type Merge = { line: number; first: number; differs: boolean }

/** Finds the rows of a file that are of one record. */
export function mergesIn({ identity, fields: known }: Resource) {
  const columns = identity?.columns ?? []
  /** By record: the line, the last four digits of the SSN, and a digest of the rest. */
  const seen = new Map<string, string>()
  const merged: Merge[] = []
  let inPortion = 0

  const digestOf = (row: ImportedRow, names: readonly string[]) =>
    createHash('sha256')
      .update(JSON.stringify(names.map((name) => row.fields[name] ?? null)))
      .digest('base64')
      .slice(0, 16)
  const others = Object.keys(known).filter((name) => !columns.some((each) => each.startsWith(name)))

  return {
    merged,
    /** How many of the rows looked at last are merged into others of them. */
    inPortion: () => inPortion,
    /** The rows whose SSN is another than that of the same record before them, by place. */
    find(rows: readonly CheckedRow<ImportedRow>[], isRefused: (place: number) => boolean) {
      const refused = new Map<number, RowErrors>()
      const start = rows[0]?.row.line ?? 0
      inPortion = 0
      for (const [place, { row, accepted, errors }] of rows.entries()) {
        if (!accepted || errors || isRefused(place)) continue
        const record = digestOf(accepted, columns)
        const lastFour = accepted.ssn?.slice(-4) ?? accepted.sealed?.lastFour ?? ''
        const rest = digestOf(accepted, others)
        const [first, firstFour = '', firstRest] = seen.get(record)?.split(' ') ?? []
        if (first === undefined) {
          seen.set(record, [row.line, lastFour, rest].join(' '))
        } else if (lastFour !== '' && firstFour !== '' && lastFour !== firstFour) {
          refused.set(place, { ssn: [`is another than that of the same person on line ${first}`] })
        } else {
          const differs = rest !== firstRest || lastFour !== firstFour
          if (Number(first) >= start) inPortion++
          merged.push({ line: row.line, first: Number(first), differs })
        }
      }
      return refused
    },
  }
}
