import { factory } from '../factory.ts'
import { ApiError, NOT_JSON } from './errors.ts'
import { faultOfJson } from './json-text.ts'

const JSON_MEDIA_TYPE = /^\s*application\/([\w.-]+\+)?json\s*(;|$)/i
const OTHER_CHARSET = /;\s*charset\s*=\s*(?!"?utf-?8"?\s*(;|$))/i

/**
 * Refuses a body that is not declared as JSON, which hono would read as `{}`; one whose bytes are not UTF-8
 * (RFC 8259 §8.1), which a lenient decoder would store as other names than were sent; and one that JSON.parse
 * takes but two readers could understand in two ways.
 */
export const requireJson = factory.createMiddleware(async (c, next) => {
  const contentType = c.req.header('Content-Type') ?? ''
  if (!JSON_MEDIA_TYPE.test(contentType) || OTHER_CHARSET.test(contentType)) {
    throw new ApiError(415, 'Content-Type must be application/json')
  }

  const text = decodeUtf8(await c.req.arrayBuffer())
  const fault = text === undefined ? NOT_JSON : faultOfJson(text)
  if (fault !== undefined) throw new ApiError(400, fault)
  await next()
})

function decodeUtf8(bytes: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    return undefined
  }
}
