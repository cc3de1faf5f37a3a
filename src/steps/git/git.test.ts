import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { GitDaemon } from '../../../test/support/git-daemon.ts'
import type { AttemptResult } from '../../model/command.ts'
import type { Outputs } from '../../model/event.ts'
import { asId, type RunId } from '../../model/id.ts'
import { isRef, isUrl, splitCredentials } from './address.ts'
import { git } from './spec.ts'

let runner: TestRunner
/** Four commits: first, second (tag v1), third on main, and one on the branch `feature/x`. */
let repository: string
let commits: readonly string[]
let daemon: GitDaemon
let daemonUrl: string

const environment = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Wang Li',
  GIT_AUTHOR_EMAIL: 'li@example.org',
  GIT_COMMITTER_NAME: 'Wang Li',
  GIT_COMMITTER_EMAIL: 'li@example.org',
}
const inRepository = (...args: string[]): string =>
  execFileSync('git', args, {
    cwd: repository,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()

beforeAll(async () => {
  runner = await TestRunner.open()
  repository = join(runner.directory, 'repositories', 'web')
  mkdirSync(repository, { recursive: true })
  inRepository('init', '-q', '--initial-branch=trunk')
  const commit = (subject: string): string => {
    writeFileSync(join(repository, 'file'), `${subject}\n`)
    inRepository('add', '.')
    inRepository('commit', '-q', '-m', subject)
    return inRepository('rev-parse', 'HEAD')
  }
  const [first, second] = [commit('first'), commit('second: 版本')]
  inRepository('tag', '-a', 'v1', '-m', 'one')
  const third = commit('third')
  inRepository('checkout', '-q', '-b', 'feature/x', first)
  const fourth = commit('on a branch')
  inRepository('checkout', '-q', 'trunk')
  commits = [first, second, third, fourth]
  daemon = await GitDaemon.open(join(runner.directory, 'repositories'))
  daemonUrl = daemon.address('web')
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  await runner.close()
})

let run: RunId
let runs = 0
beforeEach(() => {
  runs += 1
  run = asId(`0193a1b2c3d4e5f60718293a${runs.toString(16).padStart(8, '0')}`)
})
const fetch = (input: Record<string, string | number>, more = {}) =>
  runner.run('git', { depth: 1, path: '.', ...input }, { runId: run, ...more })
const inWorkspace = (...args: string[]): string =>
  execFileSync('git', args, {
    cwd: runner.paths.workspace(run),
    env: { ...environment, GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
    encoding: 'utf8',
  }).trim()
const outputsOf = (result: AttemptResult): Outputs | null => (result.kind === 'succeeded' ? result.outputs : null)

describe.each([
  ['a local path', () => repository],
  ['a server', () => daemonUrl],
])('from %s', (_, url) => {
  test('the branch that HEAD names is fetched when no ref is given, and only its last commit', async () => {
    const { result, log } = await fetch({ url: url() })
    expect(outputsOf(result)).toEqual({
      commit: commits[2],
      short_commit: commits[2]!.slice(0, 7),
      ref: 'trunk',
      branch: 'trunk',
      author: 'Wang Li <li@example.org>',
      subject: 'third',
    })
    expect(log).toBe(
      `Fetching HEAD from ${url()}\n${commits[2]!.slice(0, 7)} third (Wang Li <li@example.org>) branch trunk\n`,
    )
    expect(readFileSync(join(runner.paths.workspace(run), 'file'), 'utf8')).toBe('third\n')
    expect(inWorkspace('rev-list', '--count', 'HEAD')).toBe('1')
    expect(inWorkspace('status', '--porcelain', '--branch')).toBe('## trunk')
    expect(inWorkspace('config', 'remote.origin.url')).toBe(url())
  })

  test.each([
    ['feature/x', 3, 'feature/x', 'feature/x'],
    ['refs/heads/feature/x', 3, 'feature/x', 'feature/x'],
    ['v1', 1, 'v1', undefined],
    ['refs/tags/v1', 1, 'v1', undefined],
    ['HEAD', 2, 'trunk', 'trunk'],
  ])('the ref %s is fetched', async (ref, index, name, branch) => {
    const { result } = await fetch({ url: url(), ref })
    expect(outputsOf(result)).toMatchObject({ commit: commits[index], ref: name })
    expect(outputsOf(result)?.['branch']).toBe(branch)
    expect(inWorkspace('rev-list', '--count', 'HEAD')).toBe('1')
  })

  test('a commit is fetched that is the end of no branch, by its whole name or a part of it', async () => {
    const whole = await fetch({ url: url(), ref: commits[0]! })
    expect(outputsOf(whole.result)).toMatchObject({ commit: commits[0], subject: 'first' })
    run = asId(`0193a1b2c3d4e5f6071829ff${runs.toString(16).padStart(8, '0')}`)
    const part = await fetch({ url: url(), ref: commits[1]!.slice(0, 10) })
    expect(outputsOf(part.result)).toMatchObject({ commit: commits[1], subject: 'second: 版本' })
    expect(part.log).toContain('The commit cannot be fetched alone; fetching all branches and tags\n')
  })

  test.each(['no-such-branch', '0'.repeat(40), 'abcdef1'])(
    'the ref %s cannot be fetched, and the reason says so',
    async (ref) => {
      const { result } = await fetch({ url: url(), ref })
      expect(result).toMatchObject({ failure: { kind: 'cannot-start', reason: expect.stringContaining(ref) } })
    },
  )

  test('depth 0 is the whole history, 2 the last two', async () => {
    await fetch({ url: url(), depth: 0 })
    expect(inWorkspace('rev-list', '--count', 'HEAD')).toBe('3')
    run = asId(`0193a1b2c3d4e5f6071829fe${runs.toString(16).padStart(8, '0')}`)
    await fetch({ url: url(), depth: '2', ref: 'trunk' })
    expect(inWorkspace('rev-list', '--count', 'HEAD')).toBe('2')
  })
})

test('a file URL is fetched from as a path is', async () => {
  const { result } = await fetch({ url: `file://${repository}`, ref: 'v1' })
  expect(outputsOf(result)).toMatchObject({ commit: commits[1], ref: 'v1' })
})

describe('the checkout', () => {
  test('goes where it is told, beside others', async () => {
    await fetch({ url: repository, path: 'src/web' })
    await fetch({ url: repository, path: 'other', ref: 'v1' })
    const read = (path: string): string => readFileSync(join(runner.paths.workspace(run), path, 'file'), 'utf8')
    expect([read('src/web'), read('other')]).toEqual(['third\n', 'second: 版本\n'])
  })

  test.each(['..', 'a/../../b', '/tmp/x', '/'])('does not go to %j', async (path) => {
    const { result } = await fetch({ url: repository, path })
    expect(result).toMatchObject({ failure: { kind: 'cannot-start', reason: expect.stringContaining('not inside') } })
  })

  test('does not go through a link out of the workspace', async () => {
    const outside = join(runner.directory, 'outside')
    mkdirSync(outside)
    await runner.run('script', { script: `ln -s ${outside} out` }, { runId: run })
    expect((await fetch({ url: repository, path: 'out' })).result).toMatchObject({ failure: { kind: 'cannot-start' } })
    expect(existsSync(join(outside, '.git'))).toBe(false)
  })

  test('a later attempt is not held up by what a killed one left', async () => {
    await fetch({ url: repository, ref: 'v1' })
    const workspace = runner.paths.workspace(run)
    for (const lock of ['index.lock', 'shallow.lock', 'config.lock']) writeFileSync(join(workspace, '.git', lock), '')
    writeFileSync(join(workspace, 'file'), 'changed')
    const { result } = await fetch({ url: repository }, { attempt: 2 })
    expect(outputsOf(result)).toMatchObject({ commit: commits[2] })
    expect(readFileSync(join(workspace, 'file'), 'utf8')).toBe('third\n')
  })
})

describe('nothing of the machine or of the repository is run', () => {
  test('hooks of a template or of the repository stay silent', async () => {
    const template = join(runner.directory, 'template', 'hooks')
    mkdirSync(template, { recursive: true })
    for (const hook of ['post-checkout', 'reference-transaction']) {
      writeFileSync(join(template, hook), '#!/bin/sh\ntouch "$HOME/hooked"\n')
      chmodSync(join(template, hook), 0o755)
    }
    await fetch({ url: repository }, { env: { GIT_TEMPLATE_DIR: join(template, '..') } })
    expect(existsSync(join(runner.paths.home(run), 'hooked'))).toBe(false)
  })

  test('configuration in HOME is not read', async () => {
    await runner.run(
      'script',
      {
        script: `printf '[core]\\n\\tsshCommand = touch %s/hooked; false\\n[alias]\\n\\tls-remote = !touch %s/hooked\\n' "$HOME" "$HOME" > "$HOME/.gitconfig"`,
      },
      { runId: run },
    )
    await fetch({ url: 'ssh://127.0.0.1:1/x' })
    expect(existsSync(join(runner.paths.home(run), 'hooked'))).toBe(false)
  })

  test.each([
    'ext::sh -c touch% canary',
    'ext::touch canary',
    'fd::0',
    '--upload-pack=touch canary',
    '-u',
    'ssh://-oProxyCommand=touch canary/x',
    'ssh://-oProxyCommand=touch%20canary/x',
    '-oProxyCommand=touch:x',
    'relative/path',
    '../web',
    '',
    'https://',
    'javascript:x',
    'https://user\\:password@example.com/x',
    'https://example.com/\n--upload-pack=x',
  ])('the address %j is refused', async (url) => {
    const { result } = await fetch({ url })
    expect(result).toMatchObject({ failure: { kind: 'cannot-start' } })
    expect(existsSync(join(runner.paths.workspace(run), 'canary'))).toBe(false)
  })

  test.each([
    '--upload-pack=touch canary',
    '-f',
    'a..b',
    'a b',
    'HEAD~1',
    'v1^{}',
    'a:b',
    '@{1}',
    '*',
    'x.lock',
    '/x',
    'x/',
    '@',
  ])('the ref %j is refused', async (ref) => {
    const { result } = await fetch({ url: repository, ref })
    expect(result).toMatchObject({ failure: { kind: 'cannot-start' } })
    expect(existsSync(join(runner.paths.workspace(run), 'canary'))).toBe(false)
  })
})

test('a repository that is not there cannot be fetched', async () => {
  expect((await fetch({ url: '/no/such' })).result).toMatchObject({ failure: { kind: 'cannot-start' } })
  expect((await fetch({ url: daemonUrl.replace('web', 'none') })).result).toMatchObject({
    failure: { kind: 'cannot-start' },
  })
})

test('an empty repository says that it is empty', async () => {
  const empty = join(runner.directory, 'empty')
  execFileSync('git', ['init', '-q', '--bare', empty], { env: environment })
  expect((await fetch({ url: empty })).result).toMatchObject({
    failure: { reason: 'the repository has no HEAD: it is empty' },
  })
  rmSync(empty, { recursive: true })
})

test('where there is no git, that is the reason', async () => {
  const { result } = await fetch({ url: repository }, { env: { PATH: '/nowhere' } })
  expect(result).toMatchObject({ failure: { kind: 'missing-tool', tool: 'git' } })
})

test('a user and a password in the address are neither logged nor stored', async () => {
  const { log } = await fetch({ url: 'http://user:s3cret@127.0.0.1:1/web.git' })
  expect(log).toContain('Fetching HEAD from http://127.0.0.1:1/web.git\n')
  expect(log).not.toContain('s3cret')
  expect(splitCredentials('https://user:p%40ss@host:8443/a/b.git')).toEqual({
    url: 'https://host:8443/a/b.git',
    config: '[url "https://user:p%40ss@host:8443/"]\n\tinsteadOf = https://host:8443/\n',
  })
  const { config } = splitCredentials('https://a"b%0a:x"y@host/')
  expect(config).toBe('[url "https://a%22b%0a:x%22y@host/"]\n\tinsteadOf = https://host/\n')
})

describe('the form of the step', () => {
  test.each([
    'https://example.com/a.git',
    'http://h:8080/a',
    'ssh://git@host/a',
    'git@host:a/b.git',
    'host:a',
    'file:///srv/a',
    'git://h/a',
    '/srv/a',
    'https://user:token@h/a',
  ])('%s is an address', (url) => {
    expect(isUrl(url)).toBe(true)
    expect(git.schema.safeParse({ url }).success).toBe(true)
  })

  test.each(['main', 'feature/x-1', 'v1.0.0', 'refs/heads/x', 'a'.repeat(40), '版本', 'user@host', 'x.y'])(
    '%s is a ref',
    (ref) => {
      expect(isRef(ref)).toBe(true)
    },
  )

  test('a template may stand for each', () => {
    const input = { url: '${{ params.url }}', ref: '${{ params.ref }}', depth: '${{ params.depth }}' }
    expect(git.schema.parse(input)).toEqual({ ...input, path: '.' })
    expect(git.work(git.schema.parse({ url: '/srv/a' }))).toEqual({
      kind: 'runner',
      uses: 'git',
      with: { url: '/srv/a', depth: 1, path: '.' },
    })
  })

  test.each([
    {},
    { url: 'x' },
    { url: '/a', depth: -1 },
    { url: '/a', depth: 1.5 },
    { url: '/a', depth: 'two' },
    { url: '/a', ref: '' },
    { url: '/a', branch: 'x' },
  ])('%j is wrong', (input) => {
    expect(git.schema.safeParse(input).success).toBe(false)
  })
})
