import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { shell, webTree } from '../../testing/blueking-trees.ts'
import {
  type DialectAnswer,
  type FuzzSubject,
  fuzzCredentials,
  fuzzRequests,
  servedEndpoints,
} from '../../testing/dialect-fuzz.ts'
import { intrusions, openNeighbours } from '../../testing/dialect-isolation.ts'
import { need, openWorld, type WorldOptions } from '../../testing/world.ts'
import { blueking } from './index.ts'

const tree = webTree({
  lines: [
    ['start', 'a'],
    ['a', 'end'],
  ],
  activities: { a: shell('true') },
})

async function openSubject(): Promise<FuzzSubject> {
  const world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  const { app, admin, project } = world
  const text = 'name: web\nparams: {branch: main}\ntasks: [{name: compile, script: make, on_failure: hold}]\n'
  const pipeline = need(await app.pipelines.create(admin, { project: { id: project.id }, text }))
  const run = await world.start(pipeline)
  await world.settled()
  return {
    dialect: blueking,
    world,
    known: [
      String(run.serial),
      String(project.serial),
      run.id,
      run.stages[0]!.tasks[0]!.id,
      'retry',
      'status',
      JSON.stringify(tree),
    ],
    fields: [
      'task_id',
      'bk_biz_id',
      'template_id',
      'node_id',
      'action',
      'name',
      'constants',
      'pipeline_tree',
      'format',
      'task_id_list',
      'inputs',
      'data',
      'callback_data',
      'callback_url',
      'flow_id',
      'flow_ids',
      'version',
      'cron',
      'exclude_task_nodes_id',
      'execute_task_nodes_id',
      'template_schemes_id',
      'limit',
      'offset',
      'page',
      'page_size',
      'loop',
      'subprocess_id',
      'subprocess_stack',
      'with_ex_data',
      'is_started',
      'group_by',
      'conditions',
      'code',
      'engine_ver',
      'enabled',
      'id_in',
      'template_ids',
      'new_project_id',
      'template_source',
      'component_code',
    ],
    notTheirError: ({ text: answer }) => {
      const body = JSON.parse(answer) as Record<string, unknown>
      if (body['result'] !== false) return 'result is not false'
      return typeof body['message'] === 'string' ? undefined : 'no message'
    },
    isRefusal: ({ text: answer }) => (JSON.parse(answer) as Record<string, unknown>)['result'] === false,
    requests: 30,
  }
}

describe('whatever is sent gets an answer of the vendor’s, and never a fault of ours', async () => {
  const subject = await openSubject()
  const endpoints = servedEndpoints(blueking)

  test.each(endpoints)('%s', (_, method, row) => fuzzRequests(subject, method, row))

  test.each(endpoints)('%s, by nobody', (_, method, row) => fuzzCredentials(subject, method, row))

  test('every endpoint was asked', () => expect(endpoints.length).toBeGreaterThan(70))

  test('a tree of which anything was changed is refused in their words, or taken', async () => {
    const handle = blueking.create(subject.world.app, { baseUrl: '', zoneOffsetMinutes: 0, bodyMaxBytes: 1_000_000 })
    const { appCode, appSecret, user } = subject.world.credentials
    const who = {
      bk_app_code: appCode,
      bk_app_secret: appSecret,
      bk_username: user,
      bk_biz_id: subject.world.project.serial,
    }
    const answers: DialectAnswer[] = []
    const text = JSON.stringify(tree)
    for (const odd of ['null', '1', '"x"', '[]', '{}', 'true', '"__proto__"', '"constructor"']) {
      for (const part of new Set(text.match(/"[a-z_]+":|"[^"]*"(?!:)|true|false/g) ?? [])) {
        const changed = part.endsWith(':') ? text.replace(part, '"gone":') : text.replace(part, odd)
        const body = JSON.stringify({ ...who, name: 'x', pipeline_tree: changed })
        const response = await handle(
          new Request('http://localhost/api/c/compapi/v2/sops/fast_create_task/', { method: 'POST', body }),
        )
        answers.push({ status: response.status, headers: response.headers, text: await response.text() })
      }
    }
    expect(answers.length).toBeGreaterThan(200)
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    await subject.world.settled()
  })
})

test('who belongs to one project learns nothing of another, and changes nothing there', async () => {
  const check: WorldOptions['check'] = (text, file) =>
    text.includes('"nodes":') ? parseDefinition(text, file, stepSpecs) : { ok: true, definition: JSON.parse(text) }
  const neighbours = await openNeighbours(await openWorld({ check }))
  const { project, pipeline, runs } = neighbours
  const run = runs.at(-1)!
  const ids = { bk_biz_id: project.serial, task_id: run.serial, template_id: pipeline.serial }
  const own = {
    ...ids,
    node_id: run.stages[0]!.tasks[0]!.id,
    version: run.stages[0]!.tasks[0]!.version,
    action: 'revoke',
    name: 'x',
    cron: {},
    constants: {},
    task_id_list: runs.map(({ serial }) => serial),
    group_by: 'status',
    code: 'sleep_timer',
    pipeline_tree: tree,
  }
  const elsewhere = { ...own, bk_biz_id: neighbours.other.serial, action: 'retry' }
  const { leaks, seenByOwner } = await intrusions(blueking, neighbours, ({ family, method }) =>
    // By the gateway ids are in the path, whatever a body says.
    family === 'ESB' ? [{}, own, elsewhere] : method === 'GET' ? [{}] : [own],
  )
  expect(leaks).toEqual([])
  // The same requests tell A's own people something, so the check can see a leak.
  expect(seenByOwner).toBeGreaterThan(0)
}, 120_000)
