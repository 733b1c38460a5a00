import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { barChart, COLOURS, lineChart } from './chart.ts'
import { pagesOf } from './endpoints.ts'
import { ladder } from './fill.ts'
import type { Results } from './index.ts'

const NAMES = { service: 'this service', bare: 'bare Worker', twin: 'textbook twin' }

/** Writes results.json and the charts, and prints what matters. */
export async function publish(results: Results) {
  const file = (name: string) => join(import.meta.dirname, name)
  await writeFile(file('results.json'), JSON.stringify(results, null, 2) + '\n')
  await writeFile(file('bill.svg'), billChart(results))
  await writeFile(file('rows-read.svg'), rowsReadChart(results))
  await writeFile(file('latency-by-page.svg'), latencyChart(results))
  await writeFile(file('throughput.svg'), throughputChart(results))

  const { endpoints, by_records, storage, memory, bundle, by_page, at_a_distance } = results
  const { month, publishing } = results
  console.log(
    '\nA million requests, in US dollars; the token is new to the isolate, but for `warm`.',
  )
  console.table(
    endpoints.map(({ endpoint, counts, bill }) => ({
      endpoint,
      'rows read': counts.service.rows_read,
      written: counts.service.rows_written,
      KV: counts.service.kv_reads,
      afterwards: bill.service.afterwards,
      bill: bill.service.total,
      bare: bill.bare.total,
      twin: bill.twin?.total,
      warm: bill.warm?.total,
    })),
  )
  console.log(
    'Beside the bare Worker: processor time and speed, and kB kept after different calls.',
  )
  console.table(
    endpoints.map(({ endpoint, memory, ...figures }) => ({
      endpoint,
      'by processor': figures.of_bare_by_processor,
      'by clock': figures.of_bare,
      ms: figures.processor_milliseconds.service,
      '1/s': figures.requests_per_second.service,
      'bare 1/s': figures.requests_per_second.bare,
      'twin 1/s': figures.requests_per_second.twin,
      'kept kB': memory.service_kb,
      'bare kB': memory.bare_kb,
    })),
  )
  console.log('Rows read and written by the size of the clinic.')
  console.table(
    by_records
      .filter(({ at }) => at.length > 0)
      .map(({ endpoint, at }) => ({
        endpoint,
        ...Object.fromEntries(
          at.map((one) => [one.records, `${one.rows_read} / ${one.rows_written}`]),
        ),
        twin: at.map(({ twin_rows_read }) => twin_rows_read ?? '–').join(' → '),
      })),
  )
  console.log('Milliseconds where D1 is so far away: of this service, and of the textbook twin.')
  console.table(
    at_a_distance.measured.map(({ endpoint, at }) => ({
      endpoint,
      ...Object.fromEntries(at.map(({ d1, service, twin }) => [d1, `${service} / ${twin ?? '–'}`])),
    })),
  )
  console.log('Publishing a catalogue, and a month of a clinic in US dollars.')
  console.table(publishing)
  console.log(month, storage, memory, by_page, bundle)
}

const dollars = (value: number) => `$${value.toFixed(2)}`
/** The twin's bill for a list of a large clinic is many times longer than the chart is wide. */
const LONGEST_DOLLARS = 14

const billChart = ({ endpoints, data: { compared } }: Results) =>
  barChart(
    `What a million requests cost, in a clinic of ${compared.toLocaleString('en')} records`,
    endpoints.map(({ endpoint, bill }) => bars(endpoint, bill, ({ total }) => total)),
    dollars,
    LONGEST_DOLLARS,
  )

const throughputChart = ({ endpoints }: Results) =>
  barChart(
    'Requests a second, same data and same answers',
    endpoints.map(({ endpoint, requests_per_second }) =>
      bars(endpoint, requests_per_second, (value) => value),
    ),
  )

/** A bar for the service and for each reference that has the endpoint. */
function bars<Figure>(
  name: string,
  { service, bare, twin }: { service: Figure; bare: Figure; twin: Figure | null },
  value: (figure: Figure) => number,
) {
  const bar = (worker: keyof typeof NAMES, figure: Figure) => ({
    name: NAMES[worker],
    colour: COLOURS[worker],
    value: value(figure),
  })
  return {
    name,
    values: [bar('service', service), bar('bare', bare), ...(twin ? [bar('twin', twin)] : [])],
  }
}

const LAST_PAGE = 'person informations, last page'

function rowsReadChart({ data, by_records }: Results) {
  const { at = [] } = by_records.find(({ endpoint }) => endpoint === LAST_PAGE) ?? {}
  return lineChart(
    'Rows read for the last page of person informations',
    { label: 'person informations of the clinic', ticks: ladder(data.records) },
    {
      label: 'rows read',
      ticks: [10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000].filter(
        (tick) => tick <= data.records * 10,
      ),
    },
    [
      {
        name: NAMES.service,
        colour: COLOURS.service,
        points: at.map(({ records, rows_read }) => [records, rows_read]),
      },
      {
        name: NAMES.twin,
        colour: COLOURS.twin,
        points: at.map(({ records, twin_rows_read }) => [records, twin_rows_read ?? NaN]),
      },
    ],
  )
}

function latencyChart({ data, by_page: { service, twin } }: Results) {
  const points = ({ pages, median_milliseconds }: typeof service) =>
    pages.map((page, n) => [page, median_milliseconds[n] ?? NaN] as const)
  return lineChart(
    `Latency by page number, ${service.deleted.toLocaleString('en')} records deleted, one request at a time`,
    {
      label: 'page of 25',
      ticks: [1, 10, 100, 1000, 10_000, 100_000].filter(
        (tick) => tick < pagesOf(data.records) * 10,
      ),
    },
    { label: 'median ms', ticks: [1, 10, 100, 1000] },
    [
      { name: NAMES.service, colour: COLOURS.service, points: points(service) },
      { name: NAMES.twin, colour: COLOURS.twin, points: points(twin) },
    ],
  )
}
