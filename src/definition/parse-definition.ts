import {
  isAwaited,
  LANGUAGES,
  type Language,
  type PipelineDefinition,
  type StageSpec,
  type TaskSpec,
} from '../model/definition.ts'
import { executorLabels } from '../model/executor.ts'
import type { LocatedError } from '../model/problem.ts'
import type { SecretUse } from '../model/secret.ts'
import type { StepSpec } from '../steps/step.ts'
import { executorOf } from './executor.ts'
import { NO_RETRY } from './failure.ts'
import { assignKeys, type Keys } from './keys.ts'
import { JSON_TEXT_MAX, TEXT_MAX } from './limits.ts'
import { checkFlows } from './flows.ts'
import { checkNeeds } from './needs.ts'
import { pipelineShape, type ReadPipeline, type ReadStage, type ReadTask } from './pipeline-shape.ts'
import { Problems } from './problems.ts'
import { readJson } from './read-json.ts'
import { readYaml } from './read-yaml.ts'
import { checkReferences } from './references.ts'
import type { Reader } from './shape.ts'
import { locate, type MapTree, type Path, type Tree } from './tree.ts'

export type DefinitionResult =
  | { readonly ok: true; readonly definition: PipelineDefinition }
  | { readonly ok: false; readonly errors: readonly LocatedError[] }

/**
 * YAML or JSON -> checked definition, or all that is wrong with it, each error with its line and column (from 1, in
 * UTF-16 units). Never throws for any text. The form is told in docs/reference/definition.md.
 * @param file name that the errors carry.
 * @param steps the step types there are; give the same list each time, what is made of it is kept.
 */
export function parseDefinition(text: string, file: string, steps: readonly StepSpec[]): DefinitionResult {
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text
  const json = text.length > JSON_TEXT_MAX ? undefined : readJson(plain)
  if (json === undefined && text.length > TEXT_MAX) {
    const message = `expected a text of at most ${TEXT_MAX} characters (${JSON_TEXT_MAX} of plain JSON), found ${text.length}`
    return { ok: false, errors: [{ file, line: 1, column: 1, path: '', message }] }
  }
  const problems = new Problems(file, plain)
  const definition = read(plain, json, problems, steps)
  if (definition === undefined || problems.count > 0) return { ok: false, errors: problems.list() }
  return { ok: true, definition }
}

function read(
  text: string,
  json: Tree | undefined,
  problems: Problems,
  steps: readonly StepSpec[],
): PipelineDefinition | undefined {
  const tree = json ?? readYaml(text, problems)
  if (tree === undefined) return undefined
  const reader: Reader = { text, problems, language: languageOf(tree), references: [] }
  const pipeline = pipelineShape(steps).read(tree, [], reader)
  if (pipeline === undefined) return undefined
  const stages = stagesOf(pipeline, problems)
  const keys = assignKeys(stages, problems)
  checkNeeds(stages, keys, problems)
  checkFlows(stages, problems)
  checkReferences(reader.references, pipeline, stages, keys, problems)
  checkTriggers(pipeline.tree, [], pipeline, problems)
  for (const stage of stages) if (stage.path.length > 0) checkStageTriggers(stage, pipeline, problems)
  return problems.count > 0 ? undefined : assemble(pipeline, stages, keys)
}

/** Texts are read in it, so it must be known before them. */
function languageOf(tree: Tree): Language {
  const entry = tree.kind === 'map' ? tree.entries.get('language')?.value : undefined
  return LANGUAGES.find((language) => entry?.kind === 'scalar' && entry.value === language) ?? 'native'
}

/** `tasks:` at the top is one stage that is called as the pipeline is. */
function stagesOf({ tree, values }: ReadPipeline, problems: Problems): readonly ReadStage[] {
  const found = (['stages', 'tasks', 'flow'] as const).filter((word) => tree.entries.has(word))
  if (found.length !== 1) {
    const extra = found[1]
    const at = extra === undefined ? tree.at : tree.entries.get(extra)!.keyAt
    const what = found.length === 0 ? 'neither' : found.length === 2 ? 'both' : 'all'
    problems.add(at, [extra ?? 'stages'], `expected either \`stages\`, \`tasks\` or \`flow\`, found ${what}`)
  }
  if (tree.entries.has('stages')) return values.stages ?? []
  const { name, tasks, flow = null } = values
  const members = tasks ?? flow?.nodes
  if (members === undefined) return []
  const only = { name, key: undefined, description: undefined, when: undefined, always: undefined }
  const rest = { timeout: undefined, on_failure: undefined, annotations: undefined, secrets: undefined }
  const alone = { parallel: undefined, triggers: undefined }
  return [{ tree, path: [], values: { ...only, ...rest, ...alone }, tasks: members, flow }]
}

/** A stage waits for what fires; what starts runs has nothing to do with it. */
function checkStageTriggers({ tree, path, values }: ReadStage, pipeline: ReadPipeline, problems: Problems): void {
  if (values.triggers === undefined) return
  checkTriggers(tree, path, { ...pipeline, values: { ...pipeline.values, triggers: values.triggers } }, problems)
  for (const [index, trigger] of values.triggers.list.entries()) {
    if (isAwaited(trigger)) continue
    const place = [...triggerBase(tree), index, trigger.kind]
    const message = `expected webhook or channel for a stage to wait for, found ${trigger.kind}, which starts runs`
    problems.add(locate(tree, place).at, [...path, ...place], message)
  }
}

const triggerBase = (tree: MapTree): Path =>
  tree.entries.get('triggers')?.value.kind === 'list' ? ['triggers'] : ['triggers', 'list']

