// What is shown stays true: through a reload, a restart of the server and a line that is cut.
import { createServer, type Server, type Socket, connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LONG, openVisit, type Visit } from '../support/visit.ts'

let visit: Visit
beforeAll(async () => {
  visit = await openVisit({ server: { slots: 2 } })
}, 300_000)
afterAll(() => visit[Symbol.asyncDispose]())

const GATES = `
name: gates
stages:
  - name: One
    tasks: [{name: first, approval: {question: "Go on?"}}]
  - name: Two
    tasks: [{name: second, approval: {question: "And now?"}}]
  - name: Three
    tasks: [{name: end, script: echo over}]
`

test('a reload in the middle of a run shows the same, down to the line of the log', LONG, async () => {
  const { page } = visit
  const run = await visit.start(`
name: reloaded
tasks:
  - {name: talk, script: "for i in $(seq 1 300); do echo line $i; done; sleep 600"}
`)
  await visit.openRun(run, 'view=timeline&node=talk&line=42')
  const line = page.getByTestId('log').locator('[data-n="42"][data-chosen="true"]')
  await line.getByText('line 42').waitFor()
  await page.reload()
  await line.getByText('line 42').waitFor()
  await visit.says(/talk is running/)
  expect(await page.getByRole('tab', { name: 'Timeline' }).getAttribute('aria-selected')).toBe('true')
  await visit.act(visit.header, 'Cancel')
  await visit.says(/^Cancelled/)
})

test('a restart of the server in the middle of a run heals by itself, and the run goes on', LONG, async () => {
  const { page, server } = visit
  const run = await visit.start(GATES)
  await visit.openRun(run, 'node=first')
  await visit.says(/first waits for review/)
  await server.restart()
  // Somebody else decides; the page that was open all the time must hear of it.
  await server.client.nodes.act(run, 'first', 'approve')
  await visit.says(/second waits for review/)
  await page.getByText('Live', { exact: true }).waitFor()
  // And it can be used as before.
  await page.locator('[data-node="second"]').click()
  await visit.act(visit.panel, 'Approve')
  await visit.says(/^Succeeded in/)
  await visit.header.getByText('Succeeded', { exact: true }).waitFor()
})

/** A line between browser and server that can be cut and mended. */
class Line implements AsyncDisposable {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  #isCut = false

  private constructor(port: number) {
    this.#server = createServer((near) => {
      if (this.#isCut) return near.destroy()
      const far = connect(port, '127.0.0.1')
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(one)
        one.on('error', () => other.destroy())
        one.on('close', () => {
          this.#open.delete(one)
          other.destroy()
        })
        one.pipe(other)
      }
      return undefined
    })
  }

  static async to(url: string): Promise<Line> {
    const line = new Line(Number(new URL(url).port))
    await new Promise<void>((resolve) => line.#server.listen(0, '127.0.0.1', resolve))
    return line
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  cut(): void {
    this.#isCut = true
    for (const socket of this.#open) socket.destroy()
  }

  mend(): void {
    this.#isCut = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

test('a line that is cut is shown as lost; when it is back, what was missed is there', LONG, async () => {
  const { server, browser } = visit
  await using line = await Line.to(server.url)
  const page = await browser.page()
  await page.goto(`${line.url}/sign-in#token=${server.token}`)
  await page.waitForURL(`${line.url}/`)
  const run = await visit.start(GATES.replace('gates', 'cut off'))
  await page.goto(`${line.url}/runs/${run}?view=events`)
  const sentence = page.getByTestId('sentence')
  await sentence.getByText(/first waits for review/).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()

  line.cut()
  await page.getByText('Connection lost', { exact: true }).waitFor()
  await page.getByRole('alert').getByText('What you see may be old').waitFor()
  // Much happens meanwhile; the page cannot know of it.
  await server.client.nodes.act(run, 'first', 'approve')
  await server.client.nodes.act(run, 'second', 'approve')
  await expect.poll(async () => (await server.client.runs.get(run)).ended, { timeout: 60_000 }).toBe(true)
  await sentence.getByText(/first waits for review/).waitFor()

  line.mend()
  await page.getByText('Live', { exact: true }).waitFor()
  await sentence.getByText(/^Succeeded in/).waitFor()
  await page.getByText('What you see may be old').waitFor({ state: 'detached' })
  // Every event, once and in order.
  const { items } = await server.client.runs.events(run, { limit: 1_000 })
  await page.getByTestId('as-of').getByText(`As of event ${items.length} of ${items.length}`).waitFor()
  await page.close()
  expect(browser.complaints.filter((text) => !text.includes('ERR_CONNECTION'))).toEqual([])
})
