import { describe, expect, test } from 'vitest'
import type { CancelMode } from '../../model/command.ts'
import type { OnFailure, PipelineDefinition, TaskSpec } from '../../model/definition.ts'
import { exited, ScriptedRunner, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { EXPLANATION_CODES, type ExplanationCode } from '../../model/explanation.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const review = (reviewers: readonly string[], required = 1) =>
  ({ kind: 'review', reviewers, required, expireMs: 60_000, question: '' }) as const
const hold: OnFailure = { policy: 'hold', expireMs: 60_000 }

const tasks = (...changes: readonly Partial<TaskSpec>[]): Partial<PipelineDefinition> => ({
  stages: [
    stageSpec({
      tasks: changes.map((change, at) => {
        const key = 'abc'.charAt(at)
        return taskSpec({ key, name: `Task ${key}`, work, ...change })
      }),
    }),
  ],
})

interface Case {
  readonly pipeline: Partial<PipelineDefinition>
  readonly wait?: boolean
  readonly slots?: number
  /** Brings the run to where it is explained. */
  readonly bring?: (world: World, id: string) => unknown
  readonly code: ExplanationCode
  readonly sentence: string
  readonly unblocks: readonly string[]
  /** Whether a time is told at which it ends by itself. */
  readonly ends?: boolean
  readonly nodes: readonly (readonly [string, ExplanationCode, string])[]
}

const act =
  (action: 'pause' | 'cancel', mode: CancelMode = 'stop') =>
  (world: World, id: string) =>
    world.app.runs.act(world.admin, { id }, action === 'cancel' ? { action, reason: 'enough', mode } : { action })

const cases: readonly Case[] = [
  {
    pipeline: tasks({}),
    wait: true,
    code: 'waiting-for-start',
    sentence: 'Waiting for a person to start it',
    unblocks: ['start'],
    nodes: [],
  },
  {
    pipeline: {
      ...tasks({}),
      triggers: {
        operator: 'and',
        list: [
          { kind: 'webhook', name: 'push', params: {} },
          { kind: 'webhook', name: 'tag', params: {} },
        ],
      },
    },
    wait: true,
    code: 'waiting-for-trigger',
    sentence: 'Waiting for trigger push and tag',
    unblocks: ['webhook push', 'webhook tag', 'start'],
    nodes: [],
  },
  {
    pipeline: tasks({ work: { kind: 'callback', expireMs: null } }),
    code: 'waiting-for-callback',
    sentence: 'Task a: Waiting for a callback',
    unblocks: ['callback', 'fail'],
    nodes: [['a', 'waiting-for-callback', 'Waiting for a callback']],
  },
  {
    pipeline: { ...tasks({}), concurrency: { limit: 1, group: null, whenFull: 'queue' } },
    wait: true,
    bring: async (world, id) => {
      const { pipeline } = await world.run(id)
      need(await world.app.runs.start(world.admin, { pipeline: { id: pipeline.id }, params: {} }))
      await world.settled()
      await world.app.runs.act(world.admin, { id }, { action: 'start' })
    },
    code: 'waiting-for-turn',
    sentence:
      'Waiting for its turn, number 1 in the queue: there is room for 1 run at once, and build-and-ship #2 is under way',
    unblocks: ['the end of a run that is under way', 'cancel'],
    nodes: [],
  },
  {
    pipeline: tasks({}, {}),
    slots: 1,
    code: 'running',
    sentence: 'Task a: Running on scripted, and 1 more under way',
    unblocks: [],
    nodes: [
      ['a', 'running', 'Running on scripted'],
      ['b', 'waiting-for-runner', 'Waiting for a free runner, number 1 in the queue'],
    ],
  },
  {
    pipeline: tasks({}, { needs: ['a'] }),
    code: 'running',
    sentence: 'Task a: Running on scripted',
    unblocks: [],
    nodes: [
      ['a', 'running', 'Running on scripted'],
      ['b', 'waiting-for-needs', 'Waiting for Task a'],
    ],
  },
  {
    pipeline: tasks({ labels: ['arm', 'gpu'] }),
    code: 'no-runner-with-labels',
    sentence: 'Task a: No runner can do this: needs arm, gpu',
    unblocks: ['a runner with these labels', 'skip', 'cancel'],
    nodes: [['a', 'no-runner-with-labels', 'No runner can do this: needs arm, gpu']],
  },
  {
    pipeline: tasks({}, { needs: ['a'], labels: ['gpu'] }),
    code: 'running',
    sentence: 'Task a: Running on scripted',
    unblocks: [],
    nodes: [
      ['a', 'running', 'Running on scripted'],
      ['b', 'waiting-for-needs', 'Waiting for Task a'],
      ['b', 'no-runner-with-labels', 'When it is its turn, no runner can do this: needs gpu'],
    ],
  },
  {
    pipeline: tasks({ work: review(['li', 'chen'], 2) }),
    bring: (world, id) =>
      world.app.runs.actOnNode(world.admin, { id }, { key: 'a' }, { action: 'approve', as: 'chen' }),
    code: 'waiting-for-review',
    sentence: 'Task a: Waiting for review by li (1 of 2 approvals)',
    unblocks: ['approve', 'reject'],
    ends: true,
    nodes: [['a', 'waiting-for-review', 'Waiting for review by li (1 of 2 approvals)']],
  },
  {
    pipeline: tasks({ work: review([]) }),
    code: 'waiting-for-review',
    sentence: 'Task a: Waiting for review by anyone who may operate the project (0 of 1 approval)',
    unblocks: ['approve', 'reject'],
    ends: true,
    nodes: [['a', 'waiting-for-review', 'Waiting for review by anyone who may operate the project (0 of 1 approval)']],
  },
  {
    pipeline: tasks({ onFailure: hold }, {}),
    bring: (world) => world.runner.endTask('a', exited(3)),
    code: 'held-after-failure',
    sentence: 'Task a: Held after it failed: the process exited with code 3, and 1 more under way',
    unblocks: ['retry', 'skip', 'cancel'],
    ends: true,
    nodes: [
      ['a', 'held-after-failure', 'Held after it failed: the process exited with code 3'],
      ['b', 'running', 'Running on scripted'],
    ],
  },
  {
    pipeline: tasks({}),
    bring: act('pause'),
    code: 'paused',
    sentence: 'Paused: what runs ends, nothing new begins',
    unblocks: ['resume'],
    nodes: [['a', 'running', 'Running on scripted']],
  },
  {
    pipeline: tasks({ retry: { max: 1, delayMs: 5_000, delayMaxMs: 5_000, jitter: 0 } }),
    bring: (world) => world.runner.endTask('a', exited(3)),
    code: 'waiting-for-retry',
    sentence: 'Task a: Waiting to be tried again after: the process exited with code 3',
    unblocks: [],
    ends: true,
    nodes: [['a', 'waiting-for-retry', 'Waiting to be tried again after: the process exited with code 3']],
  },
  {
    pipeline: tasks({ work: { kind: 'sleep', duration: '1m' } }),
    code: 'sleeping',
    sentence: 'Task a: Sleeping',
    unblocks: [],
    ends: true,
    nodes: [['a', 'sleeping', 'Sleeping']],
  },
  {
    pipeline: tasks({}),
    bring: act('cancel'),
    code: 'cancelling',
    sentence: 'Being cancelled by ci (enough); what still runs is being stopped',
    unblocks: ['cancel with force ends it now'],
    ends: true,
    nodes: [['a', 'running', 'Running on scripted']],
  },
  {
    pipeline: tasks({}),
    bring: act('cancel', 'after-current'),
    code: 'cancelling',
    sentence: 'Being cancelled by ci (enough); what runs ends by itself',
    unblocks: ['cancel stops it, with force at once'],
    nodes: [['a', 'running', 'Running on scripted']],
  },
  {
    // Only what its definition leaves to people.
    pipeline: tasks({ onFailure: hold, skippable: false }),
    bring: (world) => world.runner.endTask('a', exited(3)),
    code: 'held-after-failure',
    sentence: 'Task a: Held after it failed: the process exited with code 3',
    unblocks: ['retry', 'cancel'],
    ends: true,
    nodes: [['a', 'held-after-failure', 'Held after it failed: the process exited with code 3']],
  },
  {
    pipeline: tasks({}),
    bring: (world) => world.runner.endTask('a', exited(3)),
    code: 'failed',
    sentence: 'Task a: The process exited with code 3',
    unblocks: ['retry', 'skip'],
    nodes: [['a', 'failed', 'The process exited with code 3']],
  },
  {
    pipeline: tasks({}),
    bring: (world) => world.runner.endTask('a', succeeded()),
    code: 'ended',
    sentence: 'Succeeded',
    unblocks: [],
    nodes: [],
  },
  {
    pipeline: tasks({}),
    slots: 0,
    bring: act('cancel'),
    code: 'ended',
    sentence: 'Ended as cancelled: enough',
    unblocks: ['retry'],
    nodes: [],
  },
]

describe('why a run is where it is', () => {
  test.each(cases)('$code: $sentence', async ({ pipeline, wait = false, slots = 9, bring, ...expected }) => {
    const world = await openWorld({ runner: new ScriptedRunner(slots) })
    const { id: pipelineId } = await world.pipeline(definition(pipeline))
    const input = { pipeline: { id: pipelineId }, params: {}, wait }
    const cause = { kind: 'webhook', by: 'push' } as const
    const { id } = need(await world.app.runs.start(world.admin, { ...input, ...(wait ? { cause } : undefined) }))
    await world.settled()
    await bring?.(world, id)
    await world.settled()
    const [run, ...nodes] = need(await world.app.runs.explain(world.admin, { id }))
    expect(run).toMatchObject({
      node: null,
      code: expected.code,
      sentence: expected.sentence,
      unblocks: expected.unblocks,
      position: expected.code === 'waiting-for-turn' ? 1 : null,
    })
    expect(run?.deadline !== null).toBe(expected.ends ?? false)
    expect(run?.since).toBe(world.clock.now())
    expect(nodes.map(({ node, code, sentence }) => [node?.key, code, sentence])).toEqual(expected.nodes)
    for (const { node } of nodes) expect(node?.name).toBe(`Task ${node?.key ?? ''}`)
  })

  test('a task that runs another pipeline names the run that it waits for', async () => {
    const world = await openWorld()
    await world.pipeline(definition({ name: 'other', ...tasks({ key: 'inner' }) }))
    const other = { kind: 'run', pipeline: 'other', params: {}, wait: true } as const
    const { id: pipelineId } = await world.pipeline(definition({ name: 'outer', ...tasks({ work: other }) }))
    const { id } = need(await world.app.runs.start(world.admin, { pipeline: { id: pipelineId }, params: {} }))
    await world.settled()
    const child = need(await world.app.runs.get(world.admin, { id })).stages[0]?.tasks[0]?.childRun ?? ''
    const [run] = need(await world.app.runs.explain(world.admin, { id }))
    expect(run?.sentence).toBe(`Task a: Waiting for run ${child}, which it started`)
    expect(run?.unblocks).toEqual([`the end of run ${child}`])
  })

  test('every code has its case', () => {
    const found = new Set(cases.flatMap(({ code, nodes }) => [code, ...nodes.map(([, nodeCode]) => nodeCode)]))
    expect([...found].toSorted()).toEqual([...EXPLANATION_CODES].toSorted())
  })
})

test('ten thousand tasks that wait are explained in one look at the queue', async () => {
  const world = await openWorld({ runner: new ScriptedRunner(1) })
  const many = Array.from({ length: 10_000 }, (_, at) => taskSpec({ key: `t${at}`, work }))
  const { id } = await world.start(await world.pipeline(definition({ stages: [stageSpec({ tasks: many })] })))
  await world.settled()
  const cpu = process.cpuUsage()
  const nodes = need(await world.app.runs.explain(world.admin, { id }))
  expect(nodes.at(-1)?.position).toBe(9_999)
  // A look at the queue for each took 10 s.
  expect(process.cpuUsage(cpu).user).toBeLessThan(2_000_000)
})
