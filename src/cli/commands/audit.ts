import { Option, type Command } from '@commander-js/extra-typings'
import { listAuditEvents } from '../../audit/queries.ts'
import { writePages } from '../files/output.ts'
import { chooseStore, onStore } from '../store/choice.ts'
import { withStore } from '../store/open.ts'
import { example, parseClinic, parseSince } from '../terminal/options.ts'
import { counted, print } from '../terminal/report.ts'

const PAGE_ROWS = 500

export const define = (command: Command) =>
  onStore(command)
    .requiredOption('--clinic <id>', 'the clinic whose events they are', parseClinic)
    .addOption(
      new Option('--since <when>', 'a duration such as 24h or 7d, or a time in UTC')
        .argParser(parseSince)
        .default(parseSince('24h'), '24h'),
    )
    .option('--out <file>', 'a new file that only you can read (default: stdout)')
    .addHelpText(...example('audit --clinic riverside --local --since 7d'))
    .action(async ({ clinic, since, out, ...options }) => {
      const choice = await chooseStore(options)
      const exported = await withStore(choice, ({ db }) =>
        writePages(out, async (after) => {
          const page = await listAuditEvents(db, clinic, { since, after, limit: PAGE_ROWS })
          return page.map(({ id, ...event }) => ({ line: event, after: id }))
        }),
      )
      const lines = [`${counted(exported)} audit events of ${clinic} since ${since}`]
      print({ json: { exported, since }, lines }, options, out ? process.stdout : process.stderr)
    })
