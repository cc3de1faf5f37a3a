import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'

/** A real Chromium with a profile of its own; what its pages complain of is kept. */
export interface Browser extends AsyncDisposable {
  readonly context: BrowserContext
  /** Errors of scripts, and refusals of the content security policy, of all pages so far. */
  readonly complaints: readonly string[]
  page(): Promise<Page>
}

export interface BrowserOptions {
  readonly width?: number
  readonly height?: number
  readonly language?: 'en' | 'zh-CN'
  readonly scheme?: 'light' | 'dark'
}

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function openBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'millrace-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    headless: true,
    args: ARGS,
    viewport: { width: options.width ?? 1_280, height: options.height ?? 800 },
    locale: options.language ?? 'en',
    colorScheme: options.scheme ?? 'light',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  })
  // The machine may be busy with other tests.
  context.setDefaultTimeout(30_000)
  const complaints: string[] = []
  const listen = (page: Page): void => {
    page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.stack ?? error.message}`))
    page.on('console', (message) => {
      const text = message.text()
      // Requests that are refused on purpose are said, too.
      if (message.type() === 'error' && !text.startsWith('Failed to load resource')) {
        complaints.push(`${page.url()}: ${text}`)
      }
    })
  }
  context.on('page', listen)
  for (const page of context.pages()) listen(page)
  return {
    context,
    complaints,
    page: () => context.newPage(),
    [Symbol.asyncDispose]: async () => {
      await context.close()
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** @throws Error in one line when there is none and none can be had. */
function chromiumPath(): string {
  const given = process.env['MILLRACE_TEST_CHROMIUM']
  if (given !== undefined) return given
  const found = onPath(NAMES)
  if (found !== undefined) return found
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' })
    const packages = ['chromium', 'fonts-noto-cjk']
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env, stdio: 'ignore' })
    const installed = onPath(NAMES)
    if (installed !== undefined) return installed
  }
  throw new Error(
    'The tests of the page need Chromium: `apt-get install chromium fonts-noto-cjk`, or name one in MILLRACE_TEST_CHROMIUM',
  )
}

function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}
