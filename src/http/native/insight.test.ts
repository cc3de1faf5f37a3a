import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import { dialects } from '../../dialects/index.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const review = { kind: 'review', reviewers: [], required: 1, expireMs: null, question: 'Ship it?' } as const

let native: NativeServer
beforeAll(async () => {
  native = await openNative({ dialects })
})
afterAll(() => native.server.close())

let count = 0
async function pipeline(tasks: Parameters<typeof taskSpec>[0][]): Promise<string> {
  count += 1
  const stages = [
    stageSpec({ key: 'build', name: 'Build', tasks: tasks.slice(0, -1).map((task) => taskSpec({ work, ...task })) }),
    stageSpec({ key: 'ship', name: 'Ship', tasks: tasks.slice(-1).map((task) => taskSpec({ work, ...task })) }),
  ]
  return (await native.world.pipeline(definition({ name: `insight ${count}`, stages }))).id
}

/** Ends the attempt that a runner is at, after so long. */
async function end(run: string, node: number, afterMs: number, result = succeeded()): Promise<void> {
  const { clock, runner, settled } = native.world
  await settled()
  clock.advance(afterMs)
  const job = runner.jobs.findLast((one) => one.runId === run && one.node === node)
  if (job === undefined) throw new Error(`nothing runs at node ${node}`)
  runner.end(job, result)
  await settled()
}

const three = [{ key: 'compile' }, { key: 'test', needs: ['compile'] }, { key: 'deploy' }]

describe('the timeline', () => {
  test('tells where the time of every attempt went, and what made the run as long as it is', async () => {
    const { client, world } = native
    const id = await pipeline([...three.slice(0, 2), { key: 'lint' }, { key: 'deploy', work: review }])
    const run = await client.runs.start(id)
    await end(run.id, 3, 1_000)
    await end(run.id, 1, 4_000)
    await end(run.id, 2, 2_000, exited(3))
    await client.nodes.act(run.id, 'test', 'retry')
    await end(run.id, 2, 3_000)
    world.clock.advance(7_000)
    const { tasks, stages, critical, seq } = await client.runs.timeline(run.id)
    const now = await client.runs.get(run.id)
    const named = (key: string) =>
      now.stages.flatMap((stage) => stage.tasks).find((task) => task.key === key)?.id ?? key
    const lengths = (key: string) =>
      tasks
        .find((task) => task.id === named(key))
        ?.attempts.map(({ attempt, segments }) => [
          attempt,
          ...segments.map(({ kind, from, to }) => [kind, to === null ? null : Date.parse(to) - Date.parse(from)]),
        ])
    expect(seq).toBe(now.seq)
    expect(lengths('compile')).toEqual([[1, ['running', 5_000]]])
    expect(lengths('test')).toEqual([
      [1, ['waiting', 5_000], ['running', 2_000]],
      [2, ['running', 3_000]],
    ])
    expect(lengths('deploy')).toEqual([[1, ['reviewing', null]]])
    expect(critical).toEqual([named('compile'), named('test'), named('deploy')])
    expect(stages).toHaveLength(2)
  })

  test('shows pauses of what waits, and what goes on meanwhile as it is', async () => {
    const { client, world } = native
    const run = await client.runs.start(await pipeline(three))
    await world.settled()
    world.clock.advance(1_000)
    await client.runs.act(run.id, 'pause')
    await end(run.id, 1, 2_000)
    world.clock.advance(5_000)
    await client.runs.act(run.id, 'resume')
    await end(run.id, 2, 1_000)
    const { tasks } = await client.runs.timeline(run.id)
    const kinds = tasks.map(({ attempts }) => attempts[0]?.segments.map(({ kind }) => kind))
    expect(kinds[0]).toEqual(['running'])
    expect(kinds[1]).toEqual(['waiting', 'paused', 'running'])
  })
})

