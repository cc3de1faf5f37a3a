// Logs that are long, and logs that mean harm; and a run of a thousand tasks.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LONG, openVisit, type Visit } from '../support/visit.ts'
import { waitUntil } from '../support/wait-until.ts'

/** Elements in a log, whatever is in it. */
const NODES_MAX = 150

let visit: Visit
beforeAll(async () => {
  visit = await openVisit({ server: { slots: 2 } })
}, 300_000)
afterAll(() => visit[Symbol.asyncDispose]())

const log = () => visit.page.getByTestId('log')
const elements = (): Promise<number> =>
  visit.page.evaluate<number>(`document.querySelectorAll('[data-testid=log] *').length`)

test('a log of a million lines opens at its end; any line is found, shown and linked to', LONG, async () => {
  const run = await visit.start(
    'name: million\nstages:\n  - name: Count\n    tasks: [{name: count, script: seq 1 1000000}]\n',
  )
  await waitUntil(async () => (await visit.server.client.runs.get(run)).ended, 60_000)
  await visit.openRun(run, 'node=count')
  await log().locator('[data-n="1000000"]').waitFor()
  await visit.page.getByTestId('log-lines').getByText('1,000,000 lines').waitFor()
  expect(await elements()).toBeLessThanOrEqual(NODES_MAX)

  await visit.page.getByLabel('Find in the log').fill('12345')
  await log().locator('[data-n="12345"][data-found="true"]').waitFor()
  await visit.page.keyboard.press('Enter')
  await visit.page.getByTestId('log-matches').getByText('2 of').waitFor()

  await visit.openRun(run, 'node=count&line=500000')
  const linked = log().locator('[data-n="500000"][data-chosen="true"]')
  await linked.getByText('500000', { exact: true }).waitFor()
  expect(await elements()).toBeLessThanOrEqual(NODES_MAX)
  // The number of a line is its link.
  await log()
    .locator('[data-n="500003"]')
    .click({ position: { x: 6, y: 6 } })
  await waitUntil(() => new URL(visit.page.url()).searchParams.get('line') === '500003', 60_000)
})

test(
  'a server that is away or slow is told apart from a log without lines, and all is there when it is back',
  LONG,
  async () => {
    const run = await visit.start(
      'name: walked\nstages:\n  - name: Count\n    tasks: [{name: count, script: seq 1 12000}]\n',
    )
    await waitUntil(async () => (await visit.server.client.runs.get(run)).ended, 60_000)
    await visit.openRun(run, 'node=count')
    await log().locator('[data-n="12000"]').waitFor()

    await visit.page.route('**/log/lines?*', (route) => route.abort())
    for (let page = 0; page < 40; page += 1) await log().press('PageUp')
    const missing = log().locator('[data-missing="true"]')
    await missing.first().waitFor({ state: 'attached' })
    const failed = visit.page.getByText('The log cannot be read now; tried again by itself')
    await failed.waitFor()
    await visit.page.unroute('**/log/lines?*')
    // Nobody has to do anything for it.
    await waitUntil(async () => (await missing.count()) === 0, 60_000)
    await failed.waitFor({ state: 'detached' })
    for (let page = 0; page < 40; page += 1) await log().press('PageUp')
    await waitUntil(async () => (await missing.count()) === 0, 60_000)

    const answer = Promise.withResolvers<void>()
    await visit.page.route('**/log/search?*', async (route) => {
      await answer.promise
      await route.continue()
    })
    const matches = visit.page.getByTestId('log-matches')
    await visit.page.getByLabel('Find in the log').fill('11999')
    await matches.getByText('Searching…').waitFor()
    answer.resolve()
    await matches.getByText('1 of 1').waitFor()
    await visit.page.unroute('**/log/search?*')
    await visit.page.route('**/log/search?*', (route) => route.fulfill({ status: 500, body: 'broken' }))
    await visit.page.getByLabel('Find in the log').fill('11998')
    await matches.getByText("500 with something that is not Millrace's").waitFor()
    await visit.page.unroute('**/log/search?*')
  },
)

