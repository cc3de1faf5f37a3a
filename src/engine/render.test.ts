import { describe, expect, test } from 'vitest'
import type { PipelineDefinition } from '../model/definition.ts'
import type { Json } from '../model/json.ts'
import { callback, definition, flow, gateway, on, script, stage, subflow } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { conditionData, filledCondition, textOf, valueOf, variableOf } from './render.ts'
import type { Run } from './run.ts'

const value = (name: string, is: Json, scope: string | null = null) =>
  ({ name, value: is, from: null, scope, outer: false }) as const
const made = (name: string, task: string, output: string) =>
  ({ name, value: null, from: { task, output }, scope: null, outer: false }) as const

const bamboo = (changes: Partial<PipelineDefinition> = {}, params: Readonly<Record<string, Json>> = {}): EngineWorld =>
  new EngineWorld(definition({ language: 'bamboo', ...changes }), { params })

describe('a value as text', () => {
  const params = { nothing: null, list: [1, 'a'], yes: true, n: 3, text: 'it' }
  const { run } = bamboo({}, params)
  test.each<[string, string]>([
    ['${nothing}', 'None'],
    ['${list}', "[1, 'a']"],
    ['${yes}', 'True'],
    ['${n}', '3'],
    ['${text}', 'it'],
  ])('of %s is what Python writes: %s', (text, shown) => {
    expect(textOf(run, null, text)).toBe(shown)
  })

  const native = new EngineWorld(definition(), { params }).run
  test.each<[Json, string]>([
    [null, ''],
    [[1, 'a'], '[1,"a"]'],
    [true, 'true'],
    [3, '3'],
    ['${{ params.text }}', 'it'],
    ['${{ params.nothing }}!', '!'],
  ])('of %j in the native language is %s', (value, shown) => {
    expect(textOf(native, null, value)).toBe(shown)
  })
})

test('a fixed variable stays what it was when the run began, or the sub-flow that it is seen in', () => {
  const NOW = '${datetime.datetime.now().strftime("%M:%S")}'
  const fixed = (name: string, is: Json, scope: string | null = null) => ({ ...value(name, is, scope), fixed: true })
  const w = bamboo(
    {
      variables: [
        value('now', NOW),
        fixed('then', '<${now} ${who} ${said}>'),
        made('said', 'first', 'said'),
        fixed('since', '${then} ${word}', 's'),
        { ...value('word', '${now} ${said}', 's'), outer: true },
      ],
      stages: [
        flow(
          [callback('first'), subflow('s', [callback('inner')]), callback('last')],
          ['start -> first -> s -> last -> end', 's-start -> inner -> s-end'],
        ),
      ],
    },
    { who: 'li' },
  )
  const clock = (): string => new Date(w.now).toISOString().slice(14, 19)
  const began = clock()
  const then = `<${began} li \${said}>`
  expect(variableOf(w.run, 'then', null)).toBe(then)
  expect(textOf(w.run, null, '${then}, ${now}')).toBe(`${then}, ${began}`)
  w.now += 61_000
  w.answer('first', { said: 'yes' })
  const entered = clock()
  expect(textOf(w.run, null, '${then}, ${now} ${said}')).toBe(`${then}, ${entered} yes`)
  w.now += 5_000
  w.pauseNode('last')
  // What is not seen in it stays as it is written.
  expect(textOf(w.run, w.index('inner'), '${since}, ${word}')).toBe(`\${then} ${entered} yes, ${clock()} yes`)
})

