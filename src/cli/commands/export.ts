import { InvalidArgumentError } from 'commander'
import { kinds } from '../../kinds.ts'
import { listStored } from '../../operator/records/stored.ts'
import type { Kind } from '../../records/kind.ts'
import { rangesOf } from '../../trail/ranges.ts'
import { checkClinic } from '../environment/clinic.ts'
import { onStore } from '../environment/command.ts'
import type { Store } from '../environment/open.ts'
import { writeAll } from '../files/output.ts'
import { argument } from '../terminal/command.ts'
import { clinicOption, outOption } from '../terminal/options.ts'
import { counted } from '../terminal/report.ts'

const PAGE_ROWS = 500

const NAMES = kinds.map(({ name }) => name).join(' or ')

export const command = onStore({
  example: 'export person_informations --clinic riverside --local --out people.ndjson',
  takes: { kind: argument('<table>', NAMES, parseKind), clinic: clinicOption, out: outOption },
  async work({ kind, clinic, out }, store) {
    await checkClinic(store, clinic)
    const exported = await writeAll(out, recordsOf(store, kind, clinic))
    return {
      json: { exported },
      lines: [`${counted(exported)} ${kind.name} of ${clinic} exported`],
    }
  },
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
