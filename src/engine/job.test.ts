import { describe, expect, test } from 'vitest'
import type { Change } from '../model/change.ts'
import type { TaskSpec } from '../model/definition.ts'
import { callback, definition, script, stage } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { jobOf, secretNamesOf } from './job.ts'
import { taskPlan } from './run.ts'

/** A task of `http`, which has no verbatim fields, on a runner. */
const leased = (changes: Partial<TaskSpec>, env: Readonly<Record<string, string>> = {}, params = {}): EngineWorld => {
  const task = { ...script('a'), ...changes }
  const pipeline = definition({ env, stages: [stage('s', [task])] })
  const w = new EngineWorld(
    {
      ...pipeline,
      params: Object.keys(params).map((name) => ({
        name,
        type: 'json',
        description: '',
        required: false,
        default: null,
        options: [],
      })),
    },
    { params },
  )
  w.lease('a')
  return w
}
const work = (input: Record<string, string>, secrets?: readonly string[]): Pick<TaskSpec, 'work'> => ({
  work: { kind: 'runner', uses: 'http', with: input, ...(secrets === undefined ? undefined : { secrets }) },
})
const request = (w: EngineWorld, verbatim: readonly string[] = []) => jobOf(w.run, w.index('a'), verbatim)

describe('a job with secrets', () => {
  test('knows their names and where they go, and no value', () => {
    const w = leased(
      {
        secrets: [{ name: 'A', as: 'file', env: 'PATH_OF_A' }],
        ...work({ url: 'https://x/${{ run.number }}?t=${{ secrets.B }}' }, ['C']),
        env: { TOKEN: '${{ secrets.A }}' },
      },
      { ALL: 'Bearer ${{ secrets.D }}' },
    )
    const job = request(w)
    expect(job.secrets).toEqual([
      { name: 'A', as: 'file', env: 'PATH_OF_A' },
      { name: 'C', as: 'step' },
      { name: 'B', as: 'step' },
      { name: 'D', as: 'step' },
    ])
    expect(job.splices).toEqual([
      { path: ['with', 'url'], parts: ['https://x/', '7', '?t=', { secret: 'B' }] },
      { path: ['env', 'ALL'], parts: ['Bearer ', { secret: 'D' }] },
      { path: ['env', 'TOKEN'], parts: [{ secret: 'A' }] },
    ])
    expect(job.with).toEqual({ url: 'https://x/7?t=***' })
    expect(job.env).toMatchObject({ ALL: 'Bearer ***', TOKEN: '***' })
    expect(secretNamesOf(w.run, taskPlan(w.run.plan, w.index('a')))).toEqual(['A', 'C', 'D', 'B'])
  })

  test('takes none from a param that looks like one', () => {
    const w = leased(work({ url: '${{ params.u }} $${{ secrets.B }}' }), {}, { u: '${{ secrets.A }}' })
    expect(request(w)).toMatchObject({
      with: { url: '${{ secrets.A }} ${{ secrets.B }}' },
      secrets: [],
      splices: [],
    })
  })

  test('takes none from a field that goes to an interpreter', () => {
    const w = leased(work({ script: 'echo ${{ secrets.A }}' }))
    expect(request(w, ['script'])).toMatchObject({ secrets: [], splices: [] })
  })

  test('has one that an own variable of the server stands before in no variable', () => {
    const w = leased({ env: { CI: '${{ secrets.A }}' } })
    expect(request(w)).toMatchObject({ env: { CI: 'true' }, secrets: [], splices: [] })
  })
})

