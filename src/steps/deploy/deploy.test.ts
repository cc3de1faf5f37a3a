import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { allowHosts, HttpTarget } from '../../../test/support/http-target.ts'
import type { Outputs } from '../../model/event.ts'
import { asId, type RunId } from '../../model/id.ts'
import type { JsonObject } from '../../model/json.ts'
import { deploy } from './spec.ts'

let runner: TestRunner
let runs = 0
beforeAll(async () => {
  runner = await TestRunner.open()
})
afterAll(() => runner.close())

function withFiles(files: Readonly<Record<string, string>> = {}) {
  runs += 1
  const runId = asId<RunId>(runs.toString(16).padStart(32, '0'))
  const workspace = runner.paths.workspace(runId)
  mkdirSync(workspace, { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(workspace, name)), { recursive: true })
    writeFileSync(join(workspace, name), text)
  }
  const go = (input: JsonObject, takesBack?: Outputs) =>
    runner.run('deploy', input, { runId, ...(takesBack === undefined ? {} : { takesBack }) })
  return { workspace, go }
}

async function target() {
  const server = await HttpTarget.open()
  const forbid = allowHosts(server.host)
  onTestFinished(() => {
    forbid()
    server.close()
  })
  return server
}

describe('by a command', () => {
  const files = {
    'deploy.sh':
      'mkdir -p live; echo "previous=$(cat live/version 2>/dev/null || echo none)" >> "$MILLRACE_OUTPUT"; echo "$1" > live/version\n',
    'back.sh': 'echo "$DEPLOYED_PREVIOUS" > live/version\n',
  }
  const command = (version: string) => ({ run: ['sh', 'deploy.sh', version], rollback: ['sh', 'back.sh'] })

  test('it deploys, and what it wrote down then is there to take it back', async () => {
    const { go, workspace } = withFiles(files)
    const live = (): string => readFileSync(join(workspace, 'live/version'), 'utf8').trim()
    await go({ command: command('1') })
    const second = await go({ environment: 'staging', command: command('2') })
    expect(second.result).toEqual({ kind: 'succeeded', outputs: { previous: '1', environment: 'staging' } })
    expect(second.log).toContain('Deploying staging\n')
    expect(live()).toBe('2')
    const back = await go({ environment: 'staging', command: command('2') }, { previous: '1' })
    expect(back.result.kind).toBe('succeeded')
    expect(back.log).toContain('Taking back staging\n')
    expect(live()).toBe('1')
  })

  test('one that fails has failed, one that is not there is named', async () => {
    const { go } = withFiles()
    expect((await go({ command: { run: ['sh', '-c', 'exit 7'] } })).result).toMatchObject({
      failure: { kind: 'exit-code', code: 7 },
    })
    expect((await go({ command: { run: ['no-such-tool'] } })).result).toMatchObject({
      failure: { kind: 'missing-tool', tool: 'no-such-tool' },
    })
    expect((await go({ command: { run: ['true'], path: '../..' } })).result).toMatchObject({
      failure: { kind: 'cannot-start' },
    })
  })
})

describe('by an HTTP request', () => {
  test('a deployer is asked, and asked again to take it back', async () => {
    const server = await target()
    server.answer = (_, response) => void response.end('{"id": 7}')
    const http = {
      request: { url: server.url('/deploy'), body: '{"version": 2}', headers: { 'x-a': 'b' } },
      rollback: { method: 'DELETE', url: server.url('/deploy/7') },
    }
    const { go } = withFiles()
    expect((await go({ http })).result).toEqual({ kind: 'succeeded', outputs: { status: 200, answer: '{"id": 7}' } })
    expect((await go({ http }, {})).result.kind).toBe('succeeded')
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /deploy', 'DELETE /deploy/7'])
  })

  test('any status but 2xx has failed, and addresses that are not public are refused', async () => {
    const server = await target()
    server.answer = (_, response) => void response.writeHead(409).end('busy')
    const { go } = withFiles()
    expect((await go({ http: { request: { url: server.url() } } })).result).toMatchObject({
      failure: { kind: 'said-no', reason: 'the answer has status 409, expected 2xx' },
      outputs: { answer: 'busy' },
    })
    server.answer = (_, response) => void response.writeHead(401).end('who?')
    expect((await go({ http: { request: { url: server.url() } } })).result).toMatchObject({
      failure: { kind: 'unauthorized', reason: `${server.host} answered with status 401` },
      outputs: { answer: 'who?' },
    })
    expect((await go({ http: { request: { url: 'http://10.1.2.3/' } } })).result).toMatchObject({
      failure: { kind: 'cannot-start' },
    })
  })
})

