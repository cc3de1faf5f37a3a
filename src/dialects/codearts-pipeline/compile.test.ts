import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import type { PipelineDefinition } from '../../model/definition.ts'
import type { JsonObject } from '../../model/json.ts'
import { stepSpecs } from '../../steps/index.ts'
import { checkpoint, dto, job, shell, stage } from '../../testing/codearts-documents.ts'
import { compileDto } from './compile.ts'
import { dtoOf } from './dto.ts'
import { originalOf } from './original.ts'
import { documentOf } from './v5-document.ts'

const names = {
  projectId: 'f'.repeat(32),
  userNames: new Map([['0a'.repeat(16), 'li']]),
  pipelines: new Map([['2c'.repeat(16), { name: 'other', params: new Set(['TAG', 'jobId']) }]]),
}
function compiled(body: object): PipelineDefinition {
  const result = parseDefinition(compileDto(dtoOf(body as JsonObject), names), 'pipeline.json', stepSpecs)
  if (result.ok) return result.definition
  throw new Error(result.errors.map(({ path, message }) => `${path}: ${message}`).join('\n'))
}
const tasksOf = (definition: PipelineDefinition) =>
  definition.stages.map(({ tasks }) => tasks.map(({ key, needs }) => [key, ...needs].join(' < ')))

describe('stages, jobs and steps', () => {
  test('steps follow each other, jobs what they depend on, pre and post stand around them', () => {
    const manual = { task: 'official_devcloud_manualTrigger' }
    const definition = compiled(
      dto([
        stage(
          'One',
          [
            job('JOB_C', [shell('c')], { depends_on: ['JOB_A', 'JOB_B'] }),
            job('JOB_A', [shell('a1'), shell('a2')]),
            job('JOB_B', [shell('b1'), shell('no', { enable: false })]),
          ],
          { pre: [manual], post: [shell('after')] },
        ),
      ]),
    )
    expect(tasksOf(definition)).toEqual([
      [
        '1749524616050e405ad4-pre',
        'JOB_A-1 < 1749524616050e405ad4-pre',
        'JOB_A-2 < JOB_A-1',
        'JOB_B-1 < 1749524616050e405ad4-pre',
        'JOB_C < JOB_A-2 < JOB_B-1',
        '1749524616050e405ad4-post < JOB_A-2 < JOB_B-1 < JOB_C',
      ],
    ])
  })

  test('stages that are equally far from the start run together', () => {
    const { stages } = compiled(
      dto([
        stage('A', [job('JOB_A', [shell('a')])], { identifier: 'a' }),
        stage('D', [job('JOB_D', [shell('d')])], { identifier: 'd', depends_on: ['b', 'c'] }),
        stage('B', [job('JOB_B', [shell('b')])], { identifier: 'b', depends_on: ['a'] }),
        stage('C', [job('JOB_C', [shell('c')])], { identifier: 'c', depends_on: ['a'] }),
      ]),
    )
    expect(stages.map(({ name, parallel }) => [name, parallel])).toEqual([
      ['A', false],
      ['B', false],
      ['C', true],
      ['D', false],
    ])
    expect(() =>
      compiled(
        dto([
          stage('A', [], { identifier: 'a', depends_on: ['b'] }),
          stage('B', [], { identifier: 'b', depends_on: ['a'] }),
        ]),
      ),
    ).toThrow(/leads back/)
  })

  test('a stage runs always when it says so; one without jobs is over at once', () => {
    const { stages } = compiled(
      dto([stage('One', []), stage('Two', [job('JOB_A', [shell('a')])], { run_always: true })]),
    )
    expect(stages.map(({ always, tasks }) => [always, tasks[0]?.work.kind])).toEqual([
      [false, 'noop'],
      [true, 'runner'],
    ])
  })

  test('identifiers that are no keys of ours, or stand twice once they are, get other keys', () => {
    const { stages } = compiled(
      dto([
        stage('A', [job('作业', [shell('a')]), job('构建', [shell('b')]), job('constructor', [shell('c')])], {
          identifier: '阶段',
        }),
        stage('B', [job('__proto__', [shell('d')])], { identifier: '段阶' }),
      ]),
    )
    expect(stages.map(({ key }) => key)).toEqual(['-', '--2'])
    expect(stages.flatMap(({ tasks }) => tasks.map(({ key }) => key))).toEqual([
      '-',
      '--2',
      'k-constructor',
      'k-__proto__',
    ])
  })
})

