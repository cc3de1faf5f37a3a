import { LANGUAGES, TASK_ROLES } from '../model/definition.ts'
import { PRIORITIES } from '../model/priority.ts'
import { caches, retention, workspace } from './cache.ts'
import { env, secrets } from './environment.ts'
import { container, sandbox } from './executor.ts'
import { onFailure, retry } from './failure.ts'
import {
  EDGES_MAX,
  LABEL_MAX,
  LABELS_MAX,
  LOOPS_MAX,
  NAME_MAX,
  NEEDS_MAX,
  RESTARTS_MAX,
  STAGES_MAX,
  TASKS_MAX,
  VARIABLES_MAX,
} from './limits.ts'
import { annotations, description, key, keyProblem, name } from './names.ts'
import { notify } from './notify.ts'
import { params } from './params.ts'
import {
  choice,
  condition,
  duration,
  flag,
  listOf,
  mapOf,
  number,
  oneOrMore,
  record,
  type Shape,
  text,
} from './shape.ts'
import { concurrency } from './concurrency.ts'
import { stageTriggers, triggers } from './triggers.ts'
import { variables } from './variables.ts'

/** The keys of a definition: what each takes and what editors say about it. docs/reference/definition.md tells the same. */

export const edge = record('an edge', {
  key: { shape: key, doc: 'Unique in its flow. Default: made of its place.' },
  name: { shape: text({ max: NAME_MAX }), doc: 'What people see.' },
  from: { shape: key, doc: 'Key of the node that it comes out of.', required: true },
  to: { shape: key, doc: 'Key of the node that it leads to.', required: true },
  when: { shape: condition, doc: 'Behind an exclusive or conditional gateway: whether it is taken.' },
  default: { shape: flag, doc: 'Taken when no condition holds.' },
})

export const flowFields = <Task>(task: Shape<Task>) =>
  ({
    nodes: {
      shape: mapOf(task, { max: TASKS_MAX, keyProblem, keySchema: key.schema }),
      doc: 'Key -> what the node does. One start, one end.',
      required: true,
    },
    edges: { shape: listOf(edge, { max: EDGES_MAX }), doc: 'From which node to which.', required: true },
    loops: {
      shape: number(1, LOOPS_MAX, { whole: true }),
      doc: 'How often its token may come to one node. Default 100.',
    },
  }) as const

const label = text({
  min: 1,
  max: LABEL_MAX,
  pattern: /^[A-Za-z0-9_.:/=-]+$/,
  expected: `a label of letters, digits and _ . : / = -, at most ${LABEL_MAX} characters`,
})

export const TASK_FIELDS = {
  name: { shape: name, doc: 'What people see. Default: the key.' },
  key: {
    shape: key,
    doc: 'Name of the task in needs and expressions, unique in the pipeline. Default: made from the name.',
  },
  description: { shape: description, doc: 'What it does.' },
  role: { shape: choice(TASK_ROLES), doc: 'What kind of work it is, for people and foreign APIs.' },
  needs: { shape: oneOrMore(key, NEEDS_MAX), doc: 'Keys of tasks of the same stage that must be over first.' },
  always: { shape: flag, doc: 'Runs also after what it needs has failed, never after a cancel. Default false.' },
  when: { shape: condition, doc: 'Condition; the task is skipped when it does not hold.' },
  env: { shape: env, doc: 'Environment variables; values may hold ${{ ... }}.' },
  secrets: { shape: secrets, doc: 'Secrets that it is given: names, or mappings with name, as and env.' },
  retry: { shape: retry, doc: 'Further attempts after a failure.' },
  timeout: {
    shape: duration,
    doc: 'From the start of an attempt. Default 6h for work of runners, none for the rest; what is over at once, and a sub-flow, has none.',
  },
  not_started: { shape: duration, doc: 'How long it may wait for a runner. Default: for ever.' },
  on_failure: { shape: onFailure, doc: 'What a failure means for the run, after all retries. Default stop.' },
  on_lost: {
    shape: choice(['error', 'rerun']),
    doc: 'When its runner is lost: error ends the attempt, rerun tries again uncounted. Default error.',
  },
  on_timeout: {
    shape: choice(['fail', 'skip']),
    doc: 'What its timeout means: a failure, or that it is passed over. Default fail.',
  },
  skippable: { shape: flag, doc: 'Whether people may skip it. Default true.' },
  retryable: { shape: flag, doc: 'Whether people may retry it. Default true.' },
  optional: { shape: flag, doc: 'Whether it may be left out when a run is made. Default false.' },
  parent: { shape: key, doc: 'Only in a flow: key of the sub-flow that it is in.' },
  runs_on: { shape: oneOrMore(label, LABELS_MAX), doc: 'Labels that a runner must have.' },
  container: { shape: container, doc: 'Its programs run in containers of this image. Default: on the runner itself.' },
  cache: { shape: caches, doc: 'Files that are found again in the next run: one or a list.' },
  sandbox: { shape: sandbox, doc: 'Its programs see the runner read-only and write to the workspace. Default false.' },
  annotations: { shape: annotations, doc: 'Free names and values, never read by the engine.' },
} as const

