import { factory } from '../factory.ts'
import { refusal } from './errors.ts'

const SIXTY_FOUR_KIB = 64 * 1024

/**
 * Refuses a body over 64 KiB. A declared length can be trusted (RFC 9112 §6.2); without one the bytes are
 * counted as they stream in. Every body is read to its end, which the platform bounds, even a refused one: a
 * connection that still holds a body can serve no further request.
 */
export const limitBody = factory.createMiddleware(async (c, next) => {
  const { body, headers, method } = c.req.raw
  if (body === null) return await next()
  if (isDeclaredToFit(headers)) {
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
  if (size > SIXTY_FOUR_KIB) throw refusal('tooLarge')

  // The body of a GET has no meaning (RFC 9110 §9.3.1), and fetch allows none.
  const isRead = method === 'GET' || method === 'HEAD'
  const whole = isRead ? {} : { body: new Blob(chunks) }
  c.req.raw = new Request(c.req.raw, whole)
  await next()
})

function isDeclaredToFit(headers: Headers): boolean {
  const length = headers.get('Content-Length')
  return length !== null && !headers.has('Transfer-Encoding') && Number(length) <= SIXTY_FOUR_KIB
}
