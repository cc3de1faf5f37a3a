import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../model/definition.ts'
import { definition, script, stage } from '../testing/definitions.ts'
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
