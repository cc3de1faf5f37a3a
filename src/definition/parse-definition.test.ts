import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compile } from '../engine/compile.ts'
import type { PipelineDefinition } from '../model/definition.ts'
import { stepSpecs } from '../steps/index.ts'
import { parseDefinition } from './parse-definition.ts'

function read(text: string): PipelineDefinition {
  const result = parseDefinition(text, 'test.yaml', stepSpecs)
  if (result.ok) return result.definition
  throw new Error(
    result.errors.map((error) => `${error.line}:${error.column} ${error.path}: ${error.message}`).join('\n'),
  )
}

const oneTask = (fields: string): PipelineDefinition['stages'][number]['tasks'][number] =>
  read(`name: x\ntasks:\n  - {key: t, ${fields}}\n`).stages[0]!.tasks[0]!

test('every key says what it says', () => {
  const text = `
name: web
description: The whole
params:
  branch: main
  tag: {type: string, required: true, description: Version}
env: {CI: true, V: 1.10}
triggers: {operator: and, list: [{webhook: push, params: {ref: branch}}]}
timeout: 1h
on_failure: {policy: hold, expire: 72h}
restarts: 5
annotations: {koderover/stack_name: stack-1}
stages:
  - name: Build it
    key: build
    description: First
    when: params.branch == 'main'
    always: true
    timeout: 30m
    on_failure: continue
    annotations: {a: 1}
    tasks:
      - name: Compile
        key: compile
        description: All of it
        role: build
        uses: script
        with: {script: make, shell: bash}
        env: {TAG: '\${{ params.tag }}'}
        retry: {max: 3, delay: 2s, max_delay: 1m, jitter: 0.5}
        timeout: 10m
        not_started: 1h
        on_failure: stop
        on_lost: rerun
        runs_on: [linux, docker]
        annotations: {b: x}
      - key: lint
        needs: [compile]
        when: true
        script: make lint
`
  expect(read(text)).toEqual({
    name: 'web',
    description: 'The whole',
    language: 'native',
    variables: [],
    outputs: [],
    params: [
      { name: 'branch', type: 'string', description: '', required: false, default: 'main', options: [] },
      { name: 'tag', type: 'string', description: 'Version', required: true, default: null, options: [] },
    ],
    env: { CI: 'true', V: '1.10' },
    triggers: { operator: 'and', list: [{ kind: 'webhook', name: 'push', secret: null, params: { ref: 'branch' } }] },
    concurrency: null,
    timeoutMs: 3_600_000,
    restartsMax: 5,
    annotations: { 'koderover/stack_name': 'stack-1' },
    stages: [
      {
        key: 'build',
        name: 'Build it',
        description: 'First',
        when: { op: '==', left: { op: 'path', path: ['params', 'branch'] }, right: { op: 'literal', value: 'main' } },
        always: true,
        parallel: false,
        triggers: null,
        flow: null,
        timeoutMs: 1_800_000,
        annotations: { a: '1' },
        tasks: [
          {
            key: 'compile',
            name: 'Compile',
            description: 'All of it',
            role: 'build',
            needs: [],
            when: null,
            env: { TAG: '${{ params.tag }}' },
            work: { kind: 'runner', uses: 'script', with: { script: 'make', shell: 'bash' } },
            parent: null,
            rollback: null,
            onTimeout: 'fail',
            skippable: true,
            retryable: true,
            optional: false,
            onFailure: { policy: 'stop', expireMs: null },
            onLost: 'rerun',
            retry: { max: 3, delayMs: 2_000, delayMaxMs: 60_000, jitter: 0.5 },
            timeoutMs: 600_000,
            notStartedMs: 3_600_000,
            labels: ['linux', 'docker'],
            annotations: { b: 'x' },
          },
          {
            key: 'lint',
            name: 'lint',
            description: '',
            role: 'other',
            needs: ['compile'],
            when: { op: 'literal', value: true },
            env: {},
            work: { kind: 'runner', uses: 'script', with: { script: 'make lint' } },
            parent: null,
            rollback: null,
            onTimeout: 'fail',
            skippable: true,
            retryable: true,
            optional: false,
            onFailure: { policy: 'continue', expireMs: null },
            onLost: 'error',
            retry: { max: 0, delayMs: 1_000, delayMaxMs: 60_000, jitter: 1 },
            timeoutMs: 21_600_000,
            notStartedMs: null,
            labels: [],
            annotations: {},
          },
        ],
      },
    ],
  })
})

