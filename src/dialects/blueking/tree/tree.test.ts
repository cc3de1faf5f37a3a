import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../model/json.ts'
import {
  chainTree,
  constant,
  component,
  outputOf,
  pause,
  shell,
  sleep,
  subProcess,
  webTree,
  type TreeSketch,
} from '../../../testing/blueking-trees.ts'
import { excludeNodes } from './exclude.ts'
import { assignKeys } from './keys.ts'
import { readTree } from './read-tree.ts'
import { renameTree } from './rename.ts'
import { toDefinition } from './to-definition.ts'
import { validateTree } from './validate.ts'
import type { WebTree } from './web-tree.ts'

const read = (json: Json): WebTree => {
  const result = readTree(json)
  if (!result.ok) throw new Error(result.errors.join(', '))
  return result.tree
}
const errorsOf = (sketch: TreeSketch): readonly string[] => validateTree(read(webTree(sketch)))
const formErrors = (json: Json): readonly string[] => {
  const result = readTree(json)
  return result.ok ? [] : result.errors
}
const linear = webTree({
  lines: [
    ['start', 'a'],
    ['a', 'end'],
  ],
})

describe('the form of a tree', () => {
  test('what is missing or of another type is told with the path to it, all of it together', () => {
    const { start_event: _start, ...rest } = linear
    const broken = {
      ...rest,
      activities: {
        a: { ...((linear['activities'] as JsonObject)['a'] as JsonObject), type: 'Task', name: '', optional: 1 },
      },
      gateways: [],
      outputs: ['x'],
    }
    expect(formErrors(broken)).toEqual([
      "pipeline_tree: 'start_event' is a required property".replace('pipeline_tree', ''),
      "gateways: is not of type 'object'",
      "activities→a→type: 'Task' is not one of ['ServiceActivity', 'SubProcess']",
      'activities→a→name: is too short',
      "activities→a→optional: is not of type 'boolean'",
      'outputs→0: is no key of a constant',
    ])
  })

  test.each<[string, Json]>([
    ['nothing', null],
    ['a text', 'x'],
    ['a list', []],
    ['an empty object', {}],
  ])('%s is no tree', (_, json) => expect(formErrors(json).length).toBeGreaterThan(0))

  test('names are made to fit, without a word', () => {
    const tree = read(
      webTree({
        lines: [
          ['start', 'a'],
          ['a', 'end'],
        ],
        activities: { a: { ...pause, name: `<b>${'x'.repeat(80)}` } },
      }),
    )
    expect(tree.activities.get('a')?.name).toBe(`b${'x'.repeat(49)}`)
  })

  test('the names that policies had in old trees are still read', () => {
    const old = {
      ...pause,
      skippable: undefined,
      retryable: undefined,
      isSkipped: false,
      can_retry: false,
    } as unknown as JsonObject
    const json = JSON.parse(
      JSON.stringify(
        webTree({
          lines: [
            ['start', 'a'],
            ['a', 'end'],
          ],
          activities: { a: old },
        }),
      ),
    ) as Json
    expect(read(json).activities.get('a')).toMatchObject({ skippable: false, retryable: false })
  })

  test('keys of constants are `${x}`, and none that the engine gives itself', () => {
    for (const key of ['x', '${}', '${a.b}', '${_env_x}', '${_system.x}', '${a b}']) {
      const json = webTree({
        lines: [
          ['start', 'a'],
          ['a', 'end'],
        ],
        constants: { [key]: constant('') },
      })
      expect(formErrors(json)).toEqual([expect.stringContaining(`constants→${key}`)])
    }
  })

  test('depth and number of nodes are bounded', () => {
    let tree = linear
    for (let depth = 0; depth < 12; depth += 1) {
      tree = webTree({
        lines: [
          ['start', 'a'],
          ['a', 'end'],
        ],
        activities: { a: subProcess(tree) },
      })
    }
    expect(formErrors(tree)).toEqual([expect.stringContaining('nested deeper than 10')])
    expect(formErrors(chainTree(10_001))).toEqual([expect.stringContaining('more than 10000 nodes')])
  })
})

