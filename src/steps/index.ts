import { approval } from './approval/spec.ts'
import { callback } from './callback/spec.ts'
import { check } from './check/spec.ts'
import { deploy } from './deploy/spec.ts'
import { distribute } from './distribute/spec.ts'
import { end } from './end/spec.ts'
import { gateway } from './gateway/spec.ts'
import { git } from './git/spec.ts'
import { http } from './http/spec.ts'
import { image } from './image/spec.ts'
import { notify } from './notify/spec.ts'
import { noop } from './noop/spec.ts'
import { pack } from './package/spec.ts'
import { publish } from './publish/spec.ts'
import { run } from './run/spec.ts'
import { script } from './script/spec.ts'
import { sleep } from './sleep/spec.ts'
import { start } from './start/spec.ts'
import type { StepSpec } from './step.ts'
import { subflow } from './subflow/spec.ts'
import { test } from './test/spec.ts'

/** Every step type. A new one is one folder and one line here, and if runners do it, one in runs.ts. */
export const stepSpecs: readonly StepSpec[] = [
  script,
  git,
  check,
  test,
  pack,
  image,
  deploy,
  distribute,
  http,
  notify,
  sleep,
  approval,
  noop,
  callback,
  publish,
  run,
  start,
  end,
  gateway,
  subflow,
]

/** What the built-in linter of `check` looks for. */
export { LINT_RULES } from './check/rules.ts'
