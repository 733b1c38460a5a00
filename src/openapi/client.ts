import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hono } from 'hono'
import './typescript-5.mjs'
import type { Env } from '../env.ts'
import { VERSION } from '../http/version.ts'
import { operationsSource } from './client-operations.ts'

const PROJECT = join(import.meta.dirname, '../..')
const SOURCE = join(PROJECT, 'src/client')
const OUT = join(PROJECT, 'dist/client')

const PACKAGE = {
  name: 'clinic-insurances-client',
  version: VERSION,
  description: 'The typed client of the Clinic Insurances API.',
  license: 'UNLICENSED',
  type: 'module',
  sideEffects: false,
  engines: { node: '>=20' },
  exports: { '.': { types: './index.d.ts', default: './index.js' } },
}

/** Generates the client's code and packs it as `client.tgz` into `folder`, unless nothing changed. */
export async function buildClient(app: Hono<Env>, whole: string, folder: string): Promise<void> {
  const document = forReaders(whole)
  const digest = await digestOf(document)
  const mark = join(OUT, 'built-from')
  const isBuilt = existsSync(join(folder, 'client.tgz'))
  if (isBuilt && (await readFile(mark, 'utf8').catch(() => '')) === digest) return

  // Imported only now: the hook of typescript-5.mjs must be in place first.
  const { default: openapiTS, astToString } = await import('openapi-typescript')
  const types = astToString(await openapiTS(document, { defaultNonNullable: false }))

  // Two builds may run at once: each works in folders of its own.
  const work = `${OUT}-${process.pid}`
  const source = `${work}-source`
  await cp(SOURCE, source, { recursive: true })
  await mkdir(join(source, 'generated'))
  await writeFile(join(source, 'generated/schema.ts'), types)
  await writeFile(join(source, 'generated/operations.ts'), operationsSource(app))
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, {
      cwd: PROJECT,
      stdio: ['ignore', command === 'npm' ? 'pipe' : 'inherit', 'inherit'],
    })
  run(join(PROJECT, 'node_modules/.bin/tsc'), '-p', source, '--noEmit', 'false', '--outDir', work)
  await writeFile(join(work, 'package.json'), JSON.stringify(PACKAGE, null, 2))
  await cp(join(SOURCE, 'README.md'), join(work, 'README.md'))
  run('npm', 'pack', '--silent', work, '--pack-destination', work)
  await rename(join(work, `${PACKAGE.name}-${VERSION}.tgz`), join(folder, 'client.tgz'))
  await writeFile(join(work, 'built-from'), digest)
  await rm(OUT, { recursive: true, force: true })
  await rename(work, OUT)
  await rm(source, { recursive: true })
}

/** Keeps only the first alternative of each `oneOf`: the client is typed for a token that may read. */
const forReaders = (document: string): string =>
  JSON.stringify(JSON.parse(document), (_, value: unknown) => Object(value).oneOf?.[0] ?? value)

/** The digest of everything that the package is made from. */
async function digestOf(document: string): Promise<string> {
  const digest = createHash('sha256').update(document).update(VERSION)
  for (const cwd of [SOURCE, import.meta.dirname]) {
    for (const file of globSync('*.*', { cwd })) digest.update(await readFile(join(cwd, file)))
  }
  return digest.digest('hex')
}
