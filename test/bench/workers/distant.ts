// @ts-expect-error The bundle that ships carries no types.
import bundle from '../../../dist/index.js'
import type { Bindings } from '../../../src/env.ts'

const worker: ExportedHandler<Bindings> & Required<Pick<ExportedHandler<Bindings>, 'fetch'>> =
  bundle

/** How far away storage is, in milliseconds a call. */
type Distance = { D1_DELAY: number; KV_DELAY: number }

/** The bundle that ships, with D1 and KV as far away as the delays say. */
export default {
  fetch: (request, env, ctx) =>
    worker.fetch(
      request,
      {
        ...env,
        DB: delayed(env.DB, {
          withSession: (at: string) => {
            const session = env.DB.withSession(at)
            return delayed(session, {
              batch: async (statements: D1PreparedStatement[]) => {
                await scheduler.wait(env.D1_DELAY)
                return await session.batch(statements)
              },
            })
          },
        }),
        TOKENS: delayed(env.TOKENS, {
          get: async (...args: unknown[]) => {
            await scheduler.wait(env.KV_DELAY)
            return Reflect.apply(env.TOKENS.get, env.TOKENS, args)
          },
        }),
      },
      ctx,
    ),
} satisfies ExportedHandler<Bindings & Distance>

/** `target` with these methods in place of its own; the others answer for `target`. */
const delayed = <Target extends object>(target: Target, methods: Record<string, unknown>): Target =>
  new Proxy(target, {
    get(_, name) {
      const method: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
