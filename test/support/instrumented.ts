// @ts-expect-error The bundle that ships carries no types.
import bundle from '../../dist/index.js'
import type { Bindings } from '../../src/factory.ts'

const worker: ExportedHandler<Bindings> & Required<Pick<ExportedHandler<Bindings>, 'fetch'>> =
  bundle

/** What a request asked of storage until it was answered. */
type Counts = { d1: number; statements: number; rowsRead: number; rowsWritten: number; kv: number }

/** The bundle that ships, with the real D1 and KV behind counters that answer as `x-test-…` headers. */
export default {
  async fetch(request, env, ctx) {
    const counts: Counts = { d1: 0, statements: 0, rowsRead: 0, rowsWritten: 0, kv: 0 }
    const answer = await worker.fetch(
      request,
      { ...env, DB: countingDatabase(env.DB, counts), TOKENS: countingKv(env.TOKENS, counts) },
      ctx,
    )
    const counted = new Response(answer.body, answer)
    counted.headers.set('x-test-d1', String(counts.d1))
    counted.headers.set('x-test-statements', String(counts.statements))
    counted.headers.set('x-test-rows-read', String(counts.rowsRead))
    counted.headers.set('x-test-rows-written', String(counts.rowsWritten))
    counted.headers.set('x-test-kv', String(counts.kv))
    return counted
  },
} satisfies ExportedHandler<Bindings>

/** Every way to reach D1 is counted: batch, and the methods of a statement outside one. */
function countingDatabase(database: D1Database, counts: Counts): D1Database {
  return new Proxy(database, {
    get(target, name) {
      if (name === 'withSession') {
        return (at: string) => countingSession(target.withSession(at), counts)
      }
      if (name === 'prepare' || name === 'batch' || name === 'exec') {
        throw new Error('the Worker goes through a session')
      }
      return Reflect.get(target, name)
    },
  })
}

function countingSession(session: D1DatabaseSession, counts: Counts): D1DatabaseSession {
  return {
    getBookmark: () => session.getBookmark(),
    prepare: (query) => countingStatement(session.prepare(query), counts),
    async batch<T>(statements: D1PreparedStatement[]) {
      counts.d1++
      counts.statements += statements.length
      const answers = await session.batch<T>(statements)
      for (const { meta } of answers) {
        counts.rowsRead += meta.rows_read
        counts.rowsWritten += meta.rows_written
      }
      return answers
    },
  }
}

/** A statement that counts when it is run by itself; in a batch, the batch counts. */
function countingStatement(statement: D1PreparedStatement, counts: Counts): D1PreparedStatement {
  const { first, run, all, raw, bind } = statement
  Object.defineProperty(statement, 'bind', {
    value: (...values: unknown[]) =>
      countingStatement(Reflect.apply(bind, statement, values), counts),
  })
  for (const [name, method] of Object.entries({ first, run, all, raw })) {
    Object.defineProperty(statement, name, {
      value: (...args: unknown[]) => {
        counts.d1++
        counts.statements++
        return Reflect.apply(method, statement, args)
      },
    })
  }
  return statement
}

function countingKv(kv: KVNamespace, counts: Counts): KVNamespace {
  return new Proxy(kv, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...args: unknown[]) => {
        if (name === 'get' || name === 'getWithMetadata') counts.kv++
        return Reflect.apply(method, target, args)
      }
    },
  })
}
