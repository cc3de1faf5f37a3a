// Pictures of the main pages, for README and docs: `npm run screenshots` writes docs/screenshots/*.png.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openBrowser } from '../test/support/browser.ts'
import { openPageServer } from '../test/support/page-server.ts'

const folder = join(import.meta.dirname, '../docs/screenshots')
mkdirSync(folder, { recursive: true })
await using server = await openPageServer()
const runs = await server.client.runs.list()
const pipelines = await server.client.pipelines.list()
const review = runs.items.find(({ pipeline_name: name }) => name === 'staged-release')
const release = pipelines.items.find(({ name }) => name === 'staged-release')
const first = pipelines.items.find(({ name }) => name === 'pipeline-1')
if (review === undefined || release === undefined || first === undefined) throw new Error('the samples are not there')

// A past to show: some runs of a sample, one after the other.
for (let count = 0; count < 4; count += 1) {
  for await (const { ended } of server.client.runs.watch((await server.client.runs.start(first.id)).id))
    if (ended) break
}
for await (const run of server.client.runs.watch(review.id)) if (run.ended || run.status === 'reviewing') break

const pictures = [
  { name: 'home', path: '/', options: {} },
  { name: 'home-dark-zh', path: '/', options: { scheme: 'dark', language: 'zh-CN' } },
  { name: 'pipelines', path: '/pipelines', options: {} },
  { name: 'definition', path: `/pipelines/${release.id}?tab=definition`, options: { scheme: 'dark' } },
  { name: 'run', path: `/runs/${review.id}`, options: {} },
  { name: 'runners', path: '/admin?tab=runners', options: {} },
  { name: 'phone', path: '/', options: { width: 390, height: 780 } },
] as const
for (const { name, path, options } of pictures) {
  await using browser = await openBrowser({ height: 720, ...options })
  const page = await browser.page()
  await page.goto(`${server.url}/sign-in#token=${server.token}`)
  await page.waitForURL(`${server.url}/`)
  await page.goto(server.url + path)
  await page.locator('h1').first().waitFor()
  await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => undefined)
  await page.screenshot({ path: join(folder, `${name}.png`) })
  console.log(`docs/screenshots/${name}.png`)
}
process.exit(0)
