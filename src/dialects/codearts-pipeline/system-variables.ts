import type { PipelineView, RunView } from '../../model/view.ts'
import { sequenceOf } from './dto.ts'
import { originalOf } from './original.ts'
import { plainText } from './read.ts'
import { executeTypes } from './status.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'

/** Predefined parameters that steps are given as environment variables (usermanual-pipeline/pipeline_01_0003). */
const SYSTEM = {
  PROJECT_ID: 'ID of the project that the pipeline belongs to',
  PIPELINE_ID: 'ID of the pipeline',
  PIPELINE_NUMBER: 'Number of the run',
  TIMESTAMP: 'When the run was started, such as 20211222124301',
  PIPELINE_TRIGGER_TYPE: 'What started the run',
  PIPELINE_NAME: 'Name of the pipeline',
  REPO_URL: 'HTTPS address of the code repository',
  EXECUTE_USER: 'Who started the run',
  EXECUTE_USER_NAME: 'Name of who started the run',
  PIPELINE_RUN_ID: 'ID of the run',
} as const
export type SystemName = keyof typeof SYSTEM
const OF_A_SOURCE = {
  _REPOSITORY_NAME: 'Name of the repository',
  _TARGET_BRANCH: 'Branch that is built',
  _REPO_URL: 'HTTPS address of the code repository',
} as const

interface SystemVariable {
  readonly name: string
  readonly description: string
  /** One of a source, called by its alias. */
  readonly isAlias: boolean
}

/** Those that the steps of a pipeline see; of one that no v5 client made, none but those that it has by itself. */
function variablesOf(definition: PipelineView['definition']): readonly SystemVariable[] {
  const own = Object.entries(SYSTEM).map(([name, description]) => ({ name, description, isAlias: false }))
  const names = originalOf(definition) === null ? [] : Object.keys(definition.env).filter((name) => !(name in SYSTEM))
  const ofSources = names.flatMap((name) => {
    const found = Object.entries(OF_A_SOURCE).find(([end]) => name.endsWith(end))
    return found === undefined ? [] : [{ name, description: found[1], isAlias: true }]
  })
  return [...own.filter(({ name }) => name in definition.env), ...ofSources]
}

/** `GET .../list-system-vars`. */
export const presentSystemVariables = ({ definition }: PipelineView): readonly JsonObject[] =>
  variablesOf(definition).map(({ name, description, isAlias }, ordinal) => ({
    name,
    value: null,
    type: 'string',
    description,
    isShow: true,
    ordinal,
    isAlias,
    kind: null,
    contextName: null,
    sourceIdentifier: null,
  }))

/** The same with the values of a run, as `GET .../run-variables?mode=1` has them. */
export function presentSystemValues(run: RunView): readonly JsonObject[] {
  const params = new Map(run.params.map(({ name, value }) => [name, plainText(value)]))
  const { env } = run.definition
  const values: Readonly<Record<SystemName, string>> = {
    PROJECT_ID: run.project.id,
    PIPELINE_ID: run.pipeline.id,
    PIPELINE_NUMBER: String(run.number),
    TIMESTAMP: (params.get('SYS_TIMESTAMP') ?? '').slice(0, 14),
    PIPELINE_TRIGGER_TYPE: executeTypes[run.cause.kind],
    PIPELINE_NAME: run.pipeline.name,
    REPO_URL: plainText(env['REPO_URL']),
    EXECUTE_USER: run.cause.by,
    EXECUTE_USER_NAME: run.cause.by,
    PIPELINE_RUN_ID: run.id,
  }
  const valueOf = (name: string): string => {
    if (Object.hasOwn(values, name)) return values[name as SystemName]
    const text = env[name] ?? ''
    const param = /^\$\{\{ params\.(\w+) \}\}$/.exec(text)?.[1]
    return param === undefined ? text : (params.get(param) ?? '')
  }
  return variablesOf(run.definition).map(({ name, description }) => ({
    name,
    sequence: null,
    type: 'string',
    value: valueOf(name),
    is_secret: false,
    description,
    is_runtime: false,
    limits: null,
    is_reset: false,
    latest_value: null,
    required: false,
    variableGroupName: null,
  }))
}

/** `GET .../list-runtime-vars`: the variables that a start may set, as the pipeline shows them, and each with a number. */
export function runtimeVariables(pipeline: PipelineView, shown: readonly Json[]): readonly Json[] {
  if (originalOf(pipeline.definition) === null) return shown
  return shown
    .filter(isJsonObject)
    .map((variable, index) => ({ ...variable, sequence: sequenceOf(variable) ?? index + 1 }))
    .filter((variable: JsonObject) => variable['is_runtime'] === true)
}
