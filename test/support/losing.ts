import { openSession } from '../../src/storage/session.ts'

/** A session of the real D1 that loses every other answer, after the commit. */
export function losingAnswers(database: D1Database) {
  const session = database.withSession('first-primary')
  let batches = 0
  return openSession({
    getBookmark: () => session.getBookmark(),
    prepare: (query) => session.prepare(query),
    async batch<Row>(statements: D1PreparedStatement[]) {
      const answers = await session.batch<Row>(statements)
      if (batches++ % 2 === 0) throw new Error('D1_ERROR: Network connection lost.')
      return answers
    },
  })
}
