import { createHmac } from 'node:crypto'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TABS } from '../../web/src/app/search.ts'
import { axeFindings } from '../support/axe.ts'
import { openBrowser } from '../support/browser.ts'
import { openPageServer, type PageServer } from '../support/page-server.ts'
import { LONG, signedIn } from '../support/visit.ts'
import { waitUntil } from '../support/wait-until.ts'

const POLL = { timeout: 30_000, interval: 100 }

let server: PageServer
beforeAll(async () => {
  server = await openPageServer()
}, 300_000)
afterAll(() => server[Symbol.asyncDispose]())

test('a new user makes a pipeline, starts it, decides its review and sees it succeed', LONG, async () => {
  await using browser = await openBrowser()
  const page = await signedIn(browser, server)
  await page.getByRole('link', { name: 'Pipelines' }).click()
  await page.getByRole('link', { name: 'New pipeline' }).click()
  await page.getByText('No errors').waitFor()

  // What is wrong is said at its line, and cannot be made.
  const editor = page.getByRole('textbox', { name: 'Definition, YAML' })
  await editor.click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type('nmae: x')
  await page.getByText('Line 18').waitFor()
  expect(await page.getByRole('button', { name: 'Make the pipeline' }).isDisabled()).toBe(true)
  for (let count = 0; count < 7; count += 1) await page.keyboard.press('Backspace')
  await page.getByText('No errors').waitFor()
  await page.getByRole('button', { name: 'Make the pipeline' }).click()
  await page.getByRole('heading', { name: 'hello', level: 1 }).waitFor()

  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await page.getByRole('dialog').getByLabel('who').fill('Millrace')
  await page.getByRole('dialog').getByRole('combobox', { name: 'Priority' }).click()
  await page.getByRole('option', { name: 'High' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click()
  await page.waitForURL(/\/runs\/[0-9a-f]{32}/)
  const [, id = ''] = /runs\/([0-9a-f]{32})/.exec(page.url()) ?? []

  // Without a reload Home says what it waits for.
  await page.getByRole('link', { name: 'Home' }).click()
  await page.getByText('Greet Millrace?').waitFor()
  await page.getByRole('button', { name: 'Approve: hello #1' }).click()
  await page.getByRole('dialog').getByLabel('Comment').fill('go')
  await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
  await expect.poll(() => page.getByText('Greet Millrace?').count(), POLL).toBe(0)

  await expect.poll(async () => (await server.client.runs.get(id)).status, POLL).toBe('succeeded')
  await page.getByRole('link', { name: 'Runs' }).click()
  const row = page.getByRole('row').filter({ hasText: 'hello #1' })
  await row.getByText('Succeeded').waitFor()
  const { stages, priority } = await server.client.runs.get(id)
  expect(priority).toBe('high')
  expect(stages[1]?.tasks[0]?.review?.decisions).toMatchObject([{ decision: 'approve', comment: 'go' }])
  expect(browser.complaints).toEqual([])
})

test('a new version is saved and shown beside the one before', LONG, async () => {
  const { items } = await server.client.projects.list()
  const text = 'name: versioned\ndescription: the first\ntasks: [{name: x, script: "true"}]\n'
  const { id } = await server.client.pipelines.create({ project: items[0]!.name, definition: text })
  await server.client.pipelines.update(id, { definition: text.replace('the first', 'the second') })
  await using browser = await openBrowser()
  const page = await signedIn(browser, server)
  await page.goto(`${server.url}/pipelines/${id}?tab=versions`)
  await page.getByText('What changed in version 2').waitFor()
  await page.getByText('description: the second').waitFor()
  await page.getByText('description: the first').waitFor()
  await page.getByRole('button', { name: 'version 1' }).click()
  await page.getByText('The first version, whole').waitFor()
  expect(browser.complaints).toEqual([])
})

test('a run that a forge has started says of what it is, with the way there', LONG, async () => {
  const { items } = await server.client.projects.list()
  const definition = 'name: pushed\ntriggers: [{forge: generic}]\ntasks: [{name: x, uses: noop}]\n'
  const { id, triggers } = await server.client.pipelines.create({ project: items[0]!.name, definition })
  const { name, path } = triggers!.list[0]!
  const { secret } = await server.client.triggers.secret(id, name)
  const sha = '0123456789abcdef0123456789abcdef01234567'
  const address = `https://git.example.com/acme/web/commit/${sha}`
  const body = JSON.stringify({ repository: 'acme/web', ref: 'refs/heads/main', sha, message: 'Mend it', url: address })
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const headers = { 'Content-Type': 'application/json', 'X-Hub-Signature-256': signature }
  const answer = await fetch(new URL(path!, server.url), { method: 'POST', headers, body })
  expect(await answer.json()).toMatchObject({ run: {} })
  const { items: runs } = await server.client.runs.list({ pipeline: id })
  await using browser = await openBrowser()
  const page = await signedIn(browser, server)
  await page.goto(`${server.url}/runs/${runs[0]!.id}`)
  await page.getByText('Push by').waitFor()
  const commit = page.getByRole('link', { name: 'main 0123456789ab' })
  expect(await commit.getAttribute('href')).toBe(address)
  expect(browser.complaints).toEqual([])
})

test('the page is led by keys alone', LONG, async () => {
  await using browser = await openBrowser()
  const page = await signedIn(browser, server)
  /** The keys of a pair come soon one after the other; on a busy machine that may take a second try. */
  const go = (key: string, sign: Locator): Promise<void> =>
    waitUntil(async () => {
      await page.keyboard.press('g')
      await page.keyboard.press(key)
      return sign.waitFor({ timeout: 5_000 }).then(
        () => true,
        () => false,
      )
    }, 60_000)
  await page.getByRole('heading', { name: 'Home', level: 1 }).waitFor()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await go('p', page.getByRole('link', { name: 'pipeline-1', exact: true }))
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'pipeline-1', level: 1 }).waitFor()
  await go('r', page.getByRole('heading', { name: 'Runs', level: 1 }))
  await page.keyboard.press('/')
  await page.keyboard.type('staged')
  await page.waitForURL(/text=staged/)
  expect(browser.complaints).toEqual([])
})

