import { SEVERITIES, type Severity } from '../../model/finding.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'

/** What a check task is made of: all that this vendor's calls can say of one. */
export interface TaskConfig {
  readonly gitUrl: string
  readonly gitBranch: string
  readonly languages: readonly string[]
  readonly ruleSets: readonly RuleSetUse[]
  /** Ids of the rules that its rule sets have together; null: all. */
  readonly rules: readonly string[] | null
  readonly exclude: readonly string[]
  readonly failOn: Severity | 'none'
  readonly timeoutMinutes: number | null
  /** Labels that a runner must have. */
  readonly labels: readonly string[]
  /** Only of incremental tasks. */
  readonly parentTaskId: string | null
  readonly mergeId: string | null
  readonly eventType: string | null
  /** What has no meaning here, kept as it came. */
  readonly vendor: JsonObject
}
export interface RuleSetUse {
  readonly rulesetId: string
  readonly language: string
}

const ANNOTATION = 'codearts-check/task'
const SOURCE = 'source'
/** As the definition's limits have them (definition/limits.ts): what is longer could not be stored. */
export const ANNOTATION_MAX = 8_192

/** The definition of a task: fetch, then check. JSON is YAML. */
export function definitionText(name: string, config: TaskConfig): string {
  const { rules, exclude, failOn, timeoutMinutes, labels } = config
  const runsOn = labels.length === 0 ? {} : { runs_on: labels }
  return JSON.stringify({
    name,
    params: {
      git_url: { type: 'string', default: config.gitUrl },
      git_branch: { type: 'string', default: config.gitBranch },
    },
    ...(timeoutMinutes === null ? {} : { timeout: `${timeoutMinutes}m` }),
    annotations: { [ANNOTATION]: annotation(config) },
    tasks: [
      {
        key: 'checkout',
        name: 'Check out',
        role: 'source',
        ...runsOn,
        uses: 'git',
        with: { url: '${{ params.git_url }}', ref: '${{ params.git_branch }}', path: SOURCE },
      },
      {
        key: 'check',
        name: 'Check the code',
        role: 'check',
        needs: ['checkout'],
        ...runsOn,
        uses: 'check',
        with: {
          path: SOURCE,
          ...(rules === null ? {} : { rules }),
          ...(exclude.length === 0 ? {} : { exclude }),
          fail_on: failOn,
        },
      },
    ],
  })
}

/** The same text for the same settings, in whatever order their fields were put together: `changeTask` compares it. */
export function annotation(config: TaskConfig): string {
  const { languages, parentTaskId, mergeId, eventType, vendor } = config
  const ruleSets = config.ruleSets.map(({ rulesetId, language }) => ({ rulesetId, language }))
  return JSON.stringify({ languages, ruleSets, parentTaskId, mergeId, eventType, vendor })
}

/** undefined: a pipeline that was not made as a check task. */
export function configOf({ definition }: PipelineView): TaskConfig | undefined {
  const text = definition.annotations[ANNOTATION]
  const kept = text === undefined ? undefined : parsed(text)
  const tasks = definition.stages.flatMap((stage) => stage.tasks)
  const check = tasks.find(({ work }) => work.kind === 'runner' && work.uses === 'check')
  if (kept === undefined || check === undefined || check.work.kind !== 'runner') return undefined
  const input = check.work.with
  const param = (name: string): string => textOf(definition.params.find((one) => one.name === name)?.default)
  return {
    gitUrl: param('git_url'),
    gitBranch: param('git_branch'),
    languages: textsOf(kept['languages']),
    ruleSets: listOf(kept['ruleSets']).map((use) => ({
      rulesetId: textOf(use['rulesetId']),
      language: textOf(use['language']),
    })),
    rules: Array.isArray(input['rules']) ? textsOf(input['rules']) : null,
    exclude: textsOf(input['exclude']),
    failOn: SEVERITIES.find((severity) => severity === input['fail_on']) ?? 'none',
    timeoutMinutes: definition.timeoutMs === null ? null : Math.ceil(definition.timeoutMs / 60_000),
    labels: check.labels,
    parentTaskId: textOf(kept['parentTaskId']) || null,
    mergeId: textOf(kept['mergeId']) || null,
    eventType: textOf(kept['eventType']) || null,
    vendor: objectOf(kept['vendor']),
  }
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const objectOf = (value: Json | undefined): JsonObject => (value !== undefined && isJsonObject(value) ? value : {})
const listOf = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter((item): item is JsonObject => isJsonObject(item)) : []
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const textsOf = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
