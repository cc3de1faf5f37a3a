import { expect, test } from 'vitest'
import type { JobRequest } from '../../model/job.ts'
import { parseRunId } from '../../model/id.ts'
import { resolveSecrets } from './job-secrets.ts'

const request = (changes: Partial<JobRequest>): JobRequest => ({
  runId: parseRunId('0'.repeat(32))!,
  node: 1,
  attempt: 1,
  fence: 1,
  uses: 'http',
  with: {},
  env: {},
  graceMs: 1,
  secrets: [],
  splices: [],
  ...changes,
})
const values: Readonly<Record<string, string>> = { A: 'alpha', B: 'be$&ta' }
const valueOf = (name: string): string | undefined => values[name]

test('a job without secrets says nothing of any', () => {
  const { secrets: _, splices: __, ...job } = request({ with: { url: 'x' } })
  expect(resolveSecrets(request({ with: { url: 'x' } }), valueOf)).toEqual({ ok: true, job })
})

test('values are put in where the request says, and nowhere else', () => {
  const resolved = resolveSecrets(
    request({
      with: { url: '***', list: [1, { deep: '***' }], other: '***' },
      env: { T: '***', U: '***' },
      secrets: [
        { name: 'A', as: 'env', env: 'AA' },
        { name: 'B', as: 'step' },
      ],
      splices: [
        { path: ['with', 'url'], parts: ['https://', { secret: 'A' }, '/', { secret: 'B' }] },
        { path: ['with', 'list', 1, 'deep'], parts: [{ secret: 'B' }] },
        { path: ['env', 'T'], parts: [{ secret: 'A' }] },
      ],
    }),
    valueOf,
  )
  expect(resolved).toMatchObject({
    ok: true,
    job: {
      with: { url: 'https://alpha/be$&ta', list: [1, { deep: 'be$&ta' }], other: '***' },
      env: { T: 'alpha', U: '***' },
      secrets: [
        { name: 'A', as: 'env', env: 'AA', value: 'alpha' },
        { name: 'B', as: 'step', value: 'be$&ta' },
      ],
    },
  })
})

test('a task begins with all of its secrets or not at all', () => {
  const resolved = resolveSecrets(
    request({
      secrets: [
        { name: 'A', as: 'step' },
        { name: 'NO', as: 'step' },
      ],
    }),
    valueOf,
  )
  expect(resolved).toEqual({
    ok: false,
    failure: { kind: 'cannot-start', reason: 'there is no secret NO: set it for the pipeline or its project' },
  })
})
