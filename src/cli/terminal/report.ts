import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

/** A command's output: `json` for `--json`, and the same as lines for a person. */
export type Report = {
  json: Record<string, unknown>
  lines: readonly string[]
  /** Something is wrong: the exit status is 1. */
  failed?: boolean
}

/** Where reports go: to stdout or, if records went to stdout, to stderr. */
export const reporting: { to: Writable } = { to: process.stdout }

/** Prints one JSON object and nothing else, or the lines. */
export function print(report: Report, json: boolean | undefined): void {
  const text = json ? JSON.stringify(report.json) : report.lines.join('\n')
  reporting.to.write(escapeControls(`${text}\n`))
  if (report.failed) process.exitCode = 1
}

/** Prints a note to stderr: stdout has only what was asked for. */
export const note = (line: string) => process.stderr.write(escapeControls(`${line}\n`))

/** Every control character but tab and line end. */
const CONTROL = /[^\P{Cc}\t\n]/gu
const COLOUR = /^\[\d+m/

/**
 * Escapes control characters as JSON does, but keeps our own colours. A column name could otherwise control the
 * operator's terminal.
 */
const escapeControls = (text: string) =>
  text.replace(CONTROL, (one, at: number) =>
    one === '\u001b' && COLOUR.test(text.slice(at + 1, at + 6))
      ? one
      : `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** `1,234`, whatever the operator's locale. */
export const counted = (count: number) => count.toLocaleString('en-US')

export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [heading, ...rows]
  const widths = heading.map((_, n) => Math.max(...all.map((row) => row[n]?.length ?? 0)))
  const padded = (cells: readonly string[]) => cells.map((cell, n) => cell.padEnd(widths[n] ?? 0))
  const line = (cells: readonly string[]) => padded(cells).join('  ').trimEnd()
  return [styleText('bold', line(heading)), ...rows.map(line)]
}

const shellWord = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`

/** Quotes words for a shell, so that a command line that we print can be pasted. */
export const shellWords = (words: readonly string[]) => words.map(shellWord).join(' ')
