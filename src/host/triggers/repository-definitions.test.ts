import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { JsonObject } from '../../model/json.ts'
import type { Result } from '../../model/problem.ts'
import { repositoryReader } from '../../outbound/repository-file.ts'
import { guard } from '../../steps/kit/guard.ts'
import { need, openWorld, type World, type WorldOptions } from '../../testing/world.ts'
import type { Fired, Ignored } from '../app.ts'

const outbound = (protocols: string): NonNullable<WorldOptions['outbound']> => ({
  post: () => Promise.reject(new Error('nothing is posted')),
  mail: null,
  file: repositoryReader(guard(''), protocols),
  runUrl: () => '',
})

class Repository {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-repository-'))

  constructor() {
    onTestFinished(() => rmSync(this.path, { recursive: true }))
    this.git('init', '--quiet', '--initial-branch=main')
    // As forges have it: any commit may be asked for.
    this.git('config', 'uploadpack.allowAnySHA1InWant', 'true')
  }

  git(...args: readonly string[]): string {
    const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
    const who = ['-c', 'user.name=li', '-c', 'user.email=li@example.com']
    return execFileSync('git', [...who, ...args], { cwd: this.path, env, encoding: 'utf8' })
  }

  /** @returns the commit */
  commit(text: string, file = '.millrace.yml'): string {
    writeFileSync(join(this.path, file), text)
    return this.committed()
  }

  committed(): string {
    this.git('add', '--all')
    this.git('commit', '--quiet', '--allow-empty', '--message', 'more')
    return this.git('rev-parse', 'HEAD').trim()
  }
}

const text = (task: string): string => `name: of the file\ntasks:\n  - {key: ${task}, uses: noop}\n`

async function opened(repository: Repository, protocols = 'file'): Promise<{ world: World; send: Send }> {
  const world = await openWorld({ outbound: outbound(protocols) })
  const definition = `
name: web
params: {where: ''}
triggers:
  - forge: github
    definition: {url: 'file://${repository.path}'}
    params: {branch: where}
tasks:
  - {key: held, uses: noop}
`
  const pipeline = need(
    await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text: definition }),
  )
  const secret = need(await world.app.pipelines.webhookSecret(world.admin, { id: pipeline.id }, 'github'))
  const send: Send = (event, payload) => {
    const body = JSON.stringify(payload)
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
    const headers: Readonly<Record<string, string>> = { 'x-github-event': event, 'x-hub-signature-256': signature }
    return world.app.runs.deliver(pipeline.webhooks[0]?.id ?? '', {}, { header: (name) => headers[name], body })
  }
  return { world, send }
}
type Send = (event: string, payload: JsonObject) => Promise<Result<Fired | Ignored>>

let count = 0
const push = (sha: string): JsonObject => ({
  ref: 'refs/heads/main',
  after: sha,
  delivery: (count += 1),
  repository: { full_name: 'acme/web' },
  sender: { login: 'li' },
})
function runOf(answer: Result<Fired | Ignored>): Fired['run'] {
  const value = need(answer)
  if ('ignored' in value) throw new Error(value.ignored)
  return value.run
}
const tasksOf = (run: Fired['run']): readonly string[] => run.stages.flatMap(({ tasks }) => tasks.map(({ key }) => key))

test('a run has the tasks that its commit says, under the name and triggers that the server holds', async () => {
  const repository = new Repository()
  const { world, send } = await opened(repository)
  const first = repository.commit(text('one'))
  const second = repository.commit(text('two'))
  const runs = [
    runOf(await send('push', push(first))),
    runOf(await send('push', push(second))),
    runOf(await send('push', push(first))),
  ]
  expect(runs.map(tasksOf)).toEqual([['one'], ['two'], ['one']])
  expect(runs.map(({ pipeline }) => pipeline.version)).toEqual([2, 3, 2])
  expect(runs[0]?.definition).toMatchObject({ name: 'web', triggers: { list: [{ kind: 'forge' }] } })
  const held = need(await world.app.pipelines.list(world.admin, {}, { after: null, limit: 1 })).items[0]
  expect(held).toMatchObject({ version: 1, name: 'web' })
  expect(tasksOf(await world.start(held!))).toEqual(['held'])
})

test('a file that is wrong is answered with its first line that is', async () => {
  const repository = new Repository()
  const { send } = await opened(repository)
  const sha = repository.commit('name: x\ntasks:\n  - {key: a, uses: scirpt}\n')
  const answer = await send('push', push(sha))
  expect(answer).toMatchObject({
    ok: false,
    problem: { code: 'invalid_definition', message: expect.stringContaining('line 3'), errors: [{ line: 3 }] },
  })
})

test('of a fork it is read where the change would go', async () => {
  const repository = new Repository()
  const { send } = await opened(repository)
  const base = repository.commit(text('base'))
  const head = repository.commit(text('stranger'))
  const pull = (headId: number): JsonObject => ({
    action: 'opened',
    number: 1,
    pull_request: {
      number: 1,
      title: String(headId),
      head: { ref: 'x', sha: head, repo: { id: headId } },
      base: { ref: 'main', sha: base, repo: { id: 1 } },
    },
    repository: { full_name: 'acme/web' },
  })
  const strange = runOf(await send('pull_request', pull(2)))
  expect(tasksOf(strange)).toEqual(['base'])
  expect(strange.status).toBe('waiting')
  expect(tasksOf(runOf(await send('pull_request', pull(1))))).toEqual(['stranger'])
})

test('what is no file, too long, or by a way that is not allowed is not read', async () => {
  const repository = new Repository()
  const { send } = await opened(repository)
  const without = repository.committed()
  expect(await send('push', push(without))).toMatchObject({
    ok: false,
    problem: { message: expect.stringContaining('there is no file') },
  })
  const long = repository.commit(`# ${'x'.repeat(1_100_000)}`)
  expect(await send('push', push(long))).toMatchObject({
    ok: false,
    problem: { message: expect.stringContaining('bytes') },
  })
  rmSync(join(repository.path, '.millrace.yml'))
  symlinkSync('/etc/passwd', join(repository.path, '.millrace.yml'))
  const linked = await send('push', push(repository.committed()))
  expect(linked.ok).toBe(false)
  expect(JSON.stringify(linked)).not.toContain('root:')
  expect(await send('push', push('d'.repeat(40)))).toMatchObject({ ok: false, problem: { code: 'not_allowed' } })
  const other = await opened(repository, 'https:ssh')
  expect(await other.send('push', push(without))).toMatchObject({
    ok: false,
    problem: { message: expect.stringContaining('expected an address of https, ssh') },
  })
})

test.each(['https://127.0.0.1:9/x.git', 'https://[::1]/x.git', 'ssh://localhost/x.git', 'http://169.254.169.254/x'])(
  '%s is not gone to',
  async (url) => {
    const read = repositoryReader(guard(''), 'https:http:ssh')
    const found = await read({
      url,
      path: 'x',
      revision: 'a'.repeat(40),
      credentials: 'secret',
      knownHosts: undefined,
      timeoutMs: 20_000,
    })
    expect(found).toMatchObject({ ok: false, reason: expect.stringContaining('not public') })
  },
)
