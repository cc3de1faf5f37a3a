import { beforeEach, describe, expect, test } from 'vitest'
import { type Body, codeartsClient, type CodeartsClient } from '../../testing/codearts-client.ts'
import { checkpoint, job, shell, stage } from '../../testing/codearts-documents.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { openWorld, type World } from '../../testing/world.ts'

let world: World
let client: CodeartsClient
beforeEach(async () => {
  world = await openWorld()
  client = codeartsClient(world)
})

const behind = (identifier: string, condition: string, ...depends_on: string[]) =>
  job(identifier, [shell('true')], { condition, depends_on })
/** A build, what cleans up after its failure, what always tells of it, and what goes on with each; beside them a job of its own. */
const BUILD = stage('Build', [
  job('JOB_build', [shell('make'), shell('make test')]),
  job('JOB_lint', [shell('lint')]),
  behind('JOB_clean', '${{ failure() }}', 'JOB_build'),
  behind('JOB_tell', '${{ always() }}', 'JOB_build'),
  behind('JOB_pack', '${{ default() }}', 'JOB_build'),
  behind('JOB_cleaned', '${{ default() }}', 'JOB_clean', 'JOB_lint'),
])
const SHIP = stage('Ship', [job('JOB_ship', [shell('ship')])])

interface Seen {
  readonly run: string
  readonly stages: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, string>>
}
async function seen(id: string): Promise<Seen> {
  const { status, stages } = await client.detail(id)
  const named = (items: readonly Body[]) => Object.fromEntries(items.map((one) => [one.name, one.status]))
  return { run: status, stages: named(stages), jobs: named(stages.flatMap(({ jobs }: Body) => jobs)) }
}
async function end(ends: Readonly<Record<string, number>>): Promise<void> {
  for (const [key, code] of Object.entries(ends)) {
    world.runner.endTask(key, code === 0 ? succeeded() : exited(code))
    await world.settled()
  }
}

