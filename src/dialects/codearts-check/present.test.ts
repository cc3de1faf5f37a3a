import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { PipelineDefinition } from '../../model/definition.ts'
import { NODE_STATUSES, RUN_STATUSES } from '../../model/status.ts'
import {
  definition,
  pipelineView,
  runView,
  stageSpec,
  stageView,
  taskSpec,
  taskView,
  userRef,
} from '../../testing/views.ts'
import { presentProgress, presentTask } from './present.ts'
import { nodeWord, runWord } from './status.ts'

/** Seed 003, the sample; its ids and addresses are masked there. */
const sample = JSON.parse(readFileSync(`${import.meta.dirname}/fixtures/tasks.json`, 'utf8'))

const git = (input: Readonly<Record<string, string>>) =>
  taskSpec({ role: 'source', work: { kind: 'runner', uses: 'git', with: input } })
const withTasks = (...tasks: ReturnType<typeof git>[]) => [stageSpec({ tasks: [taskSpec()] }), stageSpec({ tasks })]
const repository = (changes: Partial<PipelineDefinition>) => {
  const { git_url, git_branch } = presentTask(pipelineView({ definition: definition(changes) }))
  return [git_url, git_branch]
}

describe('a task of the list', () => {
  test('is the seed’s sample, key by key', () => {
    const shown = presentTask(
      pipelineView({
        name: 'CSharp_02201119',
        createdBy: userRef({ name: 'li' }),
        createdAt: Date.parse('2020-02-20T11:21:11.999Z'),
        lastStartedAt: Date.parse('2020-02-20T11:37:46Z'),
        definition: definition({ stages: withTasks(git({ url: 'git@********_02201119.git', ref: 'master' })) }),
      }),
    )
    const [first] = sample.tasks
    expect(shown).toEqual({ ...first, task_id: pipelineView().id, creator_id: userRef().id })
    expect(Object.keys(shown)).toEqual(Object.keys(first))
  })

  test('that was never checked has null for its last check', () => {
    expect(presentTask(pipelineView())).toMatchObject({ last_check_time: null })
  })

  test('takes its repository from the first task that fetches one', () => {
    const stages = withTasks(
      git({ url: 'https://a.example/x.git', ref: 'dev' }),
      git({ url: 'https://b.example/y.git' }),
    )
    expect(repository({ stages })).toEqual(['https://a.example/x.git', 'dev'])
    expect(repository({ stages: withTasks(git({ url: 'https://a.example/x.git' })) })).toEqual([
      'https://a.example/x.git',
      '',
    ])
  })

  test('shows the default of a param, and leaves alone what is known at run time only', () => {
    const param = { type: 'string', description: '', required: false, options: [] } as const
    const params = [
      { ...param, name: 'branch', default: 'main' },
      { ...param, name: 'host', default: null },
    ]
    const stages = withTasks(git({ url: 'https://${{ params.host }}/x.git', ref: 'release/${{params.branch}}' }))
    expect(repository({ params, stages })).toEqual(['https://${{ params.host }}/x.git', 'release/main'])
  })

  test('without one says what its annotations say, else nothing', () => {
    const annotations = { 'codearts-check/git_url': 'https://c.example/z.git', 'codearts-check/git_branch': 'trunk' }
    expect(repository({ annotations })).toEqual(['https://c.example/z.git', 'trunk'])
    expect(repository({})).toEqual(['', ''])
    expect(repository({ annotations, stages: withTasks(git({ url: 'https://d.example/w.git' })) })).toEqual([
      'https://d.example/w.git',
      'trunk',
    ])
  })
})

describe('progress', () => {
  test('of a task that was never checked is null', () => {
    expect(presentProgress(null)).toEqual({ task_status: null, progress: { ratio: null, info: null } })
  })

  test.each(RUN_STATUSES.map((status) => [status, runWord[status]] as const))(
    'of a run that is %s is %i',
    (status, word) => {
      expect(presentProgress(runView({ status })).task_status).toBe(word)
    },
  )

  test('every node status has its word', () => {
    expect(Object.keys(nodeWord).toSorted()).toEqual([...NODE_STATUSES].toSorted())
  })

  test.each([
    ['succeeded', ['succeeded'], '100%', 'success'],
    ['succeeded', ['succeeded', 'pending'], '100%', 'success'],
    ['running', ['running'], '0%', 'running'],
    ['running', ['succeeded', 'skipped', 'running'], '66%', 'running'],
    ['running', ['succeeded', 'succeeded'], '99%', 'running'],
    ['failed', ['succeeded', 'failed'], null, null],
    ['cancelled', ['cancelled'], null, null],
  ] as const)('a run that is %s with tasks %j is at %s', (status, tasks, ratio, info) => {
    const stages = [stageView({ tasks: tasks.map((word) => taskView({ status: word })) })]
    expect(presentProgress(runView({ status, stages })).progress).toEqual({ ratio, info })
  })
})
