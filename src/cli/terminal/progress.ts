import { counted, note } from './report.ts'

const ROWS_A_LINE = 10_000

/** Shows progress on stderr: on a terminal in one line that changes, elsewhere in a new line every 10,000 rows. */
export function startProgress(what: string) {
  const { stderr } = process
  let printed = 0
  return {
    /** `share` is the part done, 0 to 1; undefined if the total is unknown. */
    show(rows: number, share?: number) {
      const percent = share === undefined ? '' : `${Math.round(share * 100)}% · `
      const line = `${what}: ${percent}${counted(rows)} rows`
      if (stderr.isTTY) stderr.write(`\r${line}`)
      else if (rows >= printed + ROWS_A_LINE) {
        printed = rows - (rows % ROWS_A_LINE)
        note(line)
      }
    },
    [Symbol.dispose]() {
      if (stderr.isTTY) stderr.write('\r\u001b[K')
    },
  }
}