test('JSON is read as YAML is', () => {
  const json = {
    name: 'web',
    params: { n: 3 },
    tasks: [
      { key: 'a', uses: 'noop' },
      { key: 'b', uses: 'noop', needs: ['a'] },
    ],
  }
  expect(read(JSON.stringify(json))).toEqual(read(JSON.stringify(json, null, '\t')))
  expect(read(JSON.stringify(json)).stages[0]!.tasks[1]!.needs).toEqual(['a'])
})

test('a byte order mark before the text does not shift its columns', () => {
  expect(read('\uFEFFname: x\ntasks: [{key: a, uses: noop}]').name).toBe('x')
  expect(parseDefinition('\uFEFFnam: x', 'f', stepSpecs)).toMatchObject({
    errors: [{ line: 1, column: 1, path: 'nam' }, {}, {}],
  })
})

describe('defaults', () => {
  test.each([
    ['uses: noop', { work: { kind: 'noop' }, timeoutMs: null, role: 'other' }],
    ['sleep: 10s', { work: { kind: 'sleep', duration: 10_000 }, timeoutMs: null }],
    ["sleep: '${{ run.number }}s'", { work: { kind: 'sleep', duration: '${{ run.number }}s' } }],
    [
      'approval: Go?',
      { work: { kind: 'review', question: 'Go?', required: 1, reviewers: [] }, role: 'review', timeoutMs: null },
    ],
    ['script: make', { timeoutMs: 21_600_000, notStartedMs: null, onFailure: { policy: 'stop', expireMs: null } }],
    ['script: make, retry: 2', { retry: { max: 2, delayMs: 1_000, delayMaxMs: 60_000, jitter: 1 } }],
    [
      'script: make, retry: {max: 1, delay: 5m}',
      { retry: { max: 1, delayMs: 300_000, delayMaxMs: 300_000, jitter: 1 } },
    ],
    ['script: make, runs_on: linux', { labels: ['linux'] }],
    ['script: make, timeout: 90', { timeoutMs: 90_000 }],
    ['script: make, on_failure: hold', { onFailure: { policy: 'hold', expireMs: null } }],
    ['script: make, role: deploy', { role: 'deploy' }],
  ])('%s', (fields, task) => {
    expect(oneTask(fields)).toMatchObject(task)
  })

  test('a failure means what the task says, else its stage, else the pipeline', () => {
    const text = `
name: x
on_failure: hold
stages:
  - {name: a, tasks: [{key: t1, uses: noop}, {key: t2, uses: noop, on_failure: stop}]}
  - {name: b, on_failure: continue, tasks: [{key: t3, uses: noop}]}
`
    const policies = read(text).stages.flatMap(({ tasks }) => tasks.map(({ onFailure }) => onFailure.policy))
    expect(policies).toEqual(['hold', 'stop', 'continue'])
  })

  test('every kind of trigger', () => {
    const text = `name: x
params: {branch: main, tag: ''}
triggers:
  - {webhook: push, signed: true, params: {ref: branch}}
  - {webhook: again, signed: 2}
  - {schedule: '0 3 * * *', timezone: Europe/Berlin, missed: once, params: {branch: dev}}
  - {schedule: '@every 90s', name: often}
  - {channel: image-ready, params: {tag: tag}}
  - {upstream: build, statuses: [failed, errored], params: {branch: branch, pack.image: tag}}
tasks: [{key: a, uses: noop}]`
    expect(read(text).triggers).toEqual({
      operator: 'or',
      list: [
        { kind: 'webhook', name: 'push', secret: '1', params: { ref: 'branch' } },
        { kind: 'webhook', name: 'again', secret: '2', params: {} },
        {
          kind: 'schedule',
          name: '0 3 * * *',
          cron: '0 3 * * *',
          timezone: 'Europe/Berlin',
          missed: 'once',
          params: { branch: 'dev' },
        },
        { kind: 'schedule', name: 'often', cron: '@every 90s', timezone: 'UTC', missed: 'skip', params: {} },
        { kind: 'channel', name: 'image-ready', channel: 'image-ready', params: { tag: 'tag' } },
        {
          kind: 'upstream',
          name: 'build',
          pipeline: 'build',
          statuses: ['failed', 'errored'],
          params: { branch: 'branch', 'pack.image': 'tag' },
        },
      ],
    })
  })

  test('a webhook that says what it is signed with: a short name, or what is sealed', () => {
    const signed = (value: string) =>
      `name: x\ntriggers: [{webhook: push, signed: ${value}}]\ntasks: [{key: a, uses: noop}]`
    const sealed = `sealed.v1.${'A'.repeat(60)}.`.repeat(2)
    expect(read(signed(sealed)).triggers?.list).toMatchObject([{ secret: sealed }])
    expect(() => read(signed('a'.repeat(65)))).toThrow(/expected text of 1 to 64 characters, or what is sealed/)
  })

  test.each([
    ['3', { limit: 3, group: null, whenFull: 'queue' }],
    ['{}', { limit: 1, group: null, whenFull: 'queue' }],
    ['{limit: 2, group: deploy, when_full: supersede}', { limit: 2, group: 'deploy', whenFull: 'supersede' }],
  ])('concurrency: %s', (text, expected) => {
    expect(read(`name: x\nconcurrency: ${text}\ntasks: [{key: a, uses: noop}]`).concurrency).toEqual(expected)
  })

  test('a priority, or none', () => {
    expect(read('name: x\npriority: high\ntasks: [{key: a, uses: noop}]').priority).toBe('high')
    expect(read('name: x\ntasks: [{key: a, uses: noop}]')).not.toHaveProperty('priority')
  })

  test('a trigger of a forge, as short and as long as it may be', () => {
    const text = `name: x
params: {where: main}
triggers:
  - forge: github
  - forge: gitea
    name: release
    signed: 2
    events: merge_request
    actions: [opened, closed]
    branches: [main, '!release/**']
    tags: v*
    paths: ['src/**', '*.{json,yaml}']
    skip_ci: false
    repository: acme/web
    forks: ignore
    status: {token: GITEA_TOKEN, api: 'https://git.example.com/api/v1/', context: build}
    definition: {url: 'https://git.example.com/acme/web.git', credentials: GIT}
    params: {branch: where}
tasks: [{key: a, uses: noop, env: {SHA: '\${{ trigger.sha }}'}, when: trigger.kind == 'push'}]`
    const common = {
      kind: 'forge',
      status: null,
      definition: null,
      repository: null,
      branches: [],
      tags: [],
      paths: [],
    }
    expect(read(text).triggers?.list).toEqual([
      {
        ...common,
        name: 'github',
        forge: 'github',
        secret: '1',
        events: ['push', 'tag', 'merge_request'],
        actions: ['opened', 'synchronized', 'reopened'],
        skipCi: true,
        forks: 'approve',
        params: {},
      },
      {
        ...common,
        name: 'release',
        forge: 'gitea',
        secret: '2',
        events: ['merge_request'],
        actions: ['opened', 'closed'],
        branches: ['main', '!release/**'],
        tags: ['v*'],
        paths: ['src/**', '*.{json,yaml}'],
        skipCi: false,
        repository: 'acme/web',
        forks: 'ignore',
        status: { token: 'GITEA_TOKEN', api: 'https://git.example.com/api/v1', context: 'build' },
        definition: { url: 'https://git.example.com/acme/web.git', path: '.millrace.yml', credentials: 'GIT' },
        params: { branch: 'where' },
      },
    ])
  })

  test('triggers in short form: any one starts it', () => {
    expect(read('name: x\ntriggers: [{webhook: a}, {webhook: b}]\ntasks: [{key: a, uses: noop}]').triggers).toEqual({
      operator: 'or',
      list: [
        { kind: 'webhook', name: 'a', secret: null, params: {} },
        { kind: 'webhook', name: 'b', secret: null, params: {} },
      ],
    })
  })
})

