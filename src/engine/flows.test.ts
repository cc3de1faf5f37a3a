import { describe, expect, test } from 'vitest'
import type { PipelineDefinition, TaskSpec } from '../model/definition.ts'
import { callback, definition, flow, gateway, on, retries, script, stage } from '../testing/definitions.ts'
import { EngineWorld, type WorldOptions } from '../testing/engine-world.ts'
import { projectView } from '../testing/views.ts'
import { allowedOnNode } from './admits.ts'
import { viewOf } from './view.ts'

/** How tokens walk: BlueKing's flows, blueking.md A3.4 and A3.6. What people ask of nodes: nodes.test.ts. */

function world(
  nodes: Parameters<typeof flow>[0],
  ways: Parameters<typeof flow>[1],
  options: WorldOptions & { readonly definition?: Partial<PipelineDefinition>; readonly loopMax?: number } = {},
): EngineWorld {
  const { definition: changes = {}, loopMax = 100, ...rest } = options
  return new EngineWorld(definition({ stages: [flow(nodes, ways, {}, loopMax)], ...changes }), rest)
}

const takenEdges = (w: EngineWorld): readonly string[] =>
  viewOf(w.run, projectView(), {} as never)
    .stages.flatMap((one) => one.flow?.edges ?? [])
    .flatMap(({ key, taken }) => (taken ? [key] : []))

const fork = (key: string, changes: Partial<TaskSpec> = {}): TaskSpec => gateway(key, 'parallel', changes)
const join = (key: string, changes: Partial<TaskSpec> = {}): TaskSpec => gateway(key, 'converge', changes)
const choice = (key: string, changes: Partial<TaskSpec> = {}): TaskSpec => gateway(key, 'exclusive', changes)
const some = (key: string, changes: Partial<TaskSpec> = {}): TaskSpec => gateway(key, 'conditional', changes)

describe('the way of a token', () => {
  test('from the start through each node to the end', () => {
    const w = world([script('a'), script('b')], ['start -> a -> b -> end'])
    expect(w.picture()).toBe('running | flow:running start:succeeded a:queued b:pending end:pending')
    w.succeed('a')
    expect(w.picture()).toBe('running | flow:running start:succeeded a:succeeded b:queued end:pending')
    w.succeed('b')
    expect(w.picture()).toBe('succeeded | flow:succeeded start:succeeded a:succeeded b:succeeded end:succeeded')
    expect(takenEdges(w)).toEqual(['start-a', 'a-b', 'b-end'])
  })

  test.each([
    [1, 'a:queued b:pending', ['start-x', 'x-a']],
    [2, 'a:pending b:queued', ['start-x', 'x-b']],
    [3, 'a:pending b:pending', ['start-x', 'x-end']],
  ])('an exclusive gateway goes the one way whose condition holds: n is %d', (n, picture, taken) => {
    const w = world(
      [choice('x'), script('a'), script('b')],
      ['start -> x', 'x -> a if params.n == 1', 'x -> b if params.n == 2', 'x -> end else', 'a -> end', 'b -> end'],
      { params: { n } },
    )
    expect(w.statuses('a b')).toBe(picture)
    expect(takenEdges(w)).toEqual(taken)
    if (n < 3) w.succeed(n === 1 ? 'a' : 'b')
    expect(w.status()).toBe('succeeded')
    expect(w.statuses('a b')).toBe(picture.replace('queued', 'succeeded'))
  })

  test('a parallel gateway goes all ways, and where they meet waits for all', () => {
    const w = world(
      [fork('f'), script('a'), script('b'), join('j'), script('c')],
      ['start -> f -> a -> j', 'f -> b -> j -> c -> end', 'f -> j'],
    )
    expect(w.statuses('f a b j c')).toBe('f:succeeded a:queued b:queued j:pending c:pending')
    w.succeed('b')
    expect(w.statuses('j c')).toBe('j:pending c:pending')
    w.succeed('a')
    expect(w.statuses('j c')).toBe('j:succeeded c:queued')
    w.succeed('c')
    expect(w.status()).toBe('succeeded')
  })

  test.each([
    [{ left: true, right: true }, 'a:queued b:queued c:pending'],
    [{ left: true, right: false }, 'a:queued b:pending c:pending'],
    [{ left: false, right: false }, 'a:pending b:pending c:queued'],
  ])('a conditional gateway goes all ways that hold, else its default: %j', (params, picture) => {
    const w = world(
      [some('f'), script('a'), script('b'), script('c'), join('j')],
      [
        'start -> f',
        'f -> a if params.left',
        'f -> b if params.right',
        'f -> c else',
        'a -> j',
        'b -> j',
        'c -> j -> end',
      ],
      { params },
    )
    expect(w.statuses('a b c')).toBe(picture)
    for (const key of ['a', 'b', 'c']) if (w.status(key) === 'queued') w.succeed(key)
    expect(w.status()).toBe('succeeded')
    expect(w.viewed('j').loop).toBe(1)
  })

  test('conditions of a bamboo flow are BoolRule texts, its variables put in first', () => {
    const w = world(
      [callback('a'), choice('x'), script('b'), script('c')],
      ['start -> a -> x', "x -> b rule '${word}' in ('yes','ja')", 'x -> c else', 'b -> end', 'c -> end'],
      {
        definition: {
          language: 'bamboo',
          variables: [{ name: 'word', value: null, from: { task: 'a', output: 'said' }, scope: null, outer: false }],
        },
      },
    )
    w.answer('a', { said: 'ja' })
    expect(w.statuses('b c')).toBe('b:queued c:pending')
  })

  test('a flow is a stage among others', () => {
    const one = flow([script('a')], ['start -> a -> end'])
    const w = new EngineWorld(definition({ stages: [stage('s', [script('z')]), one, stage('t', [script('b')])] }))
    w.succeed('z', 'a', 'b')
    expect(w.picture()).toBe(
      'succeeded | s:succeeded z:succeeded flow:succeeded start:succeeded a:succeeded end:succeeded t:succeeded b:succeeded',
    )
  })
})