describe('plugins', () => {
  const workOf = (step: object) => compiled(dto([stage('One', [job('JOB_A', [step])])])).stages[0]?.tasks[0]

  test('a script, also one that was encoded, and one that looks like a template of ours', () => {
    expect(workOf(shell('echo "${{ params.x }}"'))?.work).toEqual({
      kind: 'runner',
      uses: 'script',
      with: { script: 'echo "${{ params.x }}"', shell: 'bash' },
    })
    expect(workOf(shell('(decode)ZWNobyAiaGVsbG8i'))?.work).toMatchObject({ with: { script: 'echo "hello"' } })
    expect(workOf(shell('#!/usr/bin/env node\n1'))?.work).toMatchObject({ with: { script: '#!/usr/bin/env node\n1' } })
    const own = { task: 'my_plugin@0.0.7', business_type: 'Test', inputs: [{ key: 'command', value: ['a', 'b'] }] }
    expect(workOf(own)).toMatchObject({ role: 'test', work: { uses: 'script', with: { script: 'a\nb' } } })
  })

  test('a review by id, by name, by anybody; for all of them or one', () => {
    expect(workOf(checkpoint(`${'0a'.repeat(16)},wang`))?.work).toEqual({
      kind: 'review',
      reviewers: ['li', 'wang'],
      required: 'all',
      expireMs: 3_600_000,
      question: 'Ship it?',
    })
    expect(workOf(checkpoint('li', { check_strategy: 'any', timeout: 0 }))?.work).toMatchObject({
      required: 1,
      expireMs: null,
    })
    expect(workOf(checkpoint('', { comment: '${{ run.number }}' }))?.work).toMatchObject({
      reviewers: [],
      required: 1,
      question: '$${{ run.number }}',
    })
  })

  test.each([
    ['check_strategy', 'everybody', 'expected one of all, any, found "everybody"'],
    ['check_strategy', 2, 'found 2'],
    ['timeout_strategy', 'PASS', 'expected one of reject, pass'],
    ['audit_source', 'everywhere', 'expected one of members, roles'],
    ['timeout', 'soon', 'expected how many seconds, found "soon"'],
    ['timeout', -1, 'expected how many seconds, found -1'],
    ['timeout', 'Infinity', 'expected how many seconds'],
    ['timeout', [3_600], 'found an array'],
    ['timeout', true, 'found true'],
    ['approvers', { id: 'li' }, 'expected up to 100 ids or names, found an object'],
    ['approvers', ['li', { id: 'wang' }], 'found an array'],
    ['approvers', 'li,${WHO}', 'found "${WHO}"'],
    ['approvers', 'a'.repeat(129), 'expected up to 100'],
    ['approvers', Array.from({ length: 101 }, (_, at) => `u${at}`), 'found 101 of them'],
  ])('a review with %s %j is refused, and not taken for another', (key, value, message) => {
    expect(() => workOf(checkpoint('li', { [key]: value }))).toThrow(message)
    expect(() => workOf(checkpoint('li', { [key]: value }))).toThrow(`definition.stages[0].jobs[0].steps[0].inputs`)
  })

  test('a review of which nothing is said has the defaults, and numbers may be text', () => {
    const left = { audit_source: '', check_strategy: null, timeout_strategy: '', timeout: null, approvers: null }
    expect(workOf(checkpoint('', left))).toMatchObject({ onTimeout: 'fail', work: { required: 1, expireMs: null } })
    const text = { timeout: ' 90 ', timeout_strategy: 'pass', approvers: ['li', 'wang'], audit_source: 'members' }
    expect(workOf(checkpoint('', text))).toMatchObject({
      onTimeout: 'skip',
      work: { expireMs: 90_000, reviewers: ['li', 'wang'], required: 'all' },
    })
  })

  test('a review that is passed over when its time is up is shown so to who made it in another way', () => {
    const { stages } = compiled(dto([stage('One', [job('JOB_A', [checkpoint('li', { timeout_strategy: 'pass' })])])]))
    expect(JSON.stringify(documentOf({ ...compiled(dto([])), stages }))).toContain(
      '{"key":"timeout_strategy","value":"pass"}',
    )
  })

  test.each([
    [{ timeout: '90' }, 5_400_000],
    [{ timeout: 1.5, timeout_unit: 'hours' }, 5_400_000],
    [{ timeout: 90, timeout_unit: 'Second' }, 90_000],
    [{ timeout: 2, timeout_unit: 's' }, 2_000],
    [{ timeout: '1', timeout_unit: 'days' }, 86_400_000],
    [{ timeout: 10 ** 12 }, 366 * 86_400_000],
    [{ timeout: '' }, 6 * 3_600_000],
    [{ timeout: 0, timeout_unit: '' }, 6 * 3_600_000],
  ])('a job with %j may take %j ms', (more, timeoutMs) => {
    const [task] = compiled(dto([stage('One', [job('JOB_A', [shell('make')], more)])])).stages[0]?.tasks ?? []
    expect(task?.timeoutMs).toBe(timeoutMs)
  })

  test.each([
    [{ timeout: 'an hour' }, 'jobs[0].timeout: expected how many minutes, found "an hour"'],
    [{ timeout: -5 }, 'found -5'],
    [{ timeout: {} }, 'found an object'],
    [{ timeout: '0x10' }, 'found "0x10"'],
    [
      { timeout: 5, timeout_unit: 'fortnight' },
      'timeout_unit: expected second, minute, hour or day, found "fortnight"',
    ],
    [{ timeout: 5, timeout_unit: 'constructor' }, 'found "constructor"'],
  ])('a job with %j is refused', (more, message) => {
    expect(() => compiled(dto([stage('One', [job('JOB_A', [shell('make')], more)])]))).toThrow(message)
  })

  test.each(['jobId', 'pipelineId', 'SYSTEM_DEVCLOUD_SUBPIPELINE_TRIGGER_ID'])(
    'another pipeline, by its id in %s',
    (key) => {
      for (const task of ['official_devcloud_subPipeline', 'official_devcloud_cloudBuild']) {
        const step = { task, inputs: [{ key, value: '2c'.repeat(16) }] }
        expect(workOf(step)?.work).toEqual({ kind: 'run', pipeline: 'other', params: {}, wait: true })
      }
    },
  )

  test.each([
    ['v1', 'v1'],
    [7, '7'],
    ['a ${{ what }} $1', "a $${{ what }} $1${{ '' }}"],
    ['${PIPELINE_NUMBER}', "${{ run.number }}${{ '' }}"],
    ['${OWN}-${PIPELINE_NAME}-${NOBODY}', "${{ params.OWN }}-web-${NOBODY}${{ '' }}"],
    ['${{ env.OWN }}/${my_repo_BRANCH}', "${{ params.OWN }}/${{ params.my_repo_BRANCH }}${{ '' }}"],
  ])('what another pipeline is started with: %j', (value, text) => {
    const inputs = Object.entries({
      SYSTEM_DEVCLOUD_SUBPIPELINE_TRIGGER_ID: '2c'.repeat(16),
      SYSTEM_DEVCLOUD_SUBPIPELINE_BRANCH: 'PARENT',
      jobId: '',
      TAG: value,
      NO_PARAM_OF_IT: 'x',
    }).map(([key, given]) => ({ key, value: given }))
    const step = { task: 'official_devcloud_subPipeline', inputs }
    const body = dto([stage('One', [job('JOB_A', [step])])], {
      variables: [{ name: 'OWN', value: 'mine' }],
      sources: [{ type: 'code', params: { alias: 'my_repo', git_url: 'https://example.com/a.git' } }],
    })
    const [task] = compiled(body).stages[0]?.tasks ?? []
    expect(task?.work).toMatchObject({ kind: 'run', pipeline: 'other', params: { TAG: text } })
    expect(Object.keys(task?.work.kind === 'run' ? task.work.params : {})).toEqual(['TAG'])
  })

  test('a check task, which is a pipeline too', () => {
    const inputs = [
      { key: 'jobId', value: '2c'.repeat(16) },
      { key: 'checkMode', value: 'full' },
    ]
    const task = workOf({ task: 'official_devcloud_codeCheck', business_type: 'Gate', inputs })
    expect(task).toMatchObject({ role: 'check', work: { kind: 'run', pipeline: 'other', wait: true } })
    expect(() => workOf({ task: 'official_devcloud_codeCheck' })).toThrow(/expected the id of a pipeline/)
  })

  test('a wait, and a step type of ours', () => {
    const inputs = (values: object) => Object.entries(values).map(([key, value]) => ({ key, value }))
    const delay = { task: 'official_devcloud_delay', inputs: inputs({ delay_time: '5', time_unit: 'minutes' }) }
    expect(workOf(delay)?.work).toEqual({ kind: 'sleep', duration: 300_000 })
    const own = { task: 'millrace_http', inputs: inputs({ url: 'https://example.com/' }) }
    expect(workOf(own)?.work).toMatchObject({ kind: 'runner', uses: 'http', with: { url: 'https://example.com/' } })
    expect(() => workOf({ task: 'millrace_nothing' })).toThrow(/uses/)
  })
})

