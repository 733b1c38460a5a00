import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Writes a catalogue of `count` plans as NDJSON, some 250 bytes a plan; the same plans each time. */
export async function writeManyPlans(file: string, count: number): Promise<void> {
  await pipeline(Readable.from(manyPlans(count)), createWriteStream(file))
}

function* manyPlans(count: number): Generator<string> {
  for (let n = 1; n <= count; n++) {
    yield `${JSON.stringify({
      external_id: `GEN-${String(n).padStart(7, '0')}`,
      plan_name: `Generated ${['Bronze', 'Silver', 'Gold'][n % 3]} ${n}`,
      carrier: `Carrier ${n % 97}`,
      plan_type: ['HMO', 'PPO', 'EPO', 'POS'][n % 4],
      active: n % 10 !== 0,
      coverage_details: { deductible: 500 + (n % 50) * 100, copay: n % 3 === 0 ? null : n % 60 },
      out_of_pocket_max: `$${4 + (n % 5)},500`,
      network: 'regional',
    })}\n`
  }
}
