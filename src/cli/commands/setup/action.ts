import type { RemoteEnvironment } from '../../environment/choose.ts'
import { setInWranglerToml } from '../../environment/wrangler-toml.ts'
import { runWrangler } from '../../environment/wrangler.ts'
import { shellWords } from '../../terminal/report.ts'

/** One thing that `setup` does, as `--dry-run` prints it. It may tell what it came to. */
export type Action = { says: string; run: () => Promise<string | void> }

export const wranglerLine = (args: readonly string[]) => `npx wrangler ${shellWords(args)}`

export const wrangler = (...args: string[]): Action => ({
  says: wranglerLine(args),
  run: async () => void (await runWrangler(args)),
})

/** Sets a key in wrangler.toml. */
export const edit = (
  { file }: RemoteEnvironment,
  header: string,
  key: string,
  value: string,
): Action => ({
  says: `${file}: ${header} ${key} = ${value}`,
  run: () => setInWranglerToml(file, header, key, value),
})
