import { describe, expect, test } from 'vitest'
import type { PipelineDefinition } from '../../model/definition.ts'
import type { PipelineView } from '../../model/view.ts'
import { openFullStore } from '../../testing/full-store.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type WorldOptions } from '../../testing/world.ts'
import type { Caller, PipelineRef, ProjectRef } from '../app.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const

const named = (name: string, changes: Partial<PipelineDefinition> = {}): PipelineDefinition =>
  definition({ name, stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work })] })], ...changes })

const triggers = (...names: readonly string[]): Pick<PipelineDefinition, 'triggers'> => ({
  triggers: { operator: 'or', list: names.map((name) => ({ kind: 'webhook', name, params: {} })) },
})

async function openShop(options: WorldOptions = {}) {
  const world = await openWorld(options)
  const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
  const callers = {
    viewer: { ...world.admin, role: 'viewer' },
    operator: { ...world.admin, role: 'operator' },
    /** Admin, but of the other project only. */
    stranger: { ...world.admin, projectIds: [other.id] },
    nowhere: { ...world.admin, projectIds: [] },
  } as const satisfies Record<string, Caller>
  const text = (name: string, changes?: Partial<PipelineDefinition>) => JSON.stringify(named(name, changes))
  return { ...world, other, callers, text }
}

const codeOf = (result: { readonly ok: boolean; readonly problem?: { readonly code: string } }): string =>
  result.problem?.code ?? 'ok'

describe('projects', () => {
  test('are made by admins of the whole server, with a name of their own', async () => {
    const { app, admin, callers } = await openShop()
    const create = async (caller: Caller, name: string, description = '') =>
      codeOf(await app.projects.create(caller, { name, description }))
    expect(await create(callers.viewer, 'shop')).toBe('forbidden')
    expect(await create(callers.operator, 'shop')).toBe('forbidden')
    expect(await create(callers.stranger, 'shop')).toBe('forbidden')
    expect(await create(admin, 'shop')).toBe('ok')
    expect(await create(admin, 'shop')).toBe('conflict')
    expect(await create(admin, '商店 2')).toBe('ok')
    for (const name of ['', ' shop', '../etc', 'a\nb', 'x'.repeat(65), '<b>']) {
      expect(await create(admin, name)).toBe('invalid_request')
    }
    expect(await create(admin, 'long', 'x'.repeat(4_097))).toBe('invalid_request')
  })

  test('are changed by admins, in what is said only', async () => {
    const { app, admin, callers, other, project } = await openShop()
    const ref = { id: other.id }
    expect(codeOf(await app.projects.update(callers.operator, ref, { description: 'x' }))).toBe('forbidden')
    expect(codeOf(await app.projects.update(callers.nowhere, ref, { description: 'x' }))).toBe('not_found')
    expect(need(await app.projects.update(callers.stranger, ref, { description: 'x' }))).toEqual({
      ...other,
      description: 'x',
    })
    expect(codeOf(await app.projects.update(admin, ref, { name: project.name }))).toBe('conflict')
    expect(codeOf(await app.projects.update(admin, ref, { name: '../etc' }))).toBe('invalid_request')
    expect(codeOf(await app.projects.update(admin, ref, { description: 'x'.repeat(4_097) }))).toBe('invalid_request')
    need(await app.projects.update(admin, ref, { name: 'another' }))
    expect(need(await app.projects.get(admin, { name: 'another' }))).toMatchObject({ description: 'x' })
  })

  test('are deleted by admins of the whole server once they are empty, and what ran in them stays readable', async () => {
    const { app, admin, callers, other, text, restarted } = await openShop()
    const ref = { id: other.id }
    const pipeline = need(await app.pipelines.create(admin, { project: ref, text: text('web') }))
    const run = need(await app.runs.start(admin, { pipeline: { id: pipeline.id }, params: {}, wait: true }))
    expect(codeOf(await app.projects.remove(admin, ref))).toBe('conflict')
    need(await app.runs.act(admin, { id: run.id }, { action: 'cancel' }))
    need(await app.pipelines.remove(admin, { id: pipeline.id }))
    expect(codeOf(await app.projects.remove(callers.operator, ref))).toBe('forbidden')
    expect(codeOf(await app.projects.remove(callers.stranger, ref))).toBe('forbidden')
    expect(codeOf(await app.projects.remove(callers.nowhere, ref))).toBe('not_found')
    expect(need(await app.projects.remove(admin, ref))).toEqual(other)
    expect(codeOf(await app.projects.remove(admin, ref))).toBe('not_found')
    expect(codeOf(await app.projects.get(admin, { name: other.name }))).toBe('not_found')
    expect(codeOf(await app.pipelines.create(admin, { project: ref, text: text('web') }))).toBe('not_found')
    expect(need(await app.runs.get(admin, { id: run.id })).project).toEqual(other)
    need(await app.projects.create(admin, { name: other.name, description: '' }))
    const later = (await restarted()).app
    expect(need(await later.runs.get(admin, { id: run.id })).project).toEqual(other)
    expect((await later.projects.list(admin)).filter(({ name }) => name === other.name)).toHaveLength(1)
  })

  test('are found by id, serial and name, by those who may see them', async () => {
    const { app, admin, callers, project, other } = await openShop()
    const refs: readonly ProjectRef[] = [{ id: project.id }, { serial: project.serial }, { name: project.name }]
    for (const ref of refs) {
      expect(need(await app.projects.get(admin, ref))).toEqual(project)
      expect(codeOf(await app.projects.get(callers.stranger, ref))).toBe('not_found')
    }
    expect(await app.projects.list(callers.stranger)).toEqual([other])
    expect(await app.projects.list(callers.nowhere)).toEqual([])
    for (const ref of [{ id: 'x' }, { id: '' }, { serial: Number.NaN }, { serial: -1 }, { name: '__proto__' }]) {
      expect(codeOf(await app.projects.get(admin, ref))).toBe('not_found')
    }
  })
})

