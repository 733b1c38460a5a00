import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROJECT } from './support/project.ts'

/** A room imports from earlier ones alone, and none from one on the same line. */
const ROOMS = [
  ...['db', 'fields', 'tokens', 'ssn', 'audit', 'factory.ts', 'http'],
  ...['clinics', 'ownables plans', 'records', 'person-informations dependents'],
  ...['kinds.ts', 'service', 'index.ts', 'openapi client cli'],
].map((rooms) => rooms.split(' '))

const SRC = join(PROJECT, 'src')
const files = globSync('**/*.ts', { cwd: SRC }).map((path) => {
  const text = readFileSync(join(SRC, path), 'utf8')
  const imports = [...text.matchAll(/(?:from |import (?=')|import\()'(\.[^']+)'/g)].map(
    ([, to = '']) => normalize(join(path, '..', to)),
  )
  return { path, text, imports }
})

const roomOf = (path: string) => path.split('/')[0] ?? ''
const placeOf = (room: string) => ROOMS.findIndex((rooms) => rooms.includes(room))

describe('src', () => {
  it('imports from earlier rooms alone', () => {
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

  it('names no resource where it speaks HTTP', () => {
    const named = files
      .filter(({ path }) => roomOf(path) === 'http')
      .filter(({ text }) => /person_informations|dependents|plans|ownables/.test(text))

    expect(named.map(({ path }) => path)).toEqual([])
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
