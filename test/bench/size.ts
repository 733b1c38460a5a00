import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import * as z from 'zod'
import { PROJECT } from '../support/project.ts'

const run = promisify(execFile)

const metafile = z.object({
  outputs: z.record(
    z.string(),
    z.object({ inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })) }),
  ),
})

/** The size of the bundle that ships, by dependency, and how long the runtime is busy starting it. */
export async function measureBundle() {
  const dist = join(PROJECT, 'dist')
  const bundle = await readFile(join(dist, 'index.js'))
  const meta = metafile.parse(JSON.parse(await readFile(join(dist, 'bundle-meta.json'), 'utf8')))
  const gzipped = gzipSync(bundle).byteLength
  return {
    bytes: bundle.byteLength,
    gzip_bytes: gzipped,
    gzip_bytes_by_dependency: byDependency(meta, gzipped),
    startup_active_milliseconds: await measureStartup(),
  }
}

/** Milliseconds that the runtime is busy with starting the Worker; null if wrangler's patience was too short. */
async function measureStartup(): Promise<number | null> {
  const folder = await mkdtemp(join(tmpdir(), 'clinic-startup-'))
  const entry = join(PROJECT, 'node_modules/wrangler/bin/wrangler.js')
  const options = [
    'check',
    'startup',
    '--args=--minify --env staging',
    '--outfile',
    join(folder, 'cpuprofile'),
  ]
  try {
    const { stdout } = await run(process.execPath, [entry, ...options], { cwd: PROJECT })
    return Number(/Active: ([\d.]+) ms/.exec(stdout)?.[1])
  } catch {
    return null
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Each dependency's share of the bundle before compression, in gzipped bytes; the largest first. */
function byDependency({ outputs }: z.infer<typeof metafile>, gzipped: number) {
  const bytes = new Map<string, number>()
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const name = /node_modules\/((@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'the service'
      bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput)
    }
  }
  const total = Array.from(bytes.values()).reduce((sum, size) => sum + size, 0)
  return Object.fromEntries(
    Array.from(bytes, ([name, size]) => [name, Math.round((size / total) * gzipped)] as const)
      .filter(([, size]) => size > 100)
      .sort((a, b) => b[1] - a[1]),
  )
}
