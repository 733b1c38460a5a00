import { NO_CLINIC } from '../../../fields/clinic-id.ts'
import { aboutPatient, aboutRecord, isAbout, type About } from '../../../operator/trail/about.ts'
import { SegmentMissing, trailOf } from '../../../operator/trail/events.ts'
import { onStore } from '../../environment/command.ts'
import { writeAll } from '../../files/output.ts'
import { option } from '../../terminal/command.ts'
import { Failure, Misuse } from '../../terminal/failure.ts'
import { outOption, parseClinic, parseId, parseSince } from '../../terminal/options.ts'
import { counted } from '../../terminal/report.ts'
import { parseRecord } from '../records/named-record.ts'

export const command = onStore({
  example: 'audit list --clinic riverside --local --patient 1049',
  takes: {
    clinic: option('--clinic <id>', 'the clinic (default: events without one)', parseClinic),
    patient: option('--patient <id>', "events about a patient's records", parseId),
    record: option('--record <record>', 'events about a record (dependents/12)', parseRecord),
    since: option(
      '--since <when>',
      'a duration such as 7d, or a time in UTC (default: 24h; for a patient or record: all)',
      parseSince,
    ),
    out: outOption,
  },
  check({ clinic, patient, record }) {
    if (patient !== undefined && record) throw new Misuse('use --patient or --record, not both')
    if ((patient ?? record) !== undefined && clinic === undefined) {
      throw new Misuse("name the record's clinic with --clinic")
    }
  },
  async work({ clinic, patient, record, since: given, out }, { db, bucket, leave, environment }) {
    const clinicId = clinic ?? NO_CLINIC
    let about: About | undefined
    if (patient !== undefined) about = await aboutPatient(db, clinicId, patient)
    if (record) about = await aboutRecord(db, record.resource, clinicId, record.id)
    const since = given ?? (about ? '' : parseSince('24h'))
    async function* events() {
      for await (const event of trailOf(db, bucket, clinicId, since))
        if (!about || isAbout(about, event)) yield event
    }
    const exported = await writeAll(out, events()).catch((error: unknown) => {
      if (!(error instanceof SegmentMissing)) throw error
      const verify = `npm run clinic -- audit verify ${environment.flags}`
      const wrong = `segment ${error.message} is missing from R2, or unreadable`
      throw new Failure(`${wrong}: \`${verify}\` says what else is wrong`)
    })
    await leave({ action: 'audit', resource: 'trail', clinicId })
    const lines = [`${counted(exported)} events${since && ` since ${since}`}`]
    return { json: { exported, since: since || null }, lines }
  },
})
