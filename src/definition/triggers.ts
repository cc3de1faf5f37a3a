import { wordList } from '../model/word-list.ts'
import { CHANGE_KINDS, type ChangeAction, type ChangeKind } from '../model/change.ts'
import { TRIGGER_KINDS, type Triggers, type TriggerSpec } from '../model/definition.ts'
import type { EndStatus } from '../model/status.ts'
import { TRIGGERS_MAX } from './limits.ts'
import { readSchedule } from './schedule.ts'
import { byKind, choice, listOf, mapped, type Reader, record, type Shape } from './shape.ts'
import { type MapTree, type Path, quote, type Tree } from './tree.ts'
import { forge, onChannel, records, schedule, upstream, webhook } from './trigger-records.ts'

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
const EVERY_KIND: readonly ChangeKind[] = CHANGE_KINDS
const OPEN_ACTIONS: readonly ChangeAction[] = ['opened', 'synchronized', 'reopened']

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
  forge: reading(forge, (values) => {
    const { forge: of = 'generic', name: called = of, params = {} } = values
    return {
      kind: 'forge',
      name: called,
      forge: of,
      secret: values.signed ?? '1',
      events: values.events ?? EVERY_KIND,
      actions: values.actions ?? OPEN_ACTIONS,
      branches: values.branches ?? [],
      tags: values.tags ?? [],
      paths: values.paths ?? [],
      skipCi: values.skip_ci ?? true,
      repository: values.repository ?? null,
      forks: values.forks ?? 'approve',
      status: values.status ?? null,
      definition: values.definition ?? null,
      params,
    }
  }),
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
