import { describe, expect, test } from 'vitest'
import { expectRefusal, type Open, openForTest } from './open.ts'
import { addPipeline, addRun, freshId, li, samplePipeline, sampleProject, sampleVersion, T0 } from './samples.ts'

const ODD_NAME = 'a\0b 漢字 😀 e\u0301 \u202e%_\'"\\'

export function describeCatalog(open: Open): void {
  describe('projects', () => {
    test('get serials from 1 and come in their order', async () => {
      const { store } = await openForTest(open)
      expect(await store.catalog.projects()).toEqual([])
      const given = ['b', 'a', ODD_NAME].map((name) => sampleProject(name))
      const added = []
      for (const project of given) added.push(await store.catalog.addProject(project))
      expect(added).toEqual(given.map((project, index) => ({ ...project, serial: index + 1 })))
      expect(await store.catalog.projects()).toEqual(added)
    })

    test('have names and ids of their own', async () => {
      const { store } = await openForTest(open)
      const project = await store.catalog.addProject(sampleProject('a'))
      await expectRefusal('conflict', store.catalog.addProject(sampleProject('a')))
      await expectRefusal('conflict', store.catalog.addProject({ ...sampleProject('b'), id: project.id }))
      await store.catalog.addProject(sampleProject('A'))
      expect(await store.catalog.projects()).toHaveLength(2)
    })

    test('are changed, and keep names of their own', async () => {
      const { store } = await openForTest(open)
      const project = await store.catalog.addProject(sampleProject('a'))
      await store.catalog.addProject(sampleProject('b'))
      const changed = await store.catalog.changeProject(project.id, { name: ODD_NAME, description: 'other' })
      expect(changed).toEqual({ ...project, name: ODD_NAME, description: 'other' })
      expect((await store.catalog.projects())[0]).toEqual(changed)
      await expectRefusal('conflict', store.catalog.changeProject(project.id, { name: 'b', description: '' }))
      await expectRefusal('missing', store.catalog.changeProject(freshId(), { name: 'c', description: '' }))
      await store.catalog.changeProject(project.id, { name: ODD_NAME, description: '' })
      await store.catalog.addProject(sampleProject('a'))
    })

    test('are deleted when they have no pipeline any more, and leave their name', async () => {
      const { store } = await openForTest(open)
      const { id, projectId } = await addPipeline(store, 'a')
      const [project] = await store.catalog.projects()
      await expectRefusal('conflict', store.catalog.deleteProject(projectId, T0))
      await store.catalog.deletePipeline(id, T0)
      await store.catalog.deleteProject(projectId, T0)
      await store.catalog.deleteProject(projectId, T0 + 1)
      expect(await store.catalog.projects()).toEqual([])
      expect(await store.catalog.deletedProjects()).toEqual([project])
      await expectRefusal('missing', store.catalog.changeProject(projectId, { name: 'x', description: '' }))
      await expectRefusal('missing', store.catalog.deleteProject(freshId(), T0))
      await expectRefusal(
        'missing',
        store.catalog.addPipeline(samplePipeline(projectId, 'b', []), sampleVersion('text')),
      )
      const again = await store.catalog.addProject(sampleProject(project?.name ?? ''))
      expect(again.serial).toBe(2)
      expect(await store.catalog.projects()).toEqual([again])
      expect((await store.catalog.pipeline({ by: 'id', id }))?.projectId).toBe(projectId)
    })

    test('of those that race for a name, one wins', async () => {
      const { store } = await openForTest(open)
      const race = Array.from({ length: 10 }, () => store.catalog.addProject(sampleProject('a')))
      const outcomes = await Promise.allSettled(race)
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect((await store.catalog.addProject(sampleProject('b'))).serial).toBe(2)
    })
  })

  describe('pipelines', () => {
    test('are found by id, serial and name, with their first version', async () => {
      const { store } = await openForTest(open)
      const project = await store.catalog.addProject(sampleProject('p'))
      const webhooks = [
        { id: 'w1', name: 'first' },
        { id: 'w0', name: ODD_NAME },
      ]
      const pipeline = samplePipeline(project.id, ODD_NAME, webhooks)
      const record = await store.catalog.addPipeline(pipeline, sampleVersion('text'))
      expect(record).toEqual({ ...pipeline, serial: 1, version: 1, deletedAt: null })
      expect(await store.catalog.pipeline({ by: 'id', id: record.id })).toEqual(record)
      expect(await store.catalog.pipeline({ by: 'serial', serial: 1 })).toEqual(record)
      expect(await store.catalog.pipeline({ by: 'name', projectId: project.id, name: ODD_NAME })).toEqual(record)
      expect(await store.catalog.version(record.id, 1)).toEqual({ ...sampleVersion('text'), version: 1 })
    })

    test('are undefined when there is none', async () => {
      const { store } = await openForTest(open)
      const { projectId, id } = await addPipeline(store, 'a')
      expect(await store.catalog.pipeline({ by: 'id', id: freshId() })).toBeUndefined()
      expect(await store.catalog.pipeline({ by: 'serial', serial: 2 })).toBeUndefined()
      expect(await store.catalog.pipeline({ by: 'name', projectId, name: 'A' })).toBeUndefined()
      expect(await store.catalog.pipeline({ by: 'name', projectId: freshId(), name: 'a' })).toBeUndefined()
      expect(await store.catalog.version(id, 2)).toBeUndefined()
      expect(await store.catalog.version(freshId(), 1)).toBeUndefined()
      expect(await store.catalog.versions(freshId())).toEqual([])
    })

    test('have a name of their own in their project, and an id in the server', async () => {
      const { store } = await openForTest(open)
      const p = await store.catalog.addProject(sampleProject('p'))
      const q = await store.catalog.addProject(sampleProject('q'))
      const first = await addPipeline(store, 'a', p)
      await addPipeline(store, 'a', q)
      await expectRefusal('conflict', addPipeline(store, 'a', p))
      const sameId = { ...samplePipeline(q.id, 'b'), id: first.id }
      await expectRefusal('conflict', store.catalog.addPipeline(sameId, sampleVersion('')))
      expect(await store.catalog.countPipelines({})).toBe(2)
    })

    test('need a project', async () => {
      const { store } = await openForTest(open)
      const pipeline = samplePipeline(freshId(), 'a')
      await expectRefusal('missing', store.catalog.addPipeline(pipeline, sampleVersion('')))
      expect(await store.catalog.countPipelines({})).toBe(0)
    })

    test('are listed in order of serial, page by page', async () => {
      const { store } = await openForTest(open)
      const project = await store.catalog.addProject(sampleProject('p'))
      const all = []
      for (const name of ['d', 'b', 'c', 'a', 'e']) all.push(await addPipeline(store, name, project))
      for (const limit of [0, 1, 2, 5, 6]) {
        for (const after of [null, 0, 1, 2, 4, 5]) {
          const expected = all.filter(({ serial }) => serial > (after ?? 0)).slice(0, limit)
          expect(await store.catalog.pipelines({}, after, limit), `after ${after}, ${limit}`).toEqual(expected)
        }
      }
    })

    test('are filtered by project, text ignoring case, and exact name, and count agrees', async () => {
      const { store } = await openForTest(open)
      const p = await store.catalog.addProject(sampleProject('p'))
      const q = await store.catalog.addProject(sampleProject('q'))
      const build = await addPipeline(store, 'Build', p)
      const percent = await addPipeline(store, '100%_DÉPLOYÉ', p)
      const rebuild = await addPipeline(store, 'rebuild', q)
      const table = [
        [{}, [build, percent, rebuild]],
        [{ projectIds: [p.id] }, [build, percent]],
        [{ projectIds: [q.id, p.id] }, [build, percent, rebuild]],
        [{ projectIds: [] }, []],
        [{ text: 'bUiLd' }, [build, rebuild]],
        [{ text: 'déploy' }, [percent]],
        [{ text: '' }, [build, percent, rebuild]],
        [{ text: '%' }, [percent]],
        [{ text: '_' }, [percent]],
        [{ name: 'Build' }, [build]],
        [{ name: 'build' }, []],
        [{ name: 'rebuild', projectIds: [p.id] }, []],
        [{ name: 'rebuild', text: 're', projectIds: [q.id] }, [rebuild]],
      ] as const
      for (const [filter, expected] of table) {
        expect(await store.catalog.pipelines(filter, null, 10), JSON.stringify(filter)).toEqual(expected)
        expect(await store.catalog.countPipelines(filter), JSON.stringify(filter)).toBe(expected.length)
      }
    })
  })

  describe('versions', () => {
    test('count from 1 and bring name, webhooks and time with them', async () => {
      const { store } = await openForTest(open)
      const first = await addPipeline(store, 'a')
      const wu = { id: freshId<typeof li.id>(), name: 'wu' }
      const version = { ...sampleVersion('name: b', T0 + 9), createdBy: wu }
      const change = { name: 'b', webhooks: [{ id: 'w', name: 'push' }] }
      const second = await store.catalog.addVersion(first.id, version, change, 1)
      expect(second).toEqual({ ...first, ...change, version: 2, updatedAt: T0 + 9 })
      expect(await store.catalog.pipeline({ by: 'id', id: first.id })).toEqual(second)
      expect(await store.catalog.pipeline({ by: 'name', projectId: first.projectId, name: 'a' })).toBeUndefined()
      expect(await store.catalog.version(first.id, 1)).toMatchObject({ text: 'name: a', createdBy: li })
      expect(await store.catalog.version(first.id, 2)).toEqual({ ...version, version: 2 })
      expect(await store.catalog.versions(first.id)).toEqual([
        { version: 2, createdAt: T0 + 9, createdBy: wu },
        { version: 1, createdAt: T0, createdBy: li },
      ])
    })

    test('keep text and plan byte for byte', async () => {
      const { store } = await openForTest(open)
      const { id } = await addPipeline(store)
      const version = {
        ...sampleVersion(''),
        text: `\ufeff# ${ODD_NAME}\r\n\t${'漢'.repeat(300_000)}\n`,
        plan: '{"v":1}\n',
      }
      await store.catalog.addVersion(id, version, { name: 'build', webhooks: [] }, null)
      expect(await store.catalog.version(id, 2)).toEqual({ ...version, version: 2 })
    })

    test('are a conflict when another one came first, and nothing is written', async () => {
      const { store } = await openForTest(open)
      const { id } = await addPipeline(store)
      const change = { name: 'build', webhooks: [] }
      const race = Array.from({ length: 5 }, () => store.catalog.addVersion(id, sampleVersion(''), change, 1))
      const outcomes = await Promise.allSettled(race)
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      await expectRefusal('conflict', store.catalog.addVersion(id, sampleVersion(''), change, 1))
      await expectRefusal('conflict', store.catalog.addVersion(id, sampleVersion(''), change, 3))
      expect((await store.catalog.versions(id)).map(({ version }) => version)).toEqual([2, 1])
      await store.catalog.addVersion(id, sampleVersion(''), change, null)
    })

    test('are a conflict when the new name is taken, and nothing is written', async () => {
      const { store } = await openForTest(open)
      const project = await store.catalog.addProject(sampleProject('p'))
      const first = await addPipeline(store, 'a', project)
      await addPipeline(store, 'b', project)
      const change = { name: 'b', webhooks: [{ id: 'w', name: 'push' }] }
      await expectRefusal('conflict', store.catalog.addVersion(first.id, sampleVersion(''), change, null))
      expect(await store.catalog.pipeline({ by: 'id', id: first.id })).toEqual(first)
      expect(await store.catalog.versions(first.id)).toHaveLength(1)
      expect(await store.catalog.webhook('w')).toBeUndefined()
    })

    test('beside the newest one change nothing of the pipeline, and are counted with it', async () => {
      const { store } = await openForTest(open)
      const { catalog } = store
      const pipeline = await addPipeline(store)
      expect(await catalog.addSideVersion(pipeline.id, sampleVersion('side', T0 + 5))).toBe(2)
      expect(await catalog.pipeline({ by: 'id', id: pipeline.id })).toEqual(pipeline)
      expect(await catalog.version(pipeline.id, 2)).toMatchObject({ version: 2, text: 'side', createdAt: T0 + 5 })
      const { name, webhooks } = pipeline
      const next = await catalog.addVersion(pipeline.id, sampleVersion('next'), { name, webhooks }, 1)
      expect(next.version).toBe(3)
      expect((await catalog.versions(pipeline.id)).map(({ version }) => version)).toEqual([3, 2, 1])
      await catalog.deletePipeline(pipeline.id, T0)
      await expectRefusal('missing', catalog.addSideVersion(pipeline.id, sampleVersion('late')))
      await expectRefusal('missing', catalog.addSideVersion(freshId(), sampleVersion('')))
    })

    test('are missing for a pipeline that is not there', async () => {
      const { store } = await openForTest(open)
      const change = { name: 'a', webhooks: [] }
      await expectRefusal('missing', store.catalog.addVersion(freshId(), sampleVersion(''), change, null))
    })
  })

  describe('webhooks', () => {
    test('lead to their pipeline and trigger, as its newest version has them', async () => {
      const { store } = await openForTest(open)
      const { id } = await addPipeline(store)
      const change = (...names: string[]): { name: string; webhooks: { id: string; name: string }[] } => ({
        name: 'build',
        webhooks: names.map((name) => ({ id: `id of ${name}`, name })),
      })
      await store.catalog.addVersion(id, sampleVersion(''), change('a', 'b'), null)
      expect(await store.catalog.webhook('id of b')).toEqual({ pipelineId: id, name: 'b' })
      const record = await store.catalog.addVersion(id, sampleVersion(''), change('c', 'b'), null)
      expect(record.webhooks.map(({ name }) => name)).toEqual(['c', 'b'])
      expect(await store.catalog.webhook('id of a')).toBeUndefined()
      expect(await store.catalog.webhook('id of b')).toEqual({ pipelineId: id, name: 'b' })
      expect(await store.catalog.webhook('id of c')).toEqual({ pipelineId: id, name: 'c' })
      expect(await store.catalog.webhook('')).toBeUndefined()
    })

    test('are a conflict when the id is taken, and nothing is written', async () => {
      const { store } = await openForTest(open)
      const project = await store.catalog.addProject(sampleProject('p'))
      const webhooks = [{ id: 'w', name: 'push' }]
      await store.catalog.addPipeline(samplePipeline(project.id, 'a', webhooks), sampleVersion(''))
      const second = samplePipeline(project.id, 'b', webhooks)
      await expectRefusal('conflict', store.catalog.addPipeline(second, sampleVersion('')))
      const twice = samplePipeline(project.id, 'b', [
        { id: 'x', name: '1' },
        { id: 'x', name: '2' },
      ])
      await expectRefusal('conflict', store.catalog.addPipeline(twice, sampleVersion('')))
      expect(await store.catalog.countPipelines({})).toBe(1)
    })
  })

  describe('a deleted pipeline', () => {
    test('is hidden, but stays readable by id and serial with its versions and runs', async () => {
      const { store } = await openForTest(open)
      const project = await store.catalog.addProject(sampleProject('p'))
      const pipeline = samplePipeline(project.id, 'a', [{ id: 'w', name: 'push' }])
      const record = await store.catalog.addPipeline(pipeline, sampleVersion(''))
      const run = await addRun(store, record)
      await store.catalog.deletePipeline(record.id, T0 + 5)

      expect(await store.catalog.pipelines({}, null, 10)).toEqual([])
      expect(await store.catalog.countPipelines({})).toBe(0)
      expect(await store.catalog.pipeline({ by: 'name', projectId: project.id, name: 'a' })).toBeUndefined()
      expect(await store.catalog.webhook('w')).toBeUndefined()

      const deleted = { ...record, deletedAt: T0 + 5 }
      expect(await store.catalog.pipeline({ by: 'id', id: record.id })).toEqual(deleted)
      expect(await store.catalog.pipeline({ by: 'serial', serial: record.serial })).toEqual(deleted)
      expect(await store.catalog.version(record.id, 1)).toBeDefined()
      expect(await store.runs.list({ pipelineId: record.id }, null, 10)).toEqual([run])
    })

    test('leaves its name to others, and takes no more versions', async () => {
      const { store } = await openForTest(open)
      const project = await store.catalog.addProject(sampleProject('p'))
      const first = await addPipeline(store, 'a', project)
      await store.catalog.deletePipeline(first.id, T0)
      const second = await addPipeline(store, 'a', project)
      expect(second.serial).toBe(first.serial + 1)
      expect(await store.catalog.pipeline({ by: 'name', projectId: project.id, name: 'a' })).toEqual(second)
      const change = { name: 'c', webhooks: [] }
      await expectRefusal('missing', store.catalog.addVersion(first.id, sampleVersion(''), change, null))
    })

    test('is not deleted twice', async () => {
      const { store } = await openForTest(open)
      const { id } = await addPipeline(store)
      await store.catalog.deletePipeline(id, T0 + 1)
      await store.catalog.deletePipeline(id, T0 + 2)
      expect(await store.catalog.pipeline({ by: 'id', id })).toMatchObject({ deletedAt: T0 + 1 })
      await expectRefusal('missing', store.catalog.deletePipeline(freshId(), T0))
    })
  })

  describe('the audit record', () => {
    test('takes any text', async () => {
      const { store } = await openForTest(open)
      const actor = { kind: 'user', name: ODD_NAME } as const
      const entry = { at: T0, actor, action: 'pipeline.delete', target: ODD_NAME, detail: '漢'.repeat(10_000) }
      await expect(store.catalog.audit(entry)).resolves.toBeUndefined()
      expect(await store.catalog.audits({}, null, 10)).toEqual([{ ...entry, number: 1 }])
    })

    test('is listed newest first, in pages, by who, what, on what and when', async () => {
      const { store } = await openForTest(open)
      const entry = (at: number, name: string, action: string, target: string) =>
        ({ at: T0 + at, actor: { kind: 'user', name }, action, target, detail: '' }) as const
      const all = [
        entry(0, 'wu', 'secret.set', 'A'),
        entry(1, 'an', 'secret.remove', 'A'),
        entry(2, 'wu', 'secretive', 'B'),
        entry(2, 'wu', 'Secret.set', 'a'),
        entry(3, 'wu', 'secret.%', 'A'),
      ]
      for (const one of all) await store.catalog.audit(one)
      const found = async (...args: Parameters<typeof store.catalog.audits>) =>
        (await store.catalog.audits(...args)).map(({ number }) => number)
      expect(await found({}, null, 2)).toEqual([5, 4])
      expect(await found({}, 4, 2)).toEqual([3, 2])
      expect(await found({}, null, 0)).toEqual([])
      expect(await found({ actor: 'wu' }, null, 10)).toEqual([5, 4, 3, 1])
      expect(await found({ action: 'secret.' }, null, 10)).toEqual([5, 2, 1])
      expect(await found({ action: 'secret.%' }, null, 10)).toEqual([5])
      expect(await found({ target: 'A', actor: 'wu' }, 5, 10)).toEqual([1])
      expect(await found({ from: T0 + 1, to: T0 + 3 }, null, 10)).toEqual([4, 3, 2])
    })
  })
}
