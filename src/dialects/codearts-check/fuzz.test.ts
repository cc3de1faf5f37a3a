import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { type FuzzSubject, fuzzCredentials, fuzzRequests, servedEndpoints } from '../../testing/dialect-fuzz.ts'
import { intrusions, openNeighbours } from '../../testing/dialect-isolation.ts'
import { need, openWorld } from '../../testing/world.ts'
import { codeartsCheck } from './index.ts'
import { systemId } from './rulesets.ts'
import { definitionText } from './task-config.ts'

const OWN = /^\{"error_code":"CC\.\d{8}","error_msg":"[^"]/
const GATEWAY = /^\{"error_msg":"[^"]+","error_code":"APIGW\.\d{4}","request_id":"[^"]+"\}$/

async function openSubject(): Promise<FuzzSubject> {
  const world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  const { app, admin, project } = world
  const text = definitionText('fuzzed', {
    gitUrl: 'https://git.example/a.git',
    gitBranch: 'main',
    languages: ['js'],
    ruleSets: [{ rulesetId: systemId('js'), language: 'js' }],
    rules: null,
    exclude: [],
    failOn: 'none',
    timeoutMinutes: null,
    labels: [],
    parentTaskId: null,
    mergeId: null,
    eventType: null,
    vendor: {},
  })
  const pipeline = need(await app.pipelines.create(admin, { project: { id: project.id }, text }))
  const run = await world.start(pipeline)
  await world.settled()
  return {
    dialect: codeartsCheck,
    world,
    known: [project.id, pipeline.id, run.id, systemId('js'), 'js', '1', 'main'],
    fields: (
      'offset limit status_ids severity start_time end_time execute_id job_id current_path types ' +
      'languages tags category page_num page_size check_type rule_languages git_url git_branch ' +
      'language rule_sets inc_config username access_token ref defect_id defect_status ' +
      'template_name project_id is_default rule_ids uncheck_ids check_id ruleset_id status ' +
      'task_check_settings task_advanced_settings ignore_path_settings taskId executor jobId mergeKey comment '
    )
      .trim()
      .split(' '),
    notTheirError: ({ text: answer }) => (OWN.test(answer) || GATEWAY.test(answer) ? undefined : 'not of their form'),
    isRefusal: ({ text: answer }) => answer.startsWith('{"error_code"'),
  }
}

describe('whatever is sent gets an answer of the vendor’s, and never a fault of ours', async () => {
  const subject = await openSubject()
  const endpoints = servedEndpoints(codeartsCheck)

  test.each(endpoints)('%s', (_, method, row) => fuzzRequests(subject, method, row))

  test.each(endpoints)('%s, by nobody', (_, method, row) => fuzzCredentials(subject, method, row))

  test('every endpoint was asked', () => expect(endpoints.length).toBe(38))
})

test('who belongs to one project learns nothing of another, and changes nothing there', async () => {
  const neighbours = await openNeighbours(
    await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) }).then((world) => ({
      ...world,
      pipeline: async () => {
        const { app, admin, project } = world
        const text = `name: pipeline-of-a\ndescription: known-to-a-alone\ntasks: [{name: known-to-a-alone, script: make}]\n`
        return need(await app.pipelines.create(admin, { project: { id: project.id }, text }))
      },
    })),
  )
  const { project, pipeline } = neighbours
  const { leaks, seenByOwner } = await intrusions(codeartsCheck, neighbours, () => [
    {},
    { git_url: 'https://git.example/a.git', git_branch: 'main', language: ['js'] },
    { project_id: project.id, template_name: 't', language: 'js', is_default: '0', rule_ids: '' },
    { defect_id: pipeline.id, defect_status: '1' },
    { taskId: pipeline.id, status: '5', mergeKey: 'a'.repeat(32) },
    { task_advanced_settings: [{ key: 'timeout_minutes', value: '1' }] },
    { ignore_path_settings: [{ file_path: 'a', checkbox_status: 'all' }] },
    [{ language: 'js', rule_set_id: systemId('js'), if_use: '1', status: '1' }],
  ])
  expect(leaks).toEqual([])
  // The same requests tell A's own people something, so the check can see a leak.
  expect(seenByOwner).toBeGreaterThan(0)
})
