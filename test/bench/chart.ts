/** Colours that can be read on GitHub's light page and on its dark one. */
const INK = '#7d8590'
const GRID = '#7d859033'
export const COLOURS = { service: '#2f81f7', bare: '#d29922', twin: '#e5534b' }

const WIDTH = 720
const HEIGHT = 320
const LEFT = 70
const RIGHT = 40
const TOP = 56
const BOTTOM = 52

export type Series = { name: string; colour: string; points: (readonly [x: number, y: number])[] }

type Axis = { label: string; ticks: number[] }

/** Lines over two logarithmic axes, each from its first tick to its last. */
export function lineChart(title: string, x: Axis, y: Axis, series: Series[]): string {
  const across = scale(x.ticks, LEFT, WIDTH - RIGHT)
  const up = scale(y.ticks, HEIGHT - BOTTOM, TOP)
  return svg(HEIGHT, title, [
    ...x.ticks.map((tick) => text(across(tick), HEIGHT - BOTTOM + 18, short(tick), 'middle')),
    ...y.ticks.flatMap((tick) => [
      `<path d="M${LEFT} ${up(tick)}H${WIDTH - RIGHT}" stroke="${GRID}"/>`,
      text(LEFT - 8, up(tick) + 4, short(tick), 'end'),
    ]),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x.label, 'middle'),
    text(LEFT - 54, TOP - 12, y.label),
    ...series.flatMap(({ name, colour, points }, n) => [
      `<polyline points="${points.map(([a, b]) => `${across(a)},${up(b)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2.5"/>`,
      ...points.map(
        ([a, b]) => `<circle cx="${across(a)}" cy="${up(b)}" r="3.5" fill="${colour}"/>`,
      ),
      ...legend(n, name, colour),
    ]),
  ])
}

export type Bars = { name: string; values: { name: string; colour: string; value: number }[] }

/** Bars side by side for each name, their values beside them; none is drawn longer than `longest`. */
export function barChart(
  title: string,
  groups: Bars[],
  written: (value: number) => string = number,
  longest = Infinity,
): string {
  const left = 250
  const all = groups.flatMap(({ values }) => values.map(({ value }) => value))
  const widest = Math.min(longest, Math.max(...all))
  let top = TOP
  const drawn = groups.flatMap(({ name, values }) => {
    const middle = top + (values.length * 12) / 2 + 4
    const bars = values.flatMap(({ colour, value }, n) => {
      const width = Math.max(1, Math.min(1, value / widest) * (WIDTH - left - 80))
      const y = top + n * 12
      return [
        `<rect x="${left}" y="${y}" width="${round(width)}" height="10" rx="2" fill="${colour}"/>`,
        text(left + width + 6, y + 9, written(value), 'start', 11),
      ]
    })
    top += values.length * 12 + 12
    return [text(left - 10, middle, name, 'end'), ...bars]
  })
  const [first] = groups
  const legends = (first?.values ?? []).flatMap(({ name, colour }, n) => legend(n, name, colour))
  return svg(top + 8, title, [...drawn, ...legends])
}

const svg = (
  height: number,
  title: string,
  drawn: string[],
) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13" fill="${INK}">
<title>${title}</title>
<text x="16" y="22" font-size="15" font-weight="600">${title}</text>
${drawn.join('\n')}
</svg>
`

const legend = (n: number, name: string, colour: string) => [
  `<rect x="${WIDTH - RIGHT - 130 * (3 - n)}" y="30" width="10" height="10" rx="2" fill="${colour}"/>`,
  text(WIDTH - RIGHT - 130 * (3 - n) + 16, 39, name),
]

const text = (x: number, y: number, content: string, anchor = 'start', size = 13) =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}">${content}</text>`

function scale(ticks: readonly number[], from: number, to: number) {
  const low = Math.log(Math.min(...ticks))
  const high = Math.log(Math.max(...ticks))
  return (value: number) => round(from + ((Math.log(value) - low) / (high - low)) * (to - from))
}

/** 1K, 100K, 1M. */
const short = (value: number) => value.toLocaleString('en', { notation: 'compact' })
const number = (value: number) => value.toLocaleString('en')
const round = (value: number) => Math.round(value * 10) / 10
