/** What a command tells: `json` for `--json`, and the same in lines for a person. */
export type Report = { json: Record<string, unknown>; lines: readonly string[] }

/** Prints one JSON object and nothing else, or the lines. */
export function print(report: Report, asJson: boolean | undefined): void {
  process.stdout.write(asJson ? `${JSON.stringify(report.json)}\n` : `${report.lines.join('\n')}\n`)
}
