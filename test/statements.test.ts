import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { resources } from '../src/resources/index.ts'
import type { Statement } from '../src/storage/statement.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()

/** A statement as it is written, the names of its values, and its query plan, a line a step. */
type Written = { module: string; sql: string; names: readonly string[]; plan: string[] }

/** Every statement of the Worker and of the operator, in the order in which they are written. */
const written: Written[] = []

beforeAll(async () => {
  const seen: [module: string, statement: Statement][] = []
  // Other files of this process may have loaded the modules already, and with them the statements.
  vi.resetModules()
  const { observer } = await import('../src/storage/statement.ts')
  observer.see = (...each) => void seen.push(each)
  await import('../src/index.ts')
  const { resources } = await import('../src/resources/index.ts')
  const { importer } = await import('../src/operator/records/import.ts')
  const { repairer } = await import('../src/operator/records/repair.ts')
  const { addAllWords, countAbsent, selectAt } = await import('../src/operator/records/snapshot.ts')
  const { resealing, selectStored } = await import('../src/operator/records/stored.ts')
  await import('../src/operator/marks.ts')
  const { selectEver, selectVersions } = await import('../src/operator/trail/about.ts')
  await import('../src/operator/named-plans.ts')
  await import('../src/operator/stats.ts')
  await import('../src/operator/tables.ts')
  await import('../src/operator/trail/verify.ts')
  for (const resource of resources) {
    importer(resource, { clinicId: '', tokenId: '', publicKey: '' })
    repairer(resource)
    selectAt(resource)
    countAbsent(resource)
    selectStored(resource)
    selectEver(resource)
    selectVersions(resource)
    if (resource.hasSsn) resealing(resource)
    if (resource.person) addAllWords(resource)
  }
  for (const [module, statement] of seen) {
    const { sql, names } = statement.text()
    // The importer creates as the routes do, by statements of its own that say the same.
    if (written.some((each) => each.module === module && each.sql === sql.trim())) continue
    written.push({ module, sql: sql.trim(), names, plan: await planOf(sql, names) })
  }
})

/** Fails on a table or a column that is not there: no identifier is in double quotes, and taken for a string. */
async function planOf(sql: string, names: readonly string[]): Promise<string[]> {
  const { results } = await worker.env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...names.map(() => null))
    .all<{ id: number; parent: number; detail: string }>()
  const depths = new Map([[0, 0]])
  return results.map(({ id, parent, detail }) => {
    const depth = 1 + (depths.get(parent) ?? 0)
    depths.set(id, depth)
    return `${'  '.repeat(depth)}${detail}`
  })
}

/** What a statement may scan: the JSON that it is given, and rows that it has made itself. */
const OWN_ROWS =
  /^SCAN (json_each|given|word|kept|people|path|seek|listed|absent|own|last|change|rarest|candidates|matching|found|known|CONSTANT ROW|\(subquery-\d+\))/

/** Which statements may scan a table, and why. */
const SCANS: Record<string, string> = {
  clinics: 'the operator lists every clinic',
  'named plans': 'the plans of one clinic, before it moves',
  'operator/tables': 'the tables of a database are few',
  marks: 'every clinic is marked',
  'health/readiness': 'migrations are few',
  'trail/unsealed': 'the cron asks which clinics are on their way here',
  'verify trail': 'the operator verifies every clinic',
  plans: 'the catalogue has one row; the plans are those that a search has found, 5,000 at most',
}

/** Which statements may sort in a temporary B-tree, or index rows that they have made, and why. */
const SORTS: Record<string, string> = {
  resume: 'a row for each resource',
  'trail/age': 'the rows of a segment',
  'trail/unsealed': 'the cron sorts clinics by their oldest row',
  'verify trail': 'the operator verifies every clinic',
  'named plans': 'the plans of one clinic, before it moves',
  'operator/stats': 'a row for each week',
  'operator/tables': 'the columns of a database are few',
  plans: 'a search finds 5,000 plans at most',
  ...ofEach((name) => ({
    [`${name} of a key`]: 'a batch is a hundred records, some changed since',
    [`amend many ${name}`]: 'numbers the rows of a file',
    [`list ${name}`]: 'of the 25 steps down the tree of deletions one is the last',
    [`search ${name}`]: 'joins first and later words of a name, a thousand people at most',
    [`restore deletions of ${name}`]: 'runs once, while a store is restored',
  })),
}