describe('what a task does', () => {
  test.each([
    'uses: git, with: {url: /srv/web.git, ref: main}',
    'git: {url: /srv/web.git, ref: main}',
    'git: /srv/web.git, with: {ref: main}',
    'uses: git, git: {url: /srv/web.git, ref: main}',
    'uses: git, git: /srv/web.git, with: {ref: main}',
  ])('%s', (fields) => {
    expect(oneTask(fields).work).toEqual({
      kind: 'runner',
      uses: 'git',
      with: { url: '/srv/web.git', ref: 'main', depth: 1, path: '.' },
    })
  })

  test.each(['noop: {}', 'noop:', 'uses: noop', 'uses: noop, with: {}', 'uses: noop, with:'])('%s', (fields) => {
    expect(oneTask(fields).work).toEqual({ kind: 'noop' })
  })

  test('text for an interpreter is taken as it is, but for $${{', () => {
    expect(oneTask("script: 'echo $${{ x }} $x'").work).toMatchObject({ with: { script: 'echo ${{ x }} $x' } })
  })
})

describe('params', () => {
  test.each([
    ['main', { type: 'string', default: 'main' }],
    ['', { type: 'string', default: null }],
    ["''", { type: 'string', default: '' }],
    ['3', { type: 'number', default: 3 }],
    ['-1.5', { type: 'number', default: -1.5 }],
    ['false', { type: 'boolean', default: false }],
    ["'1.10'", { type: 'string', default: '1.10' }],
    ['yes', { type: 'string', default: 'yes' }],
    ['{type: string, default: 1.10}', { type: 'string', default: '1.10' }],
    ['{type: string, default: true}', { type: 'string', default: 'true' }],
    ['{type: number, default: 1.10}', { type: 'number', default: 1.1 }],
    ["{type: number, default: '7'}", { type: 'number', default: 7 }],
    ['{type: boolean}', { type: 'boolean', default: null }],
    ['{default: 4}', { type: 'number', default: 4 }],
    ['{options: [a, 1.10]}', { type: 'choice', options: ['a', '1.10'], default: null }],
    ['{options: [a, 1.10], default: 1.10}', { type: 'choice', default: '1.10' }],
    ['{required: true}', { type: 'string', required: true, default: null }],
    ['{required: true, default: x}', { type: 'string', required: true, default: 'x' }],
  ])('p: %s', (written, spec) => {
    expect(read(`name: x\nparams:\n  p: ${written}\ntasks: [{key: a, uses: noop}]`).params).toMatchObject([
      { name: 'p', ...spec },
    ])
  })
})

