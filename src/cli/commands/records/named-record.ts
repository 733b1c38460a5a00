import { InvalidArgumentError, type Command } from '@commander-js/extra-typings'
import { resources } from '../../../resources/index.ts'
import type { Resource } from '../../../records/resource.ts'
import type { Repair } from '../../../operator/records/repair.ts'
import { chooseStore, onStore, type StoreChoice, type StoreOptions } from '../../store/choice.ts'
import { checkClinic } from '../../store/clinic.ts'
import { withStore, type Store } from '../../store/open.ts'
import { Failure } from '../../terminal/failure.ts'
import { parseClinic } from '../../terminal/options.ts'
import { print } from '../../terminal/report.ts'

/** Adds what a command takes that is about one record. */
export const onRecord = (command: Command) =>
  onStore(command)
    .argument('<record>', 'such as person_informations/12', parseRecord)
    .requiredOption('--clinic <id>', 'the clinic whose record it is', parseClinic)

type Named = { resource: Resource; id: number }

/** `person_informations/12` as a resource and an id. */
export function parseRecord(value: string): Named {
  const [, name, id] = /^([a-z_]+)\/([1-9]\d{0,15})$/.exec(value) ?? []
  const resource = resources.find((one) => one.name === name)
  if (resource && Number.isSafeInteger(Number(id))) return { resource, id: Number(id) }
  throw new InvalidArgumentError(`Use ${resources.map((one) => `${one.name}/12`).join(' or ')}.`)
}

type Work = (store: Store, repair: Repair, choice: StoreChoice) => Promise<boolean>

/** Does `work` on the record and prints that it was `done`; if it gives false, fails with what is `wrong`. */
export async function withRecord(
  { resource, id }: Named,
  { clinic, ...options }: StoreOptions & { clinic: string },
  { done, wrong }: { done: string; wrong: string },
  work: Work,
): Promise<void> {
  const choice = await chooseStore(options)
  const name = `${resource.name}/${id}`
  await withStore(choice, async (store) => {
    await checkClinic(store.db, choice, clinic)
    const repair = { clinicId: clinic, id, tokenId: await store.operator() }
    if (!(await work(store, repair, choice))) throw new Failure(`${name} of ${clinic} ${wrong}`)
  })
  print({ json: { clinic, record: name, [done]: true }, lines: [`${name} is ${done}.`] }, options)
}
