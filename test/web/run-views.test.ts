// The views of one run are views of one selection; they are there for everybody, in both languages, in light and dark.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { axeFindings } from '../support/axe.ts'
import { type Browser, openBrowser } from '../support/browser.ts'
import { openPageServer, type PageServer } from '../support/page-server.ts'
import { LONG, signedIn, startRun } from '../support/visit.ts'
import { waitUntil } from '../support/wait-until.ts'

/** The machine may be busy with other tests. */
const until = (holds: () => Promise<boolean>): Promise<void> => waitUntil(holds, 60_000)

/** Of everything something: parallel stages, needs, a retry, a held failure, what is not reached yet. */
const RELEASE = `
name: release
params: {VERSION: 2.4.1}
stages:
  - name: Build
    tasks:
      - {name: compile, script: "printf '\\\\033[32mok\\\\033[0m\\\\n'"}
      - {name: pack, needs: [compile], script: echo packed}
  - name: Unit tests
    tasks: [{name: web, retry: {max: 1, delay: 10ms}, script: exit 3, on_failure: hold}]
  - name: Audit
    parallel: true
    tasks: [{name: licences, script: echo fine}]
  - name: Ship
    tasks: [{name: sign-off, approval: {question: "Ship it?"}}]
`

let server: PageServer
let run: string
beforeAll(async () => {
  server = await openPageServer({ slots: 3 })
  const { client } = server
  run = await startRun(client, RELEASE)
  await until(async () => (await client.runs.get(run)).status === 'held')
}, 300_000)
afterAll(() => server[Symbol.asyncDispose]())

async function opened(
  options: Parameters<typeof openBrowser>[0],
): Promise<{ readonly browser: Browser; readonly page: Page }> {
  const browser = await openBrowser(options)
  return { browser, page: await signedIn(browser, server) }
}

