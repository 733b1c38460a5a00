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

  const index = await client.GET('/')
  statuses['getServiceIndex'] = index.response.status
  const document = await client.GET('/openapi.json')
  statuses['getOpenapiDocument'] = document.response.status
  const health = await client.GET('/health')
  statuses['getHealth'] = health.response.status
  const readiness = await client.GET('/health/ready')
  statuses['getReadiness'] = readiness.response.status

  const registered = await client.PUT(\`\${at}/ownables/{ownable_type}/{ownable_id}\`, {
    params: { path: { ownable_type: 'Patient', ownable_id: 5001 } },
  })
  statuses['registerOwnable'] = registered.response.status
  const created = await client.POST(\`\${at}/person_informations\`, {
    params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
    body: {
      person_information: {
        ownable_id: 5001,
        ownable_type: 'Patient',
        first_name: 'Ana',
        last_name: 'Doe',
        date_of_birth: '1990-05-15',
        ssn: '987-65-4320',
      },
    },
  })
  statuses['createPersonInformation'] = created.response.status
  const id: number = created.data?.id ?? 0
  const found = await client.GET(\`\${at}/person_informations/{id}\`, { params: { path: { id } } })
  statuses['getPersonInformation'] = found.response.status
  const people = await client.GET(\`\${at}/person_informations\`, { params: { query: { patient_id: 5001, page_size: 5 } } })
  statuses['listPersonInformations'] = people.response.status
  const child = await client.POST(\`\${at}/dependents\`, {
    body: {
      dependent: {
        primary_holder_id: 5001,
        first_name: 'Ida',
        last_name: 'Doe',
        date_of_birth: '2010-03-20',
        relationship: 'child',
      },
    },
  })
  statuses['createDependent'] = child.response.status
  const found2 = await client.GET(\`\${at}/dependents/{id}\`, { params: { path: { id: child.data?.id ?? 0 } } })
  statuses['getDependent'] = found2.response.status
  const dependents = await client.GET(\`\${at}/dependents\`, { params: { query: { primary_holder_id: 5001 } } })
  statuses['listDependents'] = dependents.response.status
  const plans = await client.GET(\`\${at}/plans\`, { params: { query: { plan_type: 'PPO', active: true } } })
  statuses['listPlans'] = plans.response.status

  const refused = await client.POST(\`\${at}/dependents\`, {
    body: {
      dependent: {
        primary_holder_id: 1,
        first_name: ' ',
        last_name: 'Doe',
        date_of_birth: '2010-03-20',
        relationship: 'child',
      },
    },
  })

  const ssn: string | null | undefined = found.data?.ssn
  const total: number | undefined = dependents.data?.pagination.total_count
  const plan: string | undefined = plans.data?.plans[0]?.plan_type
  console.log(JSON.stringify({ statuses, ssn, total, plan, errors: refused.error?.errors }))
`

describe('a client that others generate from openapi.json', () => {
  it('compiles, and makes every call', async () => {
    const served = await worker.fetch('/openapi.json')
    await writeFile(join(folder, 'openapi.json'), await served.text())
    execFileSync(
      process.execPath,
      [
        '--import',
        join(PROJECT, 'test/support/typescript-5.mjs'),
        join(PROJECT, 'node_modules/openapi-typescript/bin/cli.js'),
        'openapi.json',
        '--output',
        'api.ts',
      ],
      { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    const compilerOptions = {
      target: 'ES2022',
      module: 'ESNext',
      moduleResolution: 'Bundler',
      lib: ['ES2022', 'DOM', 'DOM.Iterable'],
      types: [],
      strict: true,
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: true,
    }
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['program.ts'] }),
    )
    await writeFile(join(folder, 'program.ts'), PROGRAM)
    execFileSync(join(PROJECT, 'node_modules/.bin/tsc'), { cwd: folder, stdio: 'inherit' })

    const output = execFileSync(process.execPath, ['program.js'], {
      cwd: folder,
      env: { API: worker.origin, TOKEN: token },
      encoding: 'utf8',
    })

    const { statuses, ...answers } = JSON.parse(output)
    const succeeded = operations().map(({ operationId, responses }) => [
      operationId,
      Number(Object.keys(responses).find((status) => status.startsWith('2'))),
    ])
    expect(statuses).toEqual(Object.fromEntries(succeeded))
    expect(answers).toEqual({
      ssn: '***-**-4320',
      total: 1,
      plan: 'PPO',
      errors: { first_name: ["can't be blank"], primary_holder_id: ['must exist'] },
    })
  })
})
