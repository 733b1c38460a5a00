import { sha256 } from '../storage/sha256.ts'
import { placeOf, type Line, type Place } from './segments.ts'

/** The object of a segment as it lies in R2. */
export const compressed = (ndjson: string) =>
  new Response(new Blob([ndjson]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()

/** What R2 has of a segment; `header` is its first line, `lines` the others. */
export type Stored = { sha256: string; header: string; lines: Line[] }

/** Reads an object of R2; undefined if there is none, or it is no segment of the stream. */
export async function readStored(
  bucket: R2Bucket,
  { stream }: Place,
  key: string,
): Promise<Stored | undefined> {
  const object = await bucket.get(key)
  const held = await object?.arrayBuffer()
  if (held === undefined) return undefined
  try {
    const unzipped = new Blob([held]).stream().pipeThrough(new DecompressionStream('gzip'))
    const bytes = new Uint8Array(await new Response(unzipped).arrayBuffer())
    const [header = '', ...lines] = new TextDecoder().decode(bytes).trimEnd().split('\n')
    return {
      sha256: await sha256(bytes),
      header,
      lines: lines.map((line) => ({ line, place: placeOf(stream, JSON.parse(line)) })),
    }
  } catch {
    return undefined
  }
}

/** The clinics that have segments. */
export async function listClinicsIn(bucket: R2Bucket): Promise<string[]> {
  const clinicIds: string[] = []
  for await (const page of pagesOf(bucket, { delimiter: '/' })) {
    clinicIds.push(...page.delimitedPrefixes.map((prefix) => prefix.slice(0, -1)))
  }
  return clinicIds
}

/** The keys of a stream's segments. */
export async function listKeys(bucket: R2Bucket, { clinicId, stream }: Place) {
  const keys = new Set<string>()
  for await (const page of pagesOf(bucket, { prefix: `${clinicId}/${stream}/` })) {
    for (const { key } of page.objects) keys.add(key)
  }
  return keys
}

async function* pagesOf(bucket: R2Bucket, options: R2ListOptions) {
  for (let cursor: string | undefined; ;) {
    const page = await bucket.list({ ...options, ...(cursor !== undefined && { cursor }) })
    yield page
    if (!page.truncated) return
    cursor = page.cursor
  }
}
