import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROJECT } from './support/project.ts'

/** A room imports only from earlier ones, and not from those on its own line. */
const ROOMS = [
  ...['storage', 'fields', 'tokens', 'ssn', 'env.ts', 'clinics', 'http', 'trail'],
  ...['ownables plans', 'records', 'resources', 'health'],
  ...['index.ts operator', 'openapi client cli'],
].map((rooms) => rooms.split(' '))

/** What runs on the operator's machine, at build time or at the client's. */
const NOT_IN_THE_WORKER = ['operator', 'openapi', 'client', 'cli']

const EXPORT = /^export (?:async )?(?:const|function\*?|type|class|let) (\w+)/gm

/** Names that several files may export, and why. */
const SHARED: Record<string, string> = {
  command: 'each file of a command exports its command',
  FieldErrors: "the client's package stands alone",
}

/** Holds the text of a file that it writes. */
const TEMPLATE = 'openapi/client-operations.ts'

const SRC = join(PROJECT, 'src')
const written = globSync('**/*.ts', { cwd: SRC })
const files = written.map((path) => {
  const text = readFileSync(join(SRC, path), 'utf8')
  const imports = [...text.matchAll(/(?:from |import (?=')|import\()'(\.[^']+)'/g)].map(
    ([, to = '']) => normalize(join(path, '..', to)),
  )
  return { path, text, imports }
})

const roomOf = (path: string) => path.split('/')[0] ?? ''
const placeOf = (room: string) => ROOMS.findIndex((rooms) => rooms.includes(room))

/** The files that `path` imports, directly or not, itself among them. */
function reachedFrom(path: string, reached = new Set<string>()): Set<string> {
  if (reached.has(path)) return reached
  reached.add(path)
  for (const to of files.find((file) => file.path === path)?.imports ?? []) reachedFrom(to, reached)
  return reached
}

describe('src', () => {
  it('imports only from earlier rooms', () => {
    const wrong = files.flatMap(({ path, imports }) =>
      imports
        .filter((to) => roomOf(to) !== roomOf(path))
        .filter((to) => !(placeOf(roomOf(to)) < placeOf(roomOf(path))))
        .map((to) => `${path} imports ${to}`),
    )

    const homeless = files.filter(({ path }) => placeOf(roomOf(path)) === -1)
    expect(wrong).toEqual([])
    expect(homeless.map(({ path }) => path)).toEqual([])
  })

  it('reaches every file from index.ts but those of the operator and the programs', () => {
    const reached = reachedFrom('index.ts')
    const isOfWorker = ({ path }: { path: string }) => !NOT_IN_THE_WORKER.includes(roomOf(path))

    expect([...reached].sort()).toEqual(
      files
        .filter(isOfWorker)
        .map(({ path }) => path)
        .sort(),
    )
  })

  it('names no resource in http/', () => {
    const named = files
      .filter(({ path }) => roomOf(path) === 'http')
      .filter(({ text }) =>
        /person_informations|dependents|coverages|coverages|plans|ownables/.test(text),
      )

    expect(named.map(({ path }) => path)).toEqual([])
  })

  it('imports nothing in a circle, types included', () => {
    const circles = files.filter(({ path, imports }) =>
      imports.some((to) => to === path || reachedFrom(to).has(path)),
    )

    expect(circles.map(({ path }) => path)).toEqual([])
  })

  it('gives every exported name to one thing', () => {
    const homes = new Map<string, Set<string>>()
    for (const { path, text } of files) {
      if (path === TEMPLATE) continue
      for (const [, name = ''] of text.matchAll(EXPORT)) {
        homes.set(name, (homes.get(name) ?? new Set()).add(path))
      }
    }

    const twice = [...homes].filter(([name, paths]) => paths.size > 1 && !(name in SHARED))
    expect(twice).toEqual([])
  })

  it('writes the base path once', () => {
    const written = files.filter(({ text }) => text.includes('/v1/clinic/insurances'))

    expect(written.map(({ path }) => path)).toEqual(['http/base-path.ts'])
  })

  it('has no file of more than 300 lines', () => {
    const long = files.filter(({ text }) => text.trimEnd().split('\n').length > 300)

    expect(long.map(({ path }) => path)).toEqual([])
  })

  it('has one file of the command line at its top, and folders', () => {
    const top = readdirSync(join(SRC, 'cli')).filter((name) => name.endsWith('.ts'))

    expect(top).toEqual(['index.ts'])
  })
})
