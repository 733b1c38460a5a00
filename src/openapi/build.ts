import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { buildReference } from '../docs/build.ts'
import { routes } from '../index.ts'
import { openapiDocument } from './document.ts'

const ASSETS = resolve(import.meta.dirname, '../../dist/assets')

await mkdir(join(ASSETS, 'docs'), { recursive: true })
await writeFile(join(ASSETS, 'openapi.json'), JSON.stringify(openapiDocument(routes)))
await buildReference(join(ASSETS, 'docs'))
