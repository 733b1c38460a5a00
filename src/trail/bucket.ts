import { sha256 } from '../storage/sha256.ts'
import { type Chain, type Line } from './segments.ts'

/** Puts a segment into R2 unless its key is taken. Returns whether R2 now has this segment. */
export async function putSegment(bucket: R2Bucket, key: string, ndjson: string, digest: string) {
  const gzipped = new Blob([ndjson]).stream().pipeThrough(new CompressionStream('gzip'))
  const put = await bucket.put(key, await new Response(gzipped).arrayBuffer(), {
    onlyIf: { etagDoesNotMatch: '*' },
    httpMetadata: { contentType: 'application/gzip' },
  })
  return Boolean(put) || (await readStored(bucket, key))?.sha256 === digest
}

/**
 * Reads a segment from R2: `header` is its first line, `lines` the others. Undefined if R2 lacks it, or has something
 * else.
 */
export async function readStored(bucket: R2Bucket, key: string) {
  const held = await (await bucket.get(key))?.arrayBuffer()
  if (held === undefined) return undefined
  const placeOf = (row: { seq?: number; at: string; request_id: string }) =>
    row.seq === undefined ? `${row.at} ${row.request_id}` : `${row.seq}`
  try {
    const unzipped = new Blob([held]).stream().pipeThrough(new DecompressionStream('gzip'))
    const bytes = new Uint8Array(await new Response(unzipped).arrayBuffer())
    const [header = '', ...lines] = new TextDecoder().decode(bytes).trimEnd().split('\n')
    return {
      sha256: await sha256(bytes),
      header,
      lines: lines.map((line): Line => ({ line, place: placeOf(JSON.parse(line)) })),
    }
  } catch {
    return undefined
  }
}

export async function listClinicsIn(bucket: R2Bucket) {
  const clinicIds: string[] = []
  for await (const { delimitedPrefixes } of pagesOf(bucket, { delimiter: '/' })) {
    clinicIds.push(...delimitedPrefixes.map((prefix) => prefix.slice(0, -1)))
  }
  return clinicIds
}

/** The keys of a chain's segments, in the order of their numbers. */
export async function listKeys(bucket: R2Bucket, { clinicId, stream }: Chain) {
  const keys: string[] = []
  for await (const { objects } of pagesOf(bucket, { prefix: `${clinicId}/${stream}/` })) {
    keys.push(...objects.map(({ key }) => key))
  }
  const numberOf = (key: string) => Number(key.split('/')[2])
  return new Set(keys.sort((a, b) => numberOf(a) - numberOf(b) || a.localeCompare(b)))
}

async function* pagesOf(bucket: R2Bucket, options: R2ListOptions) {
  for (let cursor: string | undefined; ;) {
    const page = await bucket.list({ ...options, ...(cursor !== undefined && { cursor }) })
    yield page
    if (!page.truncated) return
    cursor = page.cursor
  }
}