describe('pipelines', () => {
  test('are made, changed and deleted by admins only', async () => {
    const { app, admin, callers, project, text } = await openShop()
    const input = { project: { id: project.id }, text: text('build') }
    for (const caller of [callers.viewer, callers.operator]) {
      expect(codeOf(await app.pipelines.create(caller, input))).toBe('forbidden')
    }
    const { id } = need(await app.pipelines.create(admin, input))
    for (const caller of [callers.viewer, callers.operator]) {
      expect(codeOf(await app.pipelines.get(caller, { id }))).toBe('ok')
      expect(codeOf(await app.pipelines.update(caller, { id }, { text: text('b'), expectedVersion: null }))).toBe(
        'forbidden',
      )
      expect(codeOf(await app.pipelines.remove(caller, { id }))).toBe('forbidden')
    }
  })

  test('of other projects do not exist: by no name, in no list, for no change', async () => {
    const { app, admin, callers, project, other, text } = await openShop()
    const mine = need(await app.pipelines.create(admin, { project: { id: other.id }, text: text('build') }))
    const theirs = need(await app.pipelines.create(admin, { project: { id: project.id }, text: text('build') }))
    const secret = need(await app.pipelines.create(admin, { project: { id: project.id }, text: text('secret') }))
    const { stranger, nowhere } = callers
    const refs: readonly PipelineRef[] = [
      { id: theirs.id },
      { serial: theirs.serial },
      { name: 'secret' },
      { name: 'build', project: { id: project.id } },
      { name: 'build', project: { serial: project.serial } },
      { name: 'build', project: { name: project.name } },
    ]
    for (const ref of refs) {
      for (const asked of [
        await app.pipelines.get(stranger, ref),
        await app.pipelines.update(stranger, ref, { text: text('mine'), expectedVersion: null }),
        await app.pipelines.remove(stranger, ref),
        await app.pipelines.versions(stranger, ref),
        await app.pipelines.text(stranger, ref, 1),
        await app.runs.start(stranger, { pipeline: ref, params: {} }),
      ]) {
        expect(codeOf(asked)).toBe('not_found')
      }
    }
    expect(codeOf(await app.pipelines.create(stranger, { project: { id: project.id }, text: text('x') }))).toBe(
      'not_found',
    )
    // A name that two projects have is not ambiguous for who sees only one of them.
    expect(need(await app.pipelines.get(stranger, { name: 'build' })).id).toBe(mine.id)
    expect(codeOf(await app.pipelines.get(admin, { name: 'build' }))).toBe('conflict')
    const page = { after: null, limit: 10 }
    const ids = async (caller: Caller, filter = {}) =>
      need(await app.pipelines.list(caller, filter, page)).items.map(({ id }) => id)
    expect([await ids(stranger), await ids(nowhere), await ids(admin)]).toEqual([
      [mine.id],
      [],
      [mine.id, theirs.id, secret.id],
    ])
    expect(need(await app.pipelines.slice(stranger, {}, 0, 10))).toMatchObject({ total: 1, items: [{ id: mine.id }] })
    expect(need(await app.pipelines.slice(nowhere, {}, 0, 10))).toEqual({ total: 0, items: [] })
    expect(codeOf(await app.pipelines.list(stranger, { project: { id: project.id } }, page))).toBe('not_found')
    expect(codeOf(await app.pipelines.slice(stranger, { project: { id: project.id } }, 0, 9))).toBe('not_found')
  })

  test('keep their versions and texts, and If-Match sees to it that nobody overwrites what they have not seen', async () => {
    const { app, admin, project, text, clock } = await openShop()
    const { id } = need(await app.pipelines.create(admin, { project: { id: project.id }, text: text('build') }))
    clock.advance(1_000)
    const update = (name: string, expectedVersion: number | null) =>
      app.pipelines.update(admin, { id }, { text: text(name), expectedVersion })
    expect(need(await update('build 2', 1))).toMatchObject({ version: 2, name: 'build 2' })
    expect(codeOf(await update('build 3', 1))).toBe('stale_version')
    const both = await Promise.all([update('build 3', 2), update('build 4', 2)])
    expect(both.map(codeOf)).toEqual(['ok', 'stale_version'])
    expect(need(await update('build 5', null)).version).toBe(4)
    const versions = need(await app.pipelines.versions(admin, { id }))
    expect(versions.map(({ version }) => version)).toEqual([4, 3, 2, 1])
    expect(need(await app.pipelines.text(admin, { id }, 1))).toBe(text('build'))
    for (const version of [0, 5, 1.5, Number.NaN]) {
      expect(codeOf(await app.pipelines.text(admin, { id }, version))).toBe('not_found')
    }
  })

  test('are found by what they are called now: lists, names and serials follow a change and a deletion at once', async () => {
    const { app, admin, project, text } = await openShop()
    const create = async (name: string): Promise<PipelineView> =>
      need(await app.pipelines.create(admin, { project: { id: project.id }, text: text(name) }))
    const first = await create('build')
    expect(codeOf(await app.pipelines.create(admin, { project: { id: project.id }, text: text('build') }))).toBe(
      'conflict',
    )
    const look = async (ref: PipelineRef) => {
      const found = await app.pipelines.get(admin, ref)
      return found.ok ? found.value.version : found.problem.code
    }
    const total = async () => need(await app.pipelines.slice(admin, {}, 0, 10)).total
    expect([await look({ name: 'build' }), await look({ serial: first.serial }), await total()]).toEqual([1, 1, 1])
    need(await app.pipelines.update(admin, { id: first.id }, { text: text('ship'), expectedVersion: null }))
    expect([await look({ name: 'build' }), await look({ name: 'ship' }), await look({ serial: first.serial })]).toEqual(
      ['not_found', 2, 2],
    )
    await create('build')
    expect([await look({ name: 'build' }), await total()]).toEqual([1, 2])
    need(await app.pipelines.remove(admin, { id: first.id }))
    for (const ref of [{ name: 'ship' }, { serial: first.serial }, { id: first.id }]) {
      expect(await look(ref)).toBe('not_found')
    }
    expect(await total()).toBe(1)
    await create('ship')
  })

  test('are listed without the store until there is another one: a list that runs change is asked for again and again', async () => {
    const store = openFullStore()
    let asked = 0
    const pipelines: typeof store.catalog.pipelines = (...args) => {
      asked += 1
      return store.catalog.pipelines(...args)
    }
    const { app, admin, project, text } = await openShop({
      store: { ...store, catalog: { ...store.catalog, pipelines } },
    })
    const make = async (name: string) =>
      need(await app.pipelines.create(admin, { project: { id: project.id }, text: text(name) }))
    const first = await make('first')
    const listed = async (after: number | null, limit = 1) => {
      const { items, next } = need(await app.pipelines.list(admin, { project: { id: project.id } }, { after, limit }))
      return { names: items.map(({ name }) => name), next }
    }
    expect(await listed(null)).toEqual({ names: ['first'], next: null })
    expect(await listed(first.serial)).toEqual({ names: [], next: null })
    asked = 0
    await app.runs.start(admin, { pipeline: { id: first.id }, params: {} })
    expect(await listed(null)).toEqual({ names: ['first'], next: null })
    expect(await listed(first.serial)).toEqual({ names: [], next: null })
    expect(asked).toBe(0)
    await make('second')
    expect(await listed(null)).toEqual({ names: ['first'], next: first.serial })
    expect(await listed(first.serial)).toEqual({ names: ['second'], next: null })
    expect(await listed(null, 2)).toEqual({ names: ['first', 'second'], next: null })
    expect(asked).toBe(3)
  })

  test('are not deleted while any run of theirs is under way', async () => {
    const { app, admin, start, runner, settled, pipeline } = await openShop()
    const build = await pipeline(named('build'))
    const [old, young] = [await start(build), await start(build)]
    await app.runs.act(admin, { id: young.id }, { action: 'cancel', force: true })
    await settled()
    const refused = await app.pipelines.remove(admin, { id: build.id })
    expect(refused).toMatchObject({
      problem: { code: 'conflict', message: expect.stringContaining('a run') as string },
    })
    await app.runs.act(admin, { id: old.id }, { action: 'cancel', force: true })
    await settled()
    expect(runner.cancelled.length).toBe(2)
    expect(codeOf(await app.pipelines.remove(admin, { id: build.id }))).toBe('ok')
    expect(need(await app.runs.get(admin, { id: old.id })).status).toBe('cancelled')
    expect(codeOf(await app.runs.get(admin, { pipeline: { id: build.id }, number: 1 }))).toBe('not_found')
    expect(codeOf(await app.runs.start(admin, { pipeline: { id: build.id }, params: {} }))).toBe('not_found')
  })

  test('keep the address of a trigger while it keeps its name', async () => {
    const { app, admin, pipeline, text } = await openShop()
    const build = await pipeline(named('build', triggers('push', 'tag')))
    const [push, tag] = build.webhooks
    const change = triggers('tag', 'night')
    const changed = need(
      await app.pipelines.update(admin, { id: build.id }, { text: text('build', change), expectedVersion: null }),
    )
    expect(changed.webhooks.map(({ name }) => name)).toEqual(['tag', 'night'])
    expect(changed.webhooks[0]).toEqual(tag)
    expect(codeOf(await app.runs.fireWebhook(push?.id ?? '', {}))).toBe('not_found')
    expect(codeOf(await app.runs.fireWebhook(tag?.id ?? '', {}))).toBe('ok')
  })

  test('are given as they were before when the disk is full, and the refusal says so', async () => {
    const store = openFullStore()
    const { app, admin, project, pipeline, text } = await openShop({ store })
    const build = await pipeline(named('build'))
    const tries = [
      () => app.projects.create(admin, { name: 'new', description: '' }),
      () => app.pipelines.create(admin, { project: { id: project.id }, text: text('new') }),
      () => app.pipelines.update(admin, { id: build.id }, { text: text('new'), expectedVersion: null }),
      () => app.pipelines.remove(admin, { id: build.id }),
      () => app.runs.start(admin, { pipeline: { id: build.id }, params: {} }),
    ]
    for (const write of tries) {
      store.refuse(1)
      expect(codeOf(await write())).toBe('unavailable')
    }
    expect(need(await app.pipelines.get(admin, { id: build.id }))).toEqual(build)
    expect((await app.projects.list(admin)).map(({ name }) => name)).toEqual(['default', 'other'])
    for (const write of [tries[0], tries[1], tries[4]]) expect(codeOf((await write?.()) ?? { ok: false })).toBe('ok')
  })
})

test('a webhook of the pipeline may not be called as one of a stage is', async () => {
  const world = await openWorld()
  const text =
    'name: x\ntriggers: [{webhook: s/push}]\nstages: [{key: s, triggers: [{webhook: push}], tasks: [{key: t, uses: noop}]}]\n'
  const made = await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text })
  expect(made).toMatchObject({ ok: false, problem: { code: 'invalid_definition', errors: [{ path: 'triggers' }] } })
})