describe('variables of the native language', () => {
  const native = (): EngineWorld =>
    new EngineWorld(
      definition({
        variables: [
          value('image', 'app:${{ params.tag }}'),
          value('image', 'never'),
          value('loop', '<${{ vars.loop }}>'),
          made('built', 'a', 'tag'),
          made('stageOnly', 's', 'tag'),
          made('gone', 'nobody', 'tag'),
          value('inner', 'x', 's'),
        ],
        stages: [stage('s', [script('a'), script('b', { needs: ['a'] })])],
      }),
      { params: { tag: 'v1' } },
    )

  test('are seen by their names, the first of a name, and those of sub-flows are not', () => {
    const { run } = native()
    const seen = (name: string, scope: string | null = null): Json | undefined => variableOf(run, name, scope)
    expect([seen('image'), seen('image', 's'), seen('inner'), seen('nobody')]).toEqual([
      'app:v1',
      undefined,
      undefined,
      undefined,
    ])
  })

  test('that need themselves have nothing where they stand', () => {
    expect(variableOf(native().run, 'loop', null)).toBe('<>')
  })

  test('are outputs of tasks once they are there', () => {
    const w = native()
    expect(variableOf(w.run, 'built', null)).toBeUndefined()
    w.lease('a')
    w.report('a', { kind: 'succeeded', outputs: { tag: 'v7' } })
    expect(['built', 'stageOnly', 'gone'].map((name) => variableOf(w.run, name, null))).toEqual([
      'v7',
      undefined,
      undefined,
    ])
  })

  test('templates see the tasks and the run, by the names that there are', () => {
    const w = native()
    w.lease('a')
    w.report('a', { kind: 'succeeded', outputs: { tag: 'v7' } })
    const seen = (text: string): Json => valueOf(w.run, null, text)
    expect(seen('${{ tasks.a.status }}')).toBe('succeeded')
    expect(seen('${{ tasks.a.outputs.tag }}')).toBe('v7')
    expect(seen('${{ tasks.s.status }}')).toBeNull()
    expect(seen('${{ tasks.toString.status }}')).toBeNull()
    expect(seen('${{ run.number }}-${{ run.cause }}-${{ run.attempt }}')).toBe('7-manual-1')
    expect(seen('${{ run.by }}')).toBe(w.run.cause.by)
    expect(seen('${{ run.id }}')).toBe(w.run.id)
    expect(seen('${{ run.pipeline }}')).toBe(w.run.pipelineId)
    expect(seen('${{ trigger.branch }}')).toBeNull()
  })

  test('facts of a change are there when there is one', () => {
    const { run } = native()
    const change = { branch: 'main' } as NonNullable<Run['cause']['change']>
    expect(valueOf({ ...run, cause: { ...run.cause, change } }, null, '${{ trigger.branch }}')).toBe('main')
  })
})

describe('what a BlueKing definition knows of its run', () => {
  const { run } = bamboo({
    name: 'nightly',
    annotations: { zone: '480', url: 'https://old/', system: '{"bk_biz_id": 2}' },
  })
  const system = (of: Run, name: string): string => textOf(of, null, `\${_system.${name}}`)

  test('its number, its name and who has begun it', () => {
    expect(['task_id', 'task_name', 'operator', 'executor', 'language'].map((name) => system(run, name))).toEqual([
      '70',
      'nightly',
      'li',
      'li',
      'en',
    ])
    expect(system({ ...run, annotations: { title: 'Ship it' } }, 'task_name')).toBe('Ship it')
  })

  test('when it began, by the wall of who began it, without a fraction', () => {
    const startedAt = Date.UTC(2026, 0, 2, 20, 4, 5, 678)
    const at = (changes: Partial<Run>): string => system({ ...run, startedAt, ...changes }, 'task_start_time')
    expect(at({})).toBe('2026-01-03 04:04:05')
    expect(at({ annotations: { zone: '-60' } })).toBe('2026-01-02 19:04:05')
    expect(at({ annotations: { zone: '1080' } })).toBe('2026-01-03 14:04:05')
    // What is no zone is none.
    for (const zone of ['1081', '-1081', '1.5', 'east'])
      expect(at({ annotations: { zone } })).toBe('2026-01-02 20:04:05')
    expect(at({ startedAt: null })).toBe('')
  })

  test('where it is shown, when that is known', () => {
    expect(system(run, 'task_url')).toBe(`https://old/${run.id}`)
    expect(system({ ...run, annotations: { url: 'https://new/' } }, 'task_url')).toBe(`https://new/${run.id}`)
    expect(system(bamboo().run, 'task_url')).toBe('${_system.task_url}')
  })

  test('what the system that started it knows besides, when it can be read', () => {
    const facts = (text: string): string => system({ ...run, annotations: { system: text } }, 'bk_biz_id')
    expect(system(run, 'bk_biz_id')).toBe('2')
    expect(facts('{"bk_biz_id": 3}')).toBe('3')
    for (const text of ['{', '[1]', 'null', '']) expect(facts(text)).toBe('${_system.bk_biz_id}')
  })

  test('it is seen in variables, too', () => {
    const { run: other } = bamboo({ variables: [value('id', '${_system.task_id}!')] })
    expect(textOf(other, null, '${id}')).toBe('70!')
  })

  test('now is when something happened last', () => {
    expect(textOf({ ...run, updatedAt: Date.UTC(2026, 0, 1, 23) }, null, '${datetime.date.today()}')).toBe('2026-01-02')
  })
})

