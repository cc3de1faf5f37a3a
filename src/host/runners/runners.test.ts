import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TIME_RECORD_BYTES, timeRecordIn, timesPathOf } from '../../model/log-times.ts'
import { RUNNER_PROTOCOL, type AttemptRef, type RunnerOrder } from '../../model/runner.ts'
import { SmallDisk } from '../../../test/support/small-disk.ts'
import { runnerPaths } from '../../runner/paths.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type Served, type World } from '../../testing/world.ts'
import type { RunnerName } from '../app.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const LEASE_MS = 15_000
const SLACK_MS = 4_000
const [FIRST, SECOND] = ['1'.repeat(32), '2'.repeat(32)]

let directory: string
let world: World
let id: string
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-runners-'))
  world = await openWorld({ directory })
  const made = need(await world.app.runners.create(world.admin, { name: 'far' }))
  id = world.app.runnerWire.byToken(made.token) ?? ''
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const hello = (served: Served, incarnation = FIRST, holds: readonly AttemptRef[] = [], protocol = RUNNER_PROTOCOL) =>
  served.app.runnerWire.hello(
    id,
    { protocol, incarnation, name: 'far', version: '1', labels: ['far'], slots: 2, holds, workspaces: [] },
    1_024,
  )

async function greeted(served: Served, incarnation = FIRST, holds: readonly AttemptRef[] = []) {
  const answer = await hello(served, incarnation, holds)
  if (!answer.ok) throw new Error(answer.refusal.message)
  return answer.value
}

async function polled(served: Served, session: string, ack = 0, from: RunnerName = { id, incarnation: FIRST }) {
  const poll = { session, ack, draining: false, cleaned: [] }
  const answer = await served.app.runnerWire.poll(from, poll, AbortSignal.abort())
  if (!answer.ok) return answer.refusal.code
  // The orders were there already: nobody waits for them.
  const given = await served.app.runnerWire.poll(from, poll, new AbortController().signal)
  return given.ok ? given.value.orders : given.refusal.code
}

/** A run whose task was given to the runner. */
async function leased(onLost: 'error' | 'rerun' = 'error') {
  const { session } = await greeted(world)
  const tasks = [taskSpec({ key: 'a', work, labels: ['far'], onLost })]
  const pipeline = await world.pipeline(definition({ stages: [stageSpec({ tasks })] }))
  const run = await world.start(pipeline)
  await world.settled()
  const orders = await polled(world, session)
  const [order] = typeof orders === 'string' ? [] : orders
  if (order?.type !== 'start') throw new Error(`expected an order to begin, found ${JSON.stringify(orders)}`)
  const { runId, node, attempt, fence } = order.job
  return { session, run, ref: { runId, node, attempt, fence } }
}

const taskOf = async (served: Served, run: { readonly id: string }) => (await served.run(run.id)).stages[0]?.tasks[0]
const view = async (served: Served) => need(await served.app.runners.get(world.admin, 'far'))
const reasonOf = async (served: Served, run: { readonly id: string }) =>
  need(await served.app.runs.explain(world.admin, { id: run.id }))[1]
const typesOf = (orders: readonly RunnerOrder[] | string) =>
  typeof orders === 'string' ? orders : orders.map(({ type }) => type)

test('explain says that a task goes on when there is room for what its runner sends', async () => {
  const { run, ref } = await leased()
  const send = () => world.app.runnerWire.log({ id, incarnation: FIRST }, ref, 0, Buffer.from('hello\n'))
  const disk = new SmallDisk(dirname(runnerPaths(directory).log(ref)), 'size=64k')
  try {
    disk.fill()
    expect(await send()).toMatchObject({ refusal: { code: 'unavailable' } })
    expect(await reasonOf(world, run)).toMatchObject({
      code: 'running',
      sentence: 'Running on far; what it sends waits for room on the disk of the server',
      unblocks: ['room on the disk of the server'],
    })
    disk.makeRoom()
    expect((await send()).ok).toBe(true)
    expect(await reasonOf(world, run)).toMatchObject({ sentence: 'Running on far', unblocks: [] })
  } finally {
    disk.remove()
  }
})

