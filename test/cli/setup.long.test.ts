import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run, runJson, wordsOf } from './command.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clinic-setup-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('setup --local', () => {
  it('migrates a store and makes its key, as pasted from a refusal, and changes nothing again', async () => {
    const flags = ['--local', '--persist-to', "this clinic's state"]

    const refused = await run(['token', 'list', ...flags], { cwd: folder })
    const [, fix] = /run `npm run clinic -- (.+)`/.exec(refused.stderr) ?? []
    const first = await runJson(wordsOf(fix), { cwd: folder })
    const second = await runJson(['setup', ...flags], { cwd: folder })

    expect(first['migrations_applied']).toContain('0001_create_clinics.sql')
    expect(second).toEqual({ migrations_applied: [], ssn_key_id: first['ssn_key_id'] })
    expect(await runJson(['token', 'list', ...flags], { cwd: folder })).toEqual({ tokens: [] })
  })
})
