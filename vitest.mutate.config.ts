import { defineConfig } from 'vitest/config'

// What mutants of the engine are tried against: the tests of what a run does, and a short round of its laws. What takes
// seconds (laws.test.ts, explore.test.ts and `npm run prove`) would be run again for every mutant that survives them.
export default defineConfig({
  test: {
    include: [
      'src/engine/{advance,compile,control,deadline,effects,failure,flow,flows,nodes,params,review,rollback,stages,status,table,turn}.test.ts',
      'src/testing/engine-laws.test.ts',
    ],
    pool: 'threads',
    testTimeout: 120_000,
  },
})
