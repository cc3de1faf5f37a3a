import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { GitDaemon } from '../../../test/support/git-daemon.ts'
import { asId, type RunId } from '../../model/id.ts'
import type { Job } from '../../model/job.ts'
import type { JsonObject } from '../../model/json.ts'
import { git } from './spec.ts'

/** More and less than the files of one commit: submodules, large files, some directories only. */
let runner: TestRunner
let base: string
const environment = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ALLOW_PROTOCOL: 'file',
  GIT_AUTHOR_NAME: 'Wang Li',
  GIT_AUTHOR_EMAIL: 'li@example.org',
  GIT_COMMITTER_NAME: 'Wang Li',
  GIT_COMMITTER_EMAIL: 'li@example.org',
}
const inside = (name: string, ...args: string[]): string =>
  execFileSync('git', args, {
    cwd: join(base, name),
    env: { ...environment, HOME: base },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
function repository(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(base, name)
  mkdirSync(path, { recursive: true })
  inside(name, 'init', '-q', '--initial-branch=main')
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(path, file, '..'), { recursive: true })
    writeFileSync(join(path, file), text)
  }
  return path
}
function commit(name: string, subject: string): void {
  inside(name, 'add', '.')
  inside(name, 'commit', '-q', '-m', subject)
}

beforeAll(async () => {
  runner = await TestRunner.open()
  base = join(runner.directory, 'repositories')
  repository('inner', { deep: 'deep 1\n' })
  commit('inner', 'deep')
  repository('library', { part: 'part 1\n' })
  inside('library', 'submodule', '--quiet', 'add', '../inner', 'inner')
  commit('library', 'library')
  repository('web', { file: 'web\n', 'docs/a/guide': 'guide\n', 'docs/b/other': 'other\n', 'src/main': 'main\n' })
  inside('web', 'submodule', '--quiet', 'add', '../library', 'libs/library')
  commit('web', 'web')
}, 60_000)
afterAll(() => runner.close())

let runId: RunId
let runs = 0
beforeEach(() => {
  runs += 1
  runId = asId(runs.toString(16).padStart(32, '0'))
})
const fetch = (input: JsonObject, more: Partial<Job> = {}) =>
  runner.run('git', { url: join(base, 'web'), ...input }, { runId, ...more })
const read = (path: string): string | undefined => {
  const file = join(runner.paths.workspace(runId), path)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

describe('submodules', { timeout: 60_000 }, () => {
  test('are not fetched unless asked for, then those of the repository, then also theirs', async () => {
    await fetch({})
    expect(read('libs/library/part')).toBeUndefined()
    const first = await fetch({ submodules: true })
    expect(first.result.kind, first.log).toBe('succeeded')
    expect([read('libs/library/part'), read('libs/library/inner/deep')]).toEqual(['part 1\n', undefined])
    const all = await fetch({ submodules: 'recursive' })
    expect(all.result.kind, all.log).toBe('succeeded')
    expect(read('libs/library/inner/deep')).toBe('deep 1\n')
  })

  test('are there for a second attempt, and what the first one changed in them is not', async () => {
    await fetch({ submodules: 'recursive' })
    writeFileSync(join(runner.paths.workspace(runId), 'libs/library/part'), 'changed')
    const again = await fetch({ submodules: 'recursive' }, { attempt: 2 })
    expect(again.result.kind, again.log).toBe('succeeded')
    expect([read('libs/library/part'), read('libs/library/inner/deep')]).toEqual(['part 1\n', 'deep 1\n'])
  })

  test('of the machine that runs it are read by no repository of elsewhere', async () => {
    const sly = repository('sly', { file: 'x' })
    inside('sly', 'submodule', '--quiet', 'add', join(base, 'inner'), 'inner')
    commit('sly', 'sly')
    await using server = await GitDaemon.open(base)
    const { result } = await fetch({ url: server.address('sly'), submodules: true })
    expect(result).toMatchObject({
      failure: { kind: 'cannot-start', reason: expect.stringContaining('fetch the submodules') },
    })
    expect(read('inner/deep')).toBeUndefined()
    expect((await fetch({ url: sly, submodules: true })).result.kind).toBe('succeeded')
  })
})

describe('large files', { timeout: 60_000 }, () => {
  test('that Git LFS keeps are fetched when asked for, and are pointers otherwise', async () => {
    repository('large', { '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n', 'a.bin': 'x'.repeat(5_000) })
    inside('large', 'lfs', 'install', '--local')
    commit('large', 'large')
    const url = `file://${join(base, 'large')}`
    const whole = await fetch({ url, lfs: true })
    expect(whole.result.kind, whole.log).toBe('succeeded')
    expect(read('a.bin')).toBe('x'.repeat(5_000))
    runId = asId('f'.repeat(32))
    await fetch({ url })
    expect(read('a.bin')).toContain('git-lfs.github.com/spec/v1')
  })

  test('need a runner that has it', () => {
    expect(git.needs?.(git.schema.parse({ url: '/srv/web', lfs: true }))).toEqual(['tool:git', 'tool:git-lfs'])
  })
})

describe('some directories only', { timeout: 60_000 }, () => {
  test('are checked out with the files on the way to them', async () => {
    const { result, log } = await fetch({ sparse: ['docs/a'] })
    expect(result.kind, log).toBe('succeeded')
    expect([read('docs/a/guide'), read('docs/b/other'), read('src/main'), read('file')]).toEqual([
      'guide\n',
      undefined,
      undefined,
      'web\n',
    ])
  })

  test.each(['-x', '../x', '/etc', 'a/../..', '*', 'a\nb', '!a', '#a', 'a"b', ''])('%j is none', async (path) => {
    expect(git.schema.safeParse({ url: '/srv/web', sparse: [path] }).success).toBe(false)
    const { result } = await fetch({ sparse: [path] })
    expect(result).toMatchObject({ failure: { kind: 'cannot-start' } })
  })
})
