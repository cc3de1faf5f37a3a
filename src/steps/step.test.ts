import { expect, test } from 'vitest'
import { runnerWork, secretName } from './step.ts'

test('a field that names a secret takes its name, and no template that others could fill in', () => {
  const schema = secretName()
  expect(schema.safeParse('DEPLOY_KEY_2').success).toBe(true)
  for (const wrong of ['', 'deploy', '2KEY', 'A-B', 'MILLRACE_KEY', 'A'.repeat(65), '${{ params.name }}', 7]) {
    expect(schema.safeParse(wrong).success, String(wrong)).toBe(false)
  }
})

test('work names each secret of its step once, and says nothing when it has none', () => {
  expect(runnerWork('git', { url: 'x', ref: undefined }, ['A', undefined, 'A', 'B'])).toEqual({
    kind: 'runner',
    uses: 'git',
    with: { url: 'x' },
    secrets: ['A', 'B'],
  })
  expect(runnerWork('git', {}, [undefined])).toEqual({ kind: 'runner', uses: 'git', with: {} })
})
