import { describe, expect, test } from 'vitest'
import { DIALECT_OPTIONS } from '../../../testing/dialect-routes.ts'
import { type Client, open } from '../../../testing/koderover-client.ts'
import { exited, succeeded } from '../../../testing/scripted-runner.ts'
import { need } from '../../../testing/world.ts'
import type { Streams } from '../../dialect.ts'

// Logs as the portal of 1.x asks for them, and whoever has generated a client from aslan's routes.

const SINGLE = {
  name: 'single',
  enabled: true,
  multi_run: true,
  sub_tasks: [
    { type: 'buildv2', enabled: true, service_name: 'web' },
    { type: 'docker_build', enabled: true, service_name: 'web' },
    { type: 'testingv2', enabled: true, test_name: 'smoke', test_module_name: 'smoke-module' },
  ],
}
const PATH = '/api/aslan/logs'

/** A task all of whose parts have said one line: their own keys. @param done which of them are over. */
async function told(done: readonly string[], streams: Streams = DIALECT_OPTIONS.streams): Promise<Client> {
  const client = await open(100, streams)
  const { ask, world } = client
  await ask('POST', '/api/workflow/v2/pipelines', SINGLE)
  await ask('POST', '/api/workflow/v2/tasks', { pipeline_name: 'single' })
  for (const key of done) {
    world.runner.endTask(key, succeeded())
    await world.settled()
  }
  await tell(client, (key) => `${key}\n`)
  return client
}

async function tell({ world }: Client, text: (key: string) => string): Promise<void> {
  const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'single' }, number: 1 }))
  for (const { index, key } of run.stages.flatMap(({ tasks }) => tasks))
    world.logs.set(`${run.id}/${index}/1`, new TextEncoder().encode(text(key)))
}

const events = (...lines: readonly string[]): string => lines.map((line) => `event:message\ndata:${line}\n\n`).join('')

const OVER = ['s1-buildv2', 's2-docker-build', 's3-testingv2']

describe('a whole log', () => {
  test.each([
    ['pipelines/single/tasks/1/service/web', 's1-buildv2\ns2-docker-build\n'],
    ['pipelines/single/tasks/1/service/WEB', 's1-buildv2\ns2-docker-build\n'],
    ['pipelines/single/tasks/1/service/web_shop', 's1-buildv2\ns2-docker-build\n'],
    ['workflow/single/tasks/1/service/web?type=buildv2', 's1-buildv2\n'],
    ['workflow/single/tasks/1/service/web?type=docker_build', 's2-docker-build\n'],
    ['pipelines/single/tasks/1/tests/smoke', 's3-testingv2\n'],
    ['pipelines/single/tasks/1/tests/smoke-module', 's3-testingv2\n'],
    // As the portal asks for a workflow's: what it is called comes last.
    ['workflow/single/tasks/1/tests/test/service/smoke', 's3-testingv2\n'],
    ['workflow/single/tasks/1/tests/smoke/service/any', 's3-testingv2\n'],
  ])('of %s is what its jobs have said', async (path, text) => {
    const { ask } = await told(OVER)
    expect(await ask('GET', `${PATH}/log/${path}`)).toEqual({ status: 200, body: text })
  })

  test.each([
    'pipelines/single/tasks/1/service/shop',
    'pipelines/single/tasks/1/service/smoke',
    'pipelines/single/tasks/1/tests/web',
    'workflow/single/tasks/1/service/web?type=jenkins_build',
    'workflow/single/tasks/1/tests/test/service/web',
    'v4/workflow/single/tasks/1/jobs/shop',
  ])('of %s, which nothing there is called, is empty', async (path) => {
    const { ask } = await told(OVER)
    expect(await ask('GET', `${PATH}/log/${path}`)).toEqual({ status: 200, body: '' })
  })

  test('of what has not begun is empty; of a task that is not there it is refused', async () => {
    const { ask } = await told([])
    expect(await ask('GET', `${PATH}/log/pipelines/single/tasks/1/tests/smoke`)).toEqual({ status: 200, body: '' })
    expect((await ask('GET', `${PATH}/log/pipelines/single/tasks/9/service/web`)).body.code).toBe(6161)
    expect((await ask('GET', `${PATH}/log/pipelines/single/tasks/x/service/web`)).body.code).toBe(400)
  })

  test('of a pipeline that was made elsewhere is under the name that its sub-tasks are shown with', async () => {
    const { ask, world } = await open()
    const text = 'name: own\ntasks: [{key: compile, role: build, script: make}]\n'
    need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
    await ask('POST', '/api/workflow/v2/tasks', { pipeline_name: 'own' })
    const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'own' }, number: 1 }))
    world.logs.set(`${run.id}/${run.stages[0]!.tasks[0]!.index}/1`, new TextEncoder().encode('made\n'))
    const task = (await ask('GET', '/api/workflow/v2/tasks/id/1/pipelines/own')).body
    for (const name of [task.sub_tasks[0].service_name, 'compile'])
      expect((await ask('GET', `${PATH}/log/pipelines/own/tasks/1/service/${name}`)).body).toBe('made\n')
    expect((await ask('GET', `${PATH}/log/pipelines/own/tasks/1/service/other`)).body).toBe('')
  })
})

