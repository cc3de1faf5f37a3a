import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../model/definition.ts'
import { edge, edges, flow, gateway, node, script, subflow } from '../testing/definitions.ts'
import { matchFlow } from './flow.ts'

type Parts = Parameters<typeof flow>

/** What is wrong with a flow: `key: message`, one for each line. */
function problemsOf(...[nodes, ways]: Parts): readonly string[] {
  const { tasks, flow: made } = flow(nodes, ways)
  const result = matchFlow(tasks, made?.edges ?? [])
  return result.ok ? [] : result.problems.map(({ key, message }) => `${key}: ${message}`)
}

const joinsOf = (...[nodes, ways]: Parts): Record<string, string> => {
  const { tasks, flow: made } = flow(nodes, ways)
  const result = matchFlow(tasks, made?.edges ?? [])
  if (!result.ok) throw new Error(result.problems.map(({ key, message }) => `${key}: ${message}`).join('\n'))
  return Object.fromEntries(result.match.joins)
}

const fork = (key: string): TaskSpec => gateway(key, 'parallel')
const join = (key: string): TaskSpec => gateway(key, 'converge')
const choice = (key: string): TaskSpec => gateway(key, 'exclusive')
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((key) => script(key)) as [TaskSpec, TaskSpec, TaskSpec, TaskSpec]

describe('a token can walk', () => {
  test.each<[string, Parts, Record<string, string>]>([
    ['a straight way', [[a], ['start -> a -> end']], {}],
    [
      'a fork and where its branches meet',
      [
        [fork('f'), a, b, join('j')],
        ['start -> f -> a -> j', 'f -> b -> j -> end'],
      ],
      { f: 'j' },
    ],
    [
      'a conditional fork',
      [
        [gateway('f', 'conditional'), a, b, join('j')],
        ['start -> f', 'f -> a if true', 'f -> b else', 'a -> j', 'b -> j -> end'],
      ],
      { f: 'j' },
    ],
    [
      'a branch without a node',
      [
        [fork('f'), a, join('j')],
        ['start -> f -> a -> j', 'f -> j -> end'],
      ],
      { f: 'j' },
    ],
    [
      'a fork in a fork',
      [
        [fork('f'), fork('g'), a, b, c, join('i'), join('j')],
        ['start -> f -> g -> a -> i', 'g -> b -> i -> j', 'f -> c -> j -> end'],
      ],
      { f: 'j', g: 'i' },
    ],
    [
      'one fork behind another in the same branch',
      [
        [fork('f'), a, b, join('j'), fork('g'), c, d, join('i')],
        ['start -> f -> a -> j', 'f -> b -> j -> g -> c -> i', 'g -> d -> i -> end'],
      ],
      { f: 'j', g: 'i' },
    ],
    [
      'a way back',
      [
        [a, choice('x')],
        ['start -> a -> x', 'x -> a if false', 'x -> end else'],
      ],
      {},
    ],
    [
      'a way back to before a fork',
      [
        [fork('f'), a, b, join('j'), choice('x')],
        ['start -> f -> a -> j', 'f -> b -> j -> x', 'x -> f if false', 'x -> end else'],
      ],
      { f: 'j' },
    ],
    [
      'a way back inside of a branch',
      [
        [fork('f'), a, choice('x'), b, join('j')],
        ['start -> f -> a -> x', 'x -> a if false', 'x -> j else', 'f -> b -> j -> end'],
      ],
      { f: 'j' },
    ],
    [
      'a choice in a branch whose ways both meet the others',
      [
        [fork('f'), choice('x'), a, b, c, join('j')],
        ['start -> f -> x', 'x -> a if true', 'x -> b else', 'a -> j', 'b -> j', 'f -> c -> j -> end'],
      ],
      { f: 'j' },
    ],
    [
      'a choice that goes past others to the end',
      [
        [choice('x'), a],
        ['start -> x', 'x -> a if true', 'x -> end else', 'a -> end'],
      ],
      {},
    ],
    ['a fork of one branch', [[fork('f'), a, join('j')], ['start -> f -> a -> j -> end']], { f: 'j' }],
    [
      'a sub-flow in a sub-flow with a fork',
      [
        [subflow('s', [...subflow('t', [fork('f'), a, join('j')], { parent: 's' })])],
        ['start -> s -> end', 's-start -> t -> s-end', 't-start -> f -> a -> j -> t-end', 'f -> j'],
      ],
      { f: 'j' },
    ],
  ])('%s', (_, parts, joins) => {
    if (parts[0].flat().some(({ key }) => key === 't')) {
      const nodes = parts[0].flat().map((one) => (['f', 'a', 'j'].includes(one.key) ? { ...one, parent: 't' } : one))
      expect(joinsOf(nodes, parts[1])).toEqual(joins)
    } else expect(joinsOf(...parts)).toEqual(joins)
  })

  test('a thousand branches', () => {
    const branches = Array.from({ length: 1_000 }, (_, at) => `n${at}`)
    const nodes = [fork('f'), ...branches.map((key) => script(key)), join('j')]
    expect(joinsOf(nodes, ['start -> f', ...branches.map((key) => `f -> ${key} -> j`), 'j -> end'])).toEqual({ f: 'j' })
  })

  test('20,000 nodes in a row, without deep recursion', () => {
    const keys = Array.from({ length: 20_000 }, (_, at) => `n${at}`)
    const nodes = keys.map((key) => script(key))
    expect(problemsOf(nodes, [`start -> ${keys.join(' -> ')} -> end`])).toEqual([])
  })
})

