import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PROJECT } from '../support/project.ts'
import { endpointsOf } from './endpoints.ts'
import { ask, callsOf, compare, count, medianOf, ratioOf } from './measure.ts'
import { openSite, type Site } from './site.ts'

const run = promisify(execFile)

/** A Worker that is compared, and the site that it answers at. */
type Side = { site: Site; worker: 'service' | 'bare' }

/**
 * Compares this commit's bundle with another commit's, each with its own migrations and data, or with the bare Worker:
 * prints what each endpoint costs here, and how that compares.
 */
export async function measureBeside(other: string, records: number, rounds: number, only: string) {
  if (other !== 'bare') return await besideCommit(other, records, rounds, only)
  const site = await openSite(records, () => {}, ['service', 'bare', 'counting'])
  try {
    await printTable({ site, worker: 'service' }, { site, worker: 'bare' }, records, rounds, only)
  } finally {
    await site.close()
  }
}

async function besideCommit(commit: string, records: number, rounds: number, only: string) {
  const folder = await mkdtemp(join(tmpdir(), 'clinic-beside-'))
  const git = (...args: string[]) => run('git', ['-C', PROJECT, ...args])
  const opened: Site[] = []
  try {
    await git('worktree', 'add', '--detach', folder, commit)
    await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
    await run('npm', ['run', 'build'], { cwd: folder })
    // Another commit fills its databases as its migrations have them.
    const there: { openSite: typeof openSite } = await import(join(folder, 'test/bench/site.ts'))
    for (const open of [openSite, there.openSite]) {
      opened.push(await open(records, () => {}, ['service', 'counting']))
    }
    const [ours, theirs] = opened.map((site): Side => ({ site, worker: 'service' }))
    if (ours && theirs) await printTable(ours, theirs, records, rounds, only)
  } finally {
    for (const site of opened) await site.close()
    await git('worktree', 'remove', '--force', folder)
    await rm(folder, { recursive: true, force: true })
  }
}

async function printTable(ours: Side, theirs: Side, records: number, rounds: number, only: string) {
  const table = []
  for (const endpoint of endpointsOf(records)) {
    if (!new RegExp(only).test(endpoint.name)) continue
    const callsTo = ({ site }: Side) => callsOf(site, records, endpoint)
    const { status } = await ask(theirs.site.url(theirs.worker), callsTo(theirs)())
    if (status >= 300) continue
    const now = await count(ours.site, ours.worker, records, endpoint)
    const then = await count(theirs.site, theirs.worker, records, endpoint)
    const [here = [], there = []] = await compare(
      [ours, theirs].map((side) => ({ url: side.site.url(side.worker), next: callsTo(side) })),
      rounds,
    )
    const sides = (figure: 'rows_read' | 'rows_written' | 'd1_round_trips') =>
      `${then[figure]} → ${now[figure]}`
    table.push({
      endpoint: endpoint.name,
      'processor ms': `${medianOf('processor', there)} → ${medianOf('processor', here)}`,
      ratio: ratioOf('processor', here, there),
      'rows read': sides('rows_read'),
      written: sides('rows_written'),
      'round trips': sides('d1_round_trips'),
    })
    console.log(JSON.stringify(table.at(-1)))
  }
  console.table(table)
}
