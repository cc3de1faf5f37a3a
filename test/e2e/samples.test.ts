import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { type Client, createClient, type Run } from '../../src/client/client.ts'
import { openMillrace } from '../../src/compose/millrace.ts'
import { silent } from '../../src/http/logger.ts'
import type { ContainerChoice } from '../../src/model/executor.ts'
import type { Quickstart } from '../../src/samples/quickstart.ts'

async function firstStart(containers?: ContainerChoice) {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-samples-'))
  const millrace = await openMillrace(
    {
      version: '1.2.3',
      host: '127.0.0.1',
      port: 0,
      baseUrl: null,
      dataDirectory: directory,
      slots: 2,
      labels: [],
      zoneOffsetMinutes: 480,
      bodyMaxBytes: 1 << 20,
      httpAllow: null,
      samples: true,
      ...(containers === undefined ? undefined : { containers }),
    },
    silent,
  )
  onTestFinished(async () => {
    await millrace.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const quickstart = JSON.parse(readFileSync(join(directory, 'quickstart.json'), 'utf8')) as Quickstart
  return { directory, quickstart, client: createClient({ baseUrl: millrace.url, token: quickstart.admin_token }) }
}

async function ended(client: Client, run: string): Promise<Run> {
  for await (const seen of client.runs.watch(run)) if (seen.ended) return seen
  throw new Error('the run was not watched to its end')
}

test('the sample in the manner of KodeRover really builds, deploys, tests and distributes, and goes back', async () => {
  const { directory, quickstart, client } = await firstStart()
  const { run_id, run_number, pipeline_id } = quickstart.samples.koderover
  const run = await ended(client, run_id)
  const log = async (node: string): Promise<string> =>
    (await buffer((await client.logs.read(run_id, node)).bytes)).toString()
  expect(run.failure, await log('deploy')).toBeNull()

  const artifacts = await client.artifacts.list(run_id)
  const name = artifacts.items[0]?.name ?? ''
  expect(name).toMatch(/^service-1-\d{8}-1-develop\.tar\.gz$/)
  const bytes = await buffer(await client.artifacts.read(run_id, name))
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(artifacts.items[0]?.sha256)
  const file = join(directory, 'fetched.tar.gz')
  writeFileSync(file, bytes)
  const listed = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' })
  expect(listed.trim().split('\n').toSorted()).toEqual(['VERSION', 'service.sh'])

  const deployed = join(directory, 'samples/deployed')
  const current = readlinkSync(join(deployed, 'current'))
  expect(execFileSync('sh', [join(deployed, 'current/service.sh'), 'ping'], { encoding: 'utf8' })).toBe('pong\n')
  const tests = await client.tests.list(run_id)
  expect(tests.counts).toEqual({ passed: 3, failed: 0, errored: 0, skipped: 0 })
  expect(readdirSync(join(directory, 'distributed/service-1'))).toEqual([name])
  expect(readFileSync(join(directory, 'distributed/service-1', name)).equals(bytes)).toBe(true)

  const [seed] = quickstart.requests.filter(({ seed: number }) => number === '000')
  const told = (await (await fetch(seed!.url, { headers: seed!.headers })).json()) as Record<
    string,
    Record<string, unknown>
  >
  expect(told).toMatchObject({
    id: run_number,
    status: 'passed',
    build_task: { branch: 'develop', status: 'passed', commit_id: expect.stringMatching(/^[0-9a-f]{40}$/) },
    deploy_task: { status: 'passed', service_name: 'service-1' },
    test_task: { status: 'passed' },
    distribute_task: { status: 'passed', package_file: name },
  })

  const second = await ended(client, (await client.runs.start(pipeline_id)).id)
  expect(second.status).toBe('succeeded')
  expect(readlinkSync(join(deployed, 'current'))).not.toBe(current)
  // The stage and its task have one key: it is the stage that goes back.
  const stage = second.stages.find(({ key }) => key === 'deploy')
  await client.nodes.act(second.id, stage!.id, 'rollback')
  const back = await ended(client, second.id)
  expect(back.status).toBe('rolled_back')
  expect(readlinkSync(join(deployed, 'current'))).toBe(current)
}, 180_000)

/** The next state of the run for which this holds. */
async function seen(client: Client, run: string, holds: (state: Run) => boolean): Promise<Run> {
  for await (const state of client.runs.watch(run)) {
    if (holds(state)) return state
    if (state.ended) throw new Error(`the run ended as ${state.status}: ${JSON.stringify(state.failure)}`)
  }
  throw new Error('the run was not watched to its end')
}

test('the sample in the manner of SWR really builds an image, is reviewed and deploys it, and goes back', async () => {
  const { directory, quickstart, client } = await firstStart('podman')
  const { run_id, webhook_url } = quickstart.samples.swr
  const reviewing = await seen(client, run_id, ({ status }) => status === 'reviewing' || status === 'held')
  const log = async (node: string): Promise<string> =>
    (await buffer((await client.logs.read(run_id, node)).bytes)).toString()
  expect(reviewing.status, await log('image')).toBe('reviewing')

  // The image, as any engine would load it.
  const [artifact] = (await client.artifacts.list(run_id)).items
  const bytes = await buffer(await client.artifacts.read(run_id, artifact?.name ?? ''))
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(artifact?.sha256)
  const file = join(directory, 'image.tar')
  writeFileSync(file, bytes)
  const [manifest] = JSON.parse(
    execFileSync('tar', ['-xOf', file, 'manifest.json'], { encoding: 'utf8' }),
  ) as readonly {
    readonly RepoTags: readonly string[]
    readonly Config: string
  }[]
  expect(manifest?.RepoTags[0]).toMatch(/millrace-samples\/service-1:\d{18}$/)
  const config = JSON.parse(execFileSync('tar', ['-xOf', file, manifest?.Config ?? ''], { encoding: 'utf8' })) as {
    readonly config: { readonly Labels: Readonly<Record<string, string>> }
  }
  const tag = manifest?.RepoTags[0]?.split(':')[1]
  expect(config.config.Labels['org.opencontainers.image.version']).toBe(tag)

  await client.nodes.act(run_id, 'approve', 'approve')
  const run = await ended(client, run_id)
  expect(run.failure, await log('deploy')).toBeNull()
  const deployed = join(directory, 'samples/deployed-image')
  const current = readlinkSync(join(deployed, 'current'))
  expect(readFileSync(join(deployed, 'current/VERSION'), 'utf8')).toBe(`${tag}\n`)
  expect(execFileSync('sh', [join(deployed, 'current/service.sh'), 'ping'], { encoding: 'utf8' })).toBe('pong\n')

  const again = await fetch(webhook_url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  expect(again.ok).toBe(true)
  const [second] = (await client.runs.list({ pipeline: quickstart.samples.swr.pipeline_id })).items
  await seen(client, second!.id, ({ status }) => status === 'reviewing')
  await client.nodes.act(second!.id, 'approve', 'approve')
  const released = await ended(client, second!.id)
  expect(released.status).toBe('succeeded')
  expect(readlinkSync(join(deployed, 'current'))).not.toBe(current)
  const stage = released.stages.find(({ key }) => key === 'deploy')
  await client.nodes.act(released.id, stage!.id, 'rollback')
  expect((await ended(client, released.id)).status).toBe('rolled_back')
  expect(readlinkSync(join(deployed, 'current'))).toBe(current)
}, 240_000)

test('where nothing builds images, explain says so while the sample waits, and a cancel ends it', async () => {
  const { quickstart, client } = await firstStart()
  const { run_id } = quickstart.samples.swr
  // Also before it has come so far.
  expect(JSON.stringify(await client.runs.explain(run_id))).toMatch(/no runner can do this: needs tool:image-builder/i)
  await seen(client, run_id, ({ stages }) => stages.some(({ key, status }) => key === 'image' && status === 'queued'))
  expect(JSON.stringify(await client.runs.explain(run_id))).toContain('No runner can do this: needs tool:image-builder')
  await client.runs.act(run_id, 'cancel')
  expect((await ended(client, run_id)).status).toBe('cancelled')
}, 60_000)