describe.each([
  { language: 'en', scheme: 'light', width: 1_280 },
  { language: 'zh-CN', scheme: 'dark', width: 1_280 },
  { language: 'en', scheme: 'dark', width: 390 },
  { language: 'zh-CN', scheme: 'light', width: 390 },
] as const)('every page in $language, $scheme, $width px wide', ({ language, scheme, width }) => {
  test('has no serious barrier, and nothing hangs over its side', LONG, async () => {
    const { items: pipelines } = await server.client.pipelines.list()
    const { id } = pipelines[0]!
    await using browser = await openBrowser({ language, scheme, width })
    const page = await signedIn(browser, server)
    const found: string[] = []
    for (const path of [
      '/',
      '/?wall=true',
      '/runs',
      '/pipelines',
      '/pipelines/new',
      `/pipelines/${id}`,
      `/pipelines/${id}?tab=definition`,
      `/pipelines/${id}?tab=versions`,
      `/pipelines/${id}?tab=triggers`,
      `/pipelines/${id}?tab=notifications`,
      ...ADMIN_TABS.map((tab) => `/admin?tab=${tab}`),
      '/nothing',
    ]) {
      await page.goto(server.url + path)
      await page.waitForLoadState('load')
      await page.locator('h1, h2').first().waitFor()
      // Grey lines mean that something is still being read.
      await expect.poll(() => page.locator('[role=status][aria-label]').count(), POLL).toBe(0)
      found.push(...(await axeFindings(page)).map((barrier) => `${path}: ${barrier}`))
      const over = (await page.evaluate('document.documentElement.scrollWidth - innerWidth')) as number
      if (over > 0) found.push(`${path}: ${over} px wider than the screen`)
    }
    expect(found).toEqual([])
    expect(browser.complaints).toEqual([])
  })
})
