import { setTimeout as sleep } from 'node:timers/promises'
import { ageAll } from '../../../../trail/segments.ts'
import { addMissing, clear, mirror, rowsOf, sizesOf, type Part } from '../../../../operator/copy.ts'
import { digestOf } from '../../../../operator/digest.ts'
import { listOtherPlans } from '../../../../operator/named-plans.ts'
import { listTables } from '../../../../operator/tables.ts'
import {
  admitClinic,
  dismissClinic,
  findClinic,
  setClinicState,
} from '../../../../clinics/queries.ts'
import { moveTokens } from '../../../../operator/tokens.ts'
import type { Store } from '../../../environment/open.ts'
import { Failure, stopAtCtrlC } from '../../../terminal/failure.ts'
import { startProgress } from '../../../terminal/progress.ts'
import { counted, note, type Report } from '../../../terminal/report.ts'

// A clinic moves in these steps. Each can be run again:
//
//   source   target      what happens
//   open     arriving    rows are copied while the clinic is in use
//   frozen   arriving    writes wait; later changes are copied, then everything is compared
//   moved    arriving    tokens are copied, and the source sends callers to the target; edges forget the source
//   moved    open        the target takes writes
//
// Until the clinic is `moved`, only the source's rows count, and --abort undoes the move.

/** Reads add rows here, even while writes wait. */
const GROWING = 'accesses'

export type Side = Pick<Store, 'db' | 'kv' | 'leave'>

type Move = Awaited<ReturnType<typeof openMove>>

/** Finds the clinic at the source and, as `there`, at the target, which is the cell `cell`. Throws Failure. */
export async function openMove(source: Side, target: Side, id: string, cell: string) {
  const clinic = await findClinic(source.db, id)
  const there = await findClinic(target.db, id)
  if (!clinic) throw new Failure(`there is no clinic ${id}`)
  const isAnother = there && there.created_at !== clinic.created_at
  if (isAnother) throw new Failure(`${cell} has another clinic called ${id}`)
  // Segments are not copied: they describe what a cell has sealed in its own bucket.
  const parts: Part[] = (await listTables(source.db))
    .filter(({ name, isOfClinics }) => isOfClinics && name !== 'segments')
    .map((table) => ({ table, clinicId: id }))
  return { id, source, target, clinic, there, cell, parts }
}

/** Throws Failure if a plan that the clinic's coverages name is missing or different at the target. */
async function checkPlans({ id: clinicId, source, target, cell }: Move) {
  const others = await listOtherPlans(source.db, target.db, clinicId)
  if (others.length === 0) return
  const named = others.map(({ id, here, there }) => `${id} is ${here}, there ${there ?? 'missing'}`)
  throw new Failure(
    `coverages of ${clinicId} name plans that differ at ${cell}, so nothing was moved: ${named.join('; ')}`,
  )
}

export async function tellPlan(move: Move) {
  const { id, source, clinic, there, cell, parts } = move
  await checkPlans(move)
  const rows = await countRows(source, parts)
  return {
    json: { dry_run: true, clinic: id, state: clinic.state, at_target: there?.state ?? null, rows },
    lines: [
      `${id} is ${clinic.state} here and ${there?.state ?? 'unknown'} at ${cell}. To copy:`,
      ...linesOf(rows),
      'dry run: nothing was written',
    ],
  }
}

export async function carryOut(move: Move, settleSeconds: number): Promise<Report> {
  const { id, source, target, clinic, there, cell, parts } = move
  if (clinic.state === 'suspended') throw new Failure(`${id} is suspended: open it first`)
  if (clinic.state === 'arriving') throw new Failure(`${id} is on its way here from another cell`)
  if (clinic.state === 'moved' && there?.state !== 'arriving') {
    if (!there) throw new Failure(`${id} has moved to another cell than ${cell}`)
    return { json: { clinic: id, cell, moved: false }, lines: [`${id} is at ${cell} already`] }
  }
  const signal = stopAtCtrlC()
  const waitingSince = clinic.state === 'moved' ? performance.now() : await copyAll(move, signal)

  note(`${id} is now at ${cell}; telling those who still come here`)
  const sendTokens = () => moveTokens(source.kv, target.kv, id, cell)
  let tokens = await sendTokens()
  await sleep(settleSeconds * 1000, undefined, { signal })
  // KV may list a new token a minute late.
  for (let late = await sendTokens(); late > 0; late = await sendTokens()) {
    tokens += late
    await sleep(settleSeconds * 1000, undefined, { signal })
  }
  // Until now, the source still served reads.
  for (const part of parts) {
    if (part.table.name === GROWING) await addMissing(target.db, part, rowsOf(source.db, part))
  }
  await target.leave({ action: 'move', resource: 'clinics', clinicId: id })
  await setClinicState(target.db, id, 'open', ['arriving'])

  const seconds = Math.round(performance.now() - waitingSince) / 1000
  const rows = await countRows(target, parts)
  const json = { clinic: id, cell, moved: true, rows, tokens, writes_waited_seconds: seconds }
  const lines = [
    `${id} is at ${cell}. Its writes waited for ${seconds} s. There are now:`,
    ...linesOf({ ...rows, tokens }),
    'Its SSNs are sealed to the key of the cell that it came from until you run `ssn reseal` there.',
  ]
  return { json, lines }
}