describe('keys', () => {
  const keysOf = (text: string): readonly (readonly string[])[] =>
    read(text).stages.map(({ key, tasks }) => [key, ...tasks.map((task) => task.key)])

  test.each([
    ['Build & test', 'build-test'],
    ['  "--Ünïcode  42--"  ', 'unicode-42'],
    ['snake_case', 'snake_case'],
    ['编译', 'task-1'],
    ['constructor', 'task-1'],
    ['x'.repeat(100), 'x'.repeat(64)],
  ])('a task named %s has the key %s', (name, key) => {
    expect(keysOf(`name: p\ntasks:\n  - {name: ${name}, uses: noop}`)).toEqual([['p', key]])
  })

  test('a made key counts the tasks of the whole pipeline', () => {
    const text =
      'name: p\nstages:\n- {name: 一, tasks: [{name: 二, uses: noop}]}\n- {name: 三, tasks: [{name: 四, uses: noop}]}'
    expect(keysOf(text)).toEqual([['stage-1', 'task-1'], ['stage-2', 'task-2']]) // prettier-ignore
  })

  test('a stage and a task may share a key, and stages of one name get keys of their own', () => {
    const stage = (task: string): string => `- {name: Test, tasks: [{key: ${task}, uses: noop}]}`
    const text = `name: p\nstages:\n${stage('test')}\n${stage('b')}\n${stage('c')}\n- {key: test-2, tasks: [{key: d, uses: noop}]}`
    expect(keysOf(text)).toEqual([['test', 'test'], ['test-3', 'b'], ['test-4', 'c'], ['test-2', 'd']]) // prettier-ignore
  })
})

