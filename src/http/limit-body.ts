import { bodyLimit } from 'hono/body-limit'
import { ApiError } from './errors.ts'

const SIXTY_FOUR_KIB = 64 * 1024

/** Counts the bytes as they stream in, so that a body without a length is limited too. */
export const limitBody = bodyLimit({
  maxSize: SIXTY_FOUR_KIB,
  onError: () => {
    throw new ApiError(413, 'Request body is larger than 64 KiB')
  },
})