/** Copies the clinic while it is in use, then again while writes wait, and compares. Returns when the wait began. */
async function copyAll(move: Move, signal: AbortSignal): Promise<number> {
  const { id, source, target, clinic, there, cell, parts } = move
  if (there && !['arriving', 'moved'].includes(there.state)) {
    throw new Failure(`${id} is ${there.state} at ${cell}, too: there is nothing to move`)
  }
  await checkPlans(move)
  // The target still has rows from before it moved the clinic away, which are out of date.
  if (there?.state === 'moved') await clearAll(target, parts, 'moved')
  await admitClinic(target.db, clinic)
  if (clinic.state === 'open') {
    await source.leave({ action: 'move', resource: 'clinics', clinicId: id })
    await mirrorAll(`copying ${id}`, move, signal, false)
  }

  const waitingSince = performance.now()
  const isFrozen = await setClinicState(source.db, id, 'frozen', ['open'])
  if (!isFrozen) throw new Failure(`${id} is no longer open here`)
  note(`writes of ${id} wait from here on; --abort would let them in again`)
  await admitClinic(target.db, (await findClinic(source.db, id)) ?? clinic)
  await checkPlans(move)
  await mirrorAll('copying what has changed', move, signal, true)

  // An access is stored within seconds or not at all, so older ones no longer change.
  const settled = [new Date(Date.now() - 60_000).toISOString(), '']
  for (const part of parts) {
    signal.throwIfAborted()
    const { name } = part.table
    const compared = name === GROWING ? { ...part, end: settled } : part
    const digestIn = ({ db }: Side) => digestOf(rowsOf(db, compared))
    const [here, copied] = await Promise.all([digestIn(source), digestIn(target)])
    if (here.sha256 !== copied.sha256) {
      throw new Failure(
        `the copy of ${name} differs from what is here, so nothing was moved: run this again, or with --abort`,
      )
    }
  }
  const hasMoved = await setClinicState(source.db, id, 'moved', ['frozen'])
  if (!hasMoved) throw new Failure(`${id} is no longer frozen here: somebody has aborted its move`)
  return waitingSince
}

async function mirrorAll(what: string, move: Move, signal: AbortSignal, isFrozen: boolean) {
  const { source, target, parts } = move
  using progress = startProgress(what)
  let copied = 0
  const onRows = (rows: number) => {
    signal.throwIfAborted()
    copied += rows
    progress.show(copied)
  }
  for (const part of parts) {
    await mirror(source.db, target.db, part, onRows).catch((error: Error) => {
      // While the clinic is in use, a record may belong to an ownable that was registered after those were copied.
      if (isFrozen || !error.message.includes('FOREIGN KEY')) throw error
    })
  }
}

export async function abortMove({ id, source, target, clinic, there, parts }: Move) {
  if (clinic.state === 'moved') {
    throw new Failure(`${id} has moved, and may have been written to there: move it back instead`)
  }
  if (there?.state === 'arriving') {
    await clearAll(target, parts, 'arriving')
    await dismissClinic(target.db, there)
  }
  if (clinic.state === 'frozen') {
    await source.leave({ action: 'abort-move', resource: 'clinics', clinicId: id })
    await setClinicState(source.db, id, 'open', ['frozen'])
  }
  const aborted = clinic.state === 'frozen' || there?.state === 'arriving'
  const lines = [aborted ? `${id} stays where it is, and is open.` : `${id} is not being moved.`]
  return { json: { clinic: id, aborted }, lines }
}

export async function eraseSource({ id, source, clinic, there, cell, parts }: Move) {
  if (clinic.state !== 'moved' || there?.state !== 'open') {
    throw new Failure(`${id} has not moved to ${cell}, so nothing was deleted`)
  }
  const rows = await countRows(source, parts)
  await ageAll(source.db, id)
  await clearAll(source, parts, 'moved')
  await source.leave({ action: 'erase', resource: 'clinics', clinicId: id })
  const lines = [`Deleted here, as ${id} is at ${cell}:`, ...linesOf(rows)]
  return { json: { clinic: id, erased: rows }, lines }
}

/** Deletes rows before the rows that they refer to. */
async function clearAll({ db }: Side, parts: readonly Part[], state: 'arriving' | 'moved') {
  for (const part of parts.toReversed()) await clear(db, part, state)
}

async function countRows({ db }: Side, parts: readonly Part[]): Promise<Record<string, number>> {
  const sizes = Object.entries(await sizesOf(db, parts))
  return Object.fromEntries(sizes.map(([table, { rows }]) => [table, rows]))
}

const linesOf = (rows: Record<string, number>) =>
  Object.entries(rows).map(([table, count]) => `  ${counted(count)} ${table}`)
