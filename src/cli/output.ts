import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

/** What a command tells: `json` for `--json`, and the same in lines for a person. */
export type Report = {
  json: Record<string, unknown>
  lines: readonly string[]
  /** Not everything was as it should be: exit status 1. */
  failed?: boolean
}

/** Prints one JSON object and nothing else, or the lines. */
export function print(
  report: Report,
  asJson: boolean | undefined,
  to: Writable = process.stdout,
): void {
  to.write(asJson ? `${JSON.stringify(report.json)}\n` : `${report.lines.join('\n')}\n`)
  if (report.failed) process.exitCode = 1
}

/** Tells a person what goes on. It goes to stderr, so that stdout holds what was asked for alone. */
export const note = (line: string) => process.stderr.write(`${line}\n`)

export const bold = (text: string) => styleText('bold', text)

/** `1,234`, whatever the operator's locale. */
export const counted = (count: number) => count.toLocaleString('en-US')

/** Rows as aligned columns under a heading. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heading.map((title, n) =>
    Math.max(title.length, ...rows.map((row) => row[n]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join('  ')
      .trimEnd()
  return [bold(line(heading)), ...rows.map(line)]
}
