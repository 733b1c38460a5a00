import { InvalidArgumentError, type Command } from '@commander-js/extra-typings'
import { rangesOf } from '../../trail/ranges.ts'
import { kinds } from '../../kinds.ts'
import type { Kind } from '../../records/kind.ts'
import { listStored } from '../../operator/records/stored.ts'
import { writeAll } from '../files/output.ts'
import { chooseStore, onStore } from '../environment/choice.ts'
import { checkClinic } from '../environment/clinic.ts'
import { withStore, type Store } from '../environment/open.ts'
import { example, parseClinic } from '../terminal/options.ts'
import { counted, print } from '../terminal/report.ts'

const PAGE_ROWS = 500

const NAMES = kinds.map(({ name }) => name).join(' or ')

export const define = (command: Command) =>
  onStore(command)
    .argument('<table>', NAMES, parseKind)
    .requiredOption('--clinic <id>', 'the clinic whose records they are', parseClinic)
    .option('--out <file>', 'a new file that only you can read (default: stdout)')
    .addHelpText(
      ...example('export person_informations --clinic riverside --local --out people.ndjson'),
    )
    .action(async (kind, { clinic, out, ...options }) => {
      const choice = await chooseStore(options)
      const exported = await withStore(choice, async (store) => {
        await checkClinic(store.db, choice, clinic)
        return await writeAll(out, recordsOf(store, kind, clinic))
      })
      const lines = [`${counted(exported)} ${kind.name} of ${clinic} exported`]
      print({ json: { exported }, lines }, options, out ? process.stdout : process.stderr)
    })

/** A clinic's records; the trail names each page before it is written. */
export async function* recordsOf(
  { db, leave }: Pick<Store, 'db' | 'leave'>,
  kind: Kind,
  clinicId: string,
) {
  for (let after = 0; ;) {
    const page = await listStored(db, kind, clinicId, after, PAGE_ROWS)
    const last = page.at(-1)
    if (!last) return
    const ids = rangesOf(page.map(({ id }) => id))
    await leave({ action: 'export', resource: kind.name, clinicId, ids })
    yield* page
    after = last.id
  }
}

function parseKind(value: string): Kind {
  const kind = kinds.find(({ name }) => name === value)
  if (kind) return kind
  throw new InvalidArgumentError(`Use ${NAMES}.`)
}
