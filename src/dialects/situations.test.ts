// Where a run and its nodes can be, besides the statuses of conformance.test.ts, and what every dialect says of it.
import { describe, expect, test } from 'vitest'
import type { RunActionInput } from '../host/app.ts'
import type { StageSpec, TaskSpec } from '../model/definition.ts'
import type { NodeStatus, RunStatus } from '../model/status.ts'
import type { RunView } from '../model/view.ts'
import { allDialects, type Ask, type Body } from '../testing/all-dialects.ts'
import { definition, noop, on, review, script, sleep, stage, when } from '../testing/definitions.ts'
import { exited, succeeded } from '../testing/scripted-runner.ts'
import { need, openWorld, type World } from '../testing/world.ts'

interface Scene {
  readonly world: World
  readonly ask: Ask
  readonly run: RunView
  act(action: RunActionInput): Promise<void>
  on(key: string, action: 'pause' | 'resume' | 'retry' | 'approve' | 'skip' | 'choose', edges?: string[]): Promise<void>
  end(key: string, code?: number): Promise<void>
}

async function play(stages: readonly StageSpec[], input: { exclude?: string[] } = {}): Promise<Scene> {
  const world = await openWorld()
  const { app, admin, runner } = world
  const pipeline = await world.pipeline(definition({ name: 'web', stages }))
  const run = need(await app.runs.start(admin, { pipeline: { id: pipeline.id }, params: {}, ...input }))
  await world.settled()
  return {
    world,
    ask: allDialects(world),
    run,
    act: async (action) => {
      need(await app.runs.act(admin, { id: run.id }, action))
      await world.settled()
    },
    on: async (key, action, edges = []) => {
      const node = [...run.stages, ...run.stages.flatMap(({ tasks }) => tasks)].find((one) => one.key === key)
      if (node === undefined) throw new Error(`no node ${key}`)
      const asked = action === 'choose' ? { action, edges } : { action }
      need(await app.runs.actOnNode(admin, { id: run.id }, { id: node.id }, asked))
      await world.settled()
    },
    end: async (key, code = 0) => {
      runner.endTask(key, code === 0 ? succeeded() : exited(code))
      await world.settled()
    },
  }
}

/** What the five say of a run and its nodes, in words. */
interface Said {
  readonly koderover: { readonly task: string; readonly jobs: string }
  readonly codearts: { readonly run: string; readonly tasks: string; readonly v5: string }
  /** Only what was entered is shown: by the keys of our tasks. */
  readonly blueking: { readonly task: string; readonly nodes: Readonly<Record<string, string>> }
  readonly check: number
  readonly swr: { readonly pipeline: string; readonly stages: string }
}

async function saidOf({ world, ask, run }: Scene): Promise<Said> {
  const { pipeline, project, stages } = run
  const get = async (path: string): Promise<Body> => {
    const { status, body, text } = await ask('GET', path)
    expect(status, `${path} ${text}`).toBe(200)
    return body
  }
  const koderover = await get(`/api/tasks/id/${run.number}/pipeline/${pipeline.name}`)
  const codearts = await get(`/v3/pipelines/${pipeline.id}/status`)
  const v5 = await get(`/v5/${project.id}/api/pipelines/${pipeline.id}/pipeline-runs/detail`)
  const { data } = await get(`/api/bk-sops/prod/get_task_status/${run.serial}/${world.project.serial}/`)
  const check = await get(`/v2/tasks/${pipeline.id}/progress`)
  const swr = await get(`/v3/manage/pipelines/${pipeline.serial}`)
  const words = ({ status, outcome }: Body): string => [status, outcome].filter((word) => word !== null).join('/')
  const list = (items: readonly string[]): string => items.map((item) => item || '-').join(' ')
  const keys = new Map(stages.flatMap(({ tasks }) => tasks.map(({ id, key }) => [id as string, key] as const)))
  const shown = (children: Body): readonly (readonly [string, string])[] =>
    Object.values(children as Record<string, Body>).flatMap((node) => {
      const key = keys.get(node.id)
      return [...(key === undefined ? [] : [[key, node.state as string] as const]), ...shown(node.children)]
    })
  return {
    koderover: {
      task: koderover.status,
      jobs: list((koderover.build_task?.jobs ?? []).map(({ status }: Body) => status)),
    },
    codearts: {
      run: words(codearts),
      tasks: list(codearts.states.flatMap((one: Body) => one.children.map(words))),
      v5: list(v5.stages.flatMap((one: Body) => one.jobs.flatMap((job: Body) => job.steps.map((s: Body) => s.status)))),
    },
    blueking: { task: data.state, nodes: Object.fromEntries(shown(data.children)) },
    check: check.task_status,
    swr: { pipeline: swr.status.status, stages: list(swr.status.stages.map(({ status }: Body) => status)) },
  }
}

/** Ours: the run, and its tasks in order. */
const ours = async ({ world, run }: Scene): Promise<readonly [RunStatus, ...NodeStatus[]]> => {
  const { status, stages } = await world.run(run.id)
  return [status, ...stages.flatMap(({ tasks }) => tasks.map((task) => task.status))]
}