describe('how many edges a node has', () => {
  test.each<[string, Parts, readonly string[]]>([
    [
      'nothing goes to a start',
      [
        [a, choice('x')],
        ['start -> a -> x', 'x -> start if true', 'x -> end else'],
      ],
      ['start: expected 0 edges to it, found 1'],
    ],
    [
      'a start has one way out',
      [
        [a, b],
        ['start -> a -> end', 'start -> b -> end'],
      ],
      ['start: expected 1 edges out of it, found 2'],
    ],
    ['nothing comes out of an end', [[a], ['start -> a -> end -> a']], ['end: expected 0 edges out of it, found 1']],
    ['something leads to the end', [[a], ['start -> a -> a']], ['end: expected at least 1 edges to it, found 0']],
    [
      'a task has one way out',
      [
        [a, b],
        ['start -> a -> b -> end', 'a -> end'],
      ],
      ['a: expected 1 edges out of it, found 2'],
    ],
    [
      'a task has a way in',
      [
        [a, b],
        ['start -> a -> end', 'b -> end'],
      ],
      ['b: expected at least 1 edges to it, found 0'],
    ],
    [
      'an isolated node',
      [[a, b], ['start -> a -> end']],
      ['b: expected at least 1 edges to it, found 0', 'b: expected 1 edges out of it, found 0'],
    ],
    [
      'where branches meet has one way out',
      [
        [fork('f'), a, b, join('j'), c],
        ['start -> f -> a -> j', 'f -> b -> j -> end', 'j -> c -> end'],
      ],
      ['j: expected 1 edges out of it, found 2'],
    ],
    [
      'a gateway has a way out',
      [
        [choice('x'), a],
        ['start -> a -> end', 'a -> x'],
      ],
      ['a: expected 1 edges out of it, found 2', 'x: expected 1 to 1000 edges out of it, found 0'],
    ],
    [
      'something is between start and end',
      [[], ['start -> end']],
      ['start: expected something between start and end, found nothing'],
    ],
    [
      'one default is enough',
      [
        [choice('x'), a],
        ['start -> x', 'x -> a else', 'x -> end else', 'a -> end'],
      ],
      ['x: expected at most one default edge, found 2'],
    ],
  ])('%s', (_, parts, problems) => expect(problemsOf(...parts).toSorted()).toEqual(problems.toSorted()))

  test('a gateway has at most a thousand', () => {
    const branches = Array.from({ length: 1_001 }, (_, at) => `n${at}`)
    const nodes = [fork('f'), ...branches.map((key) => script(key)), join('j')]
    expect(problemsOf(nodes, ['start -> f', ...branches.map((key) => `f -> ${key} -> j`), 'j -> end'])).toEqual([
      'f: expected 1 to 1000 edges out of it, found 1001',
    ])
  })
})

