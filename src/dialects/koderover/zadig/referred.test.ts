import { expect, test } from 'vitest'
import { type Body, open } from '../../../testing/koderover-client.ts'
import { succeeded } from '../../../testing/scripted-runner.ts'
import { need } from '../../../testing/world.ts'

// Jobs that have their services from a job before them (`source: fromjob`), as the portal writes them for nearly every
// deployment: `getReferredJobTargets` of aslan's jobs, read 2026-11-24.

const BASE = '/api/aslan/workflow/v4'
const module = (name: string): Body => ({ service_name: name, service_module: name, build_name: `${name}-build` })
const build = (names: readonly string[]): Body => ({
  name: 'build',
  type: 'zadig-build',
  spec: { docker_registry_id: '1', service_and_builds: names.map(module) },
})
const from = (name: string, type: string, job: string, more: object = {}): Body => ({
  name,
  type,
  spec: { source: 'fromjob', job_name: job, ...more },
})
const ship = (jobs: readonly Body[]): Body => ({
  name: 'ship',
  project: 'default',
  stages: jobs.map((job) => ({ name: `stage of ${String(job['name'])}`, jobs: [job] })),
})

test('a deployment is for what the build before it was for, with the image that it has made', async () => {
  const { ask, world } = await open()
  const deploy = from('deploy', 'zadig-deploy', 'build', { env: 'dev', service_and_images: [] })
  const workflow = ship([build(['web']), deploy, from('check', 'zadig-test', 'deploy')])
  expect((await ask('POST', BASE, workflow)).body).toEqual({ message: 'success' })
  await ask('POST', `${BASE}/workflowtask`, workflow)
  world.runner.endTask('build', succeeded({ IMAGE: 'registry/web:7' }))
  await world.settled()
  expect(world.runner.jobs.at(-1)?.env).toMatchObject({ SERVICE: 'web', IMAGE: 'registry/web:7', ENV_NAME: 'dev' })
  world.runner.endTask('deploy', succeeded())
  await world.settled()
  expect(world.runner.jobs.at(-1)?.env).toMatchObject({ SERVICE: 'web', IMAGE: 'registry/web:7' })
  const { stages } = (await ask('GET', `${BASE}/workflowtask/workflow/ship/task/1`)).body
  expect(stages[1].jobs[0].spec).toMatchObject({
    env: 'dev',
    service_and_images: [{ service_name: 'web', service_module: 'web', image: 'registry/web:7' }],
  })
})

test('of what is chosen of a build all that follows is for, and of nothing nothing', async () => {
  const { ask, world } = await open()
  const left = { services: [{ service_name: 'old', modules: [{ service_module: 'old', image: 'old:1' }] }] }
  const deploy = from('deploy', 'zadig-deploy', 'build', left)
  await ask('POST', BASE, ship([build(['web', 'api']), deploy]))
  const input = { job_name: 'build', job_type: 'zadig-build', parameters: { service_list: [module('api')] } }
  const inputs = [input, { job_name: 'deploy', job_type: 'zadig-deploy', parameters: { env_name: 'qa' } }]
  const body = { workflow_key: 'ship', project_key: 'default', inputs }
  expect((await ask('POST', '/openapi/workflows/custom/task', body)).body).toMatchObject({ task_id: 1 })
  world.runner.endTask('build', succeeded())
  await world.settled()
  expect(world.runner.jobs.at(-1)?.env).toMatchObject({ SERVICE: 'api' })
  const nothing = { ...build([]), spec: { ...build([])['spec'], service_and_builds: [] } }
  const started = await ask('POST', `${BASE}/workflowtask`, ship([nothing, from('deploy', 'zadig-deploy', 'build')]))
  expect(started.body.description).toContain('no stage found in workflow task')
})

test.each(['advanced_setting', 'properties'])('time and outputs of a job stand in its %s', async (place) => {
  const { ask, world } = await open()
  const spec = { script: 'TAG=1', [place]: { timeout: 7, outputs: [{ name: 'TAG' }] } }
  await ask('POST', BASE, ship([{ name: 'make', type: 'freestyle', spec }]))
  const { definition } = need(await world.app.pipelines.get(world.admin, { name: 'ship' }))
  const [task] = definition.stages.flatMap(({ tasks }) => tasks)
  expect(task?.timeoutMs).toBe(7 * 60_000)
  expect(JSON.stringify(task?.work)).toContain('ZADIG_OUTPUT')
})

test('a job of a type that means something to the language alone is one that does nothing', async () => {
  const { ask } = await open()
  for (const type of ['constructor', '__proto__', 'toString']) {
    const workflow = {
      ...ship([build(['web']), from('odd', type, 'build')]),
      name: `odd-${type.toLowerCase().replaceAll('_', '')}`,
    }
    expect((await ask('POST', BASE, workflow)).body).toEqual({ message: 'success' })
  }
})
