import { factory } from '../factory.ts'
import { ApiError } from './errors.ts'

const SIXTY_FOUR_KIB = 64 * 1024

/** What is read of a refused body and thrown away; past that the connection may break. */
const ONE_MIB = 1024 * 1024

/**
 * Counts the bytes as they stream in, so that a body without a length is limited too. One that is refused is
 * read to its end, within reason: a connection that still holds a body may serve no further request.
 */
export const limitBody = factory.createMiddleware(async (c, next) => {
  const { body } = c.req.raw
  if (body === null) return await next()

  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size <= SIXTY_FOUR_KIB) chunks.push(chunk)
    if (size > ONE_MIB) break
  }
  if (size > SIXTY_FOUR_KIB) throw new ApiError(413, 'Request body is larger than 64 KiB')

  c.req.raw = new Request(c.req.raw, { body: new Blob(chunks) })
  await next()
})
