import { defineConfig } from 'vitest/config'

// What mutants of the engine are tried against: the tests that lie beside it, and a short round of its laws. What takes
// seconds (laws.test.ts, explore.test.ts and `npm run prove`) would be run again for every mutant that survives them.
export default defineConfig({
  test: {
    include: ['src/engine/**/*.test.ts', 'src/testing/engine-laws.test.ts'],
    exclude: [
      '**/node_modules/**',
      'src/engine/laws.test.ts',
      'src/engine/explore.test.ts',
      'src/engine/bamboo-*.test.ts',
    ],
    pool: 'threads',
    testTimeout: 20_000,
  },
})
