import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { SummaryReporter } from './test/support/summary-reporter.ts'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // One process and one module graph per thread: sixty files start in half a second instead of sixteen. The price is
    // that a test must leave no global state behind, which is a good rule anyway.
    pool: 'threads',
    isolate: false,
    // Threads and processes that tests start need not strip and compile the same files again.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/compile') },
    testTimeout: 20_000,
    // What is waited for comes late on a busy machine: the test's own time is what ends it.
    expect: { poll: { timeout: 15_000 } },
    reporters: ['default', new SummaryReporter()],
  },
})
