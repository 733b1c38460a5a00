import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    globalSetup: 'support/build.ts',
    // Each file starts a workerd of its own; more at once than cores only makes them wait.
    maxWorkers: 2,
    // Ends what hangs. Nothing waits for so long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
