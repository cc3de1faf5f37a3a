import type { PipelineView, RunView } from '../../model/view.ts'
import { sequenceOf } from './dto.ts'
import { originalOf } from './original.ts'
import { plainText } from './read.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'

/** Predefined parameters that steps are given as environment variables (usermanual-pipeline/pipeline_01_0003). */
const SYSTEM = {
  PROJECT_ID: 'ID of the project that the pipeline belongs to',
  PIPELINE_ID: 'ID of the pipeline',
  PIPELINE_NUMBER: 'Number of the run',
  PIPELINE_NAME: 'Name of the pipeline',
  PIPELINE_RUN_ID: 'ID of the run',
  REPO_URL: 'HTTPS address of the code repository',
} as const
export type SystemName = keyof typeof SYSTEM
const names = Object.keys(SYSTEM) as readonly SystemName[]

/** `GET .../list-system-vars`: those that the steps of a pipeline see; of one that no v5 client made, none. */
export const presentSystemVariables = ({ definition }: PipelineView): readonly JsonObject[] =>
  namesOf(definition.env).map((name, ordinal) => ({
    name,
    value: null,
    type: 'string',
    description: SYSTEM[name],
    isShow: true,
    ordinal,
    isAlias: false,
    kind: null,
    contextName: null,
    sourceIdentifier: null,
  }))

/** The same with the values of a run, as `GET .../run-variables?mode=1` has them. */
export function presentSystemValues(run: RunView): readonly JsonObject[] {
  const values = {
    PROJECT_ID: run.project.id,
    PIPELINE_ID: run.pipeline.id,
    PIPELINE_NUMBER: String(run.number),
    PIPELINE_NAME: run.pipeline.name,
    PIPELINE_RUN_ID: run.id,
    REPO_URL: plainText(run.definition.env['REPO_URL']),
  } as const satisfies Record<SystemName, string>
  return namesOf(run.definition.env).map((name) => ({
    name,
    sequence: null,
    type: 'string',
    value: values[name],
    is_secret: false,
    description: SYSTEM[name],
    is_runtime: false,
    limits: null,
    is_reset: false,
    latest_value: null,
    required: false,
    variableGroupName: null,
  }))
}

const namesOf = (env: Readonly<Record<string, string>>): readonly SystemName[] => names.filter((name) => name in env)

/** `GET .../list-runtime-vars`: the variables that a start may set, as the pipeline shows them, and each with a number. */
export function runtimeVariables(pipeline: PipelineView, shown: readonly Json[]): readonly Json[] {
  if (originalOf(pipeline.definition) === null) return shown
  return shown
    .filter(isJsonObject)
    .map((variable, index) => ({ ...variable, sequence: sequenceOf(variable) ?? index + 1 }))
    .filter((variable: JsonObject) => variable['is_runtime'] === true)
}
