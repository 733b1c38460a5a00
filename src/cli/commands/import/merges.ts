import { createHash } from 'node:crypto'
import {
  lastFourOf,
  recordKeys,
  type Accents,
  type ImportedRow,
} from '../../../operator/records/match.ts'
import { fieldOf, type Resource } from '../../../records/resource.ts'
import type { CheckedRow } from './rows.ts'

/** A row of a record that a row before it names, and whether the two say the same. */
export type Merge = { line: number; first: number; differs: boolean }

/** Finds the rows of a file that are of one record. */
export function mergesIn(resource: Resource, accents: Accents | undefined) {
  const keyOf = recordKeys(resource, accents)
  /** By record: the line, and a digest of all that its rows may change. */
  const seen = new Map<string, string>()
  const merged: Merge[] = []
  let inPortion = 0

  const columns = resource.identity?.columns ?? []
  const others = Object.keys(resource.fields).filter((name) =>
    columns.every((column) => fieldOf(column) !== name),
  )

  return {
    merged,
    /** How many of the rows looked at last are merged into others of them. */
    inPortion: () => inPortion,
    find(rows: readonly CheckedRow<ImportedRow>[], isRefused: (place: number) => boolean): void {
      const start = rows[0]?.row.line ?? 0
      inPortion = 0
      for (const [place, { row, accepted, errors }] of rows.entries()) {
        if (!accepted || errors || isRefused(place)) continue
        const record = digest(keyOf(accepted))
        const rest = digest([
          lastFourOf(accepted) ?? '',
          ...others.map((name) => accepted.fields[name] ?? null),
        ])
        const [first, firstRest] = seen.get(record)?.split(' ') ?? []
        if (first === undefined) {
          seen.set(record, `${row.line} ${rest}`)
        } else {
          if (Number(first) >= start) inPortion++
          merged.push({ line: row.line, first: Number(first), differs: rest !== firstRest })
        }
      }
    },
  }
}

const digest = (value: unknown) =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64').slice(0, 16)