describe('how a tree hangs together', () => {
  const parallel = { p: 'Parallel', c: 'Converge' } as const
  const fork = [
    ['start', 'p'],
    ['p', 'a'],
    ['p', 'b'],
  ] as const
  test.each<[string, TreeSketch]>([
    [
      'one after the other',
      {
        lines: [
          ['start', 'a'],
          ['a', 'b'],
          ['b', 'end'],
        ],
      },
    ],
    ['two branches that meet', { gateways: parallel, lines: [...fork, ['a', 'c'], ['b', 'c'], ['c', 'end']] }],
    [
      'a loop back through an exclusive gateway',
      {
        gateways: { x: 'Exclusive' },
        lines: [
          ['start', 'a'],
          ['a', 'x'],
          ['x', 'a', '1 == 1'],
          ['x', 'end', '1 == 0'],
        ],
      },
    ],
    [
      'an exclusive gateway in a branch whose ways all lead to where the branches meet',
      {
        gateways: { ...parallel, x: 'Exclusive' },
        lines: [...fork, ['a', 'x'], ['x', 'c', '1 == 1'], ['x', 'd', 'default'], ['d', 'c'], ['b', 'c'], ['c', 'end']],
      },
    ],
    [
      'parallel gateways within each other',
      {
        gateways: { ...parallel, q: 'ConditionalParallel', d: 'Converge' },
        lines: [
          ...fork,
          ['a', 'q'],
          ['q', 'e', 'true'],
          ['q', 'f', 'true'],
          ['e', 'd'],
          ['f', 'd'],
          ['d', 'c'],
          ['b', 'c'],
          ['c', 'end'],
        ],
      },
    ],
    [
      'an empty branch',
      {
        gateways: parallel,
        lines: [
          ['start', 'p'],
          ['p', 'a'],
          ['p', 'c'],
          ['a', 'c'],
          ['c', 'end'],
        ],
      },
    ],
  ])('%s is fine', (_, sketch) => expect(errorsOf(sketch)).toEqual([]))

  test.each<[string, TreeSketch, readonly string[]]>([
    [
      'a node without a way out',
      {
        lines: [
          ['start', 'a'],
          ['a', 'end'],
          ['a', 'b'],
        ],
      },
      ['node(a)', 'node(b)'],
    ],
    ['a start that leads nowhere but to the end', { lines: [['start', 'end']] }, ['node(start)']],
    [
      'an island',
      {
        lines: [
          ['start', 'a'],
          ['a', 'end'],
          ['b', 'b'],
        ],
      },
      ['node(b)'],
    ],
    [
      'a flow that nothing conditions',
      {
        gateways: { x: 'Exclusive' },
        lines: [
          ['start', 'x'],
          ['x', 'a', 'true'],
          ['x', 'end'],
          ['a', 'end'],
        ],
      },
      ['node(x)', 'flow(l3)'],
    ],
    [
      'branches that end by themselves',
      { gateways: { p: 'Parallel' }, lines: [...fork, ['a', 'end'], ['b', 'end']] },
      ['node(end)', 'node(p)'],
    ],
    [
      'branches that meet in an activity',
      { gateways: { p: 'Parallel' }, lines: [...fork, ['a', 'd'], ['b', 'd'], ['d', 'end']] },
      ['node(d)', 'node(p)'],
    ],
    [
      'half of the branches meeting',
      {
        gateways: { ...parallel, d: 'Converge' },
        lines: [...fork, ['p', 'e'], ['a', 'c'], ['b', 'c'], ['c', 'd'], ['e', 'd'], ['d', 'end']],
      },
      ['node(c)', 'node(p)'],
    ],
    [
      'a loop back out of a branch',
      {
        gateways: { ...parallel, x: 'Exclusive' },
        lines: [
          ['start', 's'],
          ['s', 'p'],
          ['p', 'a'],
          ['p', 'b'],
          ['a', 'x'],
          ['x', 's', 'true'],
          ['x', 'c', 'true'],
          ['b', 'c'],
          ['c', 'end'],
        ],
      },
      ['flow(l6)', 'node(x)', 'node(s)'],
    ],
    [
      'a jump from one branch into another',
      {
        gateways: { ...parallel, x: 'Exclusive' },
        lines: [...fork, ['a', 'x'], ['x', 'b', 'true'], ['x', 'c', 'true'], ['b', 'c'], ['c', 'end']],
      },
      ['node(b)'],
    ],
    [
      'a timeout beside what mends failures by itself',
      {
        lines: [
          ['start', 'a'],
          ['a', 'end'],
        ],
        activities: {
          a: { ...pause, error_ignorable: true, timeout_config: { enable: true, seconds: 5, action: 'forced_fail' } },
        },
      },
      ['node(a)', 'timeout_config'],
    ],
  ])('%s is refused, by the ids of the nodes', (_, sketch, words) => {
    const errors = errorsOf(sketch)
    expect(errors.length).toBeGreaterThan(0)
    for (const word of words) expect(errors.join('\n')).toContain(word)
  })

  test('errors of a sub-process say which it is', () => {
    const inner = webTree({ lines: [['start', 'end']] })
    expect(
      errorsOf({
        lines: [
          ['start', 's'],
          ['s', 'end'],
        ],
        activities: { s: subProcess(inner) },
      }),
    ).toEqual(['sub-process(s): node(start) must not lead to the end event'])
  })
})

