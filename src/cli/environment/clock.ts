import type { Session } from '../../storage/session.ts'

/** How far, in milliseconds, this machine's clock is ahead of the database's. */
export async function clockLead(db: Session): Promise<number> {
  const asked = Date.now()
  const [answer] = await db.batch<{ now: number }>([
    db.prepare("SELECT unixepoch('subsec') * 1000 AS now"),
  ])
  return Math.round((asked + Date.now()) / 2 - (answer?.results[0]?.now ?? 0))
}
