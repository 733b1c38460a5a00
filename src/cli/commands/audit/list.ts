import { InvalidArgumentError, Option, type Command } from '@commander-js/extra-typings'
import { trailOf, type TrailEvent } from '../../../operator/trail/events.ts'
import { recordId } from '../../../fields/number.ts'
import { kinds } from '../../../kinds.ts'
import { aboutPatient, aboutRecord, isAbout, type About } from '../../../operator/trail/about.ts'
import { writeAll } from '../../files/output.ts'
import { chooseStore, onStore } from '../../environment/choice.ts'
import { withStore } from '../../environment/open.ts'
import { NO_CLINIC } from '../../environment/operator.ts'
import { Misuse } from '../../terminal/failure.ts'
import { example, parseClinic, parseSince } from '../../terminal/options.ts'
import { counted, print } from '../../terminal/report.ts'
import { parseRecord } from '../records/named-record.ts'
import { readingSegments } from './bucket.ts'

const EVER = ''

export const define = (command: Command) =>
  onStore(command)
    .option('--clinic <id>', 'the clinic (default: what was done to no single clinic)', parseClinic)
    .option('--patient <id>', 'only what showed or changed records of the patient', parseId)
    .addOption(
      new Option('--record <record>', 'only what showed or changed it, such as dependents/12')
        .argParser(parseRecord)
        .conflicts('patient'),
    )
    .addOption(
      new Option('--since <when>', 'a duration such as 7d, or a time in UTC')
        .argParser(parseSince)
        .default(undefined, '24h; of a patient or record: ever'),
    )
    .option('--out <file>', 'a new file that only you can read (default: stdout)')
    .addHelpText(...example('audit list --clinic riverside --local --patient 1049'))
    .action(async ({ clinic, patient, record, out, ...options }) => {
      const isNarrow = patient !== undefined || record !== undefined
      if (isNarrow && clinic === undefined) throw new Misuse('say whose it is: --clinic')
      const since = options.since ?? (isNarrow ? EVER : parseSince('24h'))
      const clinicId = clinic ?? NO_CLINIC
      const choice = await chooseStore(options)
      const exported = await withStore(choice, async ({ db, bucket, leave }) => {
        let about: About | undefined
        if (patient !== undefined) about = await aboutPatient(db, kinds, clinicId, patient)
        if (record) about = await aboutRecord(db, record.kind, clinicId, record.id)
        const events = matching(trailOf(db, bucket, clinicId, since), about)
        const written = await readingSegments(choice, () => writeAll(out, events))
        await leave({ action: 'audit', resource: 'trail', clinicId })
        return written
      })
      const lines = [`${counted(exported)} events${since === EVER ? '' : ` since ${since}`}`]
      print(
        { json: { exported, since: since || null }, lines },
        options,
        out ? process.stdout : process.stderr,
      )
    })

function parseId(value: string): number {
  const { data } = recordId.safeParse(Number(value))
  if (data === undefined) throw new InvalidArgumentError('Use the id of a patient, such as 1049.')
  return data
}

async function* matching(events: AsyncGenerator<TrailEvent>, about: About | undefined) {
  for await (const event of events) if (!about || isAbout(about, event)) yield event
}
