import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { clinicId } from '../../fields/clinic-id.ts'
import type { Mark } from '../../operator/marks.ts'
import { parsedJson } from '../../storage/parsed-json.ts'
import { sha256 } from '../../storage/sha256.ts'
import { Failure } from '../terminal/failure.ts'
import { valuesIn } from './lines.ts'

export const MANIFEST = 'manifest.json'

/** Goes up with every change to what a backup holds. */
export const FORMAT = 2

const count = z.int().min(0)

export const mark = z.object({
  clinic_id: clinicId,
  seq: count,
  ids: z.record(z.string(), count),
}) satisfies z.ZodType<Mark>

const manifest = z.object({
  format: z.literal(FORMAT),
  at: z.iso.datetime(),
  marks: z.array(mark),
  tables: z.record(z.string(), z.object({ rows: count, sha256: z.string() })),
})
export type Manifest = z.infer<typeof manifest>

/** Reads a backup's manifest; `digest` is the one that `backup` printed. Throws Failure. */
export async function readManifest(folder: string, digest: string | undefined): Promise<Manifest> {
  const file = join(folder, MANIFEST)
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Failure(`${folder} is not a complete backup: ${MANIFEST} is missing`)
  })
  if (digest !== undefined && (await sha256(text)) !== digest) {
    throw new Failure(`${folder} is not the backup with that digest`)
  }
  const { data } = manifest.safeParse(parsedJson(text))
  if (data) return data
  throw new Failure(
    `${file} is not of format ${FORMAT}, which this version reads: restore it with the version that wrote it`,
  )
}

const row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]))

/** The rows of one of a backup's files. Throws Failure. */
export const readRows = (file: string) => valuesIn(file, row, 'backup')
