import { factory } from '../factory.ts'
import { ApiError } from './errors.ts'

const SIXTY_FOUR_KIB = 64 * 1024

/**
 * Counts the bytes as they stream in, so that a body without a length is limited too. One that is refused is
 * read to its end, which the platform bounds: a connection that still holds a body may serve no further
 * request. So is that of a GET, which means nothing (RFC 9110 §9.3.1).
 */
export const limitBody = factory.createMiddleware(async (c, next) => {
  const { body, method } = c.req.raw
  if (body === null) return await next()

  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size <= SIXTY_FOUR_KIB) chunks.push(chunk)
  }
  if (size > SIXTY_FOUR_KIB) throw new ApiError(413, 'Request body is larger than 64 KiB')

  if (method !== 'GET' && method !== 'HEAD') {
    c.req.raw = new Request(c.req.raw, { body: new Blob(chunks) })
  }
  await next()
})