/** @param owner the pipeline, or a stage of it at `root`. */
function checkTriggers(owner: MapTree, root: Path, { tree, values }: ReadPipeline, problems: Problems): void {
  if (values.triggers === undefined) return
  const params = tree.entries.get('params')?.value
  const seen = new Set<string>()
  for (const [index, trigger] of values.triggers.list.entries()) {
    const path = [...triggerBase(owner), index]
    if (trigger.name !== '' && seen.has(trigger.name)) {
      const named = locate(owner, [...path, 'name']).tree !== undefined
      const at = [...path, named ? 'name' : trigger.kind]
      const hint = named || trigger.kind === 'webhook' ? '' : ': give it a `name`'
      const message = `expected a name of its own for every trigger, found ${JSON.stringify(trigger.name)} again${hint}`
      problems.add(locate(owner, at).at, [...root, ...at], message)
    }
    seen.add(trigger.name)
    for (const [from, to] of Object.entries(trigger.params)) {
      const param = trigger.kind === 'schedule' ? from : to
      if (params?.kind === 'map' && params.entries.has(param)) continue
      const at = [...path, 'params', from]
      problems.add(
        locate(owner, at).at,
        [...root, ...at],
        `expected the name of a param, found ${JSON.stringify(param)}`,
      )
    }
  }
}

const DEFAULT_RESTARTS = 3
const RUNNER_TIMEOUT_MS = 6 * 3_600_000
const STOP = { policy: 'stop', expireMs: null } as const

function assemble({ values }: ReadPipeline, stages: readonly ReadStage[], keys: Keys): PipelineDefinition {
  return {
    name: given(values.name),
    description: values.description ?? '',
    language: values.language ?? 'native',
    variables: values.variables ?? [],
    outputs: values.outputs ?? [],
    params: values.params ?? [],
    env: values.env ?? {},
    triggers: values.triggers ?? null,
    concurrency: values.concurrency ?? null,
    stages: stages.map((stage): StageSpec => {
      const key = given(keys.ofStage.get(stage))
      return {
        key,
        name: stage.values.name ?? key,
        description: stage.values.description ?? '',
        when: stage.values.when ?? null,
        always: stage.values.always ?? false,
        parallel: stage.values.parallel ?? false,
        triggers: stage.values.triggers ?? null,
        flow: stage.flow === null ? null : { edges: stage.flow.edges, loopMax: stage.flow.loopMax },
        timeoutMs: stage.values.timeout ?? null,
        tasks: stage.tasks.map((task) => {
          const onFailure = stage.values.on_failure ?? values.on_failure ?? STOP
          return taskSpec(task, keys, onFailure, [...(values.secrets ?? []), ...(stage.values.secrets ?? [])])
        }),
        annotations: stage.values.annotations ?? {},
      }
    }),
    timeoutMs: values.timeout ?? null,
    restartsMax: values.restarts ?? DEFAULT_RESTARTS,
    ...(values.priority === undefined ? undefined : { priority: values.priority }),
    ...(values.keep === undefined ? undefined : { retention: values.keep }),
    ...(values.workspace === undefined ? undefined : { workspace: values.workspace }),
    ...(values.notify === undefined ? undefined : { notify: values.notify }),
    annotations: values.annotations ?? {},
  }
}

function taskSpec(
  task: ReadTask,
  keys: Keys,
  onFailure: TaskSpec['onFailure'],
  around: readonly SecretUse[],
): TaskSpec {
  const { values } = task
  const work = given(task.work)
  const secrets = work.kind === 'runner' ? nearest([...around, ...(values.secrets ?? [])]) : []
  const key = given(keys.ofTask.get(task))
  const executor = executorOf(values)
  // What a step runs is in the image; the step itself is the runner's.
  const tools =
    executor?.kind === 'container' ? task.toolLabels.filter((label) => label.startsWith('step:')) : task.toolLabels
  return {
    key,
    name: values.name ?? key,
    description: values.description ?? '',
    role: values.role ?? (work.kind === 'review' ? 'review' : 'other'),
    needs: values.needs ?? [],
    ...(values.always === true ? { always: true } : undefined),
    when: values.when ?? null,
    env: values.env ?? {},
    ...(secrets.length === 0 ? undefined : { secrets }),
    work,
    parent: values.parent ?? null,
    rollback: task.rollback?.kind === 'runner' ? task.rollback : null,
    onTimeout: values.on_timeout ?? 'fail',
    skippable: values.skippable ?? true,
    retryable: values.retryable ?? true,
    optional: values.optional ?? false,
    onFailure: values.on_failure ?? onFailure,
    onLost: values.on_lost ?? 'error',
    retry: values.retry ?? NO_RETRY,
    timeoutMs: values.timeout ?? (work.kind === 'runner' ? RUNNER_TIMEOUT_MS : null),
    notStartedMs: values.not_started ?? null,
    labels: [...new Set([...(values.runs_on ?? []), ...executorLabels[executor?.kind ?? 'host'], ...tools])],
    ...(executor === undefined ? undefined : { executor }),
    ...(values.cache === undefined ? undefined : { caches: values.cache }),
    annotations: values.annotations ?? {},
  }
}

/** Of two for one variable the later one counts: that of the task before that of its stage, and so on. */
const nearest = (uses: readonly SecretUse[]): readonly SecretUse[] => [
  ...new Map(uses.map((use) => [use.as === 'step' ? '' : use.env, use])).values(),
]

/** What is missing here was reported before, and then there is nothing to assemble. */
function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('a part of a definition without errors is missing')
  return value
}
