import cliProgress from 'cli-progress'
import { counted, note } from './report.ts'

/** How far a command has come. `share` is the part done, 0 to 1, or undefined where the whole is unknown. */
export type Progress = { show: (rows: number, share: number | undefined) => void; stop: () => void }

/** Plain output gets a line each so many rows. */
const ROWS_A_LINE = 10_000

/** A bar on a terminal, plain lines elsewhere; both on stderr. */
export function startProgress(what: string): Progress {
  return process.stderr.isTTY ? bar(what) : lines(what)
}

function bar(what: string): Progress {
  const shown = new cliProgress.SingleBar(
    {
      format: `${what} {bar} {part}{rows} rows`,
      stream: process.stderr,
      clearOnComplete: true,
      // The command stops at Ctrl-C by itself, between two steps.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  )
  shown.start(100, 0, { part: '', rows: 0 })
  return {
    show(rows, share) {
      // Where the end is not known, the bar fills with every so many rows, and begins anew.
      const percent = Math.round((share ?? (rows % ROWS_A_LINE) / ROWS_A_LINE) * 100)
      const part = share === undefined ? '' : `${percent}% · `
      shown.update(percent, { part, rows: counted(rows) })
    },
    stop: () => shown.stop(),
  }
}

function lines(what: string): Progress {
  let told = 0
  return {
    show(rows, share) {
      if (rows < told + ROWS_A_LINE) return
      told = rows - (rows % ROWS_A_LINE)
      const part = share === undefined ? '' : ` · ${Math.round(share * 100)}%`
      note(`${what}: ${counted(rows)} rows${part}`)
    },
    stop() {},
  }
}