export const stageFields = <Task, Flow>(task: Shape<Task>, flow: Shape<Flow>) =>
  ({
    name: { shape: name, doc: 'What people see. Default: the key.' },
    key: { shape: key, doc: 'Name of the stage, unique in the pipeline. Default: made from the name.' },
    description: { shape: description, doc: 'What it does.' },
    when: { shape: condition, doc: 'Condition; the stage is skipped when it does not hold.' },
    parallel: { shape: flag, doc: 'Runs together with the stage before it. Default false.' },
    triggers: { shape: stageTriggers, doc: 'Webhooks and channels that must have fired before it begins.' },
    always: { shape: flag, doc: 'Runs also after another stage has failed, never after a cancel. Default false.' },
    secrets: { shape: secrets, doc: 'Secrets that its tasks are given, on top of their own.' },
    timeout: { shape: duration, doc: 'From its start. Default: none.' },
    on_failure: { shape: onFailure, doc: 'For those of its tasks that do not say. Default: as the pipeline.' },
    tasks: {
      shape: listOf(task, { min: 1, max: TASKS_MAX, lenient: true }),
      doc: 'Its tasks; those without needs begin at once.',
    },
    flow: { shape: flow, doc: 'Instead of tasks: nodes, and edges along which a token walks.' },
    annotations: { shape: annotations, doc: 'Free names and values, never read by the engine.' },
  }) as const

export const pipelineFields = <Task, Stage, Flow>(task: Shape<Task>, stage: Shape<Stage>, flow: Shape<Flow>) =>
  ({
    name: { shape: name, doc: 'Name of the pipeline, unique in its project.', required: true },
    description: { shape: description, doc: 'What it is for.' },
    language: {
      shape: choice(LANGUAGES),
      doc: 'Of texts and conditions. bamboo: as BlueKing reads them. Default native.',
    },
    variables: { shape: variables, doc: 'Values that nobody is asked for: name -> value.' },
    outputs: {
      shape: listOf(text({ min: 1, max: 64 }), { max: VARIABLES_MAX }),
      doc: 'Names of params and variables that are what a run has made.',
    },
    params: { shape: params, doc: 'Values that a run is started with: name -> default, or name -> type, default, ...' },
    env: { shape: env, doc: 'Environment variables of every task; values may hold ${{ ... }}.' },
    secrets: { shape: secrets, doc: 'Secrets that every task on a runner is given, on top of its own.' },
    triggers: { shape: triggers, doc: 'What starts a run besides people.' },
    concurrency: { shape: concurrency, doc: 'How many runs may be under way at once. Default: any number.' },
    priority: {
      shape: choice(PRIORITIES),
      doc: 'Whose tasks and runs go first when there is not room for all. Default normal.',
    },
    timeout: { shape: duration, doc: 'Of the whole run from its start, pauses not counted. Default: none.' },
    on_failure: { shape: onFailure, doc: 'For tasks whose stage and themselves do not say. Default stop.' },
    restarts: {
      shape: number(0, RESTARTS_MAX, { whole: true }),
      doc: 'How often on_failure: restart may take a run back to its first node. Default 3.',
    },
    keep: { shape: retention, doc: 'How many of its runs are kept, and how long. Default: as set for the server.' },
    workspace: {
      shape: workspace,
      doc: 'What is kept of its files when a run has ended. Default: on-failure, for 24h.',
    },
    notify: { shape: notify, doc: 'Who is told of its runs, besides those who asked for it.' },
    annotations: { shape: annotations, doc: 'Free names and values, never read by the engine.' },
    stages: {
      shape: listOf(stage, { min: 1, max: STAGES_MAX, lenient: true }),
      doc: 'One after the other.',
    },
    tasks: {
      shape: listOf(task, { min: 1, max: TASKS_MAX, lenient: true }),
      doc: 'Instead of stages: the tasks of a single stage.',
    },
    flow: { shape: flow, doc: 'Instead of stages: the flow of a single stage.' },
  }) as const
