import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

/** What a command tells: `json` for `--json`, and the same in lines for a person. */
export type Report = {
  json: Record<string, unknown>
  lines: readonly string[]
  /** Not everything was as it should be: exit status 1. */
  failed?: boolean
}

/** Where a report goes: to stdout, unless records went there. */
export const reporting: { to: Writable } = { to: process.stdout }

/** Prints one JSON object and nothing else, or the lines. */
export function print(report: Report, json: boolean | undefined): void {
  const text = json ? JSON.stringify(report.json) : report.lines.join('\n')
  reporting.to.write(harmless(`${text}\n`))
  if (report.failed) process.exitCode = 1
}

/** Tells a person what is going on. It goes to stderr: stdout has only what was asked for. */
export const note = (line: string) => process.stderr.write(harmless(`${line}\n`))

/** Every control character but tab and line end. */
const CONTROL = /[^\P{Cc}\t\n]/gu
const COLOUR = /^\[\d+m/

/**
 * Text with control characters as JSON writes them, but for the colours that we set ourselves: a file may name a column
 * so that its name types for the operator.
 */
const harmless = (text: string) =>
  text.replace(CONTROL, (one, at: number) =>
    one === '\u001b' && COLOUR.test(text.slice(at + 1, at + 6))
      ? one
      : `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** `1,234`, whatever the operator's locale. */
export const counted = (count: number) => count.toLocaleString('en-US')

export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heading.map((title, n) =>
    Math.max(title.length, ...rows.map((row) => row[n]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join('  ')
      .trimEnd()
  return [styleText('bold', line(heading)), ...rows.map(line)]
}

/** Words as a shell reads them back, so that a command line that we print can be pasted. */
export const shellWords = (words: readonly string[]) =>
  words
    .map((word) =>
      /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`,
    )
    .join(' ')
