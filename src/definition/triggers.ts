import { type Concurrency, TRIGGER_KINDS, WHEN_FULL, type Triggers, type TriggerSpec } from '../model/definition.ts'
import { END_STATUSES, type EndStatus } from '../model/status.ts'
import {
  CHANNEL_MAX,
  CONCURRENCY_MAX,
  NAME_MAX,
  PARAM_VALUE_MAX,
  PARAMS_MAX,
  SCHEDULE_MAX,
  TRIGGERS_MAX,
} from './limits.ts'
import { readSchedule } from './schedule.ts'
import {
  byKind,
  choice,
  listOf,
  mapOf,
  mapped,
  number,
  oneOrMore,
  type Reader,
  record,
  type Shape,
  text,
  wordList,
  writtenText,
} from './shape.ts'
import { type MapTree, type Path, quote, type Tree } from './tree.ts'

/** What starts a run besides people, and how many of them there may be at once. */

const name = text({ min: 1, max: NAME_MAX, oneLine: true, expected: `a name of 1 to ${NAME_MAX} characters` })
const channel = text({ min: 1, max: CHANNEL_MAX, oneLine: true, expected: `a name of 1 to ${CHANNEL_MAX} characters` })
const cron = text({ min: 1, max: SCHEDULE_MAX, oneLine: true, expected: 'a schedule such as 0 3 * * * or @every 15m' })

const names = {
  max: PARAMS_MAX,
  keyProblem: (found: string) =>
    found.length >= 1 && found.length <= NAME_MAX
      ? undefined
      : `expected a name of 1 to ${NAME_MAX} characters, found ${quote(found)}`,
  keySchema: { minLength: 1, maxLength: NAME_MAX },
}
const passedOn = mapOf(text({ min: 1, max: 64 }), names)

/** Also a mere flag: then the secret has the name `1`. */
const signed: Shape<string | null> = mapped(writtenText({ min: 1, max: 64 }), (value) =>
  value === 'false' ? null : value === 'true' ? '1' : value,
)

const ownName = { shape: name, doc: 'Name of the trigger, unique in the pipeline. Default: what it waits for.' }

const webhook = record('a webhook', {
  webhook: { shape: name, doc: 'Name of the webhook; its address is made by the server.', required: true },
  signed: {
    shape: signed,
    doc: 'Whether calls must be signed, with a secret that the server makes. Another value, such as 2, is another secret. Default false.',
  },
  params: { shape: passedOn, doc: 'Parameter of the call -> param of the pipeline.' },
})
const schedule = record('a schedule', {
  schedule: {
    shape: cron,
    doc: 'When a run is started: five fields of cron, six with seconds, @daily or its like, or @every 15m.',
    required: true,
  },
  name: ownName,
  timezone: { shape: text({ min: 1, max: 64 }), doc: 'Of its fields, such as Europe/Berlin. Default UTC.' },
  missed: {
    shape: choice(['skip', 'once']),
    doc: 'What came due while the server was down: left out, or made up for by one run. Default skip.',
  },
  params: {
    shape: mapOf(writtenText({ max: PARAM_VALUE_MAX }), names),
    doc: 'Param of the pipeline -> its value.',
  },
})
const onChannel = record('a channel', {
  channel: { shape: channel, doc: 'Name of the channel, which others publish to.', required: true },
  name: ownName,
  params: { shape: passedOn, doc: 'Published parameter -> param of the pipeline.' },
})
const upstream = record('an upstream', {
  upstream: {
    shape: name,
    doc: 'Name of a pipeline of the same project whose runs start one of this.',
    required: true,
  },
  name: ownName,
  statuses: {
    shape: oneOrMore(choice(END_STATUSES), END_STATUSES.length),
    doc: 'How its run must have ended. Default succeeded.',
  },
  params: {
    shape: passedOn,
    doc: 'Param of its run, <task>.<output>, or run.id, run.number, run.status -> param of the pipeline.',
  },
})

const records = { webhook, schedule, channel: onChannel, upstream } as const

const trigger: Shape<TriggerSpec> = {
  schema: { oneOf: TRIGGER_KINDS.map((kind) => records[kind].schema) },
  read(tree, path, reader) {
    const expected = `a trigger: a mapping with ${wordList(TRIGGER_KINDS)}`
    const map = byKind<MapTree>({ expected, map: asMap }).read(tree, path, reader)
    if (map === undefined) return undefined
    const kinds = TRIGGER_KINDS.filter((kind) => map.entries.has(kind))
    const [kind] = kinds
    if (kind === undefined || kinds.length > 1) {
      const found = kinds.length === 0 ? noneOf(map, reader) : kinds.join(' and ')
      reader.problems.add(tree.at, path, `expected ${wordList(TRIGGER_KINDS)} in a trigger, found ${found}`)
      return NO_TRIGGER
    }
    return readers[kind](tree, path, reader)
  },
}

