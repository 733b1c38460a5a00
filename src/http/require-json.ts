import { factory } from '../factory.ts'
import { ApiError, NOT_JSON } from './errors.ts'

const JSON_MEDIA_TYPE = /^\s*application\/([\w.-]+\+)?json\s*(;|$)/i
const OTHER_CHARSET = /;\s*charset\s*=\s*(?!"?utf-?8"?\s*(;|$))/i

/**
 * Refuses a body that is not declared as JSON, which hono would read as `{}`, and one whose bytes are not
 * UTF-8 (RFC 8259 §8.1), which a lenient decoder would store as other names than were sent.
 */
export const requireJson = factory.createMiddleware(async (c, next) => {
  const contentType = c.req.header('Content-Type') ?? ''
  if (!JSON_MEDIA_TYPE.test(contentType) || OTHER_CHARSET.test(contentType)) {
    throw new ApiError(415, 'Content-Type must be application/json')
  }

  if (!isUtf8(await c.req.arrayBuffer())) throw new ApiError(400, NOT_JSON)
  await next()
})

function isUtf8(bytes: ArrayBuffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
    return true
  } catch {
    return false
  }
}
