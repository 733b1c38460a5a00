import { factory } from '../factory.ts'
import { ApiError } from './errors.ts'

const SIXTY_FOUR_KIB = 64 * 1024

/**
 * Refuses a body over 64 KiB. One that says how long it is is as long as it says (RFC 9112 §6.2); of another
 * the bytes are counted as they stream in. Each is read to its end, which the platform bounds, also where it
 * is refused or means nothing: a connection that still holds a body may serve no further request.
 */
export const limitBody = factory.createMiddleware(async (c, next) => {
  const { body, headers, method } = c.req.raw
  if (body === null) return await next()
  if (isSaidToFit(headers)) {
    // hono keeps it for whoever reads it further down.
    await c.req.arrayBuffer()
    return await next()
  }

  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size <= SIXTY_FOUR_KIB) chunks.push(chunk)
  }
  if (size > SIXTY_FOUR_KIB) throw new ApiError(413, 'Request body is larger than 64 KiB')

  // A GET's means nothing (RFC 9110 §9.3.1), and may not be put back.
  if (method !== 'GET' && method !== 'HEAD') {
    c.req.raw = new Request(c.req.raw, { body: new Blob(chunks) })
  }
  await next()
})

function isSaidToFit(headers: Headers): boolean {
  const length = headers.get('Content-Length')
  return length !== null && !headers.has('Transfer-Encoding') && Number(length) <= SIXTY_FOUR_KIB
}
