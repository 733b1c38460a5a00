import { DEMO_TOKENS, loadDemo } from '../../src/cli/demo.ts'
import { openDatabase } from '../../src/db/client.ts'
import type { TestWorker } from './worker.ts'

/** Loads the demo, as `npm run dev` does, and gives its tokens. */
export async function loadDemoInto({ env, ssnKey }: TestWorker) {
  const session = env.DB.withSession('first-primary')
  await loadDemo(
    {
      db: openDatabase(session),
      kv: env.TOKENS,
      bookmark: () => session.getBookmark() ?? '',
      close: async () => {},
    },
    ssnKey.publicKey,
  )
  return DEMO_TOKENS
}