test('a log is followed as it grows', LONG, async () => {
  const run = await visit.start(
    'name: growing\nstages:\n  - name: Talk\n    tasks: [{name: talk, script: "for i in $(seq 1 400); do echo line $i; sleep 0.01; done; echo the end"}]\n',
  )
  await visit.openRun(run, 'node=talk')
  await log().getByText('the end', { exact: true }).waitFor({ timeout: 60_000 })
  await log().locator('[data-n="401"]').waitFor()

  // When its lines were written stands beside them for who wants it, here and the next time.
  const gutter = (number: number, looks: RegExp): Promise<void> =>
    waitUntil(async () => {
      const text = await log().locator(`[data-n="${number}"]`).getAttribute('data-gutter')
      return looks.test(text ?? '')
    }, 60_000)
  await gutter(401, /^401$/)
  await visit.page.getByRole('button', { name: 'When lines were written' }).click()
  await visit.page.getByRole('menuitem', { name: 'Since the attempt began' }).click()
  await gutter(401, /^401 +\+\d+:\d\d\.\d$/)
  await visit.openRun(run, 'node=talk&line=1')
  await gutter(1, /^1 +\+0:\d\d\.\d$/)
  await log().press('t')
  await gutter(1, /^1$/)
  await log().press('t')
  await gutter(1, /^1 \d\d:\d\d:\d\d$/)
  const { lines } = await visit.server.client.logs.lines(run, 'talk', { count: 1_000 })
  const times = lines.map(({ at }) => Date.parse(at ?? ''))
  expect(times).toHaveLength(401)
  expect(times.toSorted((a, b) => a - b)).toEqual(times)
  // Four seconds of writing are not told as one moment.
  expect(new Set(times).size).toBeGreaterThan(3)
})

test('a hostile log runs nothing, loads nothing and fills nothing', LONG, async () => {
  const asked: string[] = []
  visit.page.on('request', (request) => asked.push(request.url()))
  const script = [
    `printf '<img src=x onerror="document.title=1"><script>document.title=1</script>\\n'`,
    // A link that a terminal would make, never ended; a title; a cleared screen.
    `printf '\\033]8;;https://evil.example/\\033\\\\click\\033]0;owned\\007\\033[2J\\033[H here\\n'`,
    // Ten thousand colours in a line, and a line of one megabyte.
    `for i in $(seq 1 2000); do printf '\\033[%sm%s' $((31 + i % 7)) x; done; echo`,
    `head -c 1000000 /dev/zero | tr '\\0' 'A'; echo`,
    // Signs that turn the direction of what comes after them, and control characters.
    `printf 'safe\\342\\200\\256gnp.exe\\000\\010\\007\\n'`,
    `for i in $(seq 1 300); do for j in 31 32 33 34 35 36 31 32 33 34; do printf '\\033[%sm%s' $j word; done; echo; done`,
    `echo last`,
  ].join('\n')
  const indented = script.replaceAll('\n', '\n          ')
  const run = await visit.start(
    `name: hostile\nstages:\n  - name: Harm\n    tasks:\n      - name: harm\n        script: |\n          ${indented}\n`,
  )
  await waitUntil(async () => (await visit.server.client.runs.get(run)).ended, 60_000)
  await visit.openRun(run, 'node=harm')
  await log().getByText('last', { exact: true }).waitFor()
  expect(await elements()).toBeLessThanOrEqual(NODES_MAX)
  await visit.openRun(run, 'node=harm&line=1')
  const line = async (number: number): Promise<string> => {
    const row = log().locator(`[data-n="${number}"]`)
    await row.waitFor()
    await waitUntil(async () => (await row.getAttribute('data-missing')) === 'false', 60_000)
    return (await row.textContent()) ?? ''
  }
  expect(await line(1)).toBe('<img src=x onerror="document.title=1"><script>document.title=1</script>')
  expect(await line(2)).toBe('click here')
  expect((await line(4)).length).toBeLessThan(9_000)
  expect(await line(4)).toContain('1 MB in all')
  expect(await line(5)).toBe('safegnp.exe')
  expect(await elements()).toBeLessThanOrEqual(NODES_MAX)
  expect(await log().locator('img, script, a').count()).toBe(0)

  // What is downloaded is every byte of it, under a name of ours.
  const download = visit.page.waitForEvent('download')
  await visit.page.getByRole('link', { name: 'Download the whole log' }).click()
  const file = await download
  expect(file.suggestedFilename()).toBe('harm-1.log')
  const written = await visit.server.client.logs.read(run, 'harm')
  const pieces: Uint8Array[] = []
  for await (const piece of written.bytes) pieces.push(piece)
  const bytes = Buffer.concat(pieces)
  expect(bytes.length).toBeGreaterThan(1_000_000)
  expect(readFileSync(await file.path()).equals(bytes)).toBe(true)
  expect(asked.filter((url) => !url.startsWith(visit.server.url))).toEqual([])
  expect(await visit.page.title()).toContain('hostile #1')
  expect(visit.browser.complaints).toEqual([])
})