/** In the schema, what a stage may wait for; the parser says it with its place. */
const awaitedSchema = { oneOf: [webhook.schema, onChannel.schema] }

const asMap: Shape<MapTree> = { schema: {}, read: (tree) => (tree.kind === 'map' ? tree : undefined) }

function noneOf(tree: MapTree, reader: Reader): string {
  const hints = [...tree.entries.keys()].map((key) => reader.problems.suggestion(key, TRIGGER_KINDS))
  return `none${hints.find((hint) => hint !== '') ?? ''}`
}

/** In place of one that was refused and reported: the others are still checked against the params. */
const NO_TRIGGER: TriggerSpec = { kind: 'webhook', name: '', params: {} }

const SUCCEEDED: readonly EndStatus[] = ['succeeded']

/** A part that was refused has been reported; what it would have been is made up, so that the others are still checked. */
const readers: Readonly<
  Record<TriggerSpec['kind'], (tree: Tree, path: Path, reader: Reader) => TriggerSpec | undefined>
> = {
  webhook: reading(webhook, ({ webhook: called = '', signed: secret = null, params = {} }) => ({
    kind: 'webhook',
    name: called,
    secret,
    params,
  })),
  schedule: reading(schedule, (values, tree, path, reader) => {
    const { schedule: when = '', timezone = 'UTC', missed = 'skip', params = {} } = values
    const result = when === '' ? undefined : readSchedule(when, timezone)
    if (result?.ok === false) {
      const key = result.at === 'cron' ? 'schedule' : 'timezone'
      const place = tree.kind === 'map' ? tree.entries.get(key)?.value.at : undefined
      const found = quote(key === 'schedule' ? when : timezone)
      reader.problems.add(place ?? tree.at, [...path, key], `expected ${result.expected}, found ${found}`)
    }
    return { kind: 'schedule', name: values.name ?? when, cron: when, timezone, missed, params }
  }),
  channel: reading(onChannel, ({ channel: on = '', name: called = on, params = {} }) => ({
    kind: 'channel',
    name: called,
    channel: on,
    params,
  })),
  upstream: reading(upstream, ({ upstream: of = '', name: called = of, statuses = SUCCEEDED, params = {} }) => ({
    kind: 'upstream',
    name: called,
    pipeline: of,
    statuses,
    params,
  })),
}

function reading<Values>(
  shape: Shape<Values>,
  make: (values: Values, tree: Tree, path: Path, reader: Reader) => TriggerSpec,
): (tree: Tree, path: Path, reader: Reader) => TriggerSpec | undefined {
  const made = mapped(shape, make)
  return (tree, path, reader) => made.read(tree, path, reader)
}

const triggerList = listOf(trigger, { min: 1, max: TRIGGERS_MAX })

const triggersOf = (triggerShapes: Shape<readonly TriggerSpec[]>): Shape<Triggers> =>
  byKind<Triggers>({
    expected: 'a list of triggers, or a mapping with operator and list',
    list: mapped(triggerShapes, (list) => ({ operator: 'or', list })),
    map: mapped(
      record('triggers', {
        operator: {
          shape: choice(['and', 'or']),
          doc: 'Of webhooks and channels. and: all must have fired; or: any one. Default or.',
        },
        list: { shape: triggerShapes, doc: 'The triggers.', required: true },
      }),
      ({ operator = 'or', list }) => (list === undefined ? undefined : { operator, list }),
    ),
  })

export const triggers = triggersOf(triggerList)

/** Of a stage: it is told where another kind is written, and why not. */
export const stageTriggers = triggersOf(listOf({ ...trigger, schema: awaitedSchema }, { min: 1, max: TRIGGERS_MAX }))

const limit = number(1, CONCURRENCY_MAX, { whole: true })

export const concurrency: Shape<Concurrency> = byKind<Concurrency>({
  expected: 'a number of runs, or a mapping with limit, group and when_full',
  scalar: mapped(limit, (runs) => ({ limit: runs, group: null, whenFull: 'queue' })),
  map: mapped(
    record('concurrency', {
      limit: { shape: limit, doc: 'How many runs may be under way at once. Default 1.' },
      group: {
        shape: name,
        doc: 'Runs of all pipelines of the project with this group count together. Default: those of this pipeline.',
      },
      when_full: {
        shape: choice(WHEN_FULL),
        doc: 'queue: a run waits for its turn; abort: it is refused; supersede: the oldest one is cancelled. Default queue.',
      },
    }),
    ({ limit: runs = 1, group = null, when_full: whenFull = 'queue' }) => ({ limit: runs, group, whenFull }),
  ),
})
