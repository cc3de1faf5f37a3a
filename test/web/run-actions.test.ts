// Every action on a real run, in a real browser: what it says will happen, and what then does.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Browser, openBrowser } from '../support/browser.ts'
import { openPageServer, type PageServer } from '../support/page-server.ts'

const LONG = { timeout: 240_000 }

let server: PageServer
let browser: Browser
let page: Page
beforeAll(async () => {
  server = await openPageServer({ slots: 3 })
  browser = await openBrowser({ width: 1_440, height: 900 })
  page = await browser.page()
  await page.goto(`${server.url}/sign-in#token=${server.token}`)
  await page.getByRole('heading', { level: 1 }).first().waitFor()
}, 300_000)
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function start(definition: string): Promise<string> {
  const { client } = server
  const [project] = (await client.projects.list()).items
  const { id } = await client.pipelines.create({ project: project?.id ?? '', definition })
  return (await client.runs.start(id)).id
}

const chip = (status: string) => page.locator('header').getByText(status, { exact: true }).last().waitFor()
const panel = () => page.getByRole('complementary')

/** Presses a button of a place, reads what will happen, and agrees. */
async function act(
  where: ReturnType<Page['locator']>,
  name: string,
  fill?: (dialog: ReturnType<Page['locator']>) => Promise<void>,
): Promise<string> {
  await where.getByRole('button', { name, exact: true }).click()
  const dialog = page.getByRole('dialog')
  const will = (await dialog.getByTestId('what-will-happen').textContent()) ?? ''
  await fill?.(dialog)
  await dialog.getByRole('button', { name, exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  return will
}

test('a review on the way is approved with a comment, and the run goes on by itself', LONG, async () => {
  const run = await start(`
name: with review
stages:
  - name: Build
    tasks: [{name: compile, script: echo compiled}]
  - name: Ship
    tasks:
      - {name: sign-off, approval: {question: "Ship it?", reviewers: [${server.user}]}}
      - {name: deploy, needs: [sign-off], script: echo shipped}
`)
  await page.goto(`${server.url}/runs/${run}`)
  await page
    .getByTestId('sentence')
    .getByText(`sign-off waits for review by ${server.user}, 0 of 1 approvals`)
    .waitFor()
  const asked = page.getByRole('list', { name: 'Waits for a person' })
  await asked.getByText('Ship it?').waitFor()
  const will = await act(asked, 'Approve', (dialog) => dialog.getByLabel('Comment').fill('The canary is fine'))
  expect(will).toBe('Your approval is the last that is needed: sign-off succeeds, and the run goes on.')
  await page
    .getByTestId('sentence')
    .getByText(/^Succeeded in/)
    .waitFor()
  await page.locator('[data-node="sign-off"]').click()
  await panel().getByText('The canary is fine').waitFor()
  expect(new URL(page.url()).searchParams.get('node')).toBe('sign-off')
})

test('a held failure is retried with other inputs, or skipped; each attempt keeps its log', LONG, async () => {
  const run = await start(`
name: held
stages:
  - name: Test
    tasks:
      - {name: flaky, script: "echo first; exit 3", on_failure: hold}
      - {name: hopeless, script: "exit 4", on_failure: hold}
`)
  await page.goto(`${server.url}/runs/${run}?node=flaky`)
  await panel().getByText('the process exited with code 3').first().waitFor()
  await page.getByTestId('log').getByText('first').waitFor()
  const will = await act(panel(), 'Retry', (dialog) =>
    dialog.getByLabel(/Other inputs/).fill('{"script": "echo second try"}'),
  )
  expect(will).toBe('flaky begins attempt 2. The log and the result of the present attempt are kept.')
  await page.getByTestId('log').getByText('second try').waitFor()
  await panel().getByText('Succeeded').first().waitFor()
  await panel().getByRole('tab', { name: 'Attempts' }).click()
  await panel().getByText('Attempt 1', { exact: true }).click()
  await page.getByTestId('log').getByText('first').waitFor()

  await page.locator('[data-node="hopeless"]').first().click()
  await act(panel(), 'Skip', (dialog) => dialog.getByLabel('Comment').fill('not today'))
  await page
    .getByTestId('sentence')
    .getByText(/^Succeeded in/)
    .waitFor()
})

test('a run is paused, resumed and cancelled; what cannot be done says why', LONG, async () => {
  const run = await start(`
name: steered
stages:
  - name: Work
    tasks:
      - {name: long, script: "echo begun; sleep 600"}
      - {name: after, needs: [long], script: echo after}
`)
  await page.goto(`${server.url}/runs/${run}`)
  const header = page.locator('main header')
  await page
    .getByTestId('sentence')
    .getByText(/long is running/)
    .waitFor()
  expect(await act(header, 'Pause')).toContain('The task that runs now goes on to its end')
  await header.getByText('Paused', { exact: true }).waitFor()
  await act(header, 'Resume')
  await page
    .getByTestId('sentence')
    .getByText(/long is running/)
    .waitFor()

  await page.locator('[data-node="after"]').click()
  const retry = panel().getByRole('button', { name: 'Retry', exact: true })
  expect(await retry.getAttribute('aria-disabled')).toBe('true')
  expect(await retry.getAttribute('aria-description')).toBe('It has not begun')
  await retry.hover()
  await page.getByRole('tooltip').getByText('It has not begun').waitFor()

  const will = await act(header, 'Cancel', (dialog) => dialog.getByLabel('Reason').fill('wrong branch'))
  expect(will).toContain('is asked to end, and is ended after 10 seconds of grace')
  await page
    .getByTestId('sentence')
    .getByText(/^Cancelled/)
    .waitFor()
})

test('a callback is answered, a stage is begun anew, and a run is run again', LONG, async () => {
  const run = await start(`
name: called back
stages:
  - name: Wait
    tasks: [{name: outside, callback: {}}]
  - name: End
    tasks: [{name: last, script: exit 1}]
`)
  await page.goto(`${server.url}/runs/${run}?node=outside`)
  await act(panel(), 'Call back', (dialog) => dialog.getByLabel('Outputs, as JSON').fill('{"ticket": "A-17"}'))
  await page.locator('main header').getByText('Failed', { exact: true }).waitFor()
  await panel().getByRole('tab', { name: 'Inputs & outputs' }).click()
  await panel().getByText('A-17').waitFor()

  await page.locator('[data-node="wait"]').click()
  const will = await act(panel(), 'Retry from here')
  expect(will).toBe('Wait begins anew with its 1 tasks, and so does the stage after it.')
  const header = page.locator('main header')
  await header.getByText('Running', { exact: true }).waitFor()

  const more = header.getByRole('button', { name: 'More actions' })
  if (await more.isVisible()) await more.click()
  await page
    .getByRole('menuitem', { name: 'Run again' })
    .or(header.getByRole('button', { name: 'Run again' }))
    .first()
    .click()
  await page.getByRole('dialog').getByRole('button', { name: 'Run again' }).click()
  await page.getByRole('heading', { name: 'called back #2' }).waitFor()
  expect(page.url()).not.toContain(run)
})

test('the way out of a failed gateway is chosen', LONG, async () => {
  const run = await start(`
name: which way
flow:
  nodes:
    begin: {start: {}}
    gate: {name: Which way, gateway: exclusive, on_failure: hold}
    left: {name: Left, script: echo left}
    right: {name: Right, script: echo right}
    done: {end: {}}
  edges:
    - {from: begin, to: gate}
    - {name: to the left, from: gate, to: left, when: params.missing == 1}
    - {name: to the right, from: gate, to: right, when: params.missing == 2}
    - {from: left, to: done}
    - {from: right, to: done}
params: {missing: 3}
`)
  await page.goto(`${server.url}/runs/${run}?node=gate`)
  await act(panel(), 'Choose the way', (dialog) => dialog.getByLabel('to the right').check())
  await page
    .getByTestId('sentence')
    .getByText(/^Succeeded in/)
    .waitFor()
  expect(await page.locator('[data-node="left"]').getAttribute('data-status')).toBe('pending')
  expect(await page.locator('[data-node="right"]').getAttribute('data-status')).toBe('succeeded')
})

test('a reload in the middle shows the same, and a restart of the server heals without one', LONG, async () => {
  const run = await start(`
name: restarted
stages:
  - name: One
    tasks: [{name: gate, approval: {question: "Go on?"}}]
  - name: Two
    tasks: [{name: end, script: echo over}]
`)
  await page.goto(`${server.url}/runs/${run}?view=timeline&node=gate&tab=about`)
  await panel().getByText('Go on?').waitFor()
  await page.reload()
  await panel().getByText('Go on?').waitFor()
  expect(await page.getByRole('tab', { name: 'Timeline' }).getAttribute('aria-selected')).toBe('true')

  await server.restart()
  // Somebody else decides; the page that was open all the time must hear of it.
  await server.client.nodes.act(run, 'gate', 'approve')
  await page
    .getByTestId('sentence')
    .getByText(/^Succeeded in/)
    .waitFor({ timeout: 60_000 })
  await page.getByText('Live', { exact: true }).waitFor()
  await chip('Succeeded')
  expect(browser.complaints).toEqual([])
})