describe('a tree as a definition of ours', () => {
  const head = { name: 'flow', description: '', annotations: {} }
  const options = { zoneOffsetMinutes: 480, children: new Map<string, string>() }
  const definitionOf = (sketch: TreeSketch) => {
    const made = toDefinition(read(webTree(sketch)), head, options)
    if (!made.ok) throw new Error(made.errors.join(', '))
    return made.definition as unknown as {
      readonly params: JsonObject
      readonly variables: JsonObject
      readonly outputs: readonly string[]
      readonly flow: { readonly nodes: Readonly<Record<string, JsonObject>>; readonly edges: readonly JsonObject[] }
    }
  }

  test('shown constants are asked for, hidden ones and outputs of nodes are variables', () => {
    const made = definitionOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: pause },
      constants: {
        '${branch}': constant('main', { name: 'Branch' }),
        '${host}': constant('${branch}.example', { show_type: 'hide' }),
        '${said}': outputOf('a', 'callback_data'),
      },
      outputs: ['${said}'],
    })
    expect(made.params).toEqual({ branch: { type: 'json', description: 'Branch', default: 'main' } })
    expect(made.variables).toEqual({
      host: { value: '${branch}.example' },
      said: { value: '', from: ['a', 'callback_data'] },
    })
    expect(made.outputs).toEqual(['said'])
  })

  test('a constant whose name no param may have, or whose value names another, is a variable all the same', () => {
    const made = definitionOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      constants: { '${env}': constant('prod'), '${1st}': constant(1), '${url}': constant('http://${env}') },
    })
    expect(Object.keys(made.params)).toEqual(['bk_env', 'bk_1st'])
    expect(made.variables).toEqual({
      env: { value: '${bk_env}' },
      '1st': { value: '${bk_1st}' },
      url: { value: 'http://${env}' },
    })
  })

  test('policies of a node become ours', () => {
    const { nodes } = definitionOf({
      lines: [
        ['start', 'a'],
        ['a', 'b'],
        ['b', 'end'],
      ],
      activities: {
        a: {
          ...sleep('30'),
          timeout_config: { enable: true, seconds: 7, action: 'forced_fail_and_skip' },
        },
        b: {
          ...shell('make'),
          error_ignorable: true,
          skippable: false,
          auto_retry: { enable: true, times: -3, interval: 5 },
        },
      },
    }).flow
    expect(nodes['a']).toMatchObject({
      uses: 'sleep',
      with: { duration: '30s' },
      on_failure: 'hold',
      timeout: '7s',
      on_timeout: 'skip',
    })
    expect(nodes['b']).toMatchObject({
      on_failure: 'continue',
      skippable: false,
      retry: { max: 3, delay: '5000ms', max_delay: '5000ms', jitter: 0 },
    })
  })

  test.each<[JsonObject, JsonObject | undefined]>([
    [
      { times: '2', interval: ' 7 ' },
      { max: 2, delay: '7000ms' },
    ],
    [
      { times: 99, interval: -99 },
      { max: 10, delay: '60000ms' },
    ],
    [
      { times: 'x', interval: 'x' },
      { max: 10, delay: '60000ms' },
    ],
    [{}, { max: 10, delay: '1ms' }],
    [{ times: 0, interval: 3 }, undefined],
  ])('auto_retry is read as Python reads a whole number: %j', (auto, retry) => {
    const { nodes } = definitionOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: { ...shell('make'), auto_retry: { enable: true, ...auto } } },
    }).flow
    expect(nodes['a']?.['retry']).toEqual(retry && { ...retry, max_delay: retry['delay'], jitter: 0 })
  })

  test('what a person may not do is not done by itself: a retry, a skip', () => {
    const { nodes } = definitionOf({
      lines: [
        ['start', 'a'],
        ['a', 'b'],
        ['b', 'end'],
      ],
      activities: {
        a: { ...pause, skippable: false, timeout_config: { enable: true, seconds: 7, action: 'forced_fail_and_skip' } },
        b: { ...shell('make'), retryable: false, auto_retry: { enable: true, times: 3, interval: 5 } },
      },
    }).flow
    expect(nodes['a']).toMatchObject({ timeout: '7s', on_timeout: 'fail' })
    expect(nodes['b']).not.toHaveProperty('retry')
  })

  test('sub-processes are flattened, also two of one template, and their constants are theirs alone', () => {
    const inner = webTree({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      constants: {
        '${x}': constant('${y}'),
        '${z}': constant('1', { show_type: 'hide' }),
        '${o}': outputOf('a', 'data'),
      },
    })
    const made = definitionOf({
      lines: [
        ['start', 's'],
        ['s', 't'],
        ['t', 'end'],
      ],
      activities: { s: subProcess(inner), t: subProcess(inner) },
    })
    expect(Object.keys(made.flow.nodes)).toEqual([
      'start',
      's',
      'start-2',
      'a',
      'end-2',
      't',
      'start-3',
      'a-2',
      'end-3',
      'end',
    ])
    expect(made.flow.nodes['a-2']).toMatchObject({ parent: 't', annotations: { 'blueking/id': 'a' } })
    expect(made.variables).toEqual({
      'x@s': { value: '${y}', scope: 's', outer: true },
      'z@s': { value: '1', scope: 's' },
      'o@s': { value: '', from: ['a', 'data'], scope: 's' },
      'x@t': { value: '${y}', scope: 't', outer: true },
      'z@t': { value: '1', scope: 't' },
      'o@t': { value: '', from: ['a-2', 'data'], scope: 't' },
    })
  })

  test('conditions go to the edges, the default one without a condition', () => {
    const { edges } = definitionOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 'x'],
        ['x', 'a', '${n} > 1'],
        ['x', 'b', 'default'],
        ['a', 'end'],
        ['b', 'end'],
      ],
    }).flow
    expect(edges).toContainEqual({ key: 'l2', name: 'to a', from: 'x', to: 'a', when: '${n} > 1' })
    expect(edges).toContainEqual({ key: 'l3', name: 'otherwise', from: 'x', to: 'b', default: true })
  })

  test('a script gets its constants by the environment, its arguments too, and never as text', () => {
    const made = definitionOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: shell('echo ${branch} ${PATH} ${other}', { job_script_param: '1 ${branch}' }) },
      constants: { '${branch}': constant('main'), '${PATH}': constant('/evil') },
    })
    expect(made.flow.nodes['a']).toMatchObject({
      uses: 'script',
      with: {
        script: '#!/usr/bin/env bash\nset -f; set -- $JOB_SCRIPT_PARAM; set +f\necho ${branch} ${PATH} ${other}',
      },
      env: { branch: '${branch}', JOB_SCRIPT_PARAM: '1 ${branch}' },
    })
  })

  test('what is more than a name in a shell script is a variable of its own; what no constant stands for is the shell’s', () => {
    const content = 'echo ${_system.task_name} ${hosts[0]} ${_loop} ${hosts[0]} ${free[0]} ${hosts:-x} ${#hosts}'
    const made = definitionOf({
      lines: [
        ['start', 'a'],
        ['a', 'p'],
        ['p', 'end'],
      ],
      activities: { a: shell(content), p: shell('print("${hosts[0]}")', { job_script_type: '4' }) },
      constants: { '${hosts}': constant(['h1']) },
    })
    expect(made.flow.nodes['a']).toMatchObject({
      with: {
        script:
          '#!/usr/bin/env bash\necho ${BK_EXPRESSION_1} ${BK_EXPRESSION_2} ${_loop} ${BK_EXPRESSION_2} ${free[0]} ${hosts:-x} ${#hosts}',
      },
      env: { _loop: '${_loop}', BK_EXPRESSION_1: '${_system.task_name}', BK_EXPRESSION_2: '${hosts[0]}' },
    })
    expect(made.flow.nodes['p']).toMatchObject({ with: { script: '#!/usr/bin/env python3\nprint("${hosts[0]}")' } })
  })

  test('a plugin that is not served is refused by its code', () => {
    const sketch = {
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: component('cc_create_set') },
    } as const
    expect(toDefinition(read(webTree(sketch)), head, options)).toEqual({
      ok: false,
      errors: ['node(a): plugin cc_create_set is not served here, see get_plugin_list'],
    })
  })
})