test('a runner is lost when its lease and its slack have passed, and not before; explain says how long it has left', async () => {
  const { run, ref } = await leased()
  world.clock.advance(12_000)
  const explained = need(await world.app.runs.explain(world.admin, { id: run.id }))
  expect(explained[1]?.sentence).toBe('Running on far; its runner has been silent for 12s, lost in 7s')
  expect(await view(world)).toMatchObject({ status: 'silent', busy: 1 })
  world.clock.advance(LEASE_MS + SLACK_MS - 12_000 - 1)
  await world.settled()
  expect(await taskOf(world, run)).toMatchObject({ status: 'running' })
  world.clock.advance(1)
  await world.settled()
  expect(await taskOf(world, run)).toMatchObject({ status: 'errored', failure: { kind: 'lost' } })
  expect(await view(world)).toMatchObject({ status: 'offline', busy: 0 })
  // What it says then is refused, and it is told to stop it.
  const late = await world.app.runnerWire.ended({ id, incarnation: FIRST }, ref, { result: succeeded(), logBytes: 0 })
  expect(late).toMatchObject({ ok: false, refusal: { code: 'hello_again' } })
  expect((await greeted(world, FIRST, [ref])).stop).toEqual([ref])
  const again = await world.app.runnerWire.ended({ id, incarnation: FIRST }, ref, { result: succeeded(), logBytes: 0 })
  expect(again).toMatchObject({ ok: false, refusal: { code: 'stale' } })
})

test('every word renews the lease', async () => {
  const { run, ref, session } = await leased()
  for (let times = 0; times < 5; times += 1) {
    world.clock.advance(LEASE_MS)
    if (times % 2 === 0) await polled(world, session)
    else await world.app.runnerWire.log({ id, incarnation: FIRST }, ref, 0, new Uint8Array())
  }
  expect(await taskOf(world, run)).toMatchObject({ status: 'running' })
})

test('an order is given until it is acknowledged', async () => {
  const { session } = await leased()
  expect(typesOf(await polled(world, session))).toEqual(['start'])
  const waiting = world.app.runnerWire.poll(
    { id, incarnation: FIRST },
    { session, ack: 1, draining: false, cleaned: [] },
    new AbortController().signal,
  )
  await world.settled()
  world.clock.advance(LEASE_MS / 3)
  expect(await waiting).toEqual({ ok: true, value: { orders: [] } })
})

test('a server that is started again leaves a runner what it has, for the time of a lease', async () => {
  const { run, ref } = await leased()
  const next = await world.restarted()
  expect(next.recovered).toEqual({ runs: 1, lostAttempts: 0 })
  expect(await polled(next, 'an older session')).toBe('hello_again')
  expect((await greeted(next, FIRST, [ref])).stop).toEqual([])
  const ended = next.app.runnerWire.ended({ id, incarnation: FIRST }, ref, { result: succeeded(), logBytes: 0 })
  expect(await ended).toEqual({ ok: true, value: null })
  expect(await taskOf(next, run)).toMatchObject({ status: 'succeeded', attempt: 1 })
})

test('what a runner has never got is ordered again by the next server', async () => {
  const { ref } = await leased()
  const next = await world.restarted()
  const { session } = await greeted(next, FIRST, [])
  const orders = await polled(next, session)
  expect(typesOf(orders)).toEqual(['start'])
  expect(orders).toMatchObject([{ job: { fence: ref.fence, attempt: ref.attempt } }])
})

test('what waited for a runner is given to it with its hello', async () => {
  const tasks = [taskSpec({ key: 'a', work, labels: ['far'] })]
  await world.start(await world.pipeline(definition({ stages: [stageSpec({ tasks })] })))
  await world.settled()
  const { session } = await greeted(world)
  await world.settled()
  expect(typesOf(await polled(world, session))).toEqual(['start'])
})

