import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sealTrail } from '../../src/trail/seal.ts'
import { createClinic } from '../../src/clinics/queries.ts'
import type { Session } from '../../src/storage/session.ts'
import { chooseLocal } from '../../src/cli/environment/choose.ts'
import { openMigrated, openStore } from '../../src/cli/environment/open.ts'
import { PROJECT } from '../../src/cli/environment/project.ts'

// What a million accesses of one clinic cost, in a local store of its own: `node test/bench/trail.ts [accesses]`.

const ACCESSES = Number(process.argv[2] ?? 1_000_000)
const CHUNK = 50_000
const DAY = 24 * 60 * 60_000
const CLINIC = 'riverside'

const state = await mkdtemp(join(tmpdir(), 'clinic-trail-'))
const flags = ['--local', '--persist-to', state]
const choice = await chooseLocal({ local: true, persistTo: state })
await (await openMigrated(choice)).store.close()

const told: Record<string, unknown> = { accesses: ACCESSES }
const written = { insert: 0, seal: 0, age: 0 }
let step: keyof typeof written = 'insert'

const opened = await openStore(choice)
const bucket = opened.bucket
if (!bucket) throw new Error('wrangler.toml declares no bucket')
/** Counts the rows that D1 says it wrote. */
const db: Session = {
  ...opened.db,
  async batch<Row>(statements: D1PreparedStatement[]) {
    const answers = await opened.db.batch<Row>(statements)
    for (const { meta } of answers) written[step] += meta.rows_written
    return answers
  },
}

await createClinic(opened.db, CLINIC)
// The patient whose trail is asked for has one record, which some of the lists and reads show.
const NOW = '2026-01-01T00:00:00.000Z'
await opened.db.batch(
  [
    `INSERT INTO ownables (clinic_id, type, id, created_at) VALUES ('${CLINIC}', 'Patient', 1, '${NOW}')`,
    `INSERT INTO person_informations (clinic_id, id, uid, version, ownable_type, ownable_id, first_name, last_name,
      date_of_birth, last_name_folded, first_name_folded, last_name_identity, first_name_identity, created_at, updated_at)
      VALUES ('${CLINIC}', 500, 'uid', 1, 'Patient', 1, 'Ana', 'Doe', '1990-05-15', 'doe', 'ana', 'doe', 'ana', '${NOW}', '${NOW}')`,
    `INSERT INTO changes (clinic_id, seq, resource, record_id, version, action, at, token_id, request_id, changed, before) VALUES ('${CLINIC}', 1, 'person_informations', 500, 1, 'create', '${NOW}', 'token', 'request', '[]', NULL)`,
  ].map((query) => opened.db.prepare(query)),
)
for (let first = 0; first < ACCESSES; first += CHUNK) {
  await db.batch([
    db
      .prepare(
        `INSERT INTO accesses WITH RECURSIVE n (i) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
        SELECT '${CLINIC}', strftime('%Y-%m-%dT%H:%M:%fZ', '2026-01-01', '+' || (i * 0.02) || ' seconds'),
          lower(substr(hex(randomblob(16)), 1, 8) || '-' || substr(hex(randomblob(16)), 1, 4) || '-4' ||
            substr(hex(randomblob(16)), 1, 3) || '-8' || substr(hex(randomblob(16)), 1, 3) || '-' ||
            hex(randomblob(6))),
          '0123456789abcdef', iif(i % 4, 'read', 'list'), 'person_informations',
          iif(i % 4, CAST(1 + i % 40000 AS TEXT), (1 + i % 39000) || '-' || (25 + i % 39000)), 200 FROM n`,
      )
      .bind(first, Math.min(first + CHUNK, ACCESSES) - 1),
  ])
}
const size = async () =>
  (await opened.db.batch([opened.db.prepare('SELECT 1')]))[0]?.meta.size_after
told['bytes in D1 before ageing'] = await size()

step = 'seal'
const start = Date.parse('2026-02-01T00:00:00Z')
const began = performance.now()
let runs = 0
for (let rows = -1; rows !== 0; runs++) ({ rows } = await sealTrail(db, bucket, start))
told['runs, seconds to seal'] = [runs, (performance.now() - began) / 1000]
let [objects, bytes]: [number, number] = [0, 0]
for (let cursor: string | undefined; ;) {
  const page = await bucket.list(cursor === undefined ? {} : { cursor })
  objects += page.objects.length
  bytes += page.objects.reduce((sum, object) => sum + object.size, 0)
  if (!page.truncated) break
  cursor = page.cursor
}
told['objects in R2'] = objects
told['bytes in R2'] = bytes

step = 'age'
for (let aged = -1; aged !== 0;) ({ aged } = await sealTrail(db, bucket, start + 31 * DAY))
await opened.close()

const [file = ''] = globSync(join(state, 'v3/d1/**/*.sqlite')).filter((name) => {
  const tables = new DatabaseSync(name).prepare(
    "SELECT 1 FROM sqlite_master WHERE name = 'segments'",
  )
  return tables.get() !== undefined
})
const pragma = (name: string) =>
  Number(new DatabaseSync(file).prepare(`PRAGMA ${name}`).get()?.[name])
told['bytes in D1 after ageing, of which free to be used again'] = [
  pragma('page_count') * pragma('page_size'),
  pragma('freelist_count') * pragma('page_size'),
]
told['rows written an access, over its life'] = Object.fromEntries(
  Object.entries(written).map(([name, rows]) => [name, rows / ACCESSES]),
)

const args = ['run', '-s', 'clinic', '--', 'audit', '--clinic', CLINIC, '--patient', '1', ...flags]
const audit = spawn('npm', args, { cwd: PROJECT, stdio: ['ignore', 'pipe', 'inherit'] })
let events = 0
audit.stdout
  .setEncoding('utf8')
  .on('data', (text: string) => (events += text.split('\n').length - 1))
const peak = { kilobytes: 0 }
const watch = setInterval(async () => {
  for (const status of globSync('/proc/[0-9]*/status')) {
    const text = await readFile(status, 'utf8').catch(() => '')
    const command = await readFile(status.replace('status', 'cmdline'), 'utf8').catch(() => '')
    if (!command.includes(state) || !command.includes('src/cli/index.ts')) continue
    peak.kilobytes = Math.max(peak.kilobytes, Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0))
  }
}, 200)
const since = performance.now()
const status = await new Promise((resolve) => audit.on('close', resolve))
clearInterval(watch)
told['audit --patient: status, events, seconds, peak MB'] = [
  status,
  events,
  (performance.now() - since) / 1000,
  peak.kilobytes / 1024,
]
console.log(JSON.stringify(told, null, 2))
await rm(state, { recursive: true })
