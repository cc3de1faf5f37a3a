import { parseDefinition } from '../definition/parse-definition.ts'
import type { LocatedError } from '../model/problem.ts'
import { stepSpecs } from '../steps/index.ts'
import { outsideLabel, outsideSteps } from '../steps/outside.ts'
import type { StepSpec } from '../steps/step.ts'
import type { WorksOptions } from './options.ts'

/** What is wrong with a definition; empty: nothing. Needs no server. */
export function checkDefinition(
  text: string,
  file: string,
  stepDirectories: readonly string[] = [],
): readonly LocatedError[] {
  const result = parseDefinition(text, file, stepsOf({ stepDirectories }))
  return result.ok ? [] : result.errors
}

/** Those of third parties besides ours. @throws Error that names all that is wrong with them. */
export const stepsOf = (options: Pick<WorksOptions, 'stepDirectories'>): readonly StepSpec[] => [
  ...stepSpecs,
  ...outsideSteps(options.stepDirectories ?? []),
]

export const outsideLabels = (options: Pick<WorksOptions, 'stepDirectories'>): readonly string[] =>
  outsideSteps(options.stepDirectories ?? []).map(({ type }) => outsideLabel(type))
