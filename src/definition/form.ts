import { checkParamValue, paramNameProblem } from '../engine/params.ts'
import {
  FAILURE_POLICIES,
  LANGUAGES,
  type OnFailure,
  type ParamSpec,
  type RetryPolicy,
  TASK_ROLES,
  type VariableSpec,
} from '../model/definition.ts'
import type { Json } from '../model/json.ts'
import { PRIORITIES } from '../model/priority.ts'
import { SECRET_NAME_MAX, type SecretUse } from '../model/secret.ts'
import { caches, retention, workspace } from './cache.ts'
import { container, sandbox } from './executor.ts'
import {
  ANNOTATION_VALUE_MAX,
  ANNOTATIONS_MAX,
  DESCRIPTION_MAX,
  ENV_MAX,
  ENV_VALUE_MAX,
  KEY_MAX,
  LABEL_MAX,
  LABELS_MAX,
  NAME_MAX,
  NEEDS_MAX,
  SECRETS_MAX,
  OPTIONS_MAX,
  PARAMS_MAX,
  RESTARTS_MAX,
  EDGES_MAX,
  LOOPS_MAX,
  RETRIES_MAX,
  VARIABLES_MAX,
  STAGES_MAX,
  TASKS_MAX,
} from './limits.ts'
import { notify } from './notify.ts'
import {
  byKind,
  choice,
  condition,
  duration,
  flag,
  listOf,
  mapOf,
  mapped,
  number,
  oneOrMore,
  readTemplate,
  type Reader,
  record,
  type Shape,
  text,
  writtenOf,
  writtenText,
} from './shape.ts'
import { describe, locate, type Path, quote, toJson, type Tree } from './tree.ts'
import { concurrency, stageTriggers, triggers } from './triggers.ts'

/** The keys of a definition: what each takes and what editors say about it. docs/reference/definition.md tells the same. */

const name = text({ min: 1, max: NAME_MAX, oneLine: true, expected: `a name of 1 to ${NAME_MAX} characters` })
const description = text({ max: DESCRIPTION_MAX })

const VARIABLE_NAME = /^\w+(?:@[\w-]+)?$/

const KEY =
  /^(?!(?:constructor|toString|toLocaleString|valueOf|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|__\w+__)$)[A-Za-z0-9_-]+$/

export const key = text({
  min: 1,
  max: KEY_MAX,
  // Keys are looked up in tables: none may be the name of something that every JavaScript object has.
  pattern: KEY,
  expected: `a key of letters, digits, _ and -, at most ${KEY_MAX} characters`,
})

const keyProblem = (found: string): string | undefined =>
  KEY.test(found) && found.length <= KEY_MAX
    ? undefined
    : `expected a key of letters, digits, _ and -, at most ${KEY_MAX} characters, found ${quote(found)}`

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

export const env = mapOf(writtenText({ max: ENV_VALUE_MAX, template: true }), {
  max: ENV_MAX,
  keyProblem(found) {
    if (!ENV_NAME.test(found) || found.length > NAME_MAX) {
      return `expected the name of an environment variable: letters, digits and _, found ${quote(found)}`
    }
    return found.startsWith('MILLRACE_')
      ? `names that begin with MILLRACE_ are reserved, found ${quote(found)}`
      : undefined
  },
  keySchema: { pattern: '^(?!MILLRACE_)[A-Za-z_][A-Za-z0-9_]*$', maxLength: NAME_MAX },
})

// --- Secrets --------------------------------------------------------------------------------------------------------

const SECRET_NAME = text({
  min: 1,
  max: SECRET_NAME_MAX,
  pattern: /^(?!MILLRACE_)[A-Z_][A-Z0-9_]*$/,
  expected: `the name of a secret: capital letters, digits and _, at most ${SECRET_NAME_MAX}`,
})

const SECRET_ENV = text({
  min: 1,
  max: NAME_MAX,
  pattern: /^(?!MILLRACE_)[A-Za-z_][A-Za-z0-9_]*$/,
  expected: 'the name of an environment variable: letters, digits and _, not beginning with MILLRACE_',
})

