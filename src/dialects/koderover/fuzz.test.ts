import { describe, expect, test } from 'vitest'
import { type FuzzSubject, fuzzCredentials, fuzzRequests, servedEndpoints } from '../../testing/dialect-fuzz.ts'
import { intrusions, openNeighbours } from '../../testing/dialect-isolation.ts'
import { need, openWorld } from '../../testing/world.ts'
import type { EndpointRow } from '../kit/endpoints.ts'
import { koderover } from './index.ts'

const NAME = 'pipeline-1'

const OPEN = new Set([
  '/api/user/signin',
  '/api/user/signout',
  '/api/webhook?id=',
  '/api/health',
  '/api/v1/login',
  '/api/v1/login-enabled',
  '/api/v1/logout',
])
const isOpen = ({ path }: EndpointRow): boolean => OPEN.has(path)

/**
 * Keys of an error, by generation: the first one's code is a text, later ones have a number, a type and an extra, and
 * the public API has its own word for that number besides.
 */
const ERROR_KEYS = [
  'message,code,description',
  'type,message,code,description,extra',
  'type,message,code,description,extra,resultCode,errorMsg',
]

async function openSubject(): Promise<FuzzSubject> {
  const world = await openWorld()
  const { app, admin, project } = world
  const text = `name: ${NAME}\nparams: {branch: main}\ntasks: [{name: compile, role: build, script: make}]\n`
  const pipeline = need(await app.pipelines.create(admin, { project: { id: project.id }, text }))
  const run = await world.start(pipeline)
  await world.settled()
  return {
    dialect: koderover,
    world,
    known: [NAME, '1', project.name, run.id, pipeline.id, 'compile', '20'],
    fields: [
      'pipeline_name',
      'name',
      'branch',
      'repo_name',
      'repo_owner',
      'commit_id',
      'pull_request_number',
      'product_name',
      'run_build',
      'enabled',
      'schedule',
      'sub_tasks',
      'build_args',
      'builds',
      'deploy',
      'workflow_name',
      'product_tmpl_name',
      'project',
      'stages',
      'params',
      'queryType',
      'filters',
      'workflow_key',
      'input',
      'build_stage',
      'test_stage',
      'targets',
      'project_key',
      'parameters',
      'inputs',
      'task_id',
      'taskId',
      'workflowKey',
      'stage_name',
      'approve',
      'tail',
      'from',
      'size',
      'page_num',
      'page_size',
      'id',
      'username',
      'account',
      'password',
      'projectName',
      'projectKey',
      'workflow_list',
      'project_name',
      'project_type',
    ],
    notTheirError: ({ status, text: answer }) => {
      const body = JSON.parse(answer) as Record<string, unknown>
      const keys = Object.keys(body).join()
      if (status === 401 && /^message(?:,resultCode,errorMsg)?$/.test(keys))
        return body['message'] === 'auth failed' ? undefined : 'another text'
      return ERROR_KEYS.includes(keys) ? undefined : 'not of the vendor’s form'
    },
    isOpen,
  }
}

describe('whatever is sent gets an answer of the vendor’s, and never a fault of ours', async () => {
  const subject = await openSubject()
  const endpoints = servedEndpoints(koderover)

  test.each(endpoints)('%s', (_, method, row) => fuzzRequests(subject, method, row))

  test.each(endpoints)('%s, by nobody', (_, method, row) => fuzzCredentials(subject, method, row))

  test('every endpoint was asked', () => expect(endpoints.length).toBeGreaterThan(80))
})

test('who belongs to one project learns nothing of another, and changes nothing there', async () => {
  const neighbours = await openNeighbours(await openWorld())
  const { pipeline, project, runs } = neighbours
  const named = {
    name: pipeline.name,
    workflow_name: pipeline.name,
    workflow_key: pipeline.name,
    product_tmpl_name: project.name,
    project: project.name,
    project_key: project.name,
    sub_tasks: [{ type: 'build', enabled: true }],
    build_stage: { enabled: true, modules: [] },
    input: {},
    task_id: runs[1]!.number,
    stage_name: 'first',
    approve: true,
  }
  const { leaks, seenByOwner } = await intrusions(koderover, neighbours, ({ path }) => [
    {},
    { pipeline_name: pipeline.name, branch: 'main' },
    // Where the path names nothing, the body does.
    ...(path.includes(':') ? [] : [named]),
  ])
  expect(leaks).toEqual([])
  // The same requests tell A's own people something, so the check can see a leak.
  expect(seenByOwner).toBeGreaterThan(0)
}, 120_000)