describe('a gateway that does not know its way', () => {
  const ways = ['start -> x', 'x -> a if params.left', 'x -> b if params.right', 'a -> end', 'b -> end']
  const nodes = (policy: 'hold' | 'stop' | 'continue'): readonly TaskSpec[] => [
    choice('x', on(policy)),
    script('a'),
    script('b'),
  ]

  test('none holds: it has failed, and waits for a person under hold', () => {
    const w = world(nodes('hold'), ways, { params: { left: false, right: false } })
    expect(w.status()).toBe('held')
    expect(w.viewed('x')).toMatchObject({
      status: 'failed',
      held: true,
      failure: { kind: 'no-branch', reason: 'all conditions of branches are not meet' },
    })
    expect(allowedOnNode(w.run, w.index('x'))).toEqual(['retry', 'choose'])
  })

  test('several hold: it has failed, and names them', () => {
    const w = world(nodes('hold'), ways, { params: { left: true, right: true } })
    expect(w.viewed('x').failure).toEqual({ kind: 'many-branches', names: ['x-a', 'x-b'], keys: ['x-a', 'x-b'] })
  })

  test('a BoolRule that cannot be read is a failure', () => {
    const w = world(
      [choice('x', on('hold')), script('a')],
      ['start -> x', 'x -> a rule ((', 'x -> end else', 'a -> end'],
      {
        definition: { language: 'bamboo' },
      },
    )
    expect(w.viewed('x')).toMatchObject({ status: 'failed', failure: { kind: 'condition' } })
  })

  test('it says what was read, and what all names of the gateway stand for, a line break as it is written', () => {
    const reasonOf = (rule: string, other: string): unknown => {
      const w = world(
        [choice('x', on('hold')), script('a'), script('b')],
        ['start -> x', `x -> a rule ${rule}`, `x -> b rule ${other}`, 'x -> end else', 'a -> end', 'b -> end'],
        { definition: { language: 'bamboo' }, params: { n: 7, t: 'one\nline', w: '\\n and\n' } },
      )
      return w.viewed('x').failure
    }
    expect(reasonOf('${n} ((', '${t} == "${w}" and ${nobody}')).toEqual({
      kind: 'condition',
      reason: expect.stringMatching(
        /^evaluate\[7 \(\(\] fail with data\[\{"n": 7, "t": "one\\\\nline", "w": "\\\\n and\\n"\}\] message: ./,
      ) as unknown,
    })
    const long = reasonOf(`1 == ${'9'.repeat(5_000)}`, '1 == 1') as { readonly reason: string }
    expect(long.reason.length).toBeLessThan(5_000)
  })

  test.each(['stop', 'continue'] as const)('under %s its run has failed: it cannot be passed over', (policy) => {
    const w = world(nodes(policy), ways, { params: { left: false, right: false } })
    expect(w.status()).toBe('failed')
    w.choose('x', 'x-b')
    expect(w.statuses('x a b')).toBe('x:skipped a:pending b:queued')
    expect(w.task('x').skipped).toEqual({ because: 'operator', reason: 'this way' })
    w.succeed('b')
    expect(w.status()).toBe('succeeded')
  })

  test('a retry asks its conditions again', () => {
    const params = definition({
      params: [{ name: 'left', type: 'boolean', description: '', required: false, default: null, options: [] }],
    })
    const w = world(nodes('hold'), ways, {
      params: { left: false, right: false },
      definition: { params: params.params },
    })
    w.retry('x')
    expect(w.viewed('x')).toMatchObject({ status: 'failed', attempt: 2, retry: 1 })
    w.do({ type: 'modify', params: { left: true } })
    w.retry('x')
    expect(w.viewed('x')).toMatchObject({ status: 'succeeded', attempt: 3, retry: 2, failure: null })
    expect(w.viewed('x').earlier.map(({ status }) => status)).toEqual(['failed', 'failed'])
    expect(w.status('a')).toBe('queued')
  })

  test('a person chooses its way, and it counts as skipped with the retries it had', () => {
    const w = world(nodes('hold'), ways, { params: { left: false, right: false } })
    w.retry('x')
    w.choose('x', 'x-a')
    expect(w.viewed('x')).toMatchObject({ status: 'skipped', retry: 1, skipped: { because: 'operator' } })
    expect(w.statuses('a b')).toBe('a:queued b:pending')
    expect(takenEdges(w)).toEqual(['start-x', 'x-a'])
  })

  test('an exclusive gateway goes on by one of its own edges', () => {
    const w = world(nodes('hold'), ways, { params: { left: false, right: false } })
    const refused = (...list: readonly string[]): unknown => {
      const { code, message, allowed } = w.refused({ type: 'choose', node: w.index('x'), edges: list, reason: '' })
      expect(allowed).toEqual(['retry', 'choose'])
      return [code, message]
    }
    expect(refused()).toEqual(['no-such-edge', 'gateway x goes on by one edge, found 0'])
    expect(refused('x-a', 'x-b')).toEqual(['no-such-edge', 'gateway x goes on by one edge, found 2'])
    expect(refused('a-end')).toEqual(['no-such-edge', 'gateway x has the edges x-a, x-b, found a-end'])
    w.choose('x', 'x-a', 'x-a')
    expect(w.status('a')).toBe('queued')
    expect(w.refused({ type: 'choose', node: w.index('x'), edges: ['x-a'], reason: '' }).code).toBe('not-allowed')
  })

  test('a conditional gateway goes on by several, and its branches meet', () => {
    const w = world(
      [some('f', on('hold')), script('a'), script('b'), script('c'), join('j')],
      ['start -> f', 'f -> a if false', 'f -> b if false', 'f -> c if false', 'a -> j', 'b -> j', 'c -> j -> end'],
    )
    expect(w.viewed('f').failure).toEqual({ kind: 'no-branch', reason: 'all conditions of branches are not meet' })
    w.choose('f', 'f-a', 'f-c')
    expect(w.statuses('a b c')).toBe('a:queued b:pending c:queued')
    w.succeed('a')
    expect(w.status('j')).toBe('pending')
    w.succeed('c')
    expect(w.status()).toBe('succeeded')
  })

  test('nobody skips what only passes a token on', () => {
    const w = world(nodes('hold'), ways, { params: { left: false, right: false } })
    expect(w.refused({ type: 'skip-node', node: w.index('x'), reason: '' }).code).toBe('not-allowed')
    expect(w.refused({ type: 'skip-node', node: w.index('end'), reason: '' }).code).toBe('not-allowed')
  })
})

describe('loops', () => {
  const again = ['start -> a -> x', "x -> a if tasks.a.outputs.say == 'again'", 'x -> end else']
  const say = (w: EngineWorld, word: string): void => w.end('a', { kind: 'succeeded', outputs: { say: word } })

  test('a node runs once for each pass; passes and their tries are kept apart', () => {
    const w = world([script('a', on('hold')), choice('x')], again)
    say(w, 'again')
    w.fail('a')
    w.retry('a')
    expect(w.viewed('a')).toMatchObject({ loop: 2, attempt: 3, retry: 1, status: 'queued' })
    say(w, 'again')
    expect(w.viewed('a')).toMatchObject({ loop: 3, attempt: 4, retry: 0 })
    say(w, 'done')
    expect(w.status()).toBe('succeeded')
    expect(w.viewed('a').earlier.map(({ attempt, loop, retry, status }) => [attempt, loop, retry, status])).toEqual([
      [1, 1, 0, 'succeeded'],
      [2, 2, 0, 'failed'],
      [3, 2, 1, 'succeeded'],
    ])
    expect(w.viewed('x')).toMatchObject({ loop: 3, retry: 0 })
    expect(new Set([w.viewed('a').version, ...w.viewed('a').earlier.map(({ version }) => version)]).size).toBe(4)
  })

  test('a pass after a skipped one is not skipped', () => {
    const w = world([script('a', on('hold')), choice('x')], again)
    say(w, 'again')
    w.failWith('a', { kind: 'exit-code', code: 1 }, { say: 'again' })
    w.skip('a')
    expect(w.viewed('a')).toMatchObject({ status: 'queued', loop: 3, skipped: null })
    expect(w.viewed('a').earlier.map(({ skipped }) => skipped)).toEqual([false, true])
  })

  test('counted retries begin anew with each pass', () => {
    const w = world([script('a', { ...retries(1), ...on('hold') }), choice('x')], again)
    w.fail('a')
    w.wait(1_000)
    say(w, 'again')
    w.fail('a')
    expect(w.viewed('a').status).toBe('queued')
    w.wait(1_000)
    w.fail('a')
    expect(w.viewed('a')).toMatchObject({ status: 'failed', loop: 2, retry: 1 })
  })

  test('beyond its limit a node has failed, and no retry changes that', () => {
    const w = world([script('a', on('hold')), choice('x', on('hold'))], again, { loopMax: 2 })
    say(w, 'again')
    say(w, 'again')
    expect(w.status()).toBe('held')
    expect(w.viewed('a')).toMatchObject({ loop: 3, status: 'failed', failure: { kind: 'loop-limit', limit: 2 } })
    w.retry('a')
    expect(w.viewed('a')).toMatchObject({ status: 'failed', retry: 1 })
    w.skip('a')
    expect(w.viewed('x')).toMatchObject({ status: 'failed', failure: { kind: 'loop-limit', limit: 2 } })
    w.choose('x', 'x-end')
    expect(w.status()).toBe('succeeded')
  })

  test('a loop of nothing but gateways ends at its limit', () => {
    const w = world([choice('x'), choice('y')], ['start -> x', 'x -> y if true', 'x -> end else', 'y -> x if true'])
    expect(w.status()).toBe('failed')
    expect(w.viewed('x')).toMatchObject({ loop: 101, failure: { kind: 'loop-limit', limit: 100 } })
  })

  test('a loop that costs no time ends before it has filled the memory', () => {
    const keys = Array.from({ length: 300 }, (_, at) => `x${at}`)
    const w = world(
      keys.map((key) => choice(key)),
      ['start -> x0', ...keys.map((key, at) => `${key} -> ${keys[(at + 1) % keys.length]} if true`), 'x0 -> end else'],
      { loopMax: 1_000 },
    )
    expect(w.status()).toBe('failed')
    expect(w.run.seq).toBeLessThan(26_000)
    expect(viewOf(w.run, projectView(), {} as never).failure?.failure.kind).toBe('loop-limit')
  })

  test('a fork and where its branches meet are entered again', () => {
    const w = world(
      [fork('f'), script('a'), script('b'), join('j'), choice('x')],
      ['start -> f -> a -> j', 'f -> b -> j -> x', "x -> f if tasks.a.outputs.say == 'again'", 'x -> end else'],
    )
    say(w, 'again')
    w.succeed('b')
    expect(w.statuses('f a b j x')).toBe('f:succeeded a:queued b:queued j:pending x:succeeded')
    expect(w.viewed('j')).toMatchObject({ loop: 2 })
    w.succeed('b')
    expect(w.status('j')).toBe('pending')
    say(w, 'done')
    expect(w.status()).toBe('succeeded')
    expect(['f', 'a', 'b', 'j', 'x'].map((key) => w.viewed(key).loop)).toEqual([2, 2, 2, 2, 2])
  })

  test('a loop inside of one branch does not disturb the others', () => {
    const w = world(
      [fork('f'), script('a'), choice('x'), script('b'), join('j')],
      ['start -> f -> a -> x', "x -> a if tasks.a.outputs.say == 'again'", 'x -> j else', 'f -> b -> j -> end'],
    )
    say(w, 'again')
    w.succeed('b')
    say(w, 'again')
    expect(w.viewed('a').loop).toBe(3)
    expect(w.status('j')).toBe('pending')
    say(w, 'done')
    expect(w.status()).toBe('succeeded')
    expect(w.viewed('j').loop).toBe(1)
  })

  test('what an earlier pass has made is seen until the next one makes something', () => {
    const w = world([script('a'), choice('x')], again)
    say(w, 'again')
    expect(w.viewed('a').status).toBe('queued')
    w.succeed('a')
    expect(w.viewed('a').loop).toBe(3)
  })
})
