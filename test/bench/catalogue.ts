import type { Session } from '../../src/storage/session.ts'
import { publishPlans } from '../../src/operator/publish-plans.ts'
import { manyPlans } from './fill.ts'

/** What publishing takes: a new catalogue, the same once more, one with a hundredth changed, and a large one. */
export async function measurePublishing(session: Session, tokens: KVNamespace, plans: number) {
  const some = manyPlans(plans)
  const changed = some.map((plan, n) => (n % 100 ? plan : { ...plan, plan_name: `New ${n}` }))
  const measured = []
  for (const [what, catalogue] of [
    [`${plans} plans`, some],
    ['the same again', some],
    ['a hundredth changed', changed],
    [`${5 * plans} plans`, manyPlans(5 * plans)],
  ] as const) {
    const counted = { rows_read: 0, rows_written: 0, bytes: 0 }
    const db: Session = {
      ...session,
      async batch<Row>(statements: D1PreparedStatement[]) {
        const answers = await session.batch<Row>(statements)
        for (const { meta } of answers) {
          counted.rows_read += meta.rows_read
          counted.rows_written += meta.rows_written
          counted.bytes = meta.size_after
        }
        return answers
      },
    }
    const startedAt = performance.now()
    await publishPlans(db, tokens, catalogue)
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10
    measured.push({ what, seconds, ...counted })
  }
  return measured
}
