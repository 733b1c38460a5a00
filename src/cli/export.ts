import { randomUUID } from 'node:crypto'
import { appendEvent, listAuditEvents, type StoredEvent } from '../audit/queries.ts'
import type { Session } from '../db/session.ts'
import { Misuse, stopAtCtrlC } from './failure.ts'
import { openOutput } from './files.ts'
import { withStore } from './open-store.ts'
import { clinicNamed, duration } from './option-values.ts'
import { counted, type Report } from './output.ts'
import { listStored } from '../records/stored.ts'
import { kindNamed } from './records.ts'
import type { StoreChoice } from './store.ts'

const BATCH_ROWS = 500

/** Who exports, in the audit trail: nobody with a token. */
const OPERATOR = 'operator'

type ExportOptions = StoreChoice & { clinic: string; out?: string }

/**
 * Writes a clinic's records, one JSON object a line, with their SSNs sealed as they are stored. Each page is
 * in the audit trail before it is written.
 */
export async function exportRecords(name: string, options: ExportOptions): Promise<Report> {
  const kind = kindNamed(name)
  const clinic = clinicNamed(options.clinic)

  return await withStore(options, async ({ db }) => {
    const exported = await writePages(options.out, async (after) => {
      const page = await listStored(db, kind, clinic, after, BATCH_ROWS)
      if (page.length > 0) {
        const ids = page.map(({ record }) => record.id)
        await recordExport(db, clinic, kind.name, ids)
      }
      return page.map(({ record, position }) => ({ line: record, after: position }))
    })
    return {
      json: { exported },
      lines: [`${counted(exported)} ${kind.name} of ${clinic} exported`],
    }
  })
}

/** Leaves in the audit trail that the operator took these records out. */
const recordExport = (db: Session, clinicId: string, resource: string, recordIds: number[]) =>
  db.batch([
    appendEvent(db, {
      requestId: randomUUID(),
      clinicId,
      tokenId: OPERATOR,
      action: 'list',
      resource,
      recordIds,
      status: 200,
    }),
  ])

/** Writes a clinic's audit events since then, oldest first, one JSON object a line. */
export async function exportAuditEvents(
  options: ExportOptions & { since: string },
): Promise<Report> {
  const clinic = clinicNamed(options.clinic)
  const since = instant(options.since)

  return await withStore(options, async ({ db }) => {
    const exported = await writePages(options.out, async (after) => {
      const page = await listAuditEvents(db, clinic, { since, after, limit: BATCH_ROWS })
      return page.map((event) => ({
        line: lineOf(event),
        after: event.id,
      }))
    })
    return {
      json: { exported, since },
      lines: [`${counted(exported)} audit events of ${clinic} since ${since}`],
    }
  })
}

const lineOf = ({ id: _, ...event }: StoredEvent) => event

/** Writes page after page until there is none, and tells how many lines; Ctrl-C ends it between two. */
async function writePages(
  out: string | undefined,
  list: (after: number) => Promise<{ line: object; after: number }[]>,
): Promise<number> {
  const signal = stopAtCtrlC()
  const output = await openOutput(out)
  let written = 0
  try {
    for (let after = 0; ;) {
      signal.throwIfAborted()
      const page = await list(after)
      for (const { line } of page) await output.write(line)
      written += page.length
      const last = page.at(-1)
      if (last === undefined) return written
      after = last.after
    }
  } finally {
    await output.close()
  }
}

/** `24h` before now, or a time such as `2026-07-30T12:00:00Z`, in the form that events have. */
function instant(text: string): string {
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/.test(text)
  const time = isTime ? Date.parse(text) : Date.now() - duration('--since', text)
  if (Number.isNaN(time)) throw new Misuse('--since: there is no such day or time')
  return new Date(time).toISOString()
}