describe('a log line by line', () => {
  test.each([
    ['build/single/1/-1', ['s1-buildv2', 's2-docker-build']],
    ['build/single/1/-1?subTask=buildv2', ['s1-buildv2']],
    ['build/single/1/-1?subTask=docker_build', ['s2-docker-build']],
    ['build/single/1/-1?subTask=docker-build', ['s2-docker-build']],
    ['workflow/build/single/1/999999/web?subTask=buildv2', ['s1-buildv2']],
    ['test/single/1/smoke/999999', ['s3-testingv2']],
    ['workflow/test/single/1/test/999999/smoke', ['s3-testingv2']],
  ])('of %s', async (path, lines) => {
    const { send } = await told(OVER)
    expect(await (await send(`${PATH}/sse/${path}`)).text()).toBe(events(...lines))
  })

  test('begins so many lines before its end, however long it is by then', async () => {
    const client = await told(OVER)
    const all = Array.from({ length: 60_000 }, (_, at) => `line ${at}`)
    await tell(client, () => `${all.join('\n')}\n`)
    const lines = async (count: string): Promise<string> =>
      await (await client.send(`${PATH}/sse/build/single/1/${count}?subTask=buildv2`)).text()
    expect(await lines('2')).toBe(events('line 59998', 'line 59999'))
    expect(await lines('59999')).toBe(events(...all.slice(1)))
    for (const count of ['0', '-1', '60000', '999999', '9999999999']) expect(await lines(count)).toBe(events(...all))
    expect(await lines('many')).toBe(events(...all.slice(-10)))
    // A last line without an end is one, too.
    await tell(client, () => 'one\ntwo\nthree')
    expect(await lines('2')).toBe(events('two', 'three'))
  })

  test('of a job that has not begun comes when it begins, and ends when it cannot begin any more', async () => {
    let wake: (() => void) | undefined
    const wait = (): Promise<void> => new Promise((resolve) => (wake = resolve))
    const client = await told([], { ...DIALECT_OPTIONS.streams, wait })
    const { ask, send, world } = client
    const hear = async (id: number): Promise<string> =>
      await (await send(`${PATH}/sse/test/single/${id}/smoke/-1`)).text()
    const first = hear(1)
    await world.settled()
    expect(wake).toBeDefined()
    for (const key of ['s1-buildv2', 's2-docker-build']) {
      world.runner.endTask(key, succeeded())
      await world.settled()
    }
    wake?.()
    expect(await first).toBe(events('s3-testingv2'))

    await ask('POST', '/api/workflow/v2/tasks', { pipeline_name: 'single' })
    wake = undefined
    const second = hear(2)
    await world.settled()
    expect(wake).toBeDefined()
    world.runner.endTask('s1-buildv2', exited(1))
    await world.settled()
    ;(wake as (() => void) | undefined)?.()
    expect(await second).toBe('')
  })

  test('of what nothing is called so is refused before it begins', async () => {
    const { ask } = await told(OVER)
    for (const path of ['workflow/build/single/1/10/shop', 'test/single/1/web/10', 'v4/workflow/single/1/shop/10'])
      expect((await ask('GET', `${PATH}/sse/${path}`)).body.code, path).toBe(6161)
  })
})
