// Loaded before the command line and `npm run dev`. It is JavaScript, so that an old Node can read it.
import module from 'node:module'
import { join } from 'node:path'

if (!process.features.typescript) {
  console.error(
    `error: Node ${process.versions.node} cannot run TypeScript: run \`npm rebuild node --ignore-scripts=false\`, which brings Node 24`,
  )
  process.exit(1)
}

// Most of a short run goes into compiling, so what was compiled is kept for the next one.
module.enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/clinic'))
