import type { Locator, Page } from 'playwright-core'
import type { Client } from '../../src/client/client.ts'
import type { MillraceOptions } from '../../src/compose/options.ts'
import { type Browser, type BrowserOptions, openBrowser } from './browser.ts'
import { openPageServer, type PageServer } from './page-server.ts'
import { waitUntil } from './wait-until.ts'

/** For tests that wait for a real server, real processes and a real browser, on a machine that may be busy. */
export const LONG = { timeout: 240_000 }

/** For one try of several. */
const SOON = { timeout: 3_000 }

/** That it was not there in time; anything else is thrown again. */
function isLate(error: Error): false {
  if (error.name === 'TimeoutError') return false
  throw error
}

/** A page of a browser whose user is signed in, at Home. */
export async function signedIn(
  browser: Browser,
  { url, token }: { readonly url: string; readonly token: string },
): Promise<Page> {
  const page = await browser.page()
  await page.goto(`${url}/sign-in#token=${token}`)
  await page.waitForURL(`${url}/`)
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  return page
}

/** Makes a pipeline of this text in the first project, and starts it. @returns id of the run */
export async function startRun(client: Client, definition: string): Promise<string> {
  const [project] = (await client.projects.list()).items
  const { id } = await client.pipelines.create({ project: project?.id ?? '', definition })
  return (await client.runs.start(id)).id
}

/** What somebody sees who is signed in at a server, and what they do there. */
export interface Visit extends AsyncDisposable {
  readonly server: PageServer
  readonly browser: Browser
  readonly page: Page
  start(definition: string): Promise<string>
  /** @param search as in the address, without its `?` */
  openRun(run: string, search?: string): Promise<void>
  /** Waits until the sentence over the run says this. */
  says(text: string | RegExp): Promise<void>
  readonly header: Locator
  /** Of the node that is chosen. */
  readonly panel: Locator
  /** Presses a button of a place, also one in its menu. @returns the dialog that it opens */
  ask(where: Locator, name: string): Promise<Locator>
  /** The same, then reads what will happen, and agrees. @returns what was said */
  act(where: Locator, name: string, fill?: (dialog: Locator) => Promise<void>): Promise<string>
}

export async function openVisit({
  server: serverOptions = {},
  browser: browserOptions = { width: 1_440, height: 900 },
}: {
  readonly server?: Partial<MillraceOptions>
  readonly browser?: BrowserOptions
} = {}): Promise<Visit> {
  const server = await openPageServer(serverOptions)
  const browser = await openBrowser(browserOptions)
  const page = await signedIn(browser, server)
  const ask = async (where: Locator, name: string): Promise<Locator> => {
    const button = where.getByRole('button', { name, exact: true })
    const more = where.getByRole('button', { name: 'More actions' })
    const dialog = page.getByRole('dialog')
    // While the run goes on, what is allowed changes, and a button may move into the menu just before it is pressed.
    await waitUntil(async () => {
      await button.or(more).first().waitFor()
      if (await button.isVisible()) await button.click(SOON).catch(isLate)
      else {
        await more.click(SOON).catch(isLate)
        await page.getByRole('menuitem', { name, exact: true }).click(SOON).catch(isLate)
      }
      return dialog.waitFor(SOON).then(() => true, isLate)
    }, 60_000)
    return dialog
  }
  const says = (text: string | RegExp): Promise<void> => page.getByTestId('sentence').getByText(text).waitFor()
  return {
    server,
    browser,
    page,
    start: (definition) => startRun(server.client, definition),
    openRun: async (run, search = '') => {
      await page.goto(`${server.url}/runs/${run}${search === '' ? '' : `?${search}`}`)
      await page.getByTestId('sentence').waitFor()
    },
    says,
    header: page.locator('main header'),
    panel: page.getByRole('complementary'),
    ask,
    act: async (where, name, fill) => {
      const dialog = await ask(where, name)
      const will = (await dialog.getByTestId('what-will-happen').textContent()) ?? ''
      await fill?.(dialog)
      await dialog.getByRole('button', { name, exact: true }).click()
      await dialog.waitFor({ state: 'detached' })
      return will
    },
    [Symbol.asyncDispose]: async () => {
      await browser[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
