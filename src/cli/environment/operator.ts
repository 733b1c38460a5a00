import { randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import * as z from 'zod'
import type { Deed } from '../../http/describe.ts'
import { NO_CLINIC } from '../../operator/content.ts'
import { appendAccess } from '../../trail/access.ts'
import type { Session } from '../../storage/session.ts'
import { changedRows } from '../../storage/statement.ts'
import type { Environment } from './choose.ts'
import { askWrangler } from './wrangler.ts'

const account = z.object({ email: z.string() })

/**
 * Who works here, as the trail has it in the place of a token: the name given with `--as`, or else that of the
 * Cloudflare account, or of the user of this machine.
 */
export async function operatorOf({ place, options: { as } }: Environment): Promise<string> {
  if (as !== undefined) return `operator:${as}`
  if (place === 'local') return `operator:${userInfo().username}`
  const found = await askWrangler(account, ['whoami', '--json']).catch(() => undefined)
  return `operator:${found?.email ?? userInfo().username}`
}

/** What the operator did: `ids` are those of records, as ranges, or says what else it was done to. */
export type OperatorDeed = Deed & { clinicId?: string; ids?: string }

/** Leaves in the trail what the operator did. */
export async function leaveDeed(
  db: Session,
  tokenId: string,
  { clinicId = NO_CLINIC, ids = '', ...deed }: OperatorDeed,
): Promise<void> {
  // By the database's clock: what is older than ten minutes is sealed, and a wrong clock here must not add to that.
  const [answer] = await db.batch<{ now: number }>([
    db.prepare("SELECT unixepoch('subsec') * 1000 AS now"),
  ])
  const at = new Date(answer?.results[0]?.now ?? Date.now()).toISOString()
  const access = { ...deed, clinicId, ids, tokenId, at, requestId: randomUUID(), status: 200 }
  await changedRows(db, appendAccess, access)
}