describe('leaving nodes out', () => {
  const sketch: TreeSketch = {
    gateways: { p: 'Parallel', c: 'Converge' },
    lines: [
      ['start', 'a'],
      ['a', 'p'],
      ['p', 'b'],
      ['p', 'd'],
      ['b', 'c'],
      ['d', 'c'],
      ['c', 'end'],
    ],
    activities: { a: { ...pause, optional: false }, b: component('bk_display', { bk_display_message: '${x}' }) },
    constants: { '${x}': constant('${y}'), '${y}': constant('1'), '${z}': constant('2') },
    outputs: ['${z}'],
  }

  test('joins what was around them, and takes along constants that nobody names', () => {
    const left = excludeNodes(webTree(sketch), ['b'])
    if (!left.ok) throw new Error(left.message)
    expect(Object.keys(left.tree['activities'] as object)).toEqual(['a', 'd'])
    expect(Object.keys(left.tree['flows'] as object)).toEqual(['l1', 'l2', 'l4', 'l6', 'l7'])
    expect(left.tree).toMatchObject({ constants: {}, outputs: [] })
    expect(Object.keys(left.unreferenced)).toEqual(['${x}', '${y}', '${z}'])
    expect(validateTree(read(left.tree))).toEqual([])
  })

  test('constants that are left are counted anew, in the order of their numbers', () => {
    const left = excludeNodes(
      webTree({
        ...sketch,
        constants: {
          '${last}': constant('1', { index: 9 }),
          '${idle}': constant('2', { index: 4 }),
          '${first}': constant('3', { index: 1 }),
        },
        activities: { a: component('bk_display', { bk_display_message: '${last} ${first}' }) },
        outputs: [],
      }),
      ['b'],
    )
    if (!left.ok) throw new Error(left.message)
    const constants = Object.entries(left.tree['constants'] as Record<string, { index: number }>)
    expect(constants.map(([key, { index }]) => [key, index])).toEqual([
      ['${first}', 0],
      ['${last}', 1],
    ])
  })

  test('a parallel gateway with nothing between goes, its converge gateway too', () => {
    const left = excludeNodes(webTree(sketch), ['d', 'b'])
    if (!left.ok) throw new Error(left.message)
    expect(left.tree['gateways']).toEqual({})
    expect(validateTree(read(left.tree))).toEqual([])
  })

  test('what is not there, and what must run, is refused', () => {
    expect(excludeNodes(webTree(sketch), ['q'])).toEqual({
      ok: false,
      message: 'task node[id=q] is not in template pipeline tree',
    })
    expect(excludeNodes(webTree(sketch), ['a'])).toEqual({ ok: false, message: 'task node[id=a] is not optional' })
  })
})

