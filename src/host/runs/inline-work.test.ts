import { describe, expect, test } from 'vitest'
import type { PipelineDefinition } from '../../model/definition.ts'
import type { JsonObject } from '../../model/json.ts'
import { definition, script, stage } from '../../testing/definitions.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { need, openWorld, type Served, type World } from '../../testing/world.ts'

const child = definition({
  name: 'deploy',
  params: [{ name: 'tag', type: 'string', description: '', required: false, default: 'none', options: [] }],
  variables: [{ name: 'digest', value: null, from: { task: 'c', output: 'digest' }, scope: null, outer: false }],
  outputs: ['tag', 'digest'],
  stages: [stage('s', [script('c')])],
})

const parent = (
  more: { readonly pipeline?: string; readonly wait?: boolean } = {},
  params: JsonObject = {},
): PipelineDefinition =>
  definition({
    name: 'release',
    stages: [
      stage('s', [
        script('p', { work: { kind: 'run', pipeline: 'deploy', params, wait: true, ...more } }),
        script('after', { needs: ['p'], work: { kind: 'noop' } }),
      ]),
    ],
  })

const taskOf = async (served: Served, id: string, key: string) => {
  const found = (await served.run(id)).stages.flatMap(({ tasks }) => tasks).find((task) => task.key === key)
  if (found === undefined) throw new TypeError(`no task ${key}`)
  return found
}

async function started(world: World, definitionOf: PipelineDefinition) {
  await world.pipeline(child)
  const run = await world.start(await world.pipeline(definitionOf))
  await world.settled()
  const { childRun } = await taskOf(world, run.id, 'p')
  return { id: run.id, childId: childRun ?? '' }
}

describe('a task that runs another pipeline', () => {
  test('ends as that run does, with what it has made, and both know of each other', async () => {
    const world = await openWorld()
    const { id, childId } = await started(world, parent({}, { tag: 'v${{ run.number }}' }))
    const other = await world.run(childId)
    expect(other).toMatchObject({
      status: 'running',
      parent: { runId: id },
      cause: { kind: 'upstream', by: 'release #1' },
    })
    expect((await world.run(id)).status).toBe('running')
    world.runner.endTask('c', succeeded({ digest: 'sha256:1' }))
    await world.settled()
    expect((await world.run(childId)).status).toBe('succeeded')
    expect(await taskOf(world, id, 'p')).toMatchObject({
      status: 'succeeded',
      outputs: { tag: 'v1', digest: 'sha256:1' },
    })
    expect((await world.run(id)).status).toBe('succeeded')
  })

  test('fails when that run fails', async () => {
    const world = await openWorld()
    const { id, childId } = await started(world, parent())
    world.runner.endTask('c', exited(3))
    await world.settled()
    expect((await world.run(childId)).status).toBe('failed')
    expect(await taskOf(world, id, 'p')).toMatchObject({
      status: 'failed',
      failure: { kind: 'said-no', reason: 'run deploy #1 ended as failed' },
    })
  })

  test('passes a cancel on, and is cancelled when that run is', async () => {
    const world = await openWorld()
    const { id, childId } = await started(world, parent())
    need(await world.app.runs.act(world.admin, { id }, { action: 'cancel' }))
    await world.settled()
    expect((await world.run(childId)).cancelling?.reason).toBe('cancelled with run release #1, which started it')
    world.runner.endTask('c', { kind: 'cancelled' })
    await world.settled()
    expect((await world.run(childId)).status).toBe('cancelled')
    expect((await world.run(id)).status).toBe('cancelled')
  })

  test('does not wait when it is not to', async () => {
    const world = await openWorld()
    const { id, childId } = await started(world, parent({ wait: false }))
    expect((await world.run(id)).status).toBe('succeeded')
    expect((await world.run(childId)).status).toBe('running')
  })

  test('cannot start when there is no such pipeline', async () => {
    const world = await openWorld()
    const { id } = await started(world, parent({ pipeline: 'deplyo' }))
    expect(await taskOf(world, id, 'p')).toMatchObject({
      status: 'errored',
      failure: { kind: 'cannot-start', reason: 'there is no pipeline deplyo in the project of the run' },
    })
  })

  test('pipelines that run each other in a circle come to an end', async () => {
    const world = await openWorld()
    const { id } = await started(world, { ...parent({ pipeline: 'release' }) })
    for (let turn = 0; turn < 40; turn += 1) await world.settled()
    expect((await world.run(id)).status).toBe('errored')
    const all = need(await world.app.runs.list(world.admin, {}, { before: null, limit: 100 }))
    expect(all.items.length).toBeLessThan(20)
  })

  test('starts one run only, also when the server is stopped in the middle', async () => {
    const world = await openWorld()
    const { id, childId } = await started(world, parent())
    const again = await world.restarted()
    await again.settled()
    expect((await taskOf(again, id, 'p')).childRun).toBe(childId)
    const all = need(await again.app.runs.list(world.admin, {}, { before: null, limit: 100 }))
    expect(all.items).toHaveLength(2)
  })

  test('a retry runs it anew', async () => {
    const world = await openWorld()
    const { id, childId } = await started(world, parent())
    world.runner.endTask('c', exited(3))
    await world.settled()
    need(await world.app.runs.actOnNode(world.admin, { id }, { key: 'p' }, { action: 'retry' }))
    await world.settled()
    const { childRun, earlier } = await taskOf(world, id, 'p')
    expect(childRun).not.toBe(childId)
    expect(earlier).toHaveLength(1)
  })
})

test('a task that publishes fires who listens, with what it was given', async () => {
  const world = await openWorld()
  const listens = await world.pipeline({
    ...child,
    triggers: {
      operator: 'or',
      list: [{ kind: 'channel', name: 'images', channel: 'images', params: { tag: 'tag' } }],
    },
  })
  const work = { kind: 'publish', channel: 'images', params: { tag: 'v${{ run.number }}' } } as const
  await world.start(await world.pipeline(definition({ name: 'build', stages: [stage('s', [script('p', { work })])] })))
  await world.settled()
  const runs = need(
    await world.app.runs.list(world.admin, { pipeline: { id: listens.id } }, { before: null, limit: 10 }),
  )
  expect(runs.items).toHaveLength(1)
  const [run] = runs.items
  expect((await world.run(run?.id ?? '')).params).toContainEqual(expect.objectContaining({ name: 'tag', value: 'v1' }))
})
