import { DEMO_TOKENS, loadDemo } from '../../src/cli/dev/demo.ts'
import { databaseOf } from '../../src/storage/session.ts'
import type { TestWorker } from './worker.ts'

/** Loads the demo, as `npm run dev` does, and gives its tokens. */
export async function loadDemoInto({ env, ssnKey }: TestWorker) {
  await loadDemo({ db: databaseOf(env, 'first-primary'), kv: env.TOKENS }, ssnKey.publicKey)
  return DEMO_TOKENS
}