describe('four views of one selection', () => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    ;({ browser, page } = await opened({ width: 1_440, height: 900 }))
  }, 120_000)
  afterAll(() => browser[Symbol.asyncDispose]())

  test('the head says where it is and why, and the graph shows every node with its status in words', LONG, async () => {
    await page.goto(`${server.url}/runs/${run}`)
    await page.getByTestId('sentence').getByText('web failed and is held: the process exited with code 3').waitFor()
    await page.getByRole('heading', { name: 'release #1' }).waitFor()
    const graph = page.getByTestId('graph')
    for (const [key, status] of [
      ['compile', 'succeeded'],
      ['pack', 'succeeded'],
      ['web', 'failed'],
      ['licences', 'succeeded'],
      ['sign-off', 'pending'],
    ]) {
      const box = graph.locator(`[data-node="${key}"][data-status="${status}"]`)
      await box.waitFor({ state: 'attached' })
      expect(await box.getByRole('img').getAttribute('aria-label')).toBeTruthy()
    }
    expect(await page.title()).toBe('release #1: Held')
  })

  test('what is chosen stays chosen from view to view, and stands in the address', LONG, async () => {
    await page.goto(`${server.url}/runs/${run}`)
    await page.locator('[data-node="web"]').click()
    await page.getByRole('complementary', { name: 'Details of web' }).waitFor()
    for (const view of ['Timeline', 'Table', 'Events', 'Graph']) {
      await page.getByRole('tab', { name: view }).click()
      await page.getByRole('complementary', { name: 'Details of web' }).waitFor()
      expect(new URL(page.url()).searchParams.get('node')).toBe('web')
    }
    await page.getByRole('tab', { name: 'Timeline' }).click()
    const row = page.locator('button[data-node="web"][data-chosen="true"]')
    await row.waitFor()
    // Two attempts and the wait for a person.
    await until(async () => (await row.locator('[data-kind="held"]').count()) === 1)
    expect(await row.locator('[data-kind="running"][data-bad="true"]').count()).toBe(2)
    // What made the run as long as it is: marked, and shown alone for who asks.
    const rows = page.getByRole('region', { name: 'Timeline of the run' }).locator('button[data-kind="task"]')
    const keys = (): Promise<readonly string[]> =>
      rows.evaluateAll((all) =>
        (all as unknown as readonly { getAttribute(name: string): string | null }[]).map(
          (row) => row.getAttribute('data-node') ?? '',
        ),
      )
    expect(await keys()).toContain('licences')
    await page.getByLabel('Only the critical path').check()
    await until(async () => (await keys()).join() === 'compile,pack,web')
    expect(await rows.getByRole('img', { name: 'Critical path' }).count()).toBe(3)
    await page.goBack()
    await page.getByTestId('graph').waitFor()
  })

  test('when a run ends is told from runs of before, with a range', LONG, async () => {
    const { client } = server
    const first = await startRun(
      client,
      'name: like before\nparams: {SECONDS_LONG: 0.2}\ntasks: [{name: work, script: sleep "$SECONDS_LONG"}]\n',
    )
    await until(async () => (await client.runs.get(first)).status === 'succeeded')
    const { pipeline } = await client.runs.get(first)
    const { id } = await client.runs.start(pipeline.id, { params: { SECONDS_LONG: 600 } })
    await page.goto(`${server.url}/runs/${id}`)
    await page.getByTestId('eta').hover()
    await page
      .getByRole('tooltip')
      .getByText(/^.+ to .+ \(from the last run that succeeded\)$/)
      .waitFor()
    await client.runs.act(id, 'cancel', { mode: 'force' })
    await page.getByTestId('eta').waitFor({ state: 'detached' })
  })

  test('the slider shows the run as it was', LONG, async () => {
    await page.goto(`${server.url}/runs/${run}?view=events`)
    const web = page.getByTestId('graph').locator('[data-node="web"]')
    await page.locator('[data-node="web"][data-status="failed"]').waitFor()
    await page.goto(`${server.url}/runs/${run}?view=events&at=3`)
    await page
      .getByTestId('as-of')
      .getByText(/As of event 3 of \d+/)
      .waitFor()
    await page.locator('[data-node="web"][data-status="pending"]').waitFor()
    const slider = page.getByRole('slider')
    await slider.focus()
    await slider.press('ArrowRight')
    await page
      .getByTestId('as-of')
      .getByText(/As of event 4 of \d+/)
      .waitFor()
    await page.getByRole('button', { name: 'Back to now' }).click()
    await page.locator('[data-node="web"][data-status="failed"]').waitFor()
    expect(await web.count()).toBe(1)
    await page.goto(`${server.url}/runs/${run}?at=3`)
    await page.getByText(/You see the run as it was at/).waitFor()
  })

  test('the keys j, k and f go through tasks and failures, numbers change the view', LONG, async () => {
    await page.goto(`${server.url}/runs/${run}`)
    await page.getByTestId('graph').waitFor()
    const chosen = async (): Promise<string | null> => new URL(page.url()).searchParams.get('node')
    for (const [key, node] of [
      ['j', 'compile'],
      ['j', 'pack'],
      ['k', 'compile'],
      ['f', 'web'],
    ] as const) {
      await page.keyboard.press(key)
      await until(async () => (await chosen()) === node)
    }
    await page.keyboard.press('3')
    await page.getByRole('table').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('lic')
    await until(async () => (await page.getByRole('row').count()) === 2)
    await page.keyboard.press('Escape')
  })

  test('five systems tell it side by side, each with the request that asks for it', LONG, async () => {
    await page.goto(`${server.url}/runs/${run}?view=seen`)
    for (const [dialect, word] of [
      ['blueking', 'state: FAILED'],
      ['codearts-check', 'task_status: 1'],
      ['codearts-pipeline', 'status: suspending'],
      ['koderover', 'status: failed'],
      ['swr', 'status: stage_exception'],
    ] as const) {
      const lane = page.locator(`[data-dialect="${dialect}"]`)
      await lane.locator('p').getByText(word, { exact: true }).waitFor()
      expect(await lane.getByRole('textbox').textContent()).toMatch(/^curl -sS .*\$MILLRACE_TOKEN/)
    }
    expect(browser.complaints).toEqual([])
  })
})

describe.each([
  { language: 'en', scheme: 'light', width: 1_440, height: 900 },
  { language: 'en', scheme: 'dark', width: 1_280, height: 800 },
  { language: 'zh-CN', scheme: 'light', width: 1_280, height: 800 },
  { language: 'zh-CN', scheme: 'dark', width: 390, height: 844 },
] as const)('in $language, $scheme, $width pixels wide', (options) => {
  test('axe finds nothing serious in any view, and nothing is wider than the screen', LONG, async () => {
    const { browser, page } = await opened(options)
    await using _ = browser
    for (const search of [
      'node=web',
      'view=timeline&node=compile&tab=about',
      'view=table&node=web&tab=attempts',
      'view=events&at=5',
      'view=seen',
      'node=web&tab=data',
    ]) {
      await page.goto(`${server.url}/runs/${run}?${search}`)
      await page.getByTestId('sentence').waitFor()
      await page.getByRole('tabpanel').first().waitFor()
      await page.waitForLoadState('load')
      await until(async () => (await page.getByRole('status', { name: /Loading|加载/ }).count()) === 0)
      expect([search, await axeFindings(page)]).toEqual([search, []])
      const wide = await page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      expect([search, wide]).toEqual([search, 0])
    }
    expect(browser.complaints).toEqual([])
  })
})
