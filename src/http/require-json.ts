import { factory } from '../factory.ts'
import { refusal } from './errors.ts'
import { faultOfJson } from './json-text.ts'

const JSON_MEDIA_TYPE = /^\s*application\/([\w.-]+\+)?json\s*(;|$)/i
const OTHER_CHARSET = /;\s*charset\s*=\s*(?!"?utf-?8"?\s*(;|$))/i

/**
 * Refuses a body that is not declared as JSON, which hono would read as `{}`; one that is not UTF-8 (RFC 8259
 * §8.1), since a lenient decoder would store other names than were sent; and one that two JSON parsers may read
 * in two ways.
 */
export const requireJson = factory.createMiddleware(async (c, next) => {
  const contentType = c.req.header('Content-Type') ?? ''
  if (!JSON_MEDIA_TYPE.test(contentType) || OTHER_CHARSET.test(contentType)) {
    throw refusal('notDeclaredJson')
  }

  const text = decodeUtf8(await c.req.arrayBuffer())
  const fault = text === undefined ? 'notJson' : faultOfJson(text)
  if (fault !== undefined) throw refusal(fault)
  await next()
})

function decodeUtf8(bytes: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    return undefined
  }
}
