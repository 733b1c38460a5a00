import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { createTestHarness } from 'wrangler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { CHROMIUM, FLAGS, IN_BROWSER } from './support/chromium.ts'
import { operations } from './support/contract.ts'
import { somePlans } from './support/fixtures.ts'
import { PROJECT } from './support/project.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()
beforeAll(() => worker.publish(somePlans(7)))

describe('the served client', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'client-'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    // Offline but for the server: nothing but the package itself is to be installed.
    execFileSync(
      'npm',
      [
        'install',
        '--no-audit',
        '--no-fund',
        '--registry',
        'http://127.0.0.1:9',
        '--fetch-retries=0',
      ].concat(`${worker.origin}/client.tgz`),
      { cwd: folder, encoding: 'utf8' },
    )
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** The types of Node, as far as the examples need them. */
  const NODE = 'declare const process: { env: Record<string, string | undefined> }\n'
  const README = readFileSync(join(PROJECT, 'src/client/README.md'), 'utf8')
  const [, EXAMPLE = ''] = /^```ts\n([^]*?)^```$/m.exec(README) ?? []

  /** Compiles a program that has the package and nothing else, not even the types of Node. */
  async function compile(name: string, program: string): Promise<string> {
    const options = {
      target: 'ES2022',
      module: 'NodeNext',
      lib: ['ES2022', 'DOM'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
    }
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: [`${name}.ts`] }),
    )
    await writeFile(join(folder, `${name}.ts`), program)
    // Both compilers, of which one is written in another language.
    const said = ['.bin/tsc', 'typescript-5/bin/tsc'].map(
      (compiler) =>
        spawnSync(join(PROJECT, 'node_modules', compiler), { cwd: folder, encoding: 'utf8' })
          .stdout,
    )
    return said[0] === '' || said[1] === '' ? said.join('') : (said[0] ?? '')
  }

  it('compiles in a strict project of its own, and runs as its README says', async () => {
    const { token } = await worker.clinic()

    const program = EXAMPLE.replace('http://localhost:8787', worker.origin)
    expect(await compile('program', NODE + program)).toBe('')
    const output = execFileSync(process.execPath, ['program.js'], {
      cwd: folder,
      env: { TOKEN: token },
      encoding: 'utf8',
    })

    const plans = somePlans(7).map(({ plan_name }) => plan_name)
    const [counted, found, ...others] = output.trimEnd().split('\n')
    expect([counted, found]).toEqual(['0 0', '1'])
    expect(others.slice(0, 7)).toEqual(plans)
    expect(others[7]).toMatch(/^404 Dependent not found \{\} [0-9a-f-]{36}$/)
  })

  it('compiles every sample of the reference', async () => {
    const samples = operations().map((operation) => {
      const [{ source }] = z
        .object({ 'x-codeSamples': z.tuple([z.object({ source: z.string() })]) })
        .parse(operation)['x-codeSamples']
      const [, call] = /^const client = .*\n\n([^]*)$/m.exec(source) ?? []
      return `{ ${call} }`
    })
    const program = `
      import { createClient } from 'clinic-insurances-client'
      const client = createClient({ baseUrl: 'http://localhost', token: process.env['TOKEN'] ?? '' })
    `

    expect(samples.length).toBeGreaterThan(20)
    expect(await compile('samples', NODE + program + samples.join('\n'))).toBe('')
  })

  it('runs in a Worker', async () => {
    await writeFile(
      join(folder, 'worker.js'),
      `import { createClient } from 'clinic-insurances-client'
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
    await page.route('**/packed/**', (route) =>
      route.fulfill({
        path: join(
          PROJECT,
          'dist/client',
          new URL(route.request().url()).pathname.replace('/packed/', ''),
        ),
        contentType: 'text/javascript',
      }),
    )
    // What the API answers runs no script.
    await page.route('**/blank', (route) => route.fulfill({ contentType: 'text/html', body: '' }))
    await page.goto(`${worker.origin}/blank`)

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
    ['a filter of nobody', 'client.listDependents({ primary_holder_id: undefined })', 'undefined'],
    ['a search of anything', "client.searchDependents({ phone: '1' })", 'phone'],
    [
      'a record of another resource',
      "for await (const c of client.followChanges()) if (c.resource === 'dependents') c.record?.email",
      'email',
    ],
  ])('refuses to compile %s', async (_, expression, named) => {
    const program = `
      import { createClient } from 'clinic-insurances-client'
      const client = createClient({ baseUrl: '', token: '' })
      ${expression.startsWith('for') ? '' : 'export const wrong = '}${expression}
    `

    expect(await compile('wrong', program)).toContain(named)
  })
})
