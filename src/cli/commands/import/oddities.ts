import { counted } from '../../terminal/report.ts'

/** What looks odd in a file, though it is taken: how often, and where first. */
export type Oddities = ReturnType<typeof oddities>

export function oddities() {
  const found = new Map<string, { rows: number; line: number }>()
  return {
    note(what: string, line: number) {
      const { rows, line: first } = found.get(what) ?? { rows: 0, line }
      found.set(what, { rows: rows + 1, line: first })
    },
    list: () =>
      [...found].map(
        ([what, { rows, line }]) =>
          `${what}: ${counted(rows)} of the rows, the first on line ${line}`,
      ),
  }
}
