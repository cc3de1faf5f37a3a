import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorks } from '../src/compose/works.ts'
import { dialects } from '../src/dialects/index.ts'
import { silent } from '../src/http/logger.ts'
import { nativeMounts } from '../src/http/native/index.ts'
import { startServer } from '../src/http/server.ts'
import { firstStart } from '../src/samples/first-start.ts'
import { ended, runToEnd } from './support.ts'
import { need } from '../src/testing/world.ts'

/**
 * A whole server with the sample project, in a process of its own, as compose/ makes it. Over IPC it tells its
 * quickstart; `{load: true}` keeps 200 runs of 20 no-op steps going in it until `{load: false}`.
 */
const LOAD_RUNS = 200

const dataDirectory = mkdtempSync(join(process.env['MILLRACE_BENCH_DIR'] ?? tmpdir(), 'millrace-bench-'))
const works = await openWorks({ dataDirectory, slots: 2, labels: [], httpAllow: null }, silent)
const { host } = works
const server = await startServer({
  app: host.app,
  dialects,
  mounts: nativeMounts({ version: 'bench', pipelineSchema: {} }),
  config: { host: '127.0.0.1', port: 0, baseUrl: null, zoneOffsetMinutes: 480, bodyMaxBytes: 4 << 20 },
  logger: silent,
})
const { quickstart } = await firstStart(
  { app: host.app, credentials: host.credentials, password: () => 'bench', dataDirectory, baseUrl: server.url },
  true,
)
if (quickstart === null) throw new Error('the first start made no samples')
const admin = await host.app.access.byToken(quickstart.admin_token)
if (admin === undefined) throw new Error('the admin token is not accepted')

const bench = { host, admin }
const { codearts_pipeline: staged, swr, ...others } = quickstart.samples
// It waits for a machine that builds images, or for a review.
need(await host.app.runs.act(admin, { id: swr.run_id }, { action: 'cancel' }))
await ended(bench, swr.run_id)
await Promise.all(Object.values(others).map(({ run_id }) => ended(bench, run_id)))
// The staged sample rests at its review; ended, its answer holds no elapsed time that moves.
const reviewed = { id: staged.run_id }
for await (const _ of need(await host.app.feed.follow(admin, 0, {}, AbortSignal.timeout(60_000)))) {
  if (need(await host.app.runs.get(admin, reviewed)).status === 'reviewing') break
}
need(await host.app.runs.actOnNode(admin, reviewed, { key: 'approve' }, { action: 'approve' }))
await ended(bench, staged.run_id)

const pipeline = need(
  await host.app.pipelines.create(admin, {
    project: { name: 'default' },
    text: `name: load\ntasks:\n${Array.from({ length: 20 }, (_, index) => `  - {key: t${index}, uses: noop${index === 0 ? '' : `, needs: [t${index - 1}]`}}`).join('\n')}`,
  }),
)
let loading = false
let steps = 0

async function keepRunning(): Promise<void> {
  while (loading) {
    await runToEnd({ host, admin: admin! }, pipeline)
    steps += 20
  }
}

process.on('message', (message: { readonly load?: boolean; readonly close?: boolean }) => {
  if (message.load === true) {
    loading = true
    steps = 0
    for (let count = 0; count < LOAD_RUNS; count += 1) void keepRunning()
  } else if (message.load === false) {
    loading = false
    process.send?.({ steps })
  } else {
    void server
      .close()
      .then(() => works.close())
      .then(() => rmSync(dataDirectory, { recursive: true, force: true }))
      .then(() => process.exit(0))
  }
})
process.send?.({ quickstart })