const secret: Shape<SecretUse> = byKind<SecretUse>({
  expected: 'the name of a secret, or a mapping with name, as and env',
  scalar: mapped(SECRET_NAME, (name_) => ({ name: name_, as: 'env', env: name_ })),
  map: mapped(
    record('a secret', {
      name: { shape: SECRET_NAME, doc: 'Of a secret of the pipeline or the project.', required: true },
      as: {
        shape: choice(['env', 'file']),
        doc: 'env: the value in a variable; file: in a file, its path in the variable. Default env.',
      },
      env: { shape: SECRET_ENV, doc: 'The variable. Default: the name of the secret.' },
    }),
    ({ name: name_, as = 'env', env: variable_ }) =>
      name_ === undefined ? undefined : { name: name_, as, env: variable_ ?? name_ },
  ),
})

const secrets = listOf(secret, { max: SECRETS_MAX })

export const annotations = mapOf(writtenText({ max: ANNOTATION_VALUE_MAX }), {
  max: ANNOTATIONS_MAX,
  keyProblem: (found) =>
    found.length >= 1 && found.length <= NAME_MAX && !/\p{Cc}/u.test(found)
      ? undefined
      : `expected a name of 1 to ${NAME_MAX} characters, found ${quote(found)}`,
  keySchema: { minLength: 1, maxLength: NAME_MAX },
})

// --- Failure --------------------------------------------------------------------------------------------------------

const policy = choice(FAILURE_POLICIES)

export const onFailure: Shape<OnFailure> = byKind<OnFailure>({
  expected: `${FAILURE_POLICIES.join(', ')}, or a mapping with policy and expire`,
  scalar: mapped(policy, (word) => ({ policy: word, expireMs: null })),
  map: mapped(
    record('on_failure', {
      policy: { shape: policy, doc: 'What a failure means for the run.', required: true },
      expire: { shape: duration, doc: 'Only with hold: given up as timed out after this long.' },
    }),
    ({ policy: word, expire }, tree, path, reader) => {
      if (word === undefined) return undefined
      if (expire !== undefined && word !== 'hold') {
        reader.problems.add(
          tree.at,
          [...path, 'expire'],
          `expected expire only with the policy hold, found it with ${word}`,
        )
        return undefined
      }
      return { policy: word, expireMs: expire ?? null }
    },
  ),
})

const RETRY_DELAY_MS = 1_000
const RETRY_DELAY_MAX_MS = 60_000
export const NO_RETRY: RetryPolicy = { max: 0, delayMs: RETRY_DELAY_MS, delayMaxMs: RETRY_DELAY_MAX_MS, jitter: 1 }

const retries = number(0, RETRIES_MAX, { whole: true })

export const retry: Shape<RetryPolicy> = byKind<RetryPolicy>({
  expected: `a number of retries from 0 to ${RETRIES_MAX}, or a mapping with max, delay, max_delay and jitter`,
  scalar: mapped(retries, (max) => ({ ...NO_RETRY, max })),
  map: mapped(
    record('retry', {
      max: { shape: retries, doc: 'Further attempts after the first.', required: true },
      delay: { shape: duration, doc: 'Before the first retry; doubles with each. Default 1s.' },
      max_delay: { shape: duration, doc: 'The longest delay. Default 1m.' },
      jitter: {
        shape: number(0, 1, { whole: false }),
        doc: '0: exactly the delay; 1: anything from nothing to the delay. Default 1.',
      },
    }),
    ({ max, delay = RETRY_DELAY_MS, max_delay, jitter = 1 }, tree, path, reader) => {
      const delayMaxMs = max_delay ?? Math.max(RETRY_DELAY_MAX_MS, delay)
      if (delayMaxMs < delay) {
        reader.problems.add(tree.at, [...path, 'max_delay'], 'expected a max_delay that is not shorter than delay')
        return undefined
      }
      return max === undefined ? undefined : { max, delayMs: delay, delayMaxMs, jitter }
    },
  ),
})

// --- Params and triggers --------------------------------------------------------------------------------------------

const PARAM_TYPES = ['string', 'number', 'boolean', 'choice', 'json'] as const

