import { factory } from '../env.ts'
import { NOTICE } from '../tokens/record.ts'
import { TOKEN_EXPIRES } from './headers.ts'

/** Tells with every answer when the token expires, once that is less than 14 days away. */
export const tellExpiry = factory.createMiddleware(async (c, next) => {
  await next()
  const { expiresAt } = c.get('caller')
  if (expiresAt === null || Date.parse(expiresAt) - Date.now() > NOTICE) return
  c.res.headers.set(TOKEN_EXPIRES, expiresAt)
})
