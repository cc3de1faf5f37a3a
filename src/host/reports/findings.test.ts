import { expect, test } from 'vitest'
import type { Finding, FindingsReport } from '../../model/finding.ts'
import type { RunView } from '../../model/view.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld } from '../../testing/world.ts'

const finding = (changes: Partial<Finding>): Finding => ({
  fingerprint: 'f'.repeat(32),
  ruleId: 'r',
  severity: 'normal',
  file: 'a',
  line: 1,
  message: 'm',
  snippet: '',
  ...changes,
})
const report = (findings: readonly Finding[], more: Partial<FindingsReport> = {}): FindingsReport => ({
  v: 1,
  tools: ['t'],
  findings,
  counts: { fatal: 0, serious: 0, normal: findings.length, hint: 0 },
  metrics: null,
  files: [],
  ...more,
})

async function checked() {
  const world = await openWorld()
  const work = (uses: string) => ({ kind: 'runner', uses, with: {} }) as const
  const tasks = [
    taskSpec({ key: 'a', work: work('check') }),
    taskSpec({ key: 'b', work: work('check') }),
    taskSpec({ key: 'c', work: work('script') }),
  ]
  const pipeline = await world.pipeline(definition({ stages: [stageSpec({ tasks })] }))
  const { id } = await world.start(pipeline)
  await world.settled()
  const run = (): Promise<RunView> => world.run(id)
  const indexOf = async (key: string): Promise<number> =>
    (await run()).stages.flatMap((stage) => stage.tasks).find((task) => task.key === key)?.index ?? -1
  const list = async (filter = {}, page = { skip: 0, limit: 100 }) =>
    need(await world.app.findings.list(world.admin, { id }, filter, page))
  const put = async (key: string, attempt: number, kept: FindingsReport): Promise<void> => {
    world.findings.set(`${id}/${await indexOf(key)}/${attempt}`, kept)
  }
  return { world, id, list, put }
}

test('a run that has not come to the end of a check has no findings, and says so', async () => {
  const { list } = await checked()
  expect(await list()).toEqual({
    items: [],
    total: 0,
    counts: { fatal: 0, serious: 0, normal: 0, hint: 0 },
    tools: [],
    metrics: null,
    files: [],
    checked: false,
  })
})

test('findings of all checks of a run come together, filtered and page by page', async () => {
  const { list, put } = await checked()
  const metrics = {
    files: 1,
    folders: 2,
    lines: 3,
    codeLines: 4,
    commentLines: 5,
    duplicatedFiles: 6,
    duplicatedLines: 7,
    duplicatedBlocks: 8,
  }
  await put('a', 1, report([finding({ file: '1' }), finding({ file: '2', severity: 'hint' })], { metrics }))
  await put('b', 1, report([finding({ file: '3' })], { tools: ['t', 'u'], metrics }))
  const all = await list()
  expect(all.items.map(({ file }) => file)).toEqual(['1', '2', '3'])
  expect(all).toMatchObject({ total: 3, counts: { normal: 3 }, tools: ['t', 'u'], checked: true })
  expect(all.metrics).toMatchObject({ files: 2, duplicatedBlocks: 16 })
  expect((await list({ severities: ['hint'] })).items.map(({ file }) => file)).toEqual(['2'])
  expect((await list({ node: { key: 'b' } })).items.map(({ file }) => file)).toEqual(['3'])
  expect((await list({ node: { key: 'c' } })).checked).toBe(false)
  const page = await list({}, { skip: 1, limit: 1 })
  expect([page.items.map(({ file }) => file), page.total]).toEqual([['2'], 3])
})

test('a retry shows what the new attempt found', async () => {
  const { world, id, list, put } = await checked()
  await put('a', 1, report([finding({ file: 'old' })]))
  world.runner.endTask('a', exited(1))
  world.runner.endTask('b', succeeded())
  world.runner.endTask('c', succeeded())
  await world.settled()
  expect((await list()).items.map(({ file }) => file)).toEqual(['old'])
  need(await world.app.runs.act(world.admin, { id }, { action: 'retry' }))
  await world.settled()
  expect((await list()).items).toEqual([])
  await put('a', 2, report([finding({ file: 'new' })]))
  expect((await list()).items.map(({ file }) => file)).toEqual(['new'])
})

test('who does not see the project sees no findings', async () => {
  const { world, id } = await checked()
  const stranger = { ...world.admin, projectIds: [] }
  const answer = await world.app.findings.list(stranger, { id }, {}, { skip: 0, limit: 1 })
  expect(answer).toMatchObject({ problem: { code: 'not_found' } })
})