describe('what an edge is', () => {
  const flowOf = (nodes: readonly TaskSpec[], list: readonly ReturnType<typeof edge>[]): readonly string[] => {
    const result = matchFlow([node('start'), ...nodes, node('end')], list)
    return result.ok ? [] : result.problems.map(({ key, message }) => `${key}: ${message}`)
  }

  test('its key is there once', () =>
    expect(flowOf([a], [...edges('start -> a -> end'), edge('start', 'a')])).toEqual([
      'start-a: expected every edge once, found start-a again',
    ]))

  test('its ends are nodes of the flow', () =>
    expect(flowOf([a], edges('start -> a -> end', 'a -> nowhere', 'nobody -> a'))).toEqual([
      'a-nowhere: expected an edge to a node of the flow, found nowhere',
      'nobody-a: expected an edge out of a node of the flow, found nobody',
    ]))

  test('it stays inside of its sub-flow', () =>
    expect(
      flowOf([...subflow('s', [b])], edges('start -> s -> end', 's-start -> b -> s-end', 's -> b', 'b -> end')),
    ).toEqual([
      's-b: expected an edge inside of one sub-flow, found s -> b',
      'b-end: expected an edge inside of one sub-flow, found b -> end',
    ]))

  test('only a gateway that chooses has conditions, and each of its edges has one', () =>
    expect(
      flowOf(
        [fork('f'), a, b, join('j'), choice('x')],
        edges('start -> f', 'f -> a if true', 'f -> b', 'a -> j', 'b -> j -> x', 'x -> end'),
      ),
    ).toEqual([
      'f-a: expected a condition only behind an exclusive or conditional gateway, found one behind f',
      'x-end: expected a condition on each edge out of gateway x, found none',
    ]))
})

describe('where branches meet', () => {
  test.each<[string, Parts, readonly string[]]>([
    [
      'a branch that goes to the end',
      [
        [fork('f'), a, b, join('j')],
        ['start -> f -> a -> j -> end', 'f -> b -> end'],
      ],
      ['end: expected all branches of gateway f to meet before the end'],
    ],
    [
      'branches that meet in two places',
      [
        [fork('f'), a, b, join('i'), join('j'), choice('x')],
        ['start -> f -> a -> i -> x', 'f -> b -> j -> x', 'x -> end else'],
      ],
      ['f: expected all its branches to meet in one converge gateway, found j and i'],
    ],
    [
      'two forks that meet in one place',
      [
        [fork('f'), fork('g'), a, b, c, join('j')],
        ['start -> f -> g -> a -> j', 'g -> b -> j', 'f -> c -> j -> end'],
      ],
      ['j: expected the branches of one gateway to meet in it, found those of f and of g'],
    ],
    [
      'a converge gateway without a fork',
      [[a, join('j')], ['start -> a -> j -> end']],
      ['j: expected branches of a parallel gateway to meet in it, found a way that comes out of none'],
    ],
    [
      'a choice of which one way leaves the block',
      [
        [fork('f'), choice('x'), a, b, join('j'), c],
        ['start -> f -> x', 'x -> a if true', 'x -> c else', 'a -> j', 'f -> b -> j -> c -> end'],
      ],
      [
        'c: expected no way from one branch into another, found it both outside of any gateway and in branch 1 of gateway f',
      ],
    ],
    [
      'a jump from one branch into another',
      [
        [fork('f'), choice('x'), a, b, join('j')],
        ['start -> f -> x', 'x -> a if true', 'x -> b else', 'a -> j', 'f -> b -> j -> end'],
      ],
      [
        'b: expected no way from one branch into another, found it both in branch 2 of gateway f and in branch 1 of gateway f',
      ],
    ],
    [
      'a way back out of a branch',
      [
        [a, fork('f'), choice('x'), b, join('j')],
        ['start -> a -> f -> x', 'x -> a if true', 'x -> j else', 'f -> b -> j -> end'],
      ],
      [
        'a: expected no way from one branch into another, found it both outside of any gateway and in branch 1 of gateway f',
      ],
    ],
    [
      'a way from outside into a branch',
      [
        [choice('x'), fork('f'), a, b, join('j')],
        ['start -> x', 'x -> f if true', 'x -> a else', 'f -> a -> j', 'f -> b -> j -> end'],
      ],
      [
        'j: expected branches of a parallel gateway to meet in it, found a way that comes out of none',
        'a: expected no way from one branch into another, found it both outside of any gateway and in branch 1 of gateway f',
      ],
    ],
    [
      'a branch that only goes round',
      [
        [fork('f'), a, choice('x'), b, join('j')],
        ['start -> f -> a -> x', 'x -> a if true', 'f -> b -> j -> end'],
      ],
      ['f: expected all its 2 branches to meet in j, found 1 of them'],
    ],
    [
      'an island',
      [
        [a, choice('x'), b],
        ['start -> a -> end', 'b -> x', 'x -> b else'],
      ],
      ['x: expected a way to it from the start, found none', 'b: expected a way to it from the start, found none'],
    ],
  ])('%s', (_, parts, problems) => {
    expect(problemsOf(...parts)).toEqual(problems)
  })
})