const edge = (from: string, to: string, more: Partial<NonNullable<StageSpec['flow']>['edges'][number]> = {}) => ({
  key: `${from}-${to}`,
  name: '',
  from,
  to,
  when: null,
  default: false,
  ...more,
})
const flow = (tasks: readonly TaskSpec[], edges: readonly ReturnType<typeof edge>[]): StageSpec =>
  stage('flow', [noop('start', { work: { kind: 'start' } }), ...tasks, noop('end', { work: { kind: 'end' } })], {
    flow: { edges, loopMax: 10 },
  })
const exclusive = noop('which', { work: { kind: 'gateway', gateway: 'exclusive' }, ...on('hold') })

const channel = {
  operator: 'and',
  list: [{ kind: 'channel', name: 'go', channel: 'go', params: {} }],
} as const

interface Situation {
  readonly scene: () => Promise<Scene>
  readonly ours: Awaited<ReturnType<typeof ours>>
  readonly said: Said
}

const situations: Readonly<Record<string, Situation>> = {
  'a node that somebody paused before it began': {
    scene: async () => {
      const scene = await play([stage('build', [script('a')]), stage('ship', [script('b')])])
      await scene.on('b', 'pause')
      expect(await ours(scene)).toEqual(['running', 'running', 'pending'])
      await scene.end('a')
      return scene
    },
    ours: ['paused', 'succeeded', 'paused'],
    said: {
      koderover: { task: 'running', jobs: 'success running' },
      codearts: { run: 'suspending', tasks: 'completed/success suspending', v5: 'COMPLETED PAUSED' },
      blueking: { task: 'NODE_SUSPENDED', nodes: { a: 'FINISHED', b: 'SUSPENDED' } },
      check: 0,
      swr: { pipeline: 'running', stages: 'success running' },
    },
  },
  'a stage that waits for its triggers': {
    scene: async () => {
      const scene = await play([stage('build', [script('a')]), stage('ship', [script('b')], { triggers: channel })])
      await scene.end('a')
      return scene
    },
    ours: ['waiting', 'succeeded', 'pending'],
    said: {
      koderover: { task: 'created', jobs: 'success pending' },
      codearts: { run: 'waiting', tasks: 'completed/success -', v5: 'COMPLETED INIT' },
      blueking: { task: 'RUNNING', nodes: { a: 'FINISHED' } },
      check: 0,
      swr: { pipeline: 'waiting', stages: 'success waiting' },
    },
  },
  'what was left out when the run was made': {
    scene: () => play([stage('build', [script('a')]), stage('ship', [script('b')])], { exclude: ['a'] }),
    ours: ['running', 'skipped', 'running'],
    said: {
      koderover: { task: 'running', jobs: 'running' },
      codearts: { run: 'running', tasks: 'completed running', v5: 'UNSELECTED RUNNING' },
      blueking: { task: 'RUNNING', nodes: { b: 'RUNNING' } },
      check: 0,
      swr: { pipeline: 'running', stages: 'success running' },
    },
  },
  'what ran out of time and is passed over': {
    scene: async () => {
      const late = script('a', { timeoutMs: 1_000, onTimeout: 'skip' })
      const scene = await play([stage('build', [late]), stage('ship', [script('b')])])
      scene.world.clock.advance(1_000)
      await scene.world.settled()
      scene.world.runner.endTask('a', { kind: 'failed', failure: { kind: 'timeout', afterMs: 1_000 }, outputs: null })
      await scene.world.settled()
      return scene
    },
    ours: ['running', 'skipped', 'running'],
    said: {
      koderover: { task: 'running', jobs: 'skipped running' },
      codearts: { run: 'running', tasks: 'completed running', v5: 'SKIPPED RUNNING' },
      blueking: { task: 'RUNNING', nodes: { a: 'FINISHED', b: 'RUNNING' } },
      check: 0,
      swr: { pipeline: 'running', stages: 'success running' },
    },
  },
  'two stages that run together': {
    scene: () => play([stage('build', [script('a')]), stage('test', [script('b')], { parallel: true })]),
    ours: ['running', 'running', 'running'],
    said: {
      koderover: { task: 'running', jobs: 'running running' },
      codearts: { run: 'running', tasks: 'running running', v5: 'RUNNING RUNNING' },
      blueking: { task: 'RUNNING', nodes: { a: 'RUNNING', b: 'RUNNING' } },
      check: 0,
      swr: { pipeline: 'running', stages: 'running running' },
    },
  },
  'a cancel that lets end what is at work': {
    scene: async () => {
      const scene = await play([stage('build', [script('a')]), stage('ship', [script('b')])])
      await scene.act({ action: 'cancel', mode: 'after-current' })
      return scene
    },
    ours: ['running', 'running', 'pending'],
    said: {
      koderover: { task: 'running', jobs: 'running pending' },
      codearts: { run: 'running', tasks: 'running -', v5: 'RUNNING INIT' },
      blueking: { task: 'REVOKED', nodes: { a: 'RUNNING' } },
      check: 0,
      swr: { pipeline: 'running', stages: 'running waiting' },
    },
  },
  'and once that has ended': {
    scene: async () => {
      const scene = await play([stage('build', [script('a')]), stage('ship', [script('b')])])
      await scene.act({ action: 'cancel', mode: 'after-current' })
      await scene.end('a')
      return scene
    },
    ours: ['cancelled', 'succeeded', 'pending'],
    said: {
      koderover: { task: 'cancelled', jobs: 'success pending' },
      codearts: { run: 'completed/aborted', tasks: 'completed/success -', v5: 'COMPLETED INIT' },
      blueking: { task: 'REVOKED', nodes: { a: 'FINISHED' } },
      check: 3,
      swr: { pipeline: 'cancel', stages: 'success waiting' },
    },
  },
  'a flow whose gateway has taken one way': {
    scene: () =>
      play([
        flow(
          [exclusive, script('yes'), script('no')],
          [
            edge('start', 'which'),
            edge('which', 'yes', when('true')),
            edge('which', 'no', { default: true }),
            edge('yes', 'end'),
            edge('no', 'end'),
          ],
        ),
      ]),
    ours: ['running', 'succeeded', 'succeeded', 'running', 'pending', 'pending'],
    said: {
      koderover: { task: 'running', jobs: 'success success running pending pending' },
      codearts: {
        run: 'running',
        tasks: 'completed/success completed/success running - -',
        v5: 'COMPLETED COMPLETED RUNNING INIT INIT',
      },
      blueking: { task: 'RUNNING', nodes: { start: 'FINISHED', which: 'FINISHED', yes: 'RUNNING' } },
      check: 0,
      swr: { pipeline: 'running', stages: 'running' },
    },
  },
  'a gateway that knows no way': {
    scene: () =>
      play([
        flow(
          [exclusive, script('yes')],
          [edge('start', 'which'), edge('which', 'yes', when('false')), edge('yes', 'end')],
        ),
      ]),
    ours: ['held', 'succeeded', 'failed', 'pending', 'pending'],
    said: {
      koderover: { task: 'failed', jobs: 'success failure pending pending' },
      codearts: { run: 'suspending', tasks: 'completed/success completed/error - -', v5: 'COMPLETED FAILED INIT INIT' },
      blueking: { task: 'FAILED', nodes: { start: 'FINISHED', which: 'FAILED' } },
      check: 1,
      swr: { pipeline: 'stage_exception', stages: 'stage_exception' },
    },
  },
  'a loop that goes round once more': {
    scene: async () => {
      const scene = await play([
        flow(
          [script('try'), exclusive],
          [
            edge('start', 'try'),
            edge('try', 'which'),
            edge('which', 'try', when('true')),
            edge('which', 'end', { default: true }),
          ],
        ),
      ])
      await scene.end('try')
      return scene
    },
    ours: ['running', 'succeeded', 'running', 'succeeded', 'pending'],
    said: {
      koderover: { task: 'running', jobs: 'success running success pending' },
      codearts: {
        run: 'running',
        tasks: 'completed/success running completed/success -',
        v5: 'COMPLETED RUNNING COMPLETED INIT',
      },
      blueking: { task: 'RUNNING', nodes: { start: 'FINISHED', try: 'RUNNING', which: 'FINISHED' } },
      check: 0,
      swr: { pipeline: 'running', stages: 'running' },
    },
  },
  'a failure beside what is still at work': {
    scene: async () => {
      const scene = await play([stage('build', [script('a', on('hold')), script('b')])])
      await scene.end('a', 1)
      return scene
    },
    ours: ['running', 'failed', 'running'],
    said: {
      koderover: { task: 'running', jobs: 'failure running' },
      codearts: { run: 'running', tasks: 'completed/error running', v5: 'FAILED RUNNING' },
      blueking: { task: 'RUNNING', nodes: { a: 'FAILED', b: 'RUNNING' } },
      check: 0,
      swr: { pipeline: 'running', stages: 'running' },
    },
  },
  'a wait and a review': {
    scene: () => play([stage('gate', [sleep('wait', 60_000), review('decide')])]),
    ours: ['running', 'running', 'reviewing'],
    said: {
      koderover: { task: 'running', jobs: 'running blocked' },
      codearts: { run: 'running', tasks: 'running verifying', v5: 'RUNNING SUSPEND' },
      blueking: { task: 'RUNNING', nodes: { wait: 'RUNNING', decide: 'RUNNING' } },
      check: 0,
      swr: { pipeline: 'running', stages: 'running' },
    },
  },
}

describe('every dialect has words for', () => {
  test.each(Object.entries(situations))('%s', async (_, situation) => {
    const scene = await situation.scene()
    expect(await ours(scene)).toEqual(situation.ours)
    expect(await saidOf(scene)).toEqual(situation.said)
  })
})
