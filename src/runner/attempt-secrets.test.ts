import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestRunner } from '../../test/support/attempts.ts'
import type { JobSecret } from '../model/secret.ts'

/** With real processes, which write into a pipe that is masked. */
let runner: TestRunner
beforeAll(async () => {
  runner = await TestRunner.open({ slots: 2 })
})
afterAll(() => runner.close())

const VALUE = 'tr0ub4dor&3-<x>'
const secrets: readonly JobSecret[] = [
  { name: 'TOKEN', as: 'env', env: 'API_TOKEN', value: VALUE },
  { name: 'KEY', as: 'file', env: 'KEY_FILE', value: 'first line of it\nsecond line of it\n' },
]

test('a task has its secrets as variable and as file, and its log shows neither', async () => {
  const { result, log } = await runner.run(
    'script',
    {
      script: [
        'echo "token=$API_TOKEN"',
        'printf %s "$API_TOKEN" | base64 >&2',
        'stat -c %a "$KEY_FILE"; cat "$KEY_FILE"',
        '[ "$API_TOKEN" = "tr0ub4dor&3-<x>" ] && echo right',
      ].join('\n'),
    },
    { secrets },
  )
  expect(result).toMatchObject({ kind: 'succeeded' })
  expect(log).toContain('token=***\n***\n600\n***')
  expect(log).toContain('right\n')
  expect(log).not.toMatch(/tr0ub4|line of it/)
})

test('what is written in pieces is masked, and what goes before it is seen while the task runs', async () => {
  const attempt = runner.start(
    'script',
    { script: 'echo begun; printf tr0ub4; until [ -e go ]; do sleep 0.02; done; printf "dor&3-<x>\\n"; echo over' },
    { secrets },
  )
  await attempt.says('begun\n')
  const marker = runner.start('script', { script: 'touch go' })
  await marker.ended
  expect((await attempt.ended).result.kind).toBe('succeeded')
  expect(attempt.log()).toBe('begun\n***\nover\n')
})

test('its outputs and its failure show no secret', async () => {
  const said = await runner.run(
    'script',
    { script: 'echo "url=https://x/$API_TOKEN" >> "$MILLRACE_OUTPUT"; exit 3' },
    { secrets },
  )
  expect(said.result).toMatchObject({ kind: 'failed', outputs: { url: 'https://x/***' } })
  const wrong = await runner.run('git', { url: `ssh://${VALUE}.invalid/x` }, { secrets })
  expect(JSON.stringify([wrong.result, wrong.log])).not.toContain('tr0ub4')
  expect(wrong.result.kind).toBe('failed')
})

test('much output passes whole', async () => {
  const { result, log } = await runner.run(
    'script',
    { script: 'seq 1 200000; for i in 1 2 3; do echo "$API_TOKEN"; done' },
    { secrets },
  )
  expect(result.kind).toBe('succeeded')
  const lines = log.split('\n')
  expect(lines.slice(0, 3)).toEqual(['1', '2', '3'])
  expect(lines.slice(199_999)).toEqual(['200000', '***', '***', '***', ''])
})

test('nothing of a secret is left when the attempt is over', async () => {
  await runner.run('script', { script: 'true' }, { secrets })
  const scratches = readdirSync(runner.paths.attempts).filter((name) => !name.endsWith('.json'))
  expect(scratches.length).toBeGreaterThan(0)
  for (const name of scratches) {
    const place = join(runner.paths.attempts, name)
    expect(statSync(place).isDirectory()).toBe(true)
    expect(readdirSync(place).filter((one) => one !== 'script')).toEqual(['tmp'])
    expect(existsSync(join(place, 'script')) ? readFileSync(join(place, 'script'), 'utf8') : '').toBe('')
    expect(existsSync(join(place, 'masked'))).toBe(false)
  }
})

test('a cancel ends a task whose output is masked, and its log ends masked', async () => {
  const attempt = runner.start('script', { script: 'echo begun; printf tr0ub4dor; sleep 600' }, { secrets })
  await attempt.says('begun')
  attempt.cancel()
  expect((await attempt.ended).result.kind).toBe('cancelled')
  expect(attempt.log()).not.toContain('tr0ub4')
})