describe('conditions', () => {
  const { run } = bamboo({}, { text: 'one\ntwo\r\tthree', written: 'a\\n\n', n: 1 })

  test('have line breaks as they are written, but for a text that has one written already', () => {
    expect(filledCondition(run, null, '"${text}" == "${written}" and ${n} == 1')).toBe(
      '"one\\ntwo\\r\\tthree" == "a\\n\n" and 1 == 1',
    )
  })

  test('are told with what their names stand for, each once, and without those that stand for nothing', () => {
    const { index } = run.plan.nodes[1]!
    expect(conditionData(run, index, ['${n} == ${text}', '${n} == ${nobody}'])).toBe(
      '{"n": 1, "text": "one\\\\ntwo\\\\r\\\\tthree"}',
    )
  })
})

test('a sub-flow hands on what it made when it has ended, and keeps it while it is begun again', () => {
  const w = new EngineWorld(
    definition({
      language: 'bamboo',
      variables: [
        { ...value('inside', null, 's'), value: null, from: { task: 'a', output: 'tag' } },
        made('out', 's', 'inside'),
        made('result', 's', '_result'),
      ],
      stages: [
        flow(
          [subflow('s', [callback('a', on('hold'))]), script('b')],
          ['start -> s -> b -> end', 's-start -> a -> s-end'],
        ),
      ],
    }),
  )
  expect(variableOf(w.run, 'out', null)).toBeUndefined()
  w.answer('a', { tag: 'v7' })
  expect([variableOf(w.run, 'out', null), variableOf(w.run, 'result', null)]).toEqual(['v7', true])
  expect([variableOf(w.run, 'inside', null), variableOf(w.run, 'inside', 's')]).toEqual([undefined, 'v7'])
})

test('a sub-flow that goes round again hands on what it made before until it ends once more, and else its own names', () => {
  const w = new EngineWorld(
    definition({
      language: 'bamboo',
      variables: [
        { ...value('inside', null, 's'), from: { task: 'a', output: 'tag' } },
        { ...value('never', null, 's'), from: { task: 'a', output: 'nothing' } },
        made('out', 's', 'inside'),
        made('other', 's', 'never'),
        made('unknown', 's', 'nobody'),
      ],
      stages: [
        flow(
          [subflow('s', [callback('a', on('hold'))]), gateway('x', 'exclusive')],
          ['start -> s -> x', 'x -> s rule ${again} == 1', 'x -> end else', 's-start -> a -> s-end'],
        ),
      ],
    }),
    { params: { again: 1 } },
  )
  const seen = () => ['out', 'other', 'unknown'].map((name) => variableOf(w.run, name, null))
  expect(seen()).toEqual([undefined, undefined, undefined])
  w.answer('a', { tag: 'v7' })
  expect(w.statuses('s a')).toBe('s:running a:running')
  expect(seen()).toEqual(['v7', '${never}', undefined])
  w.answer('a', { tag: 'v8' })
  expect(seen()).toEqual(['v8', '${never}', undefined])
})
