import { counted, note } from './report.ts'

const ROWS_A_LINE = 10_000

/**
 * Tells on stderr how far a command has come: on a terminal in one line that changes, elsewhere in a line each so many
 * rows.
 */
export function startProgress(what: string) {
  const { stderr } = process
  let told = 0
  return {
    /** `share` is the part done, 0 to 1, or undefined where the whole is unknown. */
    show(rows: number, share?: number) {
      const percent = share === undefined ? '' : `${Math.round(share * 100)}% · `
      const line = `${what}: ${percent}${counted(rows)} rows`
      if (stderr.isTTY) stderr.write(`\r${line}`)
      else if (rows >= told + ROWS_A_LINE) {
        told = rows - (rows % ROWS_A_LINE)
        note(line)
      }
    },
    stop() {
      if (stderr.isTTY) stderr.write('\r\u001b[K')
    },
  }
}