describe('YAML', () => {
  test('anchors, aliases and merge keys: what is written beside a merge wins, then the first that has it', () => {
    const text = `
name: x
tasks:
  - &base {key: a, script: make, env: &env {A: 1, B: 2}, timeout: 1m}
  - {<<: *base, key: b, timeout: 2m}
  - {<<: [{timeout: 3m}, *base], key: c, env: {<<: *env, B: 3}}
`
    const [first, second, third] = read(text).stages[0]!.tasks
    expect(first).toMatchObject({ key: 'a', env: { A: '1', B: '2' }, timeoutMs: 60_000 })
    expect(second).toMatchObject({ key: 'b', env: { A: '1', B: '2' }, timeoutMs: 120_000 })
    expect(third).toMatchObject({ key: 'c', env: { A: '1', B: '3' }, timeoutMs: 180_000 })
  })

  test('an anchor may be set again; an alias is the newest before it', () => {
    const text = 'name: &n x\ndescription: &n y\ntasks: [{key: a, uses: noop, description: *n}]'
    expect(read(text).stages[0]!.tasks[0]!.description).toBe('y')
  })

  test('words that only YAML 1.1 takes for booleans are text', () => {
    expect(read('name: x\nenv: {A: yes, B: off, C: 0o14, D: null x}\ntasks: [{key: a, uses: noop}]').env).toEqual({
      A: 'yes',
      B: 'off',
      C: '0o14',
      D: 'null x',
    })
  })

  test('lines may end as on Windows', () => {
    expect(
      read('name: x\r\ntasks:\r\n  - key: a\r\n    script: |\r\n      one\r\n      two\r\n').stages[0]!.tasks[0]!.work,
    ).toMatchObject({
      with: { script: 'one\ntwo\n' },
    })
  })
})

test('20,000 tasks are read and compiled', () => {
  const tasks = Array.from({ length: 20_000 }, (_, at) => `- {key: t${at}, uses: noop}`)
  expect(compile(read(`name: x\ntasks:\n${tasks.join('\n')}`)).taskCount).toBe(20_000)
})

const fragments = fc.constantFrom(
  'name: x', 'tasks:', 'stages:', '  - ', '- ', 'key: a', 'uses: noop', 'script: make', 'with: {', '}', '[', ']', '\n', '  ', ': ', '"', "'",
  '|', '>', '&a ', '*a', '<<: ', '!!str ', '!x ', '#', ',', '? ', 'when: params.x', '${{ run.number }}', '---\n', '...\n', '\t', 'needs: [a]',
  'params: {a: 1}', 'env:', 'approval:', 'retry: {max: 1}', '\r\n', '\u2028', 'on_failure: hold', '\uFEFF', 'null', '~', '1.10', '.nan',
) // prettier-ignore

test('no text makes the parser throw, and every error has its place in the text', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(fragments, { maxLength: 40 }).map((parts) => parts.join('')),
    fc.jsonValue().map((value) => JSON.stringify(value)),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const result = parseDefinition(text, 'f.yaml', stepSpecs)
      if (result.ok) return void compile(result.definition)
      expect(result.errors.length).toBeGreaterThan(0)
      const lines = text.split('\n')
      for (const { file, line, column, message } of result.errors) {
        expect(file).toBe('f.yaml')
        expect(line).toBeLessThanOrEqual(lines.length)
        expect(column).toBeGreaterThanOrEqual(1)
        expect(column).toBeLessThanOrEqual(lines[line! - 1]!.length + 1)
        expect(message).not.toBe('')
      }
    }),
    { numRuns: 300 },
  )
})

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
const definitions = fc.uniqueArray(word, { minLength: 1, maxLength: 8 }).chain((keys) =>
  fc.record({
    name: word,
    restarts: fc.integer({ min: 0, max: 100 }),
    params: fc.dictionary(
      word.map((name) => `p_${name}`),
      fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null)),
      { maxKeys: 5 },
    ),
    tasks: fc.tuple(
      ...keys.map((key, at) =>
        fc.record({
          key: fc.constant(key),
          needs: fc.subarray(keys.slice(0, at)),
          script: fc.string({ minLength: 1 }).map((text) => `true ${text.replaceAll('${{', '')}`),
          timeout: fc.integer({ min: 1, max: 1_000 }),
        }),
      ),
    ),
  }),
)

test('whatever is written by the rules is read as it was meant', () => {
  fc.assert(
    fc.property(definitions, (written) => {
      const definition = read(JSON.stringify(written))
      expect(definition).toMatchObject({ name: written.name, restartsMax: written.restarts })
      expect(Object.fromEntries(definition.params.map((param) => [param.name, param.default]))).toEqual({
        ...written.params,
      })
      const tasks = definition.stages[0]!.tasks.map(({ key, needs, work, timeoutMs }) => ({
        key,
        needs,
        script: work.kind === 'runner' ? work.with['script'] : undefined,
        timeout: timeoutMs! / 1_000,
      }))
      expect(tasks).toEqual(written.tasks)
    }),
  )
})

