import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { routes } from '../index.ts'
import { openapiDocument } from './document.ts'
import { buildReference } from './reference.ts'

const ASSETS = resolve(import.meta.dirname, '../../dist/assets')

await mkdir(join(ASSETS, 'docs'), { recursive: true })
await writeFile(join(ASSETS, 'openapi.json'), JSON.stringify(openapiDocument(routes)))
await buildReference(join(ASSETS, 'docs'))