test('a run of a thousand tasks is there at once, folded, and steered as any other', LONG, async () => {
  const stages = Array.from(
    { length: 10 },
    (_, stage) =>
      `  - name: Shard ${stage + 1}\n    tasks:\n${Array.from({ length: 100 }, (_, task) => `      - {name: t-${stage + 1}-${task + 1}, ${stage === 5 ? 'approval: {question: "ok?"}' : 'noop: {}'}}\n`).join('')}`,
  )
  const run = await visit.start(`name: thousand\nstages:\n${stages.join('')}`)
  // All of them: what still happens would be read again.
  await waitUntil(async () => {
    const { stages: now } = await visit.server.client.runs.get(run)
    return now[5]?.tasks.every(({ status }) => status === 'reviewing') ?? false
  }, 60_000)
  const asked: string[] = []
  visit.page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await visit.page.goto(`${visit.server.url}/runs/${run}`, { waitUntil: 'commit' })
  await visit.page.getByTestId('graph').locator('button').first().waitFor()
  await visit.page.getByTestId('sentence').waitFor()
  const drawn = await visit.page.evaluate<number>(`document.querySelectorAll('[data-testid=graph] *').length`)
  expect(drawn).toBeLessThan(2_000)
  // Folded as it is, it shows where the run is: what waits for a person, in the sixth of ten stages.
  const sixth = visit.page.getByTestId('graph').locator('[data-node="shard-6"]')
  await waitUntil(
    () =>
      sixth.evaluate((box: { getBoundingClientRect(): { left: number; right: number } }) => {
        const { left, right } = box.getBoundingClientRect()
        return left >= 0 && right <= 1_440
      }),
    60_000,
  )
  // A tree of this size is a large answer: it is asked for once, and little else is before it is shown.
  await visit.page.getByText('Live', { exact: true }).waitFor()
  await waitUntil(async () => asked.includes('/api/v1/runs/batch'), 60_000)
  expect(asked.filter((path) => path === `/api/v1/runs/${run}`)).toHaveLength(1)
  expect(asked.length).toBeLessThan(40)

  // A stage is unfolded, and folded again.
  const graph = visit.page.getByTestId('graph')
  await graph.getByRole('button', { name: 'Shard 6: 100 tasks, folded' }).click()
  await graph.locator('[data-node="t-6-1"]').waitFor()
  await graph.getByRole('button', { name: 'Fold Shard 6' }).click()
  await graph.locator('[data-node="t-6-1"]').waitFor({ state: 'detached' })

  for (const view of ['Table', 'Timeline', 'Events']) {
    await visit.page.getByRole('tab', { name: view }).click()
    await visit.page.getByRole('tabpanel').locator('button').first().waitFor()
    const all = await visit.page.evaluate<number>(`document.querySelectorAll('main *').length`)
    expect([view, all < 3_000]).toEqual([view, true])
  }
  await visit.openRun(run, 'view=table&node=t-6-77')
  await visit.page.getByRole('complementary').getByRole('button', { name: 'Approve', exact: true }).click()
  await visit.page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click()
  await visit.page.getByRole('complementary').getByText('Succeeded', { exact: true }).waitFor()
  expect(visit.browser.complaints).toEqual([])
})
