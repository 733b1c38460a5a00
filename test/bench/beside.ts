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

/**
 * Compares this commit's bundle with another's, each with its own migrations and data: prints what each endpoint costs
 * here, and how that compares.
 */
export async function measureBeside(commit: string, records: number, rounds: number, only: string) {
  const folder = await mkdtemp(join(tmpdir(), 'clinic-beside-'))
  const git = (...args: string[]) => run('git', ['-C', PROJECT, ...args])
  const opened: Site[] = []
  try {
    await git('worktree', 'add', '--detach', folder, commit)
    await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
    await run('npm', ['run', 'build'], { cwd: folder })
    // Another commit fills its databases as its migrations have them.
    const other: { openSite: typeof openSite } = await import(join(folder, 'test/bench/site.ts'))
    for (const open of [openSite, other.openSite]) {
      opened.push(await open(records, () => {}, ['service', 'counting']))
    }
    const [ours, theirs] = opened
    if (!ours || !theirs) return
    const table = []
    for (const endpoint of endpointsOf(records)) {
      if (!new RegExp(only).test(endpoint.name)) continue
      const { status } = await ask(theirs.url('service'), callsOf(theirs, records, endpoint)())
      if (status >= 300) continue
      const now = await count(ours, 'service', records, endpoint)
      const then = await count(theirs, 'service', records, endpoint)
      const [here = [], there = []] = await compare(
        opened.map((site) => ({
          url: site.url('service'),
          next: callsOf(site, records, endpoint),
        })),
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
  } finally {
    for (const site of opened) await site.close()
    await git('worktree', 'remove', '--force', folder)
    await rm(folder, { recursive: true, force: true })
  }
}
