import { randomUUID } from 'node:crypto'
import { InvalidArgumentError, type Command } from '@commander-js/extra-typings'
import { kinds } from '../../../kinds.ts'
import type { Kind } from '../../../records/kind.ts'
import type { Deed } from '../../../operator/records/repair.ts'
import {
  chooseStore,
  onStore,
  type StoreChoice,
  type StoreOptions,
} from '../../environment/choice.ts'
import { checkClinic } from '../../environment/clinic.ts'
import { withStore, type Store } from '../../environment/open.ts'
import { Failure } from '../../terminal/failure.ts'
import { parseClinic } from '../../terminal/options.ts'
import { print } from '../../terminal/report.ts'

/** Adds what a command takes that is about one record. */
export const onRecord = (command: Command) =>
  onStore(command)
    .argument('<record>', 'such as person_informations/12', parseRecord)
    .requiredOption('--clinic <id>', 'the clinic whose record it is', parseClinic)

type Named = { kind: Kind; id: number }

/** `person_informations/12` as a kind and an id. */
export function parseRecord(value: string): Named {
  const [, name, id] = /^([a-z_]+)\/([1-9]\d{0,15})$/.exec(value) ?? []
  const kind = kinds.find((one) => one.name === name)
  if (kind && Number.isSafeInteger(Number(id))) return { kind, id: Number(id) }
  throw new InvalidArgumentError(`Use ${kinds.map((one) => `${one.name}/12`).join(' or ')}.`)
}

type Work = (store: Store, deed: Deed, choice: StoreChoice) => Promise<boolean>

/** Does `work` on the record and prints that it was `done`; if it gives false, fails with what is `wrong`. */
export async function withRecord(
  { kind, id }: Named,
  { clinic, ...options }: StoreOptions & { clinic: string },
  { done, wrong }: { done: string; wrong: string },
  work: Work,
): Promise<void> {
  const choice = await chooseStore(options)
  const name = `${kind.name}/${id}`
  await withStore(choice, async (store) => {
    await checkClinic(store.db, choice, clinic)
    const [tokenId, requestId] = [await store.operator(), randomUUID()]
    const deed = { clinicId: clinic, id, tokenId, requestId, now: new Date().toISOString() }
    if (!(await work(store, deed, choice))) throw new Failure(`${name} of ${clinic} ${wrong}`)
  })
  print({ json: { clinic, record: name, [done]: true }, lines: [`${name} is ${done}.`] }, options)
}