describe('healthy', () => {
  test('it is when the page says so, however often it must be asked', async () => {
    const server = await target()
    server.answer = (_, response) => void response.writeHead(server.seen.length < 3 ? 503 : 200).end('version 2')
    const { go } = withFiles()
    const { result, log } = await go({
      command: { run: ['true'] },
      healthy: { url: server.url('/health'), contains: 'version 2' },
    })
    expect(result.kind).toBe('succeeded')
    expect(server.seen).toHaveLength(3)
    expect(log).toContain('/health is healthy\n')
  })

  test('it is not when the time is over, with the last answer as the reason', async () => {
    const server = await target()
    server.answer = (_, response) => void response.end('version 1')
    const { go } = withFiles()
    const healthy = { url: server.url('/'), contains: 'version 2', within: '1s' }
    expect((await go({ command: { run: ['true'] }, healthy })).result).toMatchObject({
      failure: {
        kind: 'said-no',
        reason: expect.stringContaining('not healthy within 1s: it answered with status 200, without the text'),
      },
    })
  })

  test('nobody asks after a way back, and a cancel ends the asking', async () => {
    const server = await target()
    server.answer = (_, response) => void response.writeHead(500).end()
    const { go } = withFiles()
    const input = { command: { run: ['true'], rollback: ['true'] }, healthy: { url: server.url('/'), within: '1h' } }
    expect((await go(input, {})).result.kind).toBe('succeeded')
    expect(server.seen).toEqual([])
    const asked = new Promise<void>((resolve) => {
      server.answer = (_, response) => {
        response.writeHead(500).end()
        resolve()
      }
    })
    const attempt = runner.start('deploy', input)
    await asked
    attempt.cancel()
    expect((await attempt.ended).result).toEqual({ kind: 'cancelled' })
  })
})

describe('the way back of a task that does not say one', () => {
  test.each([
    [{ command: { run: ['a'] } }, false],
    [{ command: { run: ['a'], rollback: ['b'] } }, true],
    [{ http: { request: { url: 'https://example.com/' } } }, false],
    [{ http: { request: { url: 'https://example.com/' }, rollback: { url: 'https://example.com/' } } }, true],
    [{ compose: { project: 'web' } }, true],
    [{ kubernetes: { manifests: 'k8s/*.yaml', kubeconfig: 'KUBECONFIG' } }, true],
  ])('%j: %s', (input, has) => {
    const checked = deploy.schema.parse(input)
    expect(deploy.rollback?.(checked)).toEqual(has ? deploy.work(checked) : undefined)
  })
})

test.each([
  {},
  { command: { run: [] } },
  { command: { run: ['a'] }, http: { request: { url: 'https://example.com/' } } },
  { http: { request: { url: 'x' } } },
  { compose: { project: 'Web App' } },
  { kubernetes: {} },
  { kubernetes: { images: { 'deployment/web': { app: '--help' } } } },
  { kubernetes: { manifests: 'a', wait: ['--all'] } },
  { kubernetes: { manifests: 'a', kubeconfig: '${{ params.x }}' } },
])('%j is wrong', (input) => {
  expect(deploy.schema.safeParse(input).success).toBe(false)
})
