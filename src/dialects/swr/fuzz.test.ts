import { describe, expect, test } from 'vitest'
import type { PipelineDefinition } from '../../model/definition.ts'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { type FuzzSubject, fuzzCredentials, fuzzRequests, sender, servedEndpoints } from '../../testing/dialect-fuzz.ts'
import { intrusions, openNeighbours } from '../../testing/dialect-isolation.ts'
import { credentialHeaders } from '../../testing/dialect-routes.ts'
import { need, openWorld } from '../../testing/world.ts'
import { swr } from './index.ts'

const TEXT = `
name: web
params: {branch: main}
triggers: [{webhook: push, params: {ref: branch}}]
stages:
  - {name: build, tasks: [{name: compile, script: make, on_failure: hold}]}
  - {name: gate, tasks: [{name: decide, approval: {}}]}
`
const STAGES = [
  { name: 'build', service_name: 'jenkins_build', params: { basic_env: 'go', jenkins_shell: 'make' } },
  { name: 'gate', service_name: 'test_review', params: { review_mode: 'one', review_users: [{ user_name: 'ci' }] } },
]

async function openSubject(): Promise<FuzzSubject> {
  const world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  const { app, admin, project } = world
  const pipeline = need(await app.pipelines.create(admin, { project: { id: project.id }, text: TEXT }))
  const run = await world.start(pipeline)
  await world.settled()
  return {
    dialect: swr,
    world,
    known: [String(pipeline.serial), '0', '1', 'latest', project.name, pipeline.webhooks[0]?.id ?? '', run.id, 'web'],
    fields: [
      'name',
      'group',
      'description',
      'id',
      'group_id',
      'group_name',
      'pre_operation',
      'post_operation',
      'params',
      'stages',
      'source',
      'mode',
      'review_result',
      'filter',
      'limit',
      'offset',
      'pipeline_labels',
      'package_name',
      'namespace',
    ],
    notTheirError: ({ text }) => {
      const items = JSON.parse(text) as unknown
      const [item] = Array.isArray(items) ? items : []
      return Object.keys(item ?? {}).join() === 'errorCode,errorMessage,detail' ? undefined : 'not of the vendor’s form'
    },
    isOpen: ({ path }) => path.includes('/webhooks/'),
  }
}

describe('whatever is sent gets an answer of the vendor’s, and never a fault of ours', async () => {
  const subject = await openSubject()
  const endpoints = servedEndpoints(swr)

  test.each(endpoints)('%s', (_, method, row) => fuzzRequests(subject, method, row))

  test.each(endpoints)('%s, by nobody', (_, method, row) => fuzzCredentials(subject, method, row))

  test('every endpoint was asked', () => expect(endpoints.length).toBeGreaterThan(20))
})

const stage = STAGES[0]
const deep = (levels: number): unknown => (levels === 0 ? 'end' : [deep(levels - 1)])
test.each<[string, string]>([
  [
    'a bomb of aliases',
    [
      'a: &a [x, x]',
      ...'bcdefghijklmnopqrstuvwxyz'
        .split('')
        .map(
          (key, index) => `${key}: &${key} [*${String.fromCharCode(97 + index)}, *${String.fromCharCode(97 + index)}]`,
        ),
    ].join('\n'),
  ],
  ['an alias of itself', 'name: &a [*a]'],
  ['a tag that would make code', 'name: !!js/function "function () {}"\nstages: []'],
  ['two documents', 'name: a\n---\nname: b'],
  ['a key twice', 'name: a\nname: b'],
  ['half a surrogate pair', '{"name": "\\ud800"}'],
  ['a prototype', '{"__proto__": {"stages": []}, "name": "a"}'],
  ['brackets without an end', '['.repeat(10_000)],
  ['stages of stages', JSON.stringify({ name: 'a', stages: deep(30) })],
  ['1,000 stages', JSON.stringify({ name: 'a', stages: Array.from({ length: 1_000 }, () => stage) })],
  [
    '1,000 params',
    JSON.stringify({ name: 'a', params: Array.from({ length: 1_000 }, (_, i) => ({ name: `p${i}` })), stages: STAGES }),
  ],
  [
    'a shell of 300,000 characters',
    JSON.stringify({
      name: 'a',
      stages: [{ ...stage, params: { basic_env: 'go', jenkins_shell: 'x'.repeat(300_000) } }],
    }),
  ],
  ['a NUL', JSON.stringify({ name: 'a', stages: [{ ...stage, params: { basic_env: 'go', jenkins_shell: 'a\0b' } }] })],
  [
    'a channel of a thousand characters',
    JSON.stringify({
      name: 'a',
      stages: STAGES,
      pre_operation: { triggers: [{ channel: { name: 'x'.repeat(1_000) } }] },
    }),
  ],
  [
    'resources without end',
    JSON.stringify({ name: 'a', stages: [{ ...stage, input_resources: Array.from({ length: 100 }, () => ({})) }] }),
  ],
])('a document with %s is refused in the vendor’s form', async (_, content) => {
  const subject = await openSubject()
  for (const headers of [credentialHeaders(subject.world)]) {
    const made = await sender(subject)('POST', '/v3/manage/pipelinegroups/default/pipelines', headers, content)
    expect([made.status < 500, made.status >= 400]).toEqual([true, true])
    expect(subject.notTheirError(made)).toBeUndefined()
  }
})

test('who belongs to one project learns nothing of another, and changes nothing there', async () => {
  // The neighbours' definition comes as it is when it has been checked; what the dialect writes is checked.
  const isChecked = (text: string): boolean => text.includes('"restartsMax"')
  const world = await openWorld({
    check: (text, file) =>
      isChecked(text)
        ? { ok: true, definition: JSON.parse(text) as PipelineDefinition }
        : parseDefinition(text, file, stepSpecs),
  })
  const neighbours = await openNeighbours(world)
  const { pipeline, project } = neighbours
  const { leaks, seenByOwner } = await intrusions(swr, neighbours, () => [
    {},
    { name: pipeline.name, stages: STAGES },
    { id: pipeline.serial, group_id: project.serial, group_name: project.name, stages: STAGES },
    { mode: 'review', review_result: 'pass' },
  ])
  expect(leaks).toEqual([])
  // The same requests tell A's own people something, so the check can see a leak.
  expect(seenByOwner).toBeGreaterThan(0)
})
