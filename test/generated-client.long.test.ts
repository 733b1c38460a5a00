import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operations } from './support/contract.ts'
import { loadDemoInto } from './support/demo.ts'
import { PROJECT } from './support/project.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()
let token: string
let folder: string
beforeAll(async () => {
  token = (await loadDemoInto(worker)).riverside
  folder = await mkdtemp(join(tmpdir(), 'generated-'))
  await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
})
afterAll(() => rm(folder, { recursive: true }))

/** What an integrator writes who knows the document alone: every call, typed from end to end. */
const PROGRAM = `
  import createClient from 'openapi-fetch'
  import type { paths } from './api.ts'

  declare const process: { env: Record<string, string> }
  const headers = { 'X-User-Token': process.env['TOKEN'] ?? '' }
  const client = createClient<paths>({ baseUrl: process.env['API'] ?? '', headers })
  const at = '/v1/clinic/insurances'
  const statuses: Record<string, number> = {}
  const told = <Answered extends { response: Response }>(id: string, answered: Answered) => {
    statuses[id] = answered.response.status
    return answered
  }
  const owner = { ownable_id: 5001, ownable_type: 'Patient' }
  const ana = { first_name: 'Ana', last_name: 'Doe', date_of_birth: '1990-05-15' }
  const ida = { ...ana, primary_holder_id: 5001, relationship: 'child' as const }

  told('getServiceIndex', await client.GET('/'))
  told('getOpenapiDocument', await client.GET('/openapi.json'))
  told('getHealth', await client.GET('/health'))
  told('getReadiness', await client.GET('/health/ready'))
  told('registerOwnable', await client.PUT(\`\${at}/ownables/{ownable_type}/{ownable_id}\`, {
    params: { path: { ownable_type: 'Patient', ownable_id: 5001 } },
  }))
  told('registerOwnables', await client.PUT(\`\${at}/ownables/{ownable_type}\`, {
    params: { path: { ownable_type: 'Patient' } }, body: { ownable_ids: [5001, 5002] },
  }))
  told('getToken', await client.GET(\`\${at}/token\`))

  const people = \`\${at}/person_informations\` as const
  const created = told('createPersonInformation', await client.POST(people, {
    params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
    body: { person_information: { ...owner, ...ana, ssn: '987-65-4320' } },
  }))
  const person = { params: { path: { id: created.data?.id ?? 0 } } }
  told('batchPersonInformations', await client.POST(\`\${people}/batch\`, {
    body: { person_informations: [{ ...owner, ...ana }] },
  }))
  const found = told('getPersonInformation', await client.GET(\`\${people}/{id}\`, person))
  told('listPersonInformations', await client.GET(people, {
    params: { query: { patient_id: 5001, page_size: 5 } },
  }))
  told('searchPersonInformations', await client.POST(\`\${people}/search\`, {
    body: { search: { last_name: 'doe' } },
  }))
  told('putPersonInformation', await client.PUT(\`\${people}/{id}\`, {
    ...person, body: { person_information: { phone: null } },
  }))
  told('amendPersonInformation', await client.PATCH(\`\${people}/{id}\`, {
    ...person, body: { person_information: { ssn: '***-**-4320', first_name: 'Anne' } },
  }))
  told('deletePersonInformation', await client.DELETE(\`\${people}/{id}\`, person))
  const history = told('historyPersonInformation', await client.GET(\`\${people}/{id}/history\`, person))

  const kin = \`\${at}/dependents\` as const
  const child = told('createDependent', await client.POST(kin, { body: { dependent: ida } }))
  const dependent = { params: { path: { id: child.data?.id ?? 0 } } }
  told('batchDependents', await client.POST(\`\${kin}/batch\`, { body: { dependents: [ida] } }))
  told('getDependent', await client.GET(\`\${kin}/{id}\`, dependent))
  const dependents = told('listDependents', await client.GET(kin, {
    params: { query: { primary_holder_id: 5001 } },
  }))
  told('searchDependents', await client.POST(\`\${kin}/search\`, {
    body: { search: { date_of_birth: '1990-05-15' }, page_size: 1 },
  }))
  told('putDependent', await client.PUT(\`\${kin}/{id}\`, { ...dependent, body: { dependent: {} } }))
  told('amendDependent', await client.PATCH(\`\${kin}/{id}\`, {
    ...dependent, body: { dependent: { relationship: 'other' } },
  }))
  told('deleteDependent', await client.DELETE(\`\${kin}/{id}\`, dependent))
  told('historyDependent', await client.GET(\`\${kin}/{id}/history\`, dependent))

  const covered = \`\${at}/coverages\` as const
  const card = { patient_id: 5001, carrier: 'Harbor Mutual', member_id: 'M 1', relationship: 'self' as const }
  const cover = told('createCoverage', await client.POST(covered, { body: { coverage: card } }))
  const coverage = { params: { path: { id: cover.data?.id ?? 0 } } }
  told('batchCoverages', await client.POST(\`\${covered}/batch\`, { body: { coverages: [card] } }))
  told('getCoverage', await client.GET(\`\${covered}/{id}\`, coverage))
  told('listCoverages', await client.GET(covered, {
    params: { query: { patient_id: 5001, active_on: '2026-03-01' } },
  }))
  told('putCoverage', await client.PUT(\`\${covered}/{id}\`, { ...coverage, body: { coverage: {} } }))
  told('amendCoverage', await client.PATCH(\`\${covered}/{id}\`, {
    ...coverage, body: { coverage: { ends_on: '2026-12-31' } },
  }))
  told('deleteCoverage', await client.DELETE(\`\${covered}/{id}\`, coverage))
  told('historyCoverage', await client.GET(\`\${covered}/{id}/history\`, coverage))

  const changes = told('listChanges', await client.GET(\`\${at}/changes\`, {
    params: { query: { after: 0, limit: 1 } },
  }))
  const plans = told('listPlans', await client.GET(\`\${at}/plans\`, {
    params: { query: { plan_type: 'PPO', search: 'prem', sort_by: 'carrier' } },
  }))
  told('listPlanFacets', await client.GET(\`\${at}/plans/facets\`))
  told('getPlan', await client.GET(\`\${at}/plans/{id}\`, { params: { path: { id: 1 } } }))

  const refused = await client.POST(kin, {
    body: { dependent: { ...ida, primary_holder_id: 1, first_name: ' ' } },
  })
  const answers = {
    ssn: found.data?.ssn satisfies string | null | undefined,
    total: dependents.data?.pagination.total_count satisfies number | undefined,
    plan: plans.data?.plans[0]?.plan_type satisfies string | undefined,
    versions: history.data?.versions.map(({ action }) => action),
    resource: changes.data?.changes[0]?.resource satisfies 'coverages' | 'dependents' | 'person_informations' | undefined,
    errors: refused.error?.errors,
  }
  console.log(JSON.stringify({ statuses, ...answers }))
`