describe('sub-flows', () => {
  test('each has one start and one end', () => {
    const nodes = [...subflow('s', [b]), node('other', 'start'), node('third', 'end', { parent: 's' })]
    expect(problemsOf(nodes, ['start -> s -> end', 's-start -> b -> s-end', 'other -> s', 'b -> third'])).toContain(
      'b: expected 1 edges out of it, found 2',
    )
    expect(problemsOf([a, node('other', 'start')], ['start -> a -> end', 'other -> a'])).toEqual([
      'other: expected one start and one end in the flow, found 2 and 1',
    ])
    expect(problemsOf([node('s', 'subflow')], ['start -> s -> end'])).toEqual([
      's: expected one start and one end in sub-flow s, found 0 and 0',
    ])
  })

  test('a parent is a sub-flow of the same flow', () => {
    expect(problemsOf([{ ...a, parent: 'b' }, b], ['start -> b -> end'])).toEqual([
      'a: expected the key of a sub-flow as its parent, found b',
    ])
    expect(problemsOf([{ ...a, parent: 'gone' }, b], ['start -> b -> end'])).toEqual([
      'a: expected the key of a sub-flow as its parent, found gone',
    ])
  })

  test('none is inside of itself', () => {
    const nodes = [a, ...subflow('s', [], { parent: 't' }), ...subflow('t', [], { parent: 's' })]
    const [first] = problemsOf(nodes, ['start -> a -> end', 's-start -> t -> s-end', 't-start -> s -> t-end'])
    expect(first).toBe('s: expected a sub-flow that is not inside of itself')
  })

  test('at most fifty are inside of each other', () => {
    const nested = (depth: number): Parts => {
      const keys = Array.from({ length: depth }, (_, at) => `s${at}`)
      const nodes = keys.flatMap((key, at) => subflow(key, [], at === 0 ? {} : { parent: keys[at - 1] ?? null }))
      const last = { ...a, parent: keys.at(-1) ?? null }
      const ways = keys.map((key, at) => `${key}-start -> ${keys[at + 1] ?? 'a'} -> ${key}-end`)
      return [
        [...nodes, last],
        ['start -> s0 -> end', ...ways],
      ]
    }
    expect(problemsOf(...nested(50))).toEqual([])
    expect(problemsOf(...nested(51))[0]).toBe('s0: expected at most 50 sub-flows inside of each other')
  })
})
