import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { barChart, COLOURS, lineChart } from './chart.ts'
import { pagesOf } from './endpoints.ts'
import { ladder } from './fill.ts'
import type { Results } from './index.ts'

/** Writes results.json and the charts, and prints the same as tables. */
export async function publish(results: Results) {
  const file = (name: string) => join(import.meta.dirname, name)
  await writeFile(file('results.json'), JSON.stringify(results, null, 2) + '\n')
  await writeFile(file('rows-read.svg'), rowsReadChart(results))
  await writeFile(file('latency-by-page.svg'), latencyChart(results))
  await writeFile(file('throughput.svg'), throughputChart(results))

  console.table(
    results.costs.map(({ endpoint, records, cache, ...costs }) => ({
      endpoint,
      records,
      ...costs,
    })),
  )
  console.table(
    results.beside_references.map(
      ({ endpoint, requests_per_second, of_bare, of_bare_by_cpu, times_twin }) => ({
        endpoint,
        ...requests_per_second,
        'of bare': of_bare,
        'by CPU': of_bare_by_cpu,
        '× twin': times_twin,
      }),
    ),
  )
  console.table(results.at_a_distance.measured)
  console.log(results.by_page, results.bundle)
}

function rowsReadChart({ data, costs, twin_rows_read }: Results) {
  const last = costs.filter(({ endpoint }) => endpoint === 'person informations, last page')
  const sizes = ladder(data.records)
  return lineChart(
    'Rows read for the last page of person informations',
    { label: 'person informations of the clinic', ticks: sizes },
    {
      label: 'rows read',
      ticks: [10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000].filter(
        (tick) => tick <= data.records * 10,
      ),
    },
    [
      {
        name: 'this service',
        colour: COLOURS.service,
        points: last.map(({ records, rows_read }) => [records, rows_read]),
      },
      {
        name: 'textbook twin',
        colour: COLOURS.twin,
        points: twin_rows_read.map(({ records, last_page }) => [records, last_page]),
      },
    ],
  )
}

function latencyChart({ data, by_page: { service, twin } }: Results) {
  const points = ({ pages, median_milliseconds }: typeof service) =>
    pages.map((page, n) => [page, median_milliseconds[n] ?? NaN] as const)
  return lineChart(
    'Latency by page number, one request at a time',
    {
      label: 'page of 25',
      ticks: [1, 10, 100, 1000, 10_000, 100_000].filter(
        (tick) => tick < pagesOf(data.records) * 10,
      ),
    },
    { label: 'median ms', ticks: [1, 10, 100, 1000] },
    [
      {
        name: `this service`,
        colour: COLOURS.service,
        points: points(service),
      },
      { name: `textbook twin`, colour: COLOURS.twin, points: points(twin) },
    ],
  )
}

function throughputChart({ beside_references }: Results) {
  return barChart(
    'Requests a second, same data and same answers',
    beside_references.map(({ endpoint, requests_per_second: { service, bare, twin } }) => ({
      name: endpoint,
      values: [
        { name: 'this service', colour: COLOURS.service, value: service },
        { name: 'bare Worker', colour: COLOURS.bare, value: bare },
        ...(twin ? [{ name: 'textbook twin', colour: COLOURS.twin, value: twin }] : []),
      ],
    })),
  )
}
