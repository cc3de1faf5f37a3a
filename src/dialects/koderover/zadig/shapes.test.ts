import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Json } from '../../../model/json.ts'
import { open } from '../../../testing/koderover-client.ts'
import { PIPELINE, typeFault, WORKFLOW, WORKFLOW_ARGS, WORKFLOW_V4, withTexts } from './shapes.ts'

test.each([
  [{ sub_tasks: [{ type: 'buildv2', timeout: '600' }] }, PIPELINE, 'sub_tasks[0].timeout: expected an integer'],
  [
    { sub_tasks: [{ job_ctx: { envs: [{ key: 'A', value: 1 }] } }] },
    PIPELINE,
    'sub_tasks[0].job_ctx.envs[0].value: expected a string',
  ],
  [{ sub_tasks: {} }, PIPELINE, 'sub_tasks: expected a list'],
  [{ build_stage: { modules: [[]] } }, WORKFLOW, 'build_stage.modules[0]: expected an object'],
  [{ test_stage: { enabled: 'yes' } }, WORKFLOW, 'test_stage.enabled: expected true or false'],
  [
    { targets: [{ build: { repos: [{ pr: 1.5 }] } }] },
    WORKFLOW_ARGS,
    'targets[0].build.repos[0].pr: expected an integer',
  ],
  [[], WORKFLOW, 'the body: expected an object'],
] as const)('%j is no body that Go would read: %s', (body, shape, message) => {
  expect(typeFault(body as unknown as Json, shape)).toBe(message)
})

test('null is a type’s zero, and what no struct knows is passed over', () => {
  expect(typeFault({ sub_tasks: null, name: null, own: [1, { a: 'b' }] }, PIPELINE)).toBeUndefined()
})

test('scalars of YAML are texts where texts are wanted, and lists and objects are not', () => {
  const body = parse('name: 7\nparams: [{name: N, value: 3, is_credential: false}, {name: B, value: true}]\n') as Json
  expect(typeFault(body, WORKFLOW_V4, 'yaml')).toBeUndefined()
  expect(withTexts(body, WORKFLOW_V4)).toEqual({
    name: '7',
    params: [
      { name: 'N', value: '3', is_credential: false },
      { name: 'B', value: 'true' },
    ],
  })
  expect(typeFault({ params: [{ value: [] }] }, WORKFLOW_V4, 'yaml')).toBe('params[0].value: expected a string')
})

test('a number of YAML is the value of its param', async () => {
  const { ask } = await open()
  const text =
    'name: seven\nproject: default\nparams: [{name: COUNT, value: 7}]\nstages: [{name: a, jobs: [{name: b, type: freestyle, spec: {}}]}]\n'
  expect((await ask('POST', '/api/aslan/workflow/v4', text)).status).toBe(200)
  expect((await ask('GET', '/api/aslan/workflow/v4/preset/seven')).body.params).toMatchObject([{ value: '7' }])
})
