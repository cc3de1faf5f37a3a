import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { SshServer } from '../../../test/support/ssh-server.ts'
import { asId, type RunId } from '../../model/id.ts'
import type { JsonObject } from '../../model/json.ts'
import { repositoryReader } from '../../outbound/repository-file.ts'
import { guard } from '../kit/guard.ts'
import { git } from './spec.ts'

/** With OpenSSH's own server and client. */
let runner: TestRunner
let server: SshServer
let repository: string
let commit: string
beforeAll(async () => {
  runner = await TestRunner.open()
  server = await SshServer.open(join(runner.directory, 'sshd'))
  repository = join(runner.directory, 'repositories', 'web')
  mkdirSync(repository, { recursive: true })
  const env = { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
  const inWeb = (...args: string[]) => execFileSync('git', args, { cwd: repository, env, encoding: 'utf8' })
  inWeb('init', '-q', '--initial-branch=main')
  writeFileSync(join(repository, '.millrace.yml'), 'name: x\n')
  inWeb('add', '.')
  inWeb('-c', 'user.name=Wang Li', '-c', 'user.email=li@example.org', 'commit', '-q', '-m', 'first')
  commit = inWeb('rev-parse', 'HEAD').trim()
}, 60_000)
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await runner.close()
})

let runId: RunId
let runs = 0
beforeEach(() => {
  runs += 1
  runId = asId(runs.toString(16).padStart(32, '0'))
})
const fetch = (input: JsonObject, value: string) =>
  runner.run(
    'git',
    { url: server.address(repository), key: 'DEPLOY_KEY', ...input },
    { runId, secrets: [{ name: 'DEPLOY_KEY', as: 'step', value }] },
  )

describe('by ssh', { timeout: 60_000 }, () => {
  test('a key opens a server whose host key is known, and is neither logged nor left in the workspace', async () => {
    // As people paste it: other line ends, no newline at the end.
    const pasted = server.key.trimEnd().replaceAll('\n', '\r\n')
    const { result, log } = await fetch({ known_hosts: server.knownHosts }, pasted)
    expect(result, log).toMatchObject({ kind: 'succeeded', outputs: { branch: 'main', subject: 'first', commit } })
    const body = server.key.split('\n')[2] ?? ''
    expect(body.length).toBeGreaterThan(20)
    expect(log).not.toContain(body)
    const workspace = runner.paths.workspace(runId)
    for (const name of readdirSync(workspace, { recursive: true, encoding: 'utf8' })) {
      const path = join(workspace, name)
      if (statSync(path).isFile()) expect(readFileSync(path, 'latin1')).not.toContain(body)
    }
  })

  test('a server that is not known is refused, and the reason says what is missing', async () => {
    const other = server.knownHosts.replace('127.0.0.1', '127.0.0.2')
    for (const input of [{}, { known_hosts: other }]) {
      const { result } = await fetch(input, server.key)
      expect(result).toMatchObject({
        failure: { kind: 'cannot-start', reason: expect.stringContaining('the server is not known') },
      })
    }
    expect(existsSync(join(runner.paths.workspace(runId), '.millrace.yml'))).toBe(false)
  })

  test('a server with another host key than the known one is refused, also where first use is believed', async () => {
    const [kind, text] = publicPart()
    const { result } = await fetch(
      { known_hosts: `[127.0.0.1]:${server.port} ${kind} ${text}`, host_check: 'first-use' },
      server.key,
    )
    expect(result).toMatchObject({
      failure: { kind: 'cannot-start', reason: expect.stringContaining('another host key') },
    })
  })

  test('first use is believed where it is asked for', async () => {
    const { result, log } = await fetch({ known_hosts: '# none yet', host_check: 'first-use' }, server.key)
    expect(result, log).toMatchObject({ kind: 'succeeded' })
  })

  test('a key that is not let in is unauthorized', async () => {
    const { result } = await fetch({ known_hosts: server.knownHosts }, server.strangersKey)
    expect(result).toMatchObject({
      failure: { kind: 'unauthorized', reason: expect.stringContaining('does not let this key in') },
    })
  })

  test.each(['https://127.0.0.1/web', '/srv/web', 'git://127.0.0.1/web'])('a key is not for %s', async (url) => {
    const { result } = await fetch({ url }, server.key)
    expect(result).toMatchObject({ failure: { kind: 'cannot-start', reason: 'a key is for an ssh address' } })
  })
})

test('a runner must have ssh for an ssh address', () => {
  const needs = (url: string) => git.needs?.(git.schema.parse({ url }))
  expect(needs('git@example.com:web.git')).toEqual(['tool:git', 'tool:ssh'])
  expect(needs('ssh://example.com/web.git')).toEqual(['tool:git', 'tool:ssh'])
  expect(needs('https://example.com/web.git')).toEqual(['tool:git'])
  expect(needs('/srv/web')).toEqual(['tool:git'])
})

describe('a definition in a repository', { timeout: 60_000 }, () => {
  const read = (changes: { readonly credentials?: string; readonly knownHosts?: string | undefined } = {}) =>
    repositoryReader(
      guard(`127.0.0.1:${server.port}`),
      'https:ssh',
    )({
      url: server.address(repository),
      path: '.millrace.yml',
      revision: commit,
      credentials: server.key,
      knownHosts: server.knownHosts,
      timeoutMs: 30_000,
      ...changes,
    })

  test('is read by ssh with a key from a server that is known', async () => {
    expect(await read()).toEqual({ ok: true, text: 'name: x\n' })
  })

  test('is read neither from one that is not known nor by a key that is not let in', async () => {
    expect(await read({ knownHosts: undefined })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('the server is not known'),
    })
    expect(await read({ credentials: server.strangersKey })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('does not let this key in'),
    })
  })
})

/** Kind and text of a public key that is not the server's. */
function publicPart(): readonly string[] {
  return readFileSync(join(runner.directory, 'sshd', 'stranger.pub'), 'utf8').split(' ')
}
