import cliProgress from 'cli-progress'
import { counted, note } from './report.ts'

/** How far a command has come. `share` is the part done, 0 to 1, or undefined where the whole is unknown. */
export type Progress = { show: (rows: number, share: number | undefined) => void; stop: () => void }

/** Plain output gets a line each so many rows. Where the end is not known, a bar fills with them, and begins anew. */
const ROWS_A_LINE = 10_000

/** A bar on a terminal, plain lines elsewhere; both on stderr. */
export function startProgress(what: string): Progress {
  const bar = new cliProgress.SingleBar(
    {
      format: `${what} {bar} {done}`,
      stream: process.stderr,
      clearOnComplete: true,
      // The command stops at Ctrl-C by itself, between two steps.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  )
  // It draws on a terminal alone.
  bar.start(1, 0, { done: '' })
  let told = 0
  return {
    show(rows, share) {
      const percent = share === undefined ? '' : `${Math.round(share * 100)}% · `
      const done = `${percent}${counted(rows)} rows`
      bar.update(share ?? (rows % ROWS_A_LINE) / ROWS_A_LINE, { done })
      if (process.stderr.isTTY || rows < told + ROWS_A_LINE) return
      told = rows - (rows % ROWS_A_LINE)
      note(`${what}: ${done}`)
    },
    stop: () => bar.stop(),
  }
}