test('a runner that does not come back to the next server is lost when its lease has passed there', async () => {
  const { run } = await leased()
  const next = await world.restarted()
  world.clock.advance(LEASE_MS + SLACK_MS - 1)
  await next.settled()
  expect(await taskOf(next, run)).toMatchObject({ status: 'running' })
  world.clock.advance(1)
  await next.settled()
  expect(await taskOf(next, run)).toMatchObject({ status: 'errored', failure: { kind: 'lost' } })
})

test('another start of a runner has lost what the one before held, at once, and that one may not come back', async () => {
  const { run, session } = await leased()
  await greeted(world, SECOND)
  await world.settled()
  expect(await taskOf(world, run)).toMatchObject({ status: 'errored', failure: { kind: 'lost' } })
  expect(await polled(world, session)).toBe('superseded')
  expect(await hello(world, FIRST)).toMatchObject({ refusal: { code: 'superseded' } })
  expect(await hello(await world.restarted(), FIRST)).toMatchObject({ refusal: { code: 'superseded' } })
})

test('a report that comes while the store is being closed is not forgotten: the runner is told to ask another time', async () => {
  const { ref } = await leased()
  await world.store.close()
  const ended = world.app.runnerWire.ended({ id, incarnation: FIRST }, ref, { result: succeeded(), logBytes: 0 })
  expect(await ended).toMatchObject({ ok: false, refusal: { code: 'unavailable' } })
})

test('another protocol is refused, with a sentence', async () => {
  expect(await hello(world, FIRST, [], 2)).toMatchObject({
    refusal: { code: 'protocol', message: expect.stringContaining('speaks protocol 1, the runner 2') },
  })
})

test('a log comes in pieces that may come twice, and its end waits for it', async () => {
  const { ref, run } = await leased()
  const from = { id, incarnation: FIRST }
  const { runnerWire } = world.app
  const piece = (offset: number, text: string) => runnerWire.log(from, ref, offset, Buffer.from(text))
  expect(await piece(0, 'abc')).toEqual({ ok: true, value: { size: 3 } })
  expect(await piece(0, 'abcd')).toEqual({ ok: true, value: { size: 4 } })
  expect(await piece(6, 'g')).toMatchObject({ refusal: { code: 'offset', size: 4 } })
  const end = () => runnerWire.ended(from, ref, { result: succeeded(), logBytes: 6 })
  expect(await end()).toMatchObject({ refusal: { code: 'incomplete', size: 4 } })
  await piece(4, 'ef')
  expect(await end()).toEqual({ ok: true, value: null })
  const log = join(directory, 'logs', run.id, `${ref.node}-${ref.attempt}.log`)
  expect(readFileSync(log, 'utf8')).toBe('abcdef')
  // Each piece with bytes that are new, when it came.
  const times = readFileSync(timesPathOf(log))
  expect([0, 1, 2].map((at) => timeRecordIn(times, at).size)).toEqual([3, 4, 6])
  expect([times.length / TIME_RECORD_BYTES, timeRecordIn(times, 2).at]).toEqual([3, Math.round(statSync(log).mtimeMs)])
  expect(await piece(6, 'g')).toMatchObject({ refusal: { code: 'stale' } })
})