/** The same with a generator that writes a function for each operation, called by its id. */
const WITH_FUNCTIONS = `
  import { createDependent, listPlanFacets, registerOwnable, searchDependents } from './hey/index.ts'
  import { client } from './hey/client.gen.ts'

  declare const process: { env: Record<string, string> }
  const headers = { 'X-User-Token': process.env['TOKEN'] ?? '' }
  client.setConfig({ baseUrl: process.env['API'] ?? '', headers })

  await registerOwnable({ path: { ownable_type: 'Patient', ownable_id: 5002 } })
  const { data: child } = await createDependent({
    body: {
      dependent: {
        primary_holder_id: 5002,
        first_name: 'Ida',
        last_name: "O'Neil",
        date_of_birth: '2010-03-20',
        relationship: 'child',
      },
    },
    query: { if_exists: 'return' },
  })
  const { data } = await searchDependents({ body: { search: { last_name: 'oneil' } } })
  const { data: facets } = await listPlanFacets()
  const isFound: boolean = data?.dependents.some(({ id }) => id === child?.id) ?? false
  console.log(JSON.stringify({ isFound, carriers: facets?.carriers.length }))
`

const COMPILER_OPTIONS = {
  target: 'ES2022',
  module: 'ESNext',
  moduleResolution: 'Bundler',
  lib: ['ES2022', 'DOM', 'DOM.Iterable'],
  types: [],
  strict: true,
  allowImportingTsExtensions: true,
  rewriteRelativeImportExtensions: true,
}

/** Generates with a tool that still needs the older compiler's own API. */
const generate = (script: string, ...args: string[]) =>
  execFileSync(process.execPath, [join(PROJECT, 'node_modules', script), ...args], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { NODE_OPTIONS: `--import ${join(PROJECT, 'src/openapi/typescript-5.mjs')}` },
  })

async function compileAndRun(name: string, program: string) {
  const configuration = { compilerOptions: COMPILER_OPTIONS, files: [`${name}.ts`] }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
  await writeFile(join(folder, `${name}.ts`), program)
  execFileSync(join(PROJECT, 'node_modules/.bin/tsc'), { cwd: folder, stdio: 'inherit' })
  const output = execFileSync(process.execPath, [`${name}.js`], {
    cwd: folder,
    env: { API: worker.origin, TOKEN: token },
    encoding: 'utf8',
  })
  return JSON.parse(output)
}

describe('a client that others generate from openapi.json', () => {
  beforeAll(async () => {
    const served = await worker.fetch(`${worker.origin}/openapi.json`)
    await writeFile(join(folder, 'openapi.json'), await served.text())
  })

  it('compiles, and makes every call', async () => {
    generate('openapi-typescript/bin/cli.js', 'openapi.json', '--output', 'api.ts')

    const { statuses, ...answers } = await compileAndRun('program', PROGRAM)

    const succeeded = operations().map(({ operationId, responses }) => [
      operationId,
      // A create by itself is 201; it is 200 where there is one already, and it is told to return that.
      Math.max(
        ...Object.keys(responses)
          .map(Number)
          .filter((status) => status < 300),
      ),
    ])
    expect(statuses).toEqual(Object.fromEntries(succeeded))
    expect(answers).toEqual({
      ssn: '***-**-4320',
      total: 2,
      plan: 'PPO',
      versions: ['delete', 'amend', 'create'],
      resource: 'person_informations',
      errors: { first_name: ["can't be blank"], primary_holder_id: ['must exist'] },
    })
  })

  it('compiles as functions, and finds what it created', async () => {
    await writeFile(
      join(folder, 'openapi-ts.config.mjs'),
      `export default {
        input: 'openapi.json', output: { path: 'hey', module: { extension: '.ts' } },
      }`,
    )
    generate('@hey-api/openapi-ts/bin/run.js', '--no-log-file')

    const answers = await compileAndRun('functions', WITH_FUNCTIONS)

    expect(answers).toEqual({ isFound: true, carriers: 6 })
  })
})
