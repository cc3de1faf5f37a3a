import type { StepRun } from './step.ts'

/** What runners load to do a step; the server never does. The other step types are done by the server itself. */
export const stepRuns: Readonly<Record<string, () => Promise<{ readonly run: StepRun }>>> = {
  script: () => import('./script/run.ts'),
  git: () => import('./git/run.ts'),
  check: () => import('./check/run.ts'),
  test: () => import('./test/run.ts'),
  package: () => import('./package/run.ts'),
  image: () => import('./image/run.ts'),
  notify: () => import('./notify/run.ts'),
  deploy: () => import('./deploy/run.ts'),
  distribute: () => import('./distribute/run.ts'),
  http: () => import('./http/run.ts'),
}
