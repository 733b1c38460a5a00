import { InvalidArgumentError } from 'commander'
import { resources } from '../../../resources/index.ts'
import type { Repair } from '../../../operator/records/repair.ts'
import type { Resource } from '../../../records/resource.ts'
import { checkClinic } from '../../environment/clinic.ts'
import type { Store } from '../../environment/open.ts'
import { argument, type Values } from '../../terminal/command.ts'
import { Failure } from '../../terminal/failure.ts'
import { clinicOption, parseId } from '../../terminal/options.ts'
import type { Report } from '../../terminal/report.ts'

type NamedRecord = { resource: Resource; id: number }

/** `person_informations/12` as a resource and an id. */
export function parseRecord(value: string): NamedRecord {
  const [, name = '', id = ''] = /^(\w+)\/(.+)$/.exec(value) ?? []
  return { resource: parseResource(name), id: parseId(id) }
}

export function parseResource(value: string): Resource {
  const resource = resources.find(({ name }) => name === value)
  if (resource) return resource
  throw new InvalidArgumentError(`Use ${resources.map(({ name }) => name).join(' or ')}.`)
}

/** What a command takes that is about one record. */
export const recordWords = {
  record: argument('<record>', 'such as person_informations/12', parseRecord),
  clinic: clinicOption,
}

type Work = {
  /** What was done to the record, as the report says it. */
  done: string
  /** What is wrong where `work` gives false. */
  wrong: string
  work: (record: NamedRecord, repair: Repair) => Promise<boolean>
}

/** Repairs a record. Throws Failure. */
export async function repairRecord(
  { record, clinic }: Values<typeof recordWords>,
  store: Store,
  { done, wrong, work }: Work,
): Promise<Report> {
  await checkClinic(store, clinic)
  const name = `${record.resource.name}/${record.id}`
  const repair = { clinicId: clinic, id: record.id, tokenId: await store.operator() }
  if (!(await work(record, repair))) throw new Failure(`${name} of ${clinic} ${wrong}`)
  return { json: { clinic, record: name, [done]: true }, lines: [`${name} is ${done}.`] }
}
