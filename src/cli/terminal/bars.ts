const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const HEIGHTS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** A share of 0 to 1 as a bar of so many characters. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8)
  return ('█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]).padEnd(width)
}

/** Numbers as columns, one character each, the greatest as high as a line. */
export function columns(values: readonly number[]): string {
  const most = Math.max(1, ...values)
  return values.map((value) => HEIGHTS[Math.round((value / most) * 7)]).join('')
}

/** `1.2 MB`: three digits and a unit of a thousand. */
export function sized(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB']
  const power = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const value = bytes / 1000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}