const paramScalar: Shape<Tree> = {
  schema: { type: ['string', 'number', 'boolean', 'null'] },
  read(tree, path, reader) {
    if (tree.kind === 'scalar') return tree
    reader.problems.add(tree.at, path, `expected text, a number, true or false, found ${describe(tree)}`)
    return undefined
  },
}

/** A list or a mapping is one of type `json`. */
const anyDefault: Shape<Tree> = { schema: {}, read: (tree) => tree }

const paramRecord = record('a param', {
  type: {
    shape: choice(PARAM_TYPES),
    doc: 'Default: what the default value is, choice when there are options, else string.',
  },
  description: { shape: description, doc: 'What it is for.' },
  required: { shape: flag, doc: 'Whether a run cannot start without a value.' },
  default: { shape: anyDefault, doc: 'The value when none is given.' },
  options: {
    shape: listOf(writtenText({ min: 1, max: 1_000 }), { min: 1, max: OPTIONS_MAX }),
    doc: 'The allowed values of a choice.',
  },
})

/** The name is filled in by {@link params}. */
const param: Shape<ParamSpec> = byKind<ParamSpec>({
  expected: 'a default value, or a mapping with type, description, required, default and options',
  scalar: mapped(paramScalar, (value, tree, path, reader) => paramFrom({ default: value }, tree, path, path, reader)),
  map: mapped(paramRecord, (values, tree, path, reader) => {
    const from = tree.kind === 'map' && tree.entries.has('default') ? [...path, 'default'] : path
    return paramFrom(values, tree, path, from, reader)
  }),
})

interface ParamValues {
  readonly type?: (typeof PARAM_TYPES)[number] | undefined
  readonly description?: string | undefined
  readonly required?: boolean | undefined
  readonly default?: Tree | undefined
  readonly options?: readonly string[] | undefined
}

function paramFrom(
  values: ParamValues,
  tree: Tree,
  path: Path,
  defaultPath: Path,
  reader: Reader,
): ParamSpec | undefined {
  const { options = [] } = values
  // A type that was refused is not guessed.
  if (tree.kind === 'map' && tree.entries.has('type') && values.type === undefined) return undefined
  const type = values.type ?? (options.length > 0 ? 'choice' : typeOf(values.default))
  if (!checkOptions(type, options, tree, path, reader)) return undefined
  const spec = {
    name: '',
    type,
    description: values.description ?? '',
    required: values.required ?? false,
    options,
  }
  const value = defaultOf(values, spec, defaultPath, reader)
  return value === undefined ? undefined : { ...spec, default: value }
}

function checkOptions(
  type: ParamSpec['type'],
  options: readonly string[],
  tree: Tree,
  path: Path,
  reader: Reader,
): boolean {
  const written = tree.kind === 'map' && tree.entries.has('options')
  const again = options.findIndex((option, at) => options.indexOf(option) !== at)
  const [where, message] =
    type === 'choice' && !written
      ? [['options'], 'expected `options` for a choice, found nothing']
      : type !== 'choice' && written
        ? [['options'], `expected options only for a choice, found them for type ${type}`]
        : again !== -1
          ? [['options', again], `expected every option once, found ${quote(options[again]!)} again`]
          : [[], undefined]
  if (message !== undefined) reader.problems.add(locate(tree, where).at, [...path, ...where], message)
  return message === undefined
}

function typeOf(tree: Tree | undefined): 'string' | 'number' | 'boolean' | 'json' {
  if (tree !== undefined && tree.kind !== 'scalar') return 'json'
  const type = typeof tree?.value
  return type === 'number' || type === 'boolean' ? type : 'string'
}

