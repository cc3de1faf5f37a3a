import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { openWorld } from '../../testing/world.ts'

let native: NativeServer
beforeAll(async () => {
  native = await openNative({
    world: await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) }),
  })
})
afterAll(() => native.server.close())

const yaml = (name: string, script = 'make'): string => `# 流水线
name: ${name}
params:
  branch: {default: main}
stages:
  - name: build
    tasks:
      - {name: compile, script: ${script}}
      - {name: check, needs: [compile], uses: approval}
`
const yamlHeaders = { 'content-type': 'text/yaml' }

describe('projects', () => {
  test('one is made, found by id and by name, and listed', async () => {
    const { client } = native
    const made = await client.projects.create({ name: '车间', description: 'where things are made' })
    expect(await client.projects.get(made.id)).toEqual(made)
    expect(await client.projects.get('车间')).toEqual(made)
    expect((await client.projects.list()).items).toContainEqual(made)
  })

  test('a name that is taken is a conflict, and an empty or endless one is refused', async () => {
    const { client } = native
    await client.projects.create({ name: 'twice' })
    await expect(client.projects.create({ name: 'twice' })).rejects.toMatchObject({ code: 'conflict', status: 409 })
    await expect(client.projects.create({ name: '' })).rejects.toMatchObject({ code: 'invalid_request' })
    await expect(client.projects.create({ name: 'x'.repeat(129) })).rejects.toMatchObject({ code: 'invalid_request' })
    await expect(client.projects.get('nowhere')).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('a pipeline', () => {
  test('is made of JSON with the text in it, shown in outline, and found by id and by name', async () => {
    const { client } = native
    const made = await client.pipelines.create({ project: 'default', definition: yaml('outlined') })
    expect(made).toMatchObject({
      name: 'outlined',
      version: 1,
      run_count: 0,
      latest_run: null,
      params: [{ name: 'branch', type: 'string', default: 'main' }],
      stages: [
        {
          name: 'build',
          tasks: [
            { name: 'compile', work: 'runner', uses: 'script', needs: [] },
            { name: 'check', work: 'review', uses: null, needs: ['compile'] },
          ],
        },
      ],
    })
    expect(await client.pipelines.get(made.id)).toEqual(made)
    expect(await client.pipelines.get('outlined')).toEqual(made)
    expect(await client.pipelines.get('outlined', { project: 'default' })).toEqual(made)
    await expect(client.pipelines.get('outlined', { project: 'nowhere' })).rejects.toMatchObject({ code: 'not_found' })
  })

  test('is made of the bare text, with its project in the query', async () => {
    const { client, send } = native
    const body = yaml('bare')
    const made = await send('POST', '/api/v1/pipelines?project=default', { body, headers: yamlHeaders })
    expect(made.status).toBe(201)
    const { id } = (await made.json()) as { id: string }
    expect(made.headers.get('location')).toBe(`/api/v1/pipelines/${id}`)
    expect((await client.pipelines.version(id, 1)).definition).toBe(body)
    const nowhere = await send('POST', '/api/v1/pipelines', { body, headers: yamlHeaders })
    expect([nowhere.status, ((await nowhere.json()) as { detail: string }).detail]).toEqual([
      400,
      expect.stringContaining('project'),
    ])
  })

  test('with errors is refused with all of them, each with its place, and nothing is stored', async () => {
    const { client } = native
    const definition =
      'name: broken\nstages:\n  - name: a\n    tasks:\n      - {name: b, uses: nothing}\n      - {nam: c}\n'
    const refused: unknown = await client.pipelines
      .create({ project: 'default', definition, file: 'broken.yaml' })
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({
      code: 'invalid_definition',
      status: 422,
      errors: expect.arrayContaining([
        expect.objectContaining({ file: 'broken.yaml', line: 5 }),
        expect.objectContaining({ file: 'broken.yaml', line: 6 }),
      ]),
    })
    expect((await client.pipelines.list({ text: 'broken' })).items).toEqual([])
  })

  test('gets a new version only on top of the one that its writer has seen', async () => {
    const { client, send } = native
    const { id } = await client.pipelines.create({ project: 'default', definition: yaml('versioned', 'one') })
    const etag = (await send('GET', `/api/v1/pipelines/${id}`)).headers.get('etag') ?? ''
    const put = (script: string, ifMatch: string): Promise<Response> =>
      send('PUT', `/api/v1/pipelines/${id}`, {
        body: yaml('versioned', script),
        headers: { ...yamlHeaders, 'if-match': ifMatch },
      })
    expect((await put('two', etag)).status).toBe(200)
    expect((await put('three', etag)).status).toBe(412)
    await expect(client.pipelines.update(id, { definition: yaml('versioned', 'x') }, 1)).rejects.toMatchObject({
      code: 'stale_version',
    })
    expect((await client.pipelines.update(id, { definition: yaml('versioned', 'three') }, 2)).version).toBe(3)
    expect((await client.pipelines.update(id, { definition: yaml('versioned', 'four') })).version).toBe(4)
    expect((await put('five', '*')).status).toBe(200)
    expect((await put('six', 'five')).status).toBe(400)
    const { items } = await client.pipelines.versions(id)
    expect(items.map(({ version }) => version)).toEqual([5, 4, 3, 2, 1])
    expect((await client.pipelines.version(id, 2)).definition).toContain('script: two')
    await expect(client.pipelines.version(id, 6)).rejects.toMatchObject({ code: 'not_found' })
    expect((await send('GET', `/api/v1/pipelines/${id}/versions/two`)).status).toBe(404)
  })

  test('has another ETag when it ran, and the old one still says which version was seen', async () => {
    const { client, send, world } = native
    const { id } = await client.pipelines.create({ project: 'default', definition: yaml('ran') })
    const path = `/api/v1/pipelines/${id}`
    const etag = (await send('GET', path)).headers.get('etag') ?? ''
    expect((await send('GET', path, { headers: { 'if-none-match': etag } })).status).toBe(304)
    const run = await client.runs.start(id)
    await world.settled()
    const after = await send('GET', path, { headers: { 'if-none-match': etag } })
    expect(after.status).toBe(200)
    expect(await after.json()).toMatchObject({ run_count: 1, latest_run: { id: run.id, status: 'running' } })
    const headers = { ...yamlHeaders, 'if-match': etag }
    expect((await send('PUT', path, { body: yaml('ran', 'again'), headers })).status).toBe(200)
  })

  test('that is deleted is gone from lists, and its runs stay readable', async () => {
    const { client } = native
    const { id } = await client.pipelines.create({ project: 'default', definition: yaml('deleted') })
    const run = await client.runs.start(id)
    await client.runs.act(run.id, 'cancel', { force: true })
    await client.pipelines.remove(id)
    expect((await client.pipelines.list({ text: 'deleted' })).items).toEqual([])
    expect((await client.runs.get(run.id)).pipeline.name).toBe('deleted')
    await expect(client.runs.start(id)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('of many is on one page only', async () => {
    const { client, send } = native
    const { id: project } = await client.projects.create({ name: 'many' })
    const names = ['a', 'b', 'c', 'd', 'e']
    for (const name of names) await client.pipelines.create({ project, definition: yaml(name) })
    const seen: string[] = []
    for (let path = `/api/v1/pipelines?project=many&limit=2`; path !== '';) {
      const response = await send('GET', path)
      seen.push(...((await response.json()) as { items: { name: string }[] }).items.map(({ name }) => name))
      path = /<([^>]+)>/.exec(response.headers.get('link') ?? '')?.[1] ?? ''
    }
    expect(seen).toEqual(names)
    expect((await client.pipelines.list({ project: 'many', text: 'C' })).items.map(({ name }) => name)).toEqual(['c'])
  })

  test('of the same name in two projects needs its project', async () => {
    const { client } = native
    await client.projects.create({ name: 'left' })
    await client.projects.create({ name: 'right' })
    for (const project of ['left', 'right']) await client.pipelines.create({ project, definition: yaml('same') })
    await expect(client.pipelines.get('same')).rejects.toMatchObject({ code: 'conflict' })
    expect((await client.pipelines.get('same', { project: 'left' })).project.name).toBe('left')
    expect((await client.runs.start('same', { project: 'right' })).project.name).toBe('right')
    const again = client.pipelines.create({ project: 'left', definition: yaml('same') })
    await expect(again).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('validation', () => {
  test('answers 200 whether the text is good or not, with every error and its place', async () => {
    const { client, send } = native
    expect(await client.validate(yaml('good'))).toEqual({ valid: true, errors: [] })
    const bad = await client.validate('name: x\nstages: {}\n', 'x.yaml')
    expect(bad).toMatchObject({ valid: false, errors: [{ file: 'x.yaml', line: 2 }] })
    const bare = await send('POST', '/api/v1/validate?file=y.yaml', { body: 'a: [', headers: yamlHeaders })
    expect(await bare.json()).toMatchObject({ valid: false, errors: [{ file: 'y.yaml' }] })
    const curl = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const body of [JSON.stringify({ definition: yaml('good') }), yaml('good')]) {
      const response = await send('POST', '/api/v1/validate', { body, headers: curl })
      expect(await response.json()).toEqual({ valid: true, errors: [] })
    }
  })

  test('stores nothing', async () => {
    await native.client.validate(yaml('unstored'))
    expect((await native.client.pipelines.list({ text: 'unstored' })).items).toEqual([])
  })

  test('of nothing at all is a request that is wrong', async () => {
    const response = await native.send('POST', '/api/v1/validate', { body: '', headers: yamlHeaders })
    expect(response.status).toBe(400)
  })
})

test('a list comes with as many of the last runs as it is asked for', async () => {
  await using native = await openNative()
  const { client, world } = native
  const pipeline = await client.pipelines.create({
    project: world.project.id,
    definition: 'name: often\ntasks: [{name: x, script: make}]\n',
  })
  for (let count = 0; count < 3; count += 1) await client.runs.start(pipeline.id)
  await world.settled()
  const numbers = async (runs?: number): Promise<unknown> =>
    (await client.pipelines.list({ runs })).items.map(({ recent_runs }) => recent_runs.map(({ number }) => number))
  expect(await numbers()).toEqual([[]])
  expect(await numbers(1)).toEqual([[3]])
  expect(await numbers(2)).toEqual([[3, 2]])
  expect(await numbers(30)).toEqual([[3, 2, 1]])
  await expect(client.pipelines.list({ runs: 31 })).rejects.toMatchObject({ code: 'invalid_request' })
})
