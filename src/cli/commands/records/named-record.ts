import { randomUUID } from 'node:crypto'
import { InvalidArgumentError } from 'commander'
import { kinds } from '../../../kinds.ts'
import type { Deed } from '../../../operator/records/repair.ts'
import type { Kind } from '../../../records/kind.ts'
import { checkClinic } from '../../environment/clinic.ts'
import type { Store } from '../../environment/open.ts'
import { argument, type Given } from '../../terminal/command.ts'
import { Failure } from '../../terminal/failure.ts'
import { clinicOption } from '../../terminal/options.ts'
import type { Report } from '../../terminal/report.ts'

type NamedRecord = { kind: Kind; id: number }

/** `person_informations/12` as a kind and an id. */
export function parseRecord(value: string): NamedRecord {
  const [, name, id] = /^([a-z_]+)\/([1-9]\d{0,15})$/.exec(value) ?? []
  const kind = kinds.find((one) => one.name === name)
  if (kind && Number.isSafeInteger(Number(id))) return { kind, id: Number(id) }
  throw new InvalidArgumentError(`Use ${kinds.map((one) => `${one.name}/12`).join(' or ')}.`)
}

/** What a command takes that is about one record. */
export const recordWords = {
  record: argument('<record>', 'such as person_informations/12', parseRecord),
  clinic: clinicOption,
}

type Repair = {
  /** What was done to the record, as the report says it. */
  done: string
  /** What is wrong where `work` gives false. */
  wrong: string
  work: (record: NamedRecord, deed: Deed) => Promise<boolean>
}

/** Repairs a record. Throws Failure. */
export async function repair(
  { record, clinic }: Given<typeof recordWords>,
  store: Store,
  { done, wrong, work }: Repair,
): Promise<Report> {
  await checkClinic(store, clinic)
  const name = `${record.kind.name}/${record.id}`
  const deed = {
    clinicId: clinic,
    id: record.id,
    tokenId: await store.operator(),
    requestId: randomUUID(),
    now: new Date().toISOString(),
  }
  if (!(await work(record, deed))) throw new Failure(`${name} of ${clinic} ${wrong}`)
  return { json: { clinic, record: name, [done]: true }, lines: [`${name} is ${done}.`] }
}
