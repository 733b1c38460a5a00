import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { chromium } from 'playwright-core'
import { createTestHarness } from 'wrangler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM, FLAGS, IN_BROWSER } from './support/chromium.ts'
import { somePlans } from './support/fixtures.ts'
import { PROJECT } from './support/project.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()
beforeAll(() => worker.publish(somePlans(7)))

describe('the packed client', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'client-'))
    const packed = execFileSync(
      'npm',
      ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
      { cwd: PROJECT, encoding: 'utf8' },
    )
    const [{ filename }] = JSON.parse(packed)
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    // Offline, as nothing but the package itself is to be installed.
    execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', filename], {
      cwd: folder,
      encoding: 'utf8',
    })
  })
  afterAll(() => rm(folder, { recursive: true }))

  const PROGRAM = `
    import { ClinicInsurancesError, createClient, type Plan } from 'clinic-insurances-api/client'

    declare const process: { env: Record<string, string> }
    const client = createClient({ baseUrl: process.env['API'] ?? '', token: process.env['TOKEN'] ?? '' })
    const plans: Plan[] = []
    for await (const plan of client.listPlans({ active: true, page_size: 2 })) plans.push(plan)
    const { dependents, pagination } = await client.listDependents()
    const first: 'spouse' | 'child' | 'parent' | 'other' | undefined = dependents[0]?.relationship
    try {
      await client.createPersonInformation({
        ownable_id: 1, ownable_type: 'Patient', first_name: '', last_name: 'Doe', date_of_birth: '1990-05-15',
      })
    } catch (error) {
      if (!(error instanceof ClinicInsurancesError)) throw error
      const refused = Object.keys(error.fieldErrors)
      console.log(JSON.stringify({ plans: plans.length, total: pagination.total_count, first, refused }))
    }
  `
  /** Compiles a program that has the package and nothing else, not even the types of Node. */
  async function compile(name: string, program: string): Promise<string> {
    const options = {
      target: 'ES2022',
      module: 'NodeNext',
      lib: ['ES2022', 'DOM'],
      types: [],
      strict: true,
    }
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: [`${name}.ts`] }),
    )
    await writeFile(join(folder, `${name}.ts`), program)
    try {
      return execFileSync(join(PROJECT, 'node_modules/.bin/tsc'), { cwd: folder, encoding: 'utf8' })
    } catch (error) {
      return String(Object(error).stdout)
    }
  }

  it('compiles in a strict project of its own and runs without a dependency', async () => {
    const clinic = await worker.clinic()

    expect(await compile('program', PROGRAM)).toBe('')
    const output = execFileSync(process.execPath, ['program.js'], {
      cwd: folder,
      env: { API: worker.origin, TOKEN: clinic.token },
      encoding: 'utf8',
    })

    expect(JSON.parse(output)).toEqual({
      plans: 7,
      total: 0,
      refused: ['first_name', 'ownable_id'],
    })
  })

  it('runs in a Worker', async () => {
    await writeFile(
      join(folder, 'worker.js'),
      `import { createClient } from 'clinic-insurances-api/client'
      export default {
        async fetch(_, { API, TOKEN }) {
          const client = createClient({ baseUrl: API, token: TOKEN })
          const { plans } = await client.listPlans({ page_size: 3 })
          return Response.json(plans.map((plan) => plan.plan_name))
        },
      }`,
    )
    const clinic = await worker.clinic()
    const server = createTestHarness({
      root: folder,
      workers: [
        {
          config: {
            name: 'caller',
            main: 'worker.js',
            compatibility_date: '2026-11-17',
            vars: { API: worker.origin, TOKEN: clinic.token },
          },
        },
      ],
    })
    await server.listen()

    const response = await server.fetch('/')

    expect(await response.json()).toEqual(['Plan 1', 'Plan 2', 'Plan 3'])
    await server.close()
  })

  it.skipIf(!CHROMIUM)('runs in a browser', IN_BROWSER, async () => {
    const clinic = await worker.clinic()
    const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: FLAGS })
    const page = await browser.newPage()
    await page.route('**/packed/*', (route) =>
      route.fulfill({
        path: join(PROJECT, 'dist/package/client', basename(route.request().url())),
        contentType: 'text/javascript',
      }),
    )
    await page.goto(`${worker.origin}/health`)

    const names = await page.evaluate(`(async () => {
      const { createClient } = await import('/packed/index.js')
      const client = createClient({ baseUrl: location.origin, token: '${clinic.token}' })
      const { plans } = await client.listPlans({ page_size: 3 })
      return plans.map((plan) => plan.plan_name)
    })()`)

    expect(names).toEqual(['Plan 1', 'Plan 2', 'Plan 3'])
    await browser.close()
  })

  it.each([
    ['a filter that is none', "client.listPlans({ colour: 'blue' })", 'colour'],
    [
      'a body without its owner',
      'client.createDependent({ first_name: "Ida" })',
      'primary_holder_id',
    ],
    ['a key that is not answered', '(await client.getPersonInformation(1)).clinic_id', 'clinic_id'],
    ['an id that is text', "client.getPersonInformation('1')", 'number'],
  ])('refuses to compile %s', async (_, expression, named) => {
    const program = `
      import { createClient } from 'clinic-insurances-api/client'
      const client = createClient({ baseUrl: '', token: '' })
      export const wrong = ${expression}
    `

    expect(await compile('wrong', program)).toContain(named)
  })
})
