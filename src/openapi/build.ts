import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { routes } from '../index.ts'
import { buildClient } from './client.ts'
import { openapiDocument } from './document.ts'
import { buildReference } from './reference.ts'

const PROJECT = resolve(import.meta.dirname, '../..')
const ASSETS = join(PROJECT, 'dist/assets')

await mkdir(join(ASSETS, 'docs'), { recursive: true })
const document = JSON.stringify(openapiDocument(routes))
await writeFile(join(ASSETS, 'openapi.json'), document)
await buildReference(join(ASSETS, 'docs'))

const migrations = (await readdir(join(PROJECT, 'migrations'))).filter((name) =>
  name.endsWith('.sql'),
)
await writeFile(join(ASSETS, 'migrations.json'), JSON.stringify(migrations))

await buildClient(document, ASSETS)
