import { gunzipSync } from 'node:zlib'

/** The texts of a bucket's objects below a prefix, by their keys; of one that was tampered with, its bytes. */
export async function objectsOf(bucket: R2Bucket, prefix = ''): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for (let cursor: string | undefined; ;) {
    const page = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) })
    for (const { key } of page.objects) {
      const object = await bucket.get(key)
      const bytes = object && (await object.arrayBuffer())
      if (bytes) texts.set(key, textOf(Buffer.from(bytes)))
    }
    if (!page.truncated) return texts
    cursor = page.cursor
  }
}

function textOf(bytes: Buffer): string {
  try {
    return gunzipSync(bytes).toString()
  } catch {
    return bytes.toString('latin1')
  }
}

/** The rows of a clinic's segments, by `clinic/stream/n`. */
export async function sealedRows(bucket: R2Bucket, clinicId: string) {
  const objects = [...(await objectsOf(bucket, `${clinicId}/`))]
  return new Map(
    objects.map(([key, text]) => [
      key.slice(0, key.lastIndexOf('/')),
      text.trimEnd().split('\n').slice(1),
    ]),
  )
}

/** The key of a clinic's segment, whose digest is the last part of it. */
export async function keyAt(bucket: R2Bucket, clinicId: string, stream: string, n: number) {
  const { objects } = await bucket.list({ prefix: `${clinicId}/${stream}/${n}/` })
  const [object] = objects
  if (!object) throw new Error(`there is no segment ${clinicId}/${stream}/${n}`)
  return object.key
}
