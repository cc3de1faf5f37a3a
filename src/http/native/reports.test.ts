import { expect, test } from 'vitest'
import { openNative } from '../../../test/support/native-server.ts'
import type { TestCase, TestsReport, TestStatus } from '../../model/test-report.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'

const work = (uses: string) => ({ kind: 'runner', uses, with: {} }) as const

const one = (name: string, status: TestStatus): TestCase => ({
  name,
  suite: 'web',
  file: 'web.test.js',
  status,
  durationMs: 4,
  message: status === 'failed' ? 'expected 1, found 2' : '',
  detail: '',
})

const report = (cases: readonly TestCase[]): TestsReport => {
  const counts = { errored: 0, failed: 0, skipped: 0, passed: 0 }
  for (const { status } of cases) counts[status] += 1
  return { v: 1, counts, durationMs: cases.length * 4, cases, files: ['junit.xml'] }
}

async function ran() {
  const native = await openNative()
  const tasks = [taskSpec({ key: 'unit', work: work('test') }), taskSpec({ key: 'lint', work: work('check') })]
  const { id } = await native.world.pipeline(definition({ stages: [stageSpec({ tasks })] }))
  const run = await native.client.runs.start(id)
  await native.world.settled()
  return { native, run, world: native.world, client: native.client }
}

test('what tests said is listed, worst first, filtered and page by page', async () => {
  const { native, run, world, client } = await ran()
  await using _ = native
  expect(await client.tests.list(run.id)).toMatchObject({ tested: false, items: [], next: null })
  const cases = [one('b', 'failed'), one('c', 'skipped'), one('a', 'passed')]
  world.tests.set(`${run.id}/1/1`, report(cases))
  const all = await client.tests.list(run.id)
  expect(all).toMatchObject({
    total: 3,
    tested: true,
    duration_ms: 12,
    counts: { errored: 0, failed: 1, skipped: 1, passed: 1 },
    files: ['junit.xml'],
  })
  expect(all.items[0]).toMatchObject({
    name: 'b',
    message: 'expected 1, found 2',
    duration_ms: 4,
    node: { key: 'unit' },
  })
  expect((await client.tests.list(run.id, { status: ['passed', 'skipped'] })).items).toHaveLength(2)
  expect((await client.tests.list(run.id, { text: 'WEB C' })).items.map(({ name }) => name)).toEqual(['c'])
  expect(await client.tests.list(run.id, { node: 'lint' })).toMatchObject({ tested: false, total: 0 })
  const first = await client.tests.list(run.id, { limit: 2 })
  expect(first.next).toBe('2')
  const rest = await client.tests.list(run.id, { limit: 2, cursor: '2' })
  expect([rest.items.map(({ name }) => name), rest.next]).toEqual([['a'], null])
  expect((await native.send('GET', `/api/v1/runs/${'0'.repeat(32)}/tests`)).status).toBe(404)
  expect((await native.send('GET', `/api/v1/runs/${run.id}/tests?status=green`)).status).toBe(400)
})

test('what checks found is listed, too', async () => {
  const { native, run, world, client } = await ran()
  await using _ = native
  const finding = {
    fingerprint: 'f'.repeat(32),
    ruleId: 'no-debugger',
    severity: 'serious',
    file: 'a.js',
    line: 3,
    message: 'm',
    snippet: 's',
  } as const
  const counts = { fatal: 0, serious: 1, normal: 0, hint: 0 }
  world.findings.set(`${run.id}/2/1`, { v: 1, tools: ['t'], findings: [finding], counts, metrics: null, files: [] })
  expect(await client.findings.list(run.id)).toEqual({
    items: [
      {
        fingerprint: 'f'.repeat(32),
        rule_id: 'no-debugger',
        severity: 'serious',
        file: 'a.js',
        line: 3,
        message: 'm',
        snippet: 's',
      },
    ],
    total: 1,
    counts,
    tools: ['t'],
    checked: true,
    next: null,
  })
  expect((await client.findings.list(run.id, { severity: ['hint'] })).items).toEqual([])
})
