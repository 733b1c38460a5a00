import { defineConfig } from 'vitest/config'

const LONG = '**/*.long.test.ts'

export default defineConfig({
  test: {
    root: import.meta.dirname,
    globalSetup: 'support/build.ts',
    // Each file starts a workerd of its own; more at once than cores only makes them wait.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'quick', include: ['**/*.test.ts'], exclude: [LONG] } },
      { extends: true, test: { name: 'long', include: [LONG] } },
    ],
  },
})
