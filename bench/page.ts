import { openBrowser } from '../test/support/browser.ts'
import { openPageServer } from '../test/support/page-server.ts'
import { signedIn, startRun } from '../test/support/visit.ts'
import { percentile, round } from './support.ts'

const ROUNDS = 9

/** Ten stages of a hundred tasks; those of the sixth wait for a person. */
const THOUSAND = `name: thousand\nstages:\n${Array.from({ length: 10 }, (_, stage) => {
  const work = stage === 5 ? 'approval: {question: "ok?"}' : 'noop: {}'
  const tasks = Array.from({ length: 100 }, (__, task) => `      - {name: t-${stage + 1}-${task + 1}, ${work}}\n`)
  return `  - name: Shard ${stage + 1}\n    tasks:\n${tasks.join('')}`
}).join('')}`

/** In the browser: the moment at which the sentence and a first node of the graph are drawn, and nothing holds the page up. */
const MARKS = `
  const seen = () => document.querySelector('[data-testid=sentence]') !== null
    && document.querySelector('[data-testid=graph] button') !== null
  new MutationObserver((_, observer) => {
    if (!seen()) return
    observer.disconnect()
    requestAnimationFrame(() => setTimeout(() => performance.mark('interactive')))
  }).observe(document, { childList: true, subtree: true })
`

/** From the address to a run of 1,000 tasks that can be used, in a real Chromium; with its scripts at hand, as on any day but the first. */
export async function page(): Promise<Record<string, number>> {
  await using server = await openPageServer()
  const { client } = server
  const run = await startRun(client, THOUSAND)
  for await (const { status } of client.runs.watch(run)) if (status === 'reviewing') break
  await using browser = await openBrowser({ width: 1_440, height: 900 })
  const shown = await signedIn(browser, server)
  await shown.addInitScript(MARKS)
  const times: number[] = []
  const clicks: number[] = []
  for (let count = 0; count < ROUNDS + 1; count += 1) {
    await shown.goto(`${server.url}/runs/${run}`, { waitUntil: 'commit' })
    const marked = await shown.evaluate<number>(`new Promise((resolve) => {
      new PerformanceObserver((list) => {
        const [mark] = list.getEntriesByName('interactive')
        if (mark !== undefined) resolve(mark.startTime)
      }).observe({ type: 'mark', buffered: true })
    })`)
    const clicked = await shown.evaluate<number>(`new Promise((resolve) => {
      const from = performance.now()
      document.querySelector('[data-testid=graph] button[data-node]').click()
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - from)))
    })`)
    // The first one fetches and compiles the scripts.
    if (count === 0) continue
    times.push(marked)
    clicks.push(clicked)
  }
  const elements = await shown.evaluate<number>(`document.querySelectorAll('*').length`)
  return {
    tasks: 1_000,
    rounds: ROUNDS,
    interactive_p50_ms: round(percentile(times, 0.5), 0),
    interactive_worst_ms: round(Math.max(...times), 0),
    click_p50_ms: round(percentile(clicks, 0.5), 0),
    elements,
  }
}
