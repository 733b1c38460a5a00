import { listStored } from '../../operator/records/stored.ts'
import type { Resource } from '../../records/resource.ts'
import { rangesOf } from '../../trail/ranges.ts'
import { checkClinic } from '../environment/clinic.ts'
import { onStore } from '../environment/command.ts'
import type { Store } from '../environment/open.ts'
import { writeAll } from '../files/output.ts'
import { argument } from '../terminal/command.ts'
import { clinicOption, outOption } from '../terminal/options.ts'
import { counted } from '../terminal/report.ts'
import { parseResource } from './records/named-record.ts'

export const command = onStore({
  example: 'export person_informations --clinic riverside --local --out people.ndjson',
  takes: {
    resource: argument('<table>', 'such as person_informations', parseResource),
    clinic: clinicOption,
    out: outOption,
  },
  async work({ resource, clinic, out }, store) {
    await checkClinic(store, clinic)
    const exported = await writeAll(out, recordsOf(store, resource, clinic))
    const line = `${counted(exported)} ${resource.name} of ${clinic} exported`
    return { json: { exported }, lines: [line] }
  },
})

/** Yields a clinic's records. The trail records each page before it is written. */
export async function* recordsOf(
  { db, leave }: Pick<Store, 'db' | 'leave'>,
  resource: Resource,
  clinicId: string,
) {
  for (let after = 0; ;) {
    const page = await listStored(db, resource, clinicId, after)
    const last = page.at(-1)
    if (!last) return
    const ids = rangesOf(page.map(({ id }) => id))
    await leave({ action: 'export', resource: resource.name, clinicId, ids })
    yield* page
    after = last.id
  }
}
