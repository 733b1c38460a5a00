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

/** The rows of a clinic's segments of the first epoch, by the key of each segment. */
export async function sealedRows(bucket: R2Bucket, clinicId: string) {
  const objects = [...(await objectsOf(bucket, `1/${clinicId}/`))]
  return new Map(objects.map(([key, text]) => [key, text.trimEnd().split('\n').slice(1)]))
}