describe('jobs that depend on one that has failed', () => {
  test('run when they ask for that, and what depends on them too; the stage has failed, and the next is not reached', async () => {
    const id = await client.create([BUILD, SHIP])
    await client.start(id)
    await end({ 'JOB_build-1': 0, 'JOB_build-2': 2, JOB_lint: 0 })
    expect(await seen(id)).toMatchObject({
      stages: { Build: 'RUNNING', Ship: 'INIT' },
      jobs: { build: 'FAILED', lint: 'COMPLETED', clean: 'RUNNING', tell: 'RUNNING', pack: 'INIT', cleaned: 'INIT' },
    })
    await end({ JOB_clean: 0, JOB_tell: 0, JOB_cleaned: 0 })
    expect(await seen(id)).toEqual({
      run: 'FAILED',
      stages: { Build: 'FAILED', Ship: 'INIT' },
      jobs: {
        build: 'FAILED',
        lint: 'COMPLETED',
        clean: 'COMPLETED',
        tell: 'COMPLETED',
        pack: 'INIT',
        cleaned: 'COMPLETED',
        ship: 'INIT',
      },
    })
  })

  test('are passed over when it went well, but those that always run', async () => {
    const id = await client.create([BUILD, SHIP])
    await client.start(id)
    await end({ 'JOB_build-1': 0, 'JOB_build-2': 0, JOB_lint: 0, JOB_pack: 0 })
    expect((await seen(id)).jobs).toMatchObject({ clean: 'SKIPPED', tell: 'RUNNING', pack: 'COMPLETED' })
    await end({ JOB_tell: 0, JOB_cleaned: 0, JOB_ship: 0 })
    expect(await seen(id)).toMatchObject({ run: 'COMPLETED', stages: { Build: 'COMPLETED', Ship: 'COMPLETED' } })
  })

  test('do not run where their stage was never reached', async () => {
    const id = await client.create([SHIP, BUILD])
    await client.start(id)
    await end({ JOB_ship: 1 })
    expect(world.runner.jobs).toEqual([])
    expect(await seen(id)).toMatchObject({
      run: 'FAILED',
      stages: { Ship: 'FAILED', Build: 'INIT' },
      jobs: { build: 'INIT', clean: 'INIT', tell: 'INIT', cleaned: 'INIT' },
    })
  })

  test('leave no job running that was given up between two steps when another one had failed', async () => {
    const id = await client.create([
      stage('Build', [job('JOB_a', [shell('a')]), job('JOB_b', [shell('b'), shell('c')])]),
    ])
    await client.start(id)
    await end({ JOB_a: 1 })
    expect((await seen(id)).jobs).toEqual({ a: 'FAILED', b: 'RUNNING' })
    await end({ 'JOB_b-1': 0 })
    expect(await seen(id)).toEqual({ run: 'FAILED', stages: { Build: 'FAILED' }, jobs: { a: 'FAILED', b: 'CANCELED' } })
  })

  test('make the stage fail when they fail themselves', async () => {
    const id = await client.create([stage('Build', [job('JOB_a', [shell('a')]), behind('JOB_b', 'always()', 'JOB_a')])])
    await client.start(id)
    await end({ JOB_a: 0, JOB_b: 3 })
    expect(await seen(id)).toEqual({
      run: 'FAILED',
      stages: { Build: 'FAILED' },
      jobs: { a: 'COMPLETED', b: 'FAILED' },
    })
  })

  test('are not run again by a retry that mends what has failed', async () => {
    const id = await client.create([BUILD, SHIP])
    const run = await client.start(id)
    await end({ 'JOB_build-1': 1, JOB_lint: 0, JOB_clean: 0, JOB_tell: 0, JOB_cleaned: 0 })
    await client.good('PUT', `/pipelines/${id}/pipeline-runs/${run}/retry`, {})
    await world.settled()
    await end({ 'JOB_build-1': 0, 'JOB_build-2': 0, JOB_pack: 0, JOB_ship: 0 })
    expect(world.runner.jobs).toEqual([])
    expect(await seen(id)).toMatchObject({
      run: 'COMPLETED',
      stages: { Build: 'COMPLETED', Ship: 'COMPLETED' },
      jobs: { build: 'COMPLETED', clean: 'COMPLETED', pack: 'COMPLETED' },
    })
  })

  test('begin while other jobs of their stage, and stages beside it, are at work', async () => {
    const beside = stage('Beside', [job('JOB_beside', [shell('x')])], { parallel: true })
    const id = await client.create([BUILD, beside])
    await client.start(id)
    await end({ 'JOB_build-1': 1 })
    expect(await seen(id)).toMatchObject({
      run: 'RUNNING',
      stages: { Build: 'RUNNING', Beside: 'RUNNING' },
      jobs: { lint: 'RUNNING', clean: 'RUNNING', tell: 'RUNNING', cleaned: 'INIT' },
    })
    await end({ JOB_clean: 0, JOB_lint: 0 })
    expect((await seen(id)).jobs).toMatchObject({ cleaned: 'RUNNING', beside: 'RUNNING' })
    await end({ JOB_tell: 0, JOB_cleaned: 0 })
    expect(await seen(id)).toMatchObject({ run: 'RUNNING', stages: { Build: 'FAILED', Beside: 'RUNNING' } })
    await end({ JOB_beside: 0 })
    expect(await seen(id)).toMatchObject({ run: 'FAILED', stages: { Build: 'FAILED', Beside: 'COMPLETED' } })
  })

  test('end with the run that is stopped', async () => {
    const id = await client.create([BUILD, SHIP])
    const run = await client.start(id)
    await client.good('POST', `/pipelines/${id}/pipeline-runs/${run}/stop`)
    await world.settled()
    for (let [task] = world.runner.jobs; task !== undefined; [task] = world.runner.jobs) {
      world.runner.end(task, exited(143))
      await world.settled()
    }
    expect((await seen(id)).run).toBe('CANCELED')
  })

  test('may fail in turn, and be answered', async () => {
    const jobs = [
      job('JOB_a', [shell('a')]),
      behind('JOB_b', '${{ failure() }}', 'JOB_a'),
      behind('JOB_c', '${{ failure() }}', 'JOB_b'),
    ]
    const id = await client.create([stage('Build', jobs)])
    await client.start(id)
    await end({ JOB_a: 1, JOB_b: 1, JOB_c: 0 })
    expect((await seen(id)).jobs).toEqual({ a: 'FAILED', b: 'FAILED', c: 'COMPLETED' })
  })

  test('are one stage of the vendor’s, in v3 and before the first run too', async () => {
    const id = await client.create([BUILD, SHIP])
    const states = async () => {
      const { body } = await client.send('GET', `/v3/pipelines/${id}/status`)
      return body.states.map((one: Body) => [one.id, one.name, one.outcome, one.children.length])
    }
    const tree = (outcome: string | null) => [
      ['state_1', 'Build', outcome, 7],
      ['state_2', 'Ship', null, 1],
    ]
    expect(await states()).toEqual(tree(null))
    await client.start(id)
    await end({ 'JOB_build-1': 1, JOB_lint: 0, JOB_clean: 0, JOB_tell: 0, JOB_cleaned: 0 })
    expect(await states()).toEqual(tree('error'))
  })

  test('stand before the steps behind all jobs, which begin when all of them went well', async () => {
    const id = await client.create([{ ...BUILD, post: [checkpoint('')] }, SHIP])
    await client.start(id)
    await end({ 'JOB_build-1': 0, 'JOB_build-2': 0, JOB_lint: 0, JOB_pack: 0, JOB_tell: 0 })
    expect((await seen(id)).run).toBe('RUNNING')
    await end({ JOB_cleaned: 0 })
    expect((await seen(id)).run).toBe('SUSPEND')
    const failed = await client.create([{ ...BUILD, post: [checkpoint('')] }, SHIP], { name: 'failed' })
    await client.start(failed)
    await end({ 'JOB_build-1': 1, JOB_lint: 0, JOB_clean: 0, JOB_tell: 0, JOB_cleaned: 0 })
    expect((await seen(failed)).run).toBe('FAILED')
  })
})