const rich = {
  name: 'web',
  params: { branch: 'main', n: 3, c: { type: 'choice', options: ['a', 'b'], default: 'a' } },
  env: { A: '${{ params.branch }}' },
  triggers: { operator: 'and', list: [{ webhook: 'push', params: { ref: 'branch' } }] },
  timeout: '1h',
  on_failure: { policy: 'hold', expire: '2h' },
  annotations: { a: 'b' },
  stages: [
    {
      name: 'One',
      when: "params.branch == 'main'",
      tasks: [
        { key: 'a', git: '/srv/web.git', with: { ref: 'main' }, retry: { max: 2, delay: '1s' } },
        { key: 'b', uses: 'script', with: { script: 'make', shell: 'sh' }, needs: ['a'], env: { B: 1 } },
        {
          name: 'c',
          approval: { reviewers: ['x', 'y'], required: 2 },
          needs: 'b',
          when: "tasks.b.status == 'succeeded'",
        },
      ],
    },
    { key: 'two', always: true, tasks: [{ key: 'd', http: { url: 'https://a', expect: ['2xx'] }, runs_on: ['x'] }] },
  ],
}

type Place = readonly [parent: Record<string, unknown>, key: string]

function placesIn(value: unknown): readonly Place[] {
  if (typeof value !== 'object' || value === null) return []
  const parent = value as Record<string, unknown>
  return Object.keys(parent).flatMap((key): readonly Place[] => [[parent, key], ...placesIn(parent[key])])
}

test('whatever is put in place of any part, the answer is a definition or at least one error', () => {
  const replacement = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(
      '',
      'stop',
      'a',
      'b',
      '1h',
      'params.n',
      '${{ params.n }}',
      0,
      1,
      -1,
      1.5,
      null,
      [],
      {},
      true,
      [[]],
      ['a'],
      { a: 1 },
    ),
    fc.constant(undefined),
  )
  const changes = fc.array(fc.tuple(fc.nat(), replacement), { minLength: 1, maxLength: 3 })
  expect(parseDefinition(JSON.stringify(rich), 'f', stepSpecs)).toMatchObject({ ok: true })
  fc.assert(
    fc.property(changes, (list) => {
      const changed = structuredClone(rich)
      for (const [pick, value] of list) {
        const places = placesIn(changed)
        if (places.length === 0) continue
        const [parent, key] = places[pick % places.length]!
        parent[key] = structuredClone(value)
      }
      const result = parseDefinition(JSON.stringify(changed, null, 1), 'f', stepSpecs)
      if (result.ok) compile(result.definition)
      else expect(result.errors).not.toEqual([])
    }),
    { numRuns: 300 },
  )
})

describe('notify', () => {
  const read = (notify: string) =>
    parseDefinition(`name: a\nnotify:\n  - ${notify}\ntasks:\n  - {key: t, script: make}\n`, 'a.yaml', stepSpecs)

  test('says who is told of what', () => {
    const found = ['webhook: https://example.com/hook', 'email: ops@example.org\n    on: ended'].map((text) =>
      read(text),
    )
    expect(found.map((one) => one.ok && one.definition.notify)).toEqual([
      [
        {
          on: ['failed', 'recovered', 'needs_person'],
          to: { kind: 'webhook', url: 'https://example.com/hook', secret: null },
        },
      ],
      [{ on: ['ended'], to: { kind: 'email', addresses: ['ops@example.org'] } }],
    ])
  })

  test.each([
    ['on: ended', 'expected either `webhook` or `email`, found neither'],
    ['{webhook: "https://example.com/", email: a@b.org}', 'expected either `webhook` or `email`, found both'],
    ['{email: a@b.org, secret: HOOK}', 'expected no `secret` for an e-mail: nothing signs it'],
    ['webhook: https://me:word@example.com/', 'expected an http or https address without a user in it'],
    ['webhook: ftp://example.com/', 'expected an http or https address'],
    ['email: "a@b.org, c@d.org"', 'expected an e-mail address'],
    ['{email: a@b.org, on: begun}', 'expected one of ended, failed, recovered or needs_person'],
  ])('%s is wrong', (text, message) => {
    const found = read(text)
    expect(found.ok ? [] : found.errors.map((error) => error.message)).toEqual([expect.stringContaining(message)])
  })
})
