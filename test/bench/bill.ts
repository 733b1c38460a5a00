import type { Counts } from './workers/counting.ts'

/**
 * What Cloudflare asks beyond what the Workers Paid plan includes, in US dollars: developers.cloudflare.com, the page
 * /workers/platform/pricing and those of D1, KV, R2 and Workers Logs that it shows, as stored copies had them that day.
 */
export const PRICES = {
  date: '2026-11-25',
  per_million: {
    requests: 0.3,
    processor_milliseconds: 0.02,
    rows_read: 0.001,
    rows_written: 1,
    kv_reads: 0.5,
    r2_writes: 4.5,
    r2_reads: 0.36,
    log_lines: 0.6,
  },
  per_gigabyte_month: { d1: 0.75, r2: 0.015 },
}

/** What a row costs after the request that wrote it: src/audit seals it to R2, and the cron lets it leave D1. */
const ROWS_A_SEGMENT = 5000
const MONTHS_IN_R2 = 72
const LATER = {
  /** Read once to be sealed, and again when it leaves D1 after a month, which reads its object and deletes the row. */
  accesses: { rows_read: 2, rows_written: 1, r2_writes: 1, r2_reads: 1, months_in_d1: 1 },
  /** Stays in D1, since it is the record's history. */
  changes: { rows_read: 1, rows_written: 0, r2_writes: 1, r2_reads: 0, months_in_d1: 0 },
  /** Swept after a day. */
  keys: { rows_read: 1, rows_written: 1, r2_writes: 0, r2_reads: 0, months_in_d1: 0 },
}

/** Bytes of a row of the trail: in D1, and compressed in R2. */
export type TrailBytes = { d1: number; r2: number }

/** What a million requests cost, in US dollars, by what they are for. */
export function billOf(
  counts: Pick<Counts, 'rows_read' | 'rows_written' | 'kv_reads'>,
  processorMilliseconds: number,
  leaves: Record<keyof typeof LATER, number>,
  bytes: TrailBytes,
) {
  const { per_million: price } = PRICES
  const parts = {
    requests: price.requests,
    processor: processorMilliseconds * price.processor_milliseconds,
    rows_read: counts.rows_read * price.rows_read,
    rows_written: counts.rows_written * price.rows_written,
    kv: counts.kv_reads * price.kv_reads,
    afterwards:
      leaves.accesses * lifeOf(LATER.accesses, bytes) +
      leaves.changes * lifeOf(LATER.changes, bytes) +
      leaves.keys * lifeOf(LATER.keys, bytes),
  }
  const total = Object.values(parts).reduce((sum, part) => sum + part, 0)
  return mapValues({ ...parts, total }, (dollars) => Math.round(dollars * 1000) / 1000)
}

/** What a million such rows cost from the end of their requests on. */
function lifeOf(later: (typeof LATER)['accesses'], bytes: TrailBytes): number {
  const { per_million: price, per_gigabyte_month: month } = PRICES
  const gigabytes = (each: number) => (each * 1e6) / 1e9
  return (
    later.rows_read * price.rows_read +
    later.rows_written * price.rows_written +
    (later.r2_writes * price.r2_writes + later.r2_reads * price.r2_reads) / ROWS_A_SEGMENT +
    later.months_in_d1 * gigabytes(bytes.d1) * month.d1 +
    (later.r2_writes > 0 ? MONTHS_IN_R2 * gigabytes(bytes.r2) * month.r2 : 0)
  )
}

export type Bill = ReturnType<typeof billOf>

/**
 * A month of a clinic of 20,000 patients, in calls: 8,000 visits, each with a look at the patient's coverages and
 * records and at the plans, one in ten with something to amend; 200 patients who are new, with a dependent for every
 * second; 1,600 renewals; some corrections; and a system that follows the changes each minute.
 */
const MONTH = {
  search: 8000,
  "a patient's coverages on a day": 8000,
  'person informations of a patient': 8000,
  'dependents of a holder': 2000,
  'plans, first page': 8000,
  '25 changes': 30 * 24 * 60,
  'amend a person information': 800,
  'register an ownable': 200,
  'create a person information': 200,
  'create a dependent': 100,
  'create a coverage': 200 + 1600,
  'amend a coverage': 1600,
  delete: 40,
}
/** What it keeps in D1: a record, a coverage, half a dependent and two years of changes of each patient. */
const KEPT = {
  person_informations: 20_000,
  coverages: 40_000,
  dependents: 10_000,
  changes: 180_000,
}

/** What such a month costs, in US dollars, from the bills of a million and the bytes of a row. */
export function billOfMonth(bills: ReadonlyMap<string, Bill>, bytes: Record<string, number>) {
  const calls = Object.entries(MONTH)
  const requests = calls.reduce((sum, [name, times]) => {
    const bill = bills.get(name)
    if (!bill) throw new Error(`no endpoint is named ${name} any more`)
    return sum + (bill.total * times) / 1e6
  }, 0)
  const kept = Object.entries(KEPT).reduce((sum, [table, n]) => sum + n * (bytes[table] ?? NaN), 0)
  const storage = (kept / 1e9) * PRICES.per_gigabyte_month.d1
  return mapValues(
    { requests, storage, total: requests + storage },
    (value) => Math.round(value * 1e4) / 1e4,
  )
}

const mapValues = <Key extends string>(of: Record<Key, number>, map: (value: number) => number) => {
  const mapped = { ...of }
  for (const key in mapped) mapped[key] = map(mapped[key])
  return mapped
}
