import { randomUUID } from 'node:crypto'
import { InvalidArgumentError, type Command } from '@commander-js/extra-typings'
import { appendEvent } from '../../audit/queries.ts'
import { kinds } from '../../kinds.ts'
import type { Kind } from '../../records/kind.ts'
import { listStored } from '../../records/stored.ts'
import { writePages } from '../files/output.ts'
import { chooseStore, onStore } from '../store/choice.ts'
import { withStore } from '../store/open.ts'
import { example, parseClinic } from '../terminal/options.ts'
import { counted, print } from '../terminal/report.ts'

const PAGE_ROWS = 500

/** The token id of the operator in the audit trail, who has no token. */
const OPERATOR = 'operator'

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
      const exported = await withStore(choice, ({ db }) =>
        writePages(out, async (after) => {
          const page = await listStored(db, kind, clinic, after, PAGE_ROWS)
          if (page.length === 0) return []
          // The audit trail names the page before it is written.
          const event = {
            ...{ requestId: randomUUID(), clinicId: clinic, tokenId: OPERATOR, status: 200 },
            ...{ action: 'list' as const, resource: kind.name },
            recordIds: page.map(({ record }) => record.id),
          }
          await db.batch([appendEvent(db, event)])
          return page.map(({ record, position }) => ({ line: record, after: position }))
        }),
      )
      const lines = [`${counted(exported)} ${kind.name} of ${clinic} exported`]
      print({ json: { exported }, lines }, options, out ? process.stdout : process.stderr)
    })

function parseKind(value: string): Kind {
  const kind = kinds.find(({ name }) => name === value)
  if (kind) return kind
  throw new InvalidArgumentError(`Use ${NAMES}.`)
}
