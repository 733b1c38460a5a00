import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ORIGIN } from '../health/reference.ts'
import { BASE_PATH } from '../http/base-path.ts'
import { routes } from '../index.ts'
import { buildClient } from './client.ts'
import { GUIDE, openapiDocument } from './document.ts'
import { buildReference } from './reference.ts'

const PROJECT = resolve(import.meta.dirname, '../..')
const ASSETS = join(PROJECT, 'dist/assets')

/** The form of https://llmstxt.org. */
const LLMS = `# Clinic Insurances API

> Clinics keep their patients' insurance data here: person informations, dependents, coverages, and a catalogue of insurance plans.

Everything is below \`${ORIGIN}${BASE_PATH}\`, in JSON, with a token in the header \`X-User-Token\`.

- [Guide](${ORIGIN}/guide.md): from a token to production
- [OpenAPI 3.1](${ORIGIN}/openapi.json): every call, field and answer
- [TypeScript client](${ORIGIN}/client.tgz): \`npm install ${ORIGIN}/client.tgz\`
- [Reference](${ORIGIN}/docs): for people, with buttons that make the calls
`

await mkdir(join(ASSETS, 'docs'), { recursive: true })
const document = JSON.stringify(openapiDocument(routes))
await writeFile(join(ASSETS, 'openapi.json'), document)
await buildReference(join(ASSETS, 'docs'))

const guide = `# Clinic Insurances API\n\n${GUIDE.replace(/^(?=#)/gm, '#')}`
await writeFile(join(ASSETS, 'guide.md'), guide)
await writeFile(join(ASSETS, 'llms.txt'), LLMS)

const files = await readdir(join(PROJECT, 'migrations'))
const migrations = files.filter((name) => name.endsWith('.sql'))
await writeFile(join(ASSETS, 'migrations.json'), JSON.stringify(migrations))

await buildClient(routes, document, ASSETS)
