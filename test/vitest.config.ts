import { defineConfig } from 'vitest/config'

const LONG = '**/*.long.test.ts'

export default defineConfig({
  test: {
    root: import.meta.dirname,
    globalSetup: 'support/build.ts',
    // Each file starts a workerd of its own. One more than two cores fills the time in which they wait for the disk.
    maxWorkers: 3,
    // Files of one process import wrangler, which takes seconds, once.
    isolate: false,
    // Ends what hangs. Nothing waits for so long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    projects: [
      { extends: true, test: { name: 'quick', include: ['**/*.test.ts'], exclude: [LONG] } },
      { extends: true, test: { name: 'long', include: [LONG] } },
    ],
  },
})