describe('the estimate', () => {
  test('is unknown before a run has succeeded, then as long as what is left took before', async () => {
    const { client, world } = native
    const id = await pipeline(three)
    for (const slow of [1, 2, 3]) {
      const run = await client.runs.start(id)
      if (slow === 1)
        expect(await client.runs.estimate(run.id)).toMatchObject({ samples: 0, usual_ms: null, ends_at: null })
      await end(run.id, 1, slow * 10_000)
      await end(run.id, 2, slow * 20_000)
      await end(run.id, 4, slow * 30_000)
    }
    const run = await client.runs.start(id)
    await world.settled()
    expect(await client.runs.estimate(run.id)).toMatchObject({
      samples: 3,
      usual_ms: { p25: 90_000, p50: 120_000, p75: 150_000 },
      remaining_ms: { p25: 90_000, p50: 120_000, p75: 150_000 },
    })
    await end(run.id, 1, 15_000)
    world.clock.advance(10_000)
    const { remaining_ms, ends_at, at } = await client.runs.estimate(run.id)
    expect(remaining_ms).toEqual({ p25: 65_000, p50: 90_000, p75: 115_000 })
    expect(Date.parse(ends_at?.likely ?? '') - Date.parse(at)).toBe(90_000)
  })
})

describe('a run as of a moment', () => {
  test('can be asked for by its seq or by the time', async () => {
    const { client, send, world } = native
    const run = await client.runs.start(await pipeline(three))
    await world.settled()
    const before = new Date(world.app.now())
    await end(run.id, 1, 5_000)
    const then = await client.runs.get(run.id, { asOf: before })
    expect(then.stages[0]?.tasks.map(({ status }) => status)).toEqual(['running', 'pending'])
    expect(then).toEqual(await client.runs.get(run.id, { asOf: then.seq }))
    expect((await client.runs.get(run.id, { asOf: new Date(world.app.now() + 60_000) })).seq).toBe(
      (await client.runs.get(run.id)).seq,
    )
    const early = await send('GET', `/api/v1/runs/${run.id}?as_of=2020-01-01T00:00:00Z`)
    expect(early.status).toBe(404)
  })
})

test('the picture of a run is an SVG that runs nothing', async () => {
  const { client, send } = native
  const run = await client.runs.start(await pipeline(three))
  const answer = await send('GET', `/api/v1/runs/${run.id}/graph.svg`)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8'])
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(await answer.text()).toMatch(/^<svg [\s\S]*<title>compile: running<\/title>[\s\S]*<\/svg>$|<title>/)
})

describe('as seen by', () => {
  test('five systems tell the run just as their clients get it with a token of the caller', async () => {
    const { client, world, server } = native
    const run = await client.runs.start(await pipeline(three))
    await world.settled()
    const { items } = await client.runs.asSeenBy(run.id)
    expect(items.map(({ dialect, status }) => [dialect, status])).toEqual([
      ['blueking', 200],
      ['codearts-check', 200],
      ['codearts-pipeline', 200],
      ['koderover', 200],
      ['swr', 200],
    ])
    for (const { dialect, request, body } of items) {
      const filled = Object.entries(request.headers).map(
        ([name, value]) => [name, value.replace('$MILLRACE_TOKEN', world.credentials.token)] as const,
      )
      expect(request.url.startsWith(server.url)).toBe(true)
      const direct = await fetch(request.url, { headers: Object.fromEntries(filled) })
      expect([dialect, await direct.text()]).toEqual([dialect, body])
      expect(request.curl).toMatch(/^curl -sS -H '/)
      expect(request.curl).toContain(`'"$MILLRACE_TOKEN"'`)
    }
    expect(items.find(({ dialect }) => dialect === 'koderover')?.body).toContain('"status":"running"')
  })

  test('no ticket of it is left, and none is guessed', async () => {
    const answer = await fetch(`${native.server.url}/v3/pipelines/x/status`, {
      headers: { 'x-auth-token': '0'.repeat(64) },
    })
    expect(answer.status).toBe(401)
  })
})
