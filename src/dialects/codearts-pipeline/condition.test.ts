import { expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { dto, job, shell, stage } from '../../testing/codearts-documents.ts'
import { compileDto } from './compile.ts'
import { whenOf } from './condition.ts'
import { dtoOf } from './dto.ts'

const names = {
  projectId: 'f'.repeat(32),
  userNames: new Map<string, string>(),
  pipelineNames: new Map<string, string>(),
}
const git_url = 'https://example.com/a.git'
const contexts = {
  projectId: names.projectId,
  variables: new Set(['TAG']),
  sources: [{ url: git_url, alias: 'my_repo', branch: 'my_repo_BRANCH' }],
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
  [' ${{success()}} ', null],
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
    "true && null == 'x' && null == null",
  ],
  ['${{ pipeline.pipeline_id != pipeline.run_id }}', 'run.pipeline != run.id'],
])('a job with the condition %s runs when %s', (condition, when) => {
  expect(whenOf(condition, ['JOB_A'], contexts, 'job')).toBe(when)
  const own = when === null ? null : expect.anything()
  expect(conditionsOf(condition)).toEqual([null, own, own])
})

test('what always runs has nothing to wait for', () => {
  expect(whenOf('${{ always() }}', [], contexts, 'job')).toBeNull()
  expect(whenOf('${{ completed() }}', [], contexts, 'job')).toBeNull()
})

test.each([
  '${{ failure() }}',
  '${{ env.TAG =! 1 }}',
  '${{ jobs.JOB_A.status }}',
  '${{ constructor }}',
  '${{ pipeline.run_number == 1 }}',
  '${{ pipeline.trigger_type }}',
  "${{ sources.a.commit_id == '' }}",
  "${{ env.TAG == 'it\\'s' }}",
  '${{ env.TAG == }}',
  '${{ env.TAG }} == ${{ env.TAG }}',
  '${{ a.b-c.__proto__ }}',
  '${{ always() }}',
])('the condition %s is refused', (condition) => {
  expect(() => conditionsOf(condition)).toThrow()
})