test('a task has ids of its own, everywhere in its tree', () => {
  const inner = webTree({
    lines: [
      ['start', 'a'],
      ['a', 'end'],
    ],
    constants: { '${o}': outputOf('a', 'data') },
  })
  const json = webTree({
    gateways: { x: 'Exclusive' },
    lines: [
      ['start', 's'],
      ['s', 'x'],
      ['x', 's', 'true'],
      ['x', 'end', 'default'],
    ],
    activities: { s: subProcess(inner) },
  })
  const tree = read(json)
  const renamed = renameTree(json, assignKeys(tree), {
    node: (key) => `N_${key.replace('-', '_')}`,
    flow: (key) => `F_${key.replace('-', '_')}`,
  })
  const again = read(renamed)
  expect(validateTree(again)).toEqual([])
  expect(
    [...again.activities.keys(), ...again.gateways.keys(), ...again.flows.keys()].every((id) => /^[NF]_/.test(id)),
  ).toBe(true)
  expect(again.gateways.get('N_x')).toMatchObject({ defaultFlow: { flow: 'F_l4' } })
  const sub = again.activities.get('N_s')
  expect(sub?.type === 'SubProcess' && sub.tree.constants.get('${o}')?.from).toEqual({ node: 'N_a', output: 'data' })
})