describe('what a job says', () => {
  test('an environment of params, the pipeline, the task and the run, the later over the earlier', () => {
    const env = { A: 'pipeline', B: 'pipeline' }
    const w = leased({ env: { B: 'task', MILLRACE_TASK: 'mine' } }, env, { A: 'param', n: 3, nothing: null, list: [1] })
    expect(request(w).env).toEqual({
      A: 'pipeline',
      B: 'task',
      n: '3',
      nothing: '',
      list: '[1]',
      CI: 'true',
      MILLRACE: 'true',
      MILLRACE_PIPELINE: w.run.name,
      MILLRACE_RUN_ID: w.run.id,
      MILLRACE_RUN_NUMBER: '7',
      MILLRACE_TASK: 'a',
      MILLRACE_TRY: '1',
    })
  })

  test('of a change what is known of it', () => {
    const w = leased({})
    const change = { branch: 'main', tag: null, number: 5, fork: true } as Change
    const { env } = jobOf({ ...w.run, cause: { ...w.run.cause, change } }, w.index('a'), [])
    expect(env).toMatchObject({
      MILLRACE_CHANGE_BRANCH: 'main',
      MILLRACE_CHANGE_NUMBER: '5',
      MILLRACE_CHANGE_FORK: 'true',
    })
    expect(env).not.toHaveProperty('MILLRACE_CHANGE_TAG')
  })

  test('its container with the image filled in, any other executor as it is', () => {
    const container = {
      kind: 'container',
      image: 'node:${{ params.version }}',
      user: null,
      network: 'none',
      memoryBytes: null,
      cpus: null,
      pidsMax: 100,
      volumes: [],
    } as const
    expect(request(leased({ executor: container }, {}, { version: '24' })).executor).toEqual({
      ...container,
      image: 'node:24',
    })
    const sandbox = { kind: 'sandbox', network: false } as const
    expect(request(leased({ executor: sandbox })).executor).toEqual(sandbox)
    expect(request(leased({}))).not.toHaveProperty('executor')
  })

  test('its caches with their keys filled in, for its project; a run that nobody trusts saves none', () => {
    const cache = {
      key: 'npm-${{ params.os }}',
      files: ['package-lock.json'],
      restore: ['npm-${{ params.os }}-', 'npm-'],
      paths: ['~/.npm'],
    }
    const w = leased({ caches: [cache] }, {}, { os: 'linux' })
    const list = [{ ...cache, key: 'npm-linux', restore: ['npm-linux-', 'npm-'] }]
    expect(request(w).caches).toEqual({ scope: w.run.projectId, write: true, list })
    const strange = { ...w.run, cause: { ...w.run.cause, trusted: false } } as const
    expect(jobOf(strange, w.index('a'), []).caches).toEqual({ scope: w.run.projectId, write: false, list })
    expect(request(leased({}))).not.toHaveProperty('caches')
  })

  test('secrets go where they are written in lists and mappings, too', () => {
    const w = leased({
      work: {
        kind: 'runner',
        uses: 'http',
        with: {
          list: ['x', '${{ secrets.A }}'],
          map: { deep: { key: '${{ secrets.B }}', n: 1, none: null } },
          plain: 'no secrets. here',
        },
      },
    })
    expect(request(w).splices).toEqual([
      { path: ['with', 'list', 1], parts: [{ secret: 'A' }] },
      { path: ['with', 'map', 'deep', 'key'], parts: [{ secret: 'B' }] },
    ])
    expect(secretNamesOf(w.run, taskPlan(w.run.plan, w.index('a')))).toEqual(['A', 'B'])
  })

  test('a definition in the language of BlueKing has no secrets, and a task that needs no runner neither', () => {
    const w = new EngineWorld(
      definition({
        language: 'bamboo',
        stages: [stage('s', [script('a', work({ url: '${{ secrets.A }}' })), callback('b')])],
      }),
    )
    w.lease('a')
    expect(request(w)).toMatchObject({ secrets: [], splices: [] })
    expect(secretNamesOf(w.run, taskPlan(w.run.plan, w.index('a')))).toEqual([])
    expect(secretNamesOf(w.run, taskPlan(w.run.plan, w.index('b')))).toEqual([])
    expect(() => jobOf(w.run, w.index('b'), [])).toThrow('needs no runner')
  })
})
