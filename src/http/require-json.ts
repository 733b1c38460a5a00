import type { Context } from 'hono'
import { withinTime } from '../storage/retry.ts'
import { factory, type Env } from '../env.ts'
import { refusal } from './errors.ts'
import { faultOfJson } from './json-text.ts'

/** The largest body in bytes, by the name of its refusal. A batch has up to a hundred records. */
const LARGEST = { tooLarge: 64 * 1024, batchTooLarge: 1024 * 1024 }
type TooLarge = keyof typeof LARGEST

/** How far to read past the limit, so that a client that is still sending gets to read the answer. */
const GRACE_BYTES = 1024 * 1024
const DRAINED_AT_ONCE = 64 * 1024
/** The longest that reading a body may take, whether it is accepted or refused. */
const WHOLE_BODY_MILLISECONDS = 30_000

/** "No coding" (RFC 9110 §12.5.3). */
const IDENTITY = 'identity'
const JSON_MEDIA_TYPE = /^\s*application\/([\w.-]+\+)?json\s*(;|$)/i
const OTHER_CHARSET = /;\s*charset\s*=\s*(?!"?utf-?8"?\s*(;|$))/i

/**
 * Reads a JSON body up to the limit. Refuses one that isn't declared as JSON, which hono would read as `{}`; one that
 * isn't UTF-8 (RFC 8259 §8.1), since a lenient decoder would change names; and one that JSON parsers may read
 * differently.
 */
export const requireJson = (tooLarge: TooLarge = 'tooLarge') =>
  factory.createMiddleware(async (c, next) => {
    const contentType = c.req.header('Content-Type') ?? ''
    if (!JSON_MEDIA_TYPE.test(contentType)) throw refusal('notDeclaredJson')
    if (OTHER_CHARSET.test(contentType)) throw refusal('notUtf8')
    // RFC 9110 §15.5.16: a 415 names the accepted codings.
    const coding = c.req.header('Content-Encoding') ?? IDENTITY
    if (coding.trim().toLowerCase() !== IDENTITY) {
      throw refusal('encoded', { headers: { 'Accept-Encoding': IDENTITY } })
    }

    const text = decodeUtf8(await readBody(c, tooLarge))
    const fault = faultOfJson(text)
    if (fault !== undefined) throw refusal(fault.name, fault)

    // Hono looks here first. It expects a promise, whatever the type says. A new Request would be read once more.
    Object.assign(c.req.bodyCache, { text: Promise.resolve(text) })
    await next()
  })

/**
 * Reads the body into one buffer. The runtime allocates 4 KiB for each chunk of a stream, so a body of one-byte chunks,
 * read chunk by chunk, would cost thousands of times its size.
 */
async function readBody({ req }: Context<Env>, tooLarge: TooLarge): Promise<Uint8Array> {
  const limit = LARGEST[tooLarge]
  const declared = Number(req.header('Content-Length') ?? limit)
  const reader = req.raw.body?.getReader({ mode: 'byob' })
  if (!reader) return new Uint8Array()

  const read = async (bytes: number) =>
    (await reader.readAtLeast(bytes, new Uint8Array(bytes))).value ?? new Uint8Array()
  const readWhole = async () => {
    const body = await read(Math.min(declared, limit) + 1)
    if (body.byteLength <= limit && declared <= limit) return body

    for (let further = 0; further < GRACE_BYTES; further += DRAINED_AT_ONCE)
      await read(DRAINED_AT_ONCE)
    throw refusal(tooLarge)
  }
  try {
    return await withinTime(readWhole(), WHOLE_BODY_MILLISECONDS, () => refusal('tooSlow'))
  } finally {
    // If the body was read to the end, there is nothing to cancel.
    void reader.cancel().catch(() => {})
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    throw refusal('notJson', { detail: 'it is not UTF-8' })
  }
}