test('an artifact is what its hash says, and only who has sent it may name it', async () => {
  const { ref } = await leased()
  const from = { id, incarnation: FIRST }
  const { runnerWire } = world.app
  const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  const list = Buffer.from(JSON.stringify([{ name: 'a', sizeBytes: 3, sha256 }]))
  const report = () => runnerWire.report(from, ref, 'artifacts', { offset: 0, total: list.length, bytes: list })
  expect(await report()).toMatchObject({ refusal: { code: 'incomplete' } })
  const send = (text: string, offset = 0, total = 3) =>
    runnerWire.artifact(from, ref, sha256, { offset, total, bytes: Buffer.from(text) })
  expect(await send('abd')).toMatchObject({ refusal: { code: 'mismatch' } })
  expect(await send('ab')).toEqual({ ok: true, value: { size: 2 } })
  expect(await send('x', 3)).toMatchObject({ refusal: { code: 'offset', size: 2 } })
  expect(await send('bc', 1)).toEqual({ ok: true, value: { size: 3 } })
  expect(await report()).toEqual({ ok: true, value: { size: list.length } })
  expect(await send('abc', 0, 5 * 1024 ** 3)).toMatchObject({ refusal: { code: 'too_large' } })
  const bad = Buffer.from(JSON.stringify([{ name: '../a', sizeBytes: 3, sha256 }]))
  const wrong = runnerWire.report(from, ref, 'artifacts', { offset: 0, total: bad.length, bytes: bad })
  expect(await wrong).toMatchObject({ refusal: { code: 'mismatch' } })
})

test('a runner says nothing about an attempt that another has', async () => {
  const { ref } = await leased()
  const made = need(await world.app.runners.create(world.admin, { name: 'other' }))
  id = world.app.runnerWire.byToken(made.token) ?? ''
  const other = { protocol: RUNNER_PROTOCOL, incarnation: SECOND, name: null, version: '1', labels: [], slots: 1 }
  await world.app.runnerWire.hello(id, { ...other, holds: [], workspaces: [] }, 1_024)
  const from = { id, incarnation: SECOND }
  const { runnerWire } = world.app
  for (const answer of [
    await runnerWire.log(from, ref, 0, Buffer.from('x')),
    await runnerWire.received(from, ref, null),
    await runnerWire.ended(from, ref, { result: succeeded(), logBytes: 0 }),
  ])
    expect(answer).toMatchObject({ refusal: { code: 'stale' } })
})

test('who may change runners is an admin of all projects; a paused one gets nothing, also after a restart', async () => {
  const { runners } = world.app
  const { admin, project } = world
  for (const caller of [
    { ...admin, role: 'operator' as const },
    { ...admin, projectIds: [project.id] },
  ]) {
    expect(await runners.create(caller, { name: 'b' })).toMatchObject({ problem: { code: 'forbidden' } })
    expect(await runners.pause(caller, 'far')).toMatchObject({ problem: { code: 'forbidden' } })
    expect(await runners.remove(caller, 'far')).toMatchObject({ problem: { code: 'forbidden' } })
  }
  expect(await runners.create(admin, { name: 'far' })).toMatchObject({ problem: { code: 'conflict' } })
  for (const name of ['embedded', 'server', '', '../x', 'a'.repeat(65)])
    expect(await runners.create(admin, { name })).toMatchObject({ problem: { code: 'invalid_request' } })
  need(await runners.pause(admin, 'far'))
  const next = await world.restarted()
  await greeted(next)
  expect(await view(next)).toMatchObject({ paused: true, status: 'online' })
  need(await next.app.runners.resume(admin, 'far'))
  need(await next.app.runners.remove(admin, 'far'))
  expect(await hello(next)).toMatchObject({ refusal: { code: 'unauthenticated' } })
})

test('what admins do with runners stands in the audit record as `runner.` and what it was', async () => {
  const { app, admin } = world
  need(await app.runners.pause(admin, 'far'))
  need(await app.runners.resume(admin, 'far'))
  need(await app.runners.remove(admin, 'far'))
  const { items } = need(await app.audit.list(admin, { action: 'runner.' }, { before: null, limit: 10 }))
  expect(items.map(({ action }) => action)).toEqual(['runner.remove', 'runner.resume', 'runner.pause', 'runner.create'])
})

test('who is no admin of all projects adds no runner, and is told what it takes', async () => {
  const some = { ...world.admin, projectIds: [] }
  const refused = await world.app.runners.create(some, { name: 'near' })
  expect(refused).toMatchObject({
    ok: false,
    problem: { code: 'forbidden', message: expect.stringContaining('an admin of all projects, found admin of some') },
  })
})
