import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Ruleset, Spectral } from '@stoplight/spectral-core'
import { oas } from '@stoplight/spectral-rulesets'
import { describe, expect, it } from 'vitest'
import project from '../package.json' with { type: 'json' }
import { routes } from '../src/index.ts'
import { openapiDocument } from '../src/openapi/document.ts'
import { VERSION } from '../src/http/version.ts'
import {
  checkAgainstDocument,
  documented,
  documentedResponses,
  errorsIn,
  operations,
  shipped,
} from './support/contract.ts'
import { RESOURCES } from './support/resources.ts'
import { PROJECT } from './support/project.ts'
import { API } from './support/worker.ts'

const FILE = 'dist/assets/openapi.json'

describe('openapi.json', () => {
  it('is the document that is under review: run the tests with -u to change it', async () => {
    const text = `${JSON.stringify(shipped, null, 2)}\n`

    await expect(text).toMatchFileSnapshot('openapi.snapshot.json')
  })

  it('is made from the routes as they are', () => {
    expect(shipped).toEqual(JSON.parse(JSON.stringify(openapiDocument(routes))))
  })

  it('has every route of the app, and the app every path of it', () => {
    const served = routes.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    const paths = operations().map(({ method, path }) => `${method} ${path}`)

    expect(new Set(paths)).toEqual(new Set(served))
  })

  it("carries the package's version", () => {
    expect(VERSION).toBe(project.version)
    expect(shipped).toMatchObject({ info: { version: project.version } })
  })

  it('says the limits of a query as integers', () => {
    expect(shipped).toMatchObject({
      paths: {
        [`${API}/plans`]: {
          get: {
            parameters: expect.arrayContaining([
              expect.objectContaining({
                name: 'page_size',
                schema: { type: 'integer', minimum: 1, maximum: 100, default: 25 },
              }),
            ]),
          },
        },
      },
    })
  })

  it.each(RESOURCES.filter(({ hasSsn }) => hasSsn))(
    'allows no SSN in $name but masked',
    ({ name }) => {
      const create = operations().find(
        ({ method, path }) => method === 'POST' && path === `${API}/${name}`,
      )
      const { schema, example } =
        documented(create?.operationId ?? '', 201)?.content?.['application/json'] ?? {}
      expect(errorsIn(example, schema)).toBeUndefined()

      for (const ssn of ['123-45-6789', '123456789', '***-**-678', '***-**-67890']) {
        expect(errorsIn({ ...Object(example), ssn }, schema)).toContain('/ssn')
      }
      expect(errorsIn({ ...Object(example), ssn_sealed: 'x' }, schema)).toContain('additional')
    },
  )

  it.each([
    ['a key missing', '{"status":"ok","commit":null}', 200, {}],
    [
      'a key too many',
      '{"status":"ok","version":"1","commit":null,"clinic_id":"riverside"}',
      200,
      {},
    ],
    ['another status', '{"errors":"Gone"}', 410, {}],
    [
      'a header missing',
      '{"status":"ok","version":"1","commit":null}',
      200,
      { 'X-Request-Id': '' },
    ],
    [
      'a header that is not documented',
      '{"status":"ok","version":"1","commit":null}',
      200,
      { 'X-Made-Up': 'yes' },
    ],
    [
      'the header of another answer',
      '{"status":"ok","version":"1","commit":null}',
      200,
      { ETag: '"1"' },
    ],
    [
      'another type',
      '{"status":"ok","version":"1","commit":null}',
      200,
      { 'Content-Type': 'text/plain' },
    ],
  ])('lets the harness pass no answer with %s', async (_, body, status, headers) => {
    const good = { 'Content-Type': 'application/json', 'X-Request-Id': crypto.randomUUID() }
    const checked = (text: string, init: ResponseInit) =>
      checkAgainstDocument('GET', '/health', new Response(text, init))

    await checked('{"status":"ok","version":"1","commit":null}', { headers: good })
    await expect(checked(body, { status, headers: { ...good, ...headers } })).rejects.toThrow(
      'openapi.json does not allow GET',
    )
  })

  it('gives every body an example that its schema allows', () => {
    for (const { operationId, status } of documentedResponses()) {
      const content = documented(operationId, status)?.content?.['application/json']
      if (!content) expect([204, 302, 304]).toContain(status)
      else expect(errorsIn(content.example, content.schema), operationId).toBeUndefined()
    }
  })

  it('passes redocly lint without an error or a warning', () => {
    const output = execFileSync(
      join(PROJECT, 'node_modules/.bin/redocly'),
      ['lint', FILE, '--extends=recommended', '--format=json'],
      {
        cwd: PROJECT,
        env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
        stdio: ['ignore', 'pipe', 'ignore'],
        encoding: 'utf8',
      },
    )

    expect(JSON.parse(output).totals).toEqual({ errors: 0, warnings: 0, ignored: 0 })
  })

  it("passes Spectral's OpenAPI rules without an error or a warning that says something", async () => {
    const spectral = new Spectral()
    spectral.setRuleset(new Ruleset({ extends: [[oas, 'recommended']] }))

    const found = await spectral.run(JSON.stringify(shipped))

    // Whom to contact is the operator's to say.
    expect(found.filter(({ code }) => code !== 'info-contact')).toEqual([])
  })
})
