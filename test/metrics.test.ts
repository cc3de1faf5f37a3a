import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MillraceOptions } from '../src/compose/options.ts'
import { api, startServerProcess, type ServerProcess } from './support/server-process.ts'

/** What a Prometheus reads of a real server. */

let directory: string
let server: ServerProcess
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-metrics-'))
})
afterEach(async () => {
  await server.close()
  rmSync(directory, { recursive: true, force: true })
})

const start = async (metrics?: MillraceOptions['metrics']): Promise<string> => {
  server = await startServerProcess(directory, metrics === undefined ? {} : { metrics })
  return server.token ?? ''
}
const scrape = (token?: string): Promise<Response> =>
  fetch(`${server.url}/metrics`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })

/** Values by `name{labels}`. */
async function valuesOf(response: Response): Promise<Map<string, number>> {
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

test('runs, queue, runners, commits, outbox and store are told to who has a token', { timeout: 60_000 }, async () => {
  const token = await start()
  expect((await scrape()).status).toBe(401)
  expect((await scrape('mr_0_0')).status).toBe(401)
  const definition = 'name: p\ntasks:\n  - {key: ask, approval: May it?}\n'
  const far = 'name: far\ntasks:\n  - {key: a, script: echo a, runs_on: [mars]}\n'
  const none = 'name: none\ntasks:\n  - {key: a, uses: noop}\n'
  for (const text of [definition, far, none]) {
    const { id } = await api<{ id: string }>(server, token, 'POST', '/pipelines', {
      project: 'default',
      definition: text,
    })
    for (let count = 0; count < 2; count += 1) await api(server, token, 'POST', `/pipelines/${id}/runs`, {})
  }
  const read = async (): Promise<Map<string, number>> => valuesOf(await scrape(token))
  await expect
    .poll(async () => (await read()).get('millrace_runs_ended_total{status="succeeded"}'), { timeout: 30_000 })
    .toBe(2)
  await expect.poll(async () => (await read()).get('millrace_runs{status="reviewing"}'), { timeout: 30_000 }).toBe(2)
  const values = await read()
  expect(values.get('millrace_queue_attempts{labels="mars"}')).toBe(2)
  expect(values.get('millrace_runners{state="online"}')).toBe(1)
  expect(values.get('millrace_runner_slots{state="free"}')).toBe(4)
  expect(values.get('millrace_commit_seconds_count')).toBeGreaterThan(5)
  expect(values.get('millrace_outbox_lag_seconds')).toBe(0)
  expect(values.get('millrace_store_bytes')).toBeGreaterThan(10_000)
  expect(values.get('millrace_disk_free_bytes')).toBeGreaterThan(0)
  expect(values.get('millrace_last_event')).toBeGreaterThan(10)
  expect([...values.keys()].some((name) => name.startsWith('nodejs_eventloop_lag'))).toBe(true)
  // As many series as there are things of ours, whatever has run.
  expect(values.size).toBeLessThan(200)
  const page = await scrape(token)
  expect(page.headers.get('content-type')).toContain('text/plain')
  expect((await fetch(`${server.url}/metrics`, { method: 'POST' })).status).toBe(405)
})

test('a user of some projects may not read them', { timeout: 60_000 }, async () => {
  const token = await start()
  const user = { name: 'li', role: 'viewer', projects: ['default'], password: 'a long password' }
  await api(server, token, 'POST', '/users', user)
  const session = await fetch(`${server.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: server.url },
    body: JSON.stringify({ user: 'li', password: 'a long password' }),
  })
  const cookie = session.headers.getSetCookie().map((each) => /=(mr_[^;]+)/.exec(each)?.[1])[0]
  expect(cookie).toBeDefined()
  expect((await scrape(cookie)).status).toBe(403)
})

test('they are open where that is said', { timeout: 60_000 }, async () => {
  await start('open')
  expect((await valuesOf(await scrape())).get('millrace_runners{state="online"}')).toBe(1)
})

test('they are not there where that is said', { timeout: 60_000 }, async () => {
  const token = await start('off')
  expect((await scrape(token)).status).toBe(404)
})