describe('what was given', () => {
  test('is kept however long it is, whatever is in it', () => {
    const script = `${'流水线💥'.repeat(20_000)}\n"\\'`
    const body = dto([stage('One', [job('JOB_A', [shell(script)])])], { description: '💥'.repeat(500) })
    const kept = originalOf(compiled(body))
    expect(kept?.dto).toEqual(body)
    expect(kept?.stages[0]?.jobs[0]?.steps[0]?.given['inputs']).toEqual([
      { key: 'OFFICIAL_SHELL_SCRIPT_INPUT', value: script },
    ])
  })

  test('is not shown any more once somebody has changed the pipeline by another way', () => {
    const definition = compiled(dto([stage('One', [job('JOB_A', [shell('a')])])]))
    const [first] = definition.stages
    if (first === undefined) throw new Error('no stage')
    expect(originalOf({ ...definition, stages: [first, { ...first, key: 'more' }] })).toBeNull()
    expect(originalOf({ ...definition, annotations: {} })).toBeNull()
  })

  test('annotations that anybody wrote harm nobody', () => {
    const definition = compiled(dto([]))
    fc.assert(
      fc.property(fc.json(), (text) => {
        const annotations = { ...definition.annotations, 'codearts-pipeline/dto.0': text }
        expect(() => originalOf({ ...definition, annotations })).not.toThrow()
      }),
    )
  })
})