/** null: none. */
function defaultOf(
  values: ParamValues,
  spec: Omit<ParamSpec, 'default'>,
  path: Path,
  reader: Reader,
): Json | undefined {
  const tree = values.default
  if (tree === undefined || (tree.kind === 'scalar' && tree.value === null)) return null
  if (spec.type === 'json') return checkedDefault(spec, toJson(tree), tree, path, reader)
  if (tree.kind !== 'scalar') {
    reader.problems.add(tree.at, path, `expected text, a number, true or false, found ${describe(tree)}`)
    return undefined
  }
  const asText = spec.type === 'string' || spec.type === 'choice'
  // 1.10 may be a version or a number, and would lose its nought as a number.
  const guessed = values.type === undefined && spec.type === 'number' && String(tree.value) !== tree.written
  if (guessed) {
    const message = `expected text in quotes, or a \`type\`: ${tree.written} as a number is ${tree.value}`
    reader.problems.add(tree.at, path, message)
    return undefined
  }
  return checkedDefault(spec, asText ? writtenOf(tree) : tree.value, tree, path, reader)
}

function checkedDefault(
  spec: Omit<ParamSpec, 'default'>,
  value: Json,
  tree: Tree,
  path: Path,
  reader: Reader,
): Json | undefined {
  const checked = checkParamValue(spec, value)
  if (checked.ok) return checked.value
  reader.problems.add(tree.at, path, checked.message)
  return undefined
}

export const params: Shape<readonly ParamSpec[]> = mapped(
  mapOf(param, {
    max: PARAMS_MAX,
    keyProblem: paramNameProblem,
    keySchema: { pattern: '^(?!MILLRACE_|SYS_|LD_)[A-Za-z_][A-Za-z0-9_]*$', maxLength: 64 },
  }),
  (specs) => Object.entries(specs).map(([paramName, spec]) => ({ ...spec, name: paramName })),
)

// --- Variables and flows --------------------------------------------------------------------------------------------

const variable: Shape<VariableSpec> = {
  schema: {},
  read(tree, path, reader) {
    const plain = { name: '', from: null, scope: null, outer: false }
    const isSpec = tree.kind === 'map' && VARIABLE_KEYS.some((word) => tree.entries.has(word))
    if (!isSpec) return { ...plain, value: templated(tree, path, reader) }
    const values = variableRecord.read(tree, path, reader)
    if (values === undefined) return undefined
    const { from, scope = null, outer = false } = values
    const [task, output] = from ?? []
    if (from !== undefined && (task === undefined || output === undefined || from.length !== 2)) {
      reader.problems.add(tree.at, [...path, 'from'], 'expected [task, output]')
      return undefined
    }
    const source = task === undefined || output === undefined ? null : { task, output }
    return { ...plain, value: values.value ?? null, from: source, scope, outer }
  },
}

const VARIABLE_KEYS = ['value', 'from'] as const

const anyJson: Shape<Json> = { schema: {}, read: templated }

function templated(tree: Tree, path: Path, reader: Reader): Json {
  switch (tree.kind) {
    case 'scalar':
      readTemplate(tree, path, reader)
      break
    case 'list':
      for (const [index, item] of tree.items.entries()) templated(item, [...path, index], reader)
      break
    case 'map':
      for (const [name_, { value }] of tree.entries) templated(value, [...path, name_], reader)
  }
  return toJson(tree)
}

const variableRecord = record('a variable', {
  value: { shape: anyJson, doc: 'May hold templates.' },
  from: { shape: listOf(text({ min: 1, max: 128 }), { max: 2 }), doc: '[task, output]: what that task has made.' },
  scope: { shape: key, doc: 'Key of the sub-flow that it is seen in. Default: everywhere.' },
  outer: { shape: flag, doc: 'With a scope: its value is read as what is around the sub-flow sees it.' },
})

/** A name may be there once for each scope: `name@scope` is its key then. */
const variables: Shape<readonly VariableSpec[]> = mapped(
  mapOf(variable, {
    max: VARIABLES_MAX,
    keyProblem: (found) =>
      VARIABLE_NAME.test(found) && found.length <= 192
        ? undefined
        : `expected a name of letters, digits and _, perhaps with @ and a sub-flow, found ${quote(found)}`,
    keySchema: { pattern: VARIABLE_NAME.source, maxLength: 192 },
  }),
  (specs) => Object.entries(specs).map(([found, spec]) => ({ ...spec, name: found.split('@', 1)[0] ?? found })),
)

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

// --- Tasks, stages, the pipeline ------------------------------------------------------------------------------------

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
