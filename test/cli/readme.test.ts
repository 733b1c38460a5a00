import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONFIG, PROJECT } from '../support/project.ts'
import { run, wordsOf } from './command.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clinic-readme-'))
  await copyFile(CONFIG, join(folder, 'wrangler.toml'))
  // Nobody is signed in.
  await writeFile(join(folder, 'wrangler'), '#!/bin/sh\nexit 1\n')
  await chmod(join(folder, 'wrangler'), 0o755)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(['README.md', 'src/cli/README.md'])('%s', (name) => {
  it('shows no command line that is a usage error', async () => {
    const text = (await readFile(join(PROJECT, name), 'utf8')).replaceAll('\\\n', '')
    const fences = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, content = '']) => content)
    const lines = fences.flatMap((content) => [
      ...content.matchAll(/^npm run (?:-s )?clinic -- ([^#|\n]+)/gm),
    ])
    expect(lines.length).toBeGreaterThan(1)

    for (const [, line = ''] of lines) {
      // An environment that is not set up costs less to look at than a local store.
      const remote = line.replace('--local', '--remote --env production')
      const where = remote.includes('--remote') ? ['--config', 'wrangler.toml'] : []
      const { stderr } = await run([...wordsOf(remote), ...where], {
        cwd: folder,
        env: { PATH: [folder, process.env['PATH']].join(delimiter) },
      })

      // Commander adds this to what it refuses. What is missing here is an account and a key.
      expect(stderr, line).not.toContain('(add --help for more)')
    }
  })
})
