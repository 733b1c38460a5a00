import { InvalidArgumentError } from 'commander'
import { resources } from '../../../resources/index.ts'
import type { Repair } from '../../../operator/records/repair.ts'
import type { Resource } from '../../../records/resource.ts'
import { checkClinic, refuseWrites } from '../../environment/clinic.ts'
import type { Store } from '../../environment/open.ts'
import { argument, type Values } from '../../terminal/command.ts'
import { Failure } from '../../terminal/failure.ts'
import { clinicOption, parseId } from '../../terminal/options.ts'

/** Parses `person_informations/12` into a resource and an id. */
export function parseRecord(value: string) {
  const [, name = '', id = ''] = /^(\w+)\/(.+)$/.exec(value) ?? []
  return { resource: parseResource(name), id: parseId(id) }
}

export function parseResource(value: string): Resource {
  const resource = resources.find(({ name }) => name === value)
  if (resource) return resource
  throw new InvalidArgumentError(`Use ${resources.map(({ name }) => name).join(' or ')}.`)
}

export const recordWords = {
  record: argument('<record>', 'such as person_informations/12', parseRecord),
  clinic: clinicOption,
}

/** Repairs a record, which is then `done`; `wrong` is the error if `work` returns false. Throws Failure. */
export async function repairRecord(
  { record: { resource, id }, clinic }: Values<typeof recordWords>,
  store: Store,
  done: string,
  wrong: string,
  work: (repair: Repair) => Promise<boolean>,
) {
  const { state } = await checkClinic(store, clinic)
  if (state !== 'open') refuseWrites(clinic)
  const name = `${resource.name}/${id}`
  const isDone = await work({ clinicId: clinic, id, tokenId: await store.operator() })
  if (!isDone) throw new Failure(`${name} of ${clinic} ${wrong}`)
  return { json: { clinic, record: name, [done]: true }, lines: [`${name} is ${done}.`] }
}
