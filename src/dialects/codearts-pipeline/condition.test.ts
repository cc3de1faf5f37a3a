import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { dto, job, shell, stage } from '../../testing/codearts-documents.ts'
import { compileDto } from './compile.ts'
import { asksAfterFailure, whenOf } from './condition.ts'
import { dtoOf } from './dto.ts'

const names = {
  projectId: 'f'.repeat(32),
  userNames: new Map<string, string>(),
  pipelines: new Map(),
}
const git_url = 'https://example.com/a.git'
const contexts = {
  dependsOn: ['JOB_A'],
  runAlways: false,
  before: [],
  lasts: ['a2'],
  behind: null,
  jobs: new Map([['JOB_A', ['a1', 'a2']]]),
  projectId: names.projectId,
  variables: new Set(['TAG']),
  sources: [{ url: git_url, alias: 'my_repo', branch: 'my_repo_BRANCH' }],
  system: {},
}

/** The conditions of its steps, once the definition that it becomes is read. */
function conditionsOf(condition: string): readonly unknown[] {
  const jobs = [
    job('JOB_A', [shell('a')]),
    job('JOB_B', [shell('b'), shell('c')], { condition, depends_on: ['JOB_A'] }),
  ]
  const body = dto([stage('One', jobs)], {
    sources: [{ type: 'code', params: { alias: 'my_repo', git_url } }],
    variables: [{ name: 'TAG', value: 'v1' }],
  })
  const result = parseDefinition(compileDto(dtoOf(body), names), 'pipeline.json', stepSpecs)
  if (!result.ok) throw new Error(result.errors.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  return result.definition.stages.flatMap(({ tasks }) => tasks.map(({ when }) => when))
}

// Examples of usermanual-pipeline/pipeline_01_0006, contexts of pipeline_01_0005.
test.each<[string, string | null]>([
  ['${{ default() }}', null],
  [' ${{success()}} ', "( tasks.a2.status in ['succeeded'] )"],
  ['', null],
  ["${{ sources.my_repo.target_branch == 'master' }}", "params.my_repo_BRANCH == 'master'"],
  [
    "${{ !startsWith(sources.my_repo.target_branch, 'release') }}",
    "! starts_with ( params.my_repo_BRANCH , 'release' )",
  ],
  ["${{ pipeline.trigger_type == 'Manual' }}", "run.cause in ['manual', 'upstream']"],
  ["${{ 'Scheduler' != pipeline.trigger_type }}", "run.cause not in ['schedule']"],
  [
    "${{ pipeline.trigger_type != 'Manual' && (env.TAG == \"v1\" || contains(env.TAG, 'rc')) }}",
    "run.cause not in ['manual', 'upstream'] && ( params.TAG == \"v1\" || contains ( params.TAG , 'rc' ) )",
  ],
  [
    "${{ success() && env.nobody == 'x' && sources.nobody.target_branch == null }}",
    "( tasks.a2.status in ['succeeded'] ) && null == 'x' && null == null",
  ],
  ['${{ pipeline.pipeline_id != pipeline.run_id }}', 'run.pipeline != run.id'],
  ["${{ startsWith(pipeline.timestamp, '2026') }}", "starts_with ( run.timestamp , '2026' )"],
  // Of a run that people start, the vendor's are empty, too.
  ["${{ sources.my_repo.merge_id != '' && sources.my_repo.commit_id_short == '' }}", "'' != '' && '' == ''"],
  ["${{ sources.my_repo.repo_name == 'a' }}", "'a' == 'a'"],
  ["${{ contains(sources.my_repo.repo_url, 'example') }}", "contains ( 'https://example.com/a.git' , 'example' )"],
])('a job with the condition %s runs when %s', (condition, when) => {
  expect(whenOf(condition, contexts, 'job')?.expression ?? null).toBe(when)
  const own = when === null ? null : expect.anything()
  expect(conditionsOf(condition)).toEqual([null, own, own])
})

describe('a job that depends on no other', () => {
  const FAILED = "in ['failed', 'errored', 'timed_out']"
  const first = { ...contexts, dependsOn: [], lasts: [], before: ['x', 'y'] }
  test.each<[string, boolean, string | null]>([
    ['${{ always() }}', false, null],
    ['${{ default() }}', true, null],
    ['${{ completed() }}', false, null],
    ['${{ completed() }}', true, `! ( tasks.x.status ${FAILED} or tasks.y.status ${FAILED} )`],
    ['${{ success() }}', false, null],
    ['${{ failure() }}', false, 'false'],
    ['${{ failure() }}', true, `( tasks.x.status ${FAILED} or tasks.y.status ${FAILED} )`],
    ['${{ success() }}', true, `! ( tasks.x.status ${FAILED} or tasks.y.status ${FAILED} )`],
  ])('with %s, in a stage that always runs: %s', (condition, runAlways, when) => {
    expect(whenOf(condition, { ...first, runAlways }, 'job')?.expression ?? null).toBe(when)
  })
  test('has nothing to ask of the first stage', () => {
    expect(whenOf('${{ failure() }}', { ...first, before: [], runAlways: true }, 'job')?.expression).toBe('false')
    expect(whenOf('${{ success() }}', { ...first, before: [], runAlways: true }, 'job')).toBeNull()
  })
})

describe('a job that may run after a failure of what it depends on', () => {
  const behind = ['a1', 'a2']
  const failed =
    "( tasks.a1.status in ['failed', 'errored', 'timed_out'] or tasks.a2.status in ['failed', 'errored', 'timed_out'] )"
  test.each<[string, string | undefined]>([
    ['${{ failure() }}', failed],
    ['${{ always() }}', undefined],
    ['${{ always() && success() }}', "true && ( tasks.a2.status in ['succeeded'] )"],
    ['${{ always() && default() }}', "true && ( tasks.a2.status in ['succeeded', 'skipped'] )"],
    ["${{ failure() && env.TAG == 'v1' }}", `${failed} && params.TAG == 'v1'`],
    // The vendor asks an expression when what is before it is over, however it ended.
    ["${{ env.TAG == 'v1' }}", "params.TAG == 'v1'"],
  ])('with %s runs when %s', (condition, when) => {
    expect(asksAfterFailure(condition)).toBe(true)
    expect(whenOf(condition, { ...contexts, behind }, 'job')?.expression).toBe(when)
  })

  test.each([
    "${{ jobs.JOB_A.status == 'COMPLETED' || jobs.JOB_A.status == 'FAILED' }}",
    "${{ success() || jobs.JOB_A.status == 'FAILED' }}",
    "${{ contains(jobs.*.status, 'FAILED') }}",
    "${{ !completed('JOB_A') }}",
    '${{ failed("JOB_A", "JOB_B") }}',
    "${{ pipeline.trigger_type == 'Manual' }}",
  ])('%s asks', (condition) => {
    expect(asksAfterFailure(condition)).toBe(true)
  })

  test.each([
    null,
    '',
    '${{ default() }}',
    '${{ completed( ) }}',
    "${{ success() && env.TAG == 'always()' }}",
    "${{ completed() && sources.my_repo.target_branch == 'jobs.x' }}",
  ])('%s does not', (condition) => {
    expect(asksAfterFailure(condition)).toBe(false)
  })
})

test.each([
  '${{ env.TAG =! 1 }}',
  '${{ jobs.JOB_X.status }}',
  '${{ jobs.JOB_B.status }}',
  '${{ jobs.JOB_A.outputs }}',
  "${{ jobs.JOB_A.metrics.critical == '0' }}",
  '${{ constructor }}',
  '${{ pipeline.nothing }}',
  "${{ sources.my_repo.nothing == '' }}",
  "${{ completed('JOB_X') }}",
  "${{ completed('JOB_A' 'JOB_A') }}",
  "${{ completed('JOB_A',) }}",
  "${{ env.TAG == 'it\\'s' }}",
  '${{ env.TAG == }}',
  '${{ env.TAG }} == ${{ env.TAG }}',
  '${{ a.b-c.__proto__ }}',
])('the condition %s is refused', (condition) => {
  expect(() => conditionsOf(condition)).toThrow()
})