/** Which writes don't ask whether the clinic is open, and why. */
const UNGUARDED: Record<string, string> = {
  clinics: 'the operator changes the state itself',
  'reseal person_informations': 'the SSN stays the same, and a suspended clinic has one, too',
  'reseal dependents': 'the SSN stays the same, and a suspended clinic has one, too',
  idempotency: 'the sweep forgets keys whatever the clinic is',
  'trail/access': 'what was read or refused is told whatever the clinic is',
  'trail/seal': 'what happened is sealed whatever the clinic is',
  'trail/age': 'what was sealed ages whatever the clinic is',
  'trail/segments': 'says that a clinic that has moved is in R2 alone',
  resume: 'the operator resumes a store that nobody uses yet',
  ...ofEach((name) => ({
    [`restore deletions of ${name}`]: 'the operator fills a store that nobody uses yet',
    [`restore words of ${name}`]: 'the operator fills a store that nobody uses yet',
  })),
}

function ofEach(reasons: (name: string) => Record<string, string>) {
  return Object.assign({}, ...resources.map(({ name }) => reasons(name)))
}

describe('every statement', () => {
  it('stands here whole, with its plan', async () => {
    const text = written.map(({ module, sql, names, plan }) => {
      const values = names.map((name, n) => `?${n + 1} ${name}`).join(', ')
      return `-- ${module}: ${values}\n${sql}\n\n${plan.join('\n')}`
    })

    await expect(`${text.join('\n\n')}\n`).toMatchFileSnapshot('statements.snapshot.sql')
  })

  it('stands in the README as it is', async () => {
    const readme = await readFile(join(import.meta.dirname, '../src/records/README.md'), 'utf8')
    const shown = [...readme.matchAll(/```sql\n-- .*\n([^]*?)\n```/g)].map(([, sql]) => sql)
    const all = written.map(({ sql }) => sql.trim())

    expect(shown).toHaveLength(5)
    expect(shown.filter((sql = '') => !all.includes(sql.trim()))).toEqual([])
  })

  it('scans and sorts nothing but what is meant', () => {
    const found = written.flatMap(({ module, plan }) =>
      plan
        .map((step) => step.trim())
        .filter(
          (step) =>
            (/^SCAN/.test(step) && !OWN_ROWS.test(step) && !(module in SCANS)) ||
            (/TEMP B-TREE|AUTOMATIC/.test(step) && !(module in SORTS)),
        )
        .map((step) => `${module}: ${step}`),
    )

    expect(found).toEqual([])
  })

  it('writes a clinic its records only while it is open', () => {
    const unguarded = written
      .filter(({ module }) => !(module in UNGUARDED))
      .filter(({ sql }) => /^\s*(INSERT INTO|UPDATE|DELETE FROM|WITH own)/.test(sql))
      .filter(({ sql }) => !/state = 'open'/.test(sql) && !/request_id = \?/.test(sql))

    expect(unguarded.map(({ module, sql }) => `${module}: ${sql.split('\n')[0]}`)).toEqual([])
  })
})

/** Tables whose rows are read or written whole. */
const OTHERS = ['plans', 'staged_plans']

it('uses every column of the migrations', async () => {
  const { results } = await worker.env.DB.prepare(
    `SELECT tables.name || '.' || columns.name AS place, columns.name
     FROM pragma_table_list AS tables JOIN pragma_table_info(tables.name) AS columns
     WHERE tables.type = 'table' AND strict AND tables.name NOT IN (SELECT value FROM json_each(?))`,
  )
    .bind(JSON.stringify(OTHERS))
    .all<{ place: string; name: string }>()
  const words = new Set(written.flatMap(({ sql }) => sql.match(/\w+/g) ?? []))

  expect(results.length).toBeGreaterThan(0)
  expect(results.filter(({ name }) => !words.has(name)).map(({ place }) => place)).toEqual([])
})
