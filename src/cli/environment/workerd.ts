import { createRequire } from 'node:module'
import { join } from 'node:path'
import * as z from 'zod'

/** Runs a program that ends with this process, even if that is killed. */
export const RUN_BELOW = join(import.meta.dirname, 'run-below.sh')

const binary = z.object({ default: z.string() })

/** From here on, no workerd that this process starts outlives it, nor does one that wrangler starts for it. */
export function endWorkerdWithUs(): void {
  if (process.platform === 'win32') return
  const require = createRequire(import.meta.resolve('miniflare'))
  process.env.CLINIC_WORKERD = binary.parse(require('workerd')).default
  process.env.CLINIC_PID = String(process.pid)
  process.env.MINIFLARE_WORKERD_PATH = RUN_BELOW
}
