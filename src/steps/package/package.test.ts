import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import type { Artifact } from '../../model/artifact.ts'
import { asId, type RunId } from '../../model/id.ts'
import type { JsonObject } from '../../model/json.ts'

let runner: TestRunner
beforeAll(async () => {
  runner = await TestRunner.open()
})
afterAll(() => runner.close())

let runId: RunId
let runs = 0
beforeEach(() => {
  runs += 1
  runId = asId(`0193a1b2c3d4e5f60718293c${runs.toString(16).padStart(8, '0')}`)
  mkdirSync(runner.paths.workspace(runId), { recursive: true })
})

const inWorkspace = (path: string): string => join(runner.paths.workspace(runId), path)
const put = (files: Readonly<Record<string, string>>): void => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(inWorkspace(path)), { recursive: true })
    writeFileSync(inWorkspace(path), content)
  }
}
const go = async (input: JsonObject) => {
  const attempt = runner.start('package', { format: 'tar.gz', cwd: '.', ...input }, { runId })
  const { result } = await attempt.ended
  const list = runner.paths.report(attempt.job, 'artifacts')
  const kept = existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as readonly Artifact[]) : []
  return { result, kept }
}
const pathOf = ({ sha256 }: Artifact): string => join(runner.paths.artifacts, sha256.slice(0, 2), sha256)
const listed = (artifact: Artifact): readonly string[] =>
  execFileSync('tar', ['-tzf', pathOf(artifact)], { encoding: 'utf8' })
    .trim()
    .split('\n')

describe('a package', () => {
  test('holds what the globs find, is kept under its SHA-256, and says so in its outputs', async () => {
    put({ 'dist/a.js': 'a', 'dist/b/c.js': 'c', 'docs/x.md': 'x', 'docs/y.txt': 'y' })
    const { result, kept } = await go({ name: 'web.tar.gz', files: ['dist', 'docs/*.md'] })
    const [artifact] = kept
    if (artifact === undefined) throw new Error('nothing was kept')
    const { sha256, sizeBytes } = artifact
    expect(result).toEqual({
      kind: 'succeeded',
      outputs: { package_file: 'web.tar.gz', sha256, size: String(sizeBytes) },
    })
    expect(listed(artifact).toSorted()).toEqual(['dist/', 'dist/a.js', 'dist/b/', 'dist/b/c.js', 'docs/x.md'])
    const bytes = readFileSync(pathOf(artifact))
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
    expect(bytes.length).toBe(sizeBytes)
  })

  test('names no directory that it begins in', async () => {
    put({ 'build/out/a.txt': 'a' })
    const { kept } = await go({ name: 'a.tar.gz', files: 'out', cwd: 'build' })
    expect(listed(kept[0]!)).toEqual(['out/', 'out/a.txt'])
  })

  test('of one file as it is keeps its bytes, once, whatever it is called', async () => {
    put({ 'r.xml': '<r/>', 'other/r.xml': '<r/>' })
    const first = await go({ name: 'report.xml', files: 'r.xml', format: 'file' })
    const second = await go({ name: 'again.xml', files: 'other/r.xml', format: 'file' })
    expect(second.kept[0]).toMatchObject({ name: 'again.xml', sha256: first.kept[0]?.sha256 })
    expect(readFileSync(pathOf(first.kept[0]!), 'utf8')).toBe('<r/>')
    expect(readdirSync(join(runner.paths.artifacts, 'new'))).toEqual([])
  })

  test('of files whose names are options or have line breaks is a package of files', async () => {
    put({ '--checkpoint-action=exec=false': 'x', 'two\nlines': 'y' })
    const { result, kept } = await go({ name: 'odd.tar.gz', files: '*' })
    expect(result.kind).toBe('succeeded')
    expect(listed(kept[0]!)).toHaveLength(2)
  })
})

describe('refused', () => {
  test.each(['../secret', '/etc/passwd', 'a/../../b'])('a path that leads out: %s', async (files) => {
    const { result, kept } = await go({ name: 'a.tar.gz', files })
    expect(result).toMatchObject({ kind: 'failed', failure: { kind: 'cannot-start' } })
    expect(kept).toEqual([])
  })

  test('what is behind a link that leads out is not packed, and a link is no file to keep', async () => {
    symlinkSync('/etc', inWorkspace('etc'))
    symlinkSync('/etc/passwd', inWorkspace('p'))
    expect((await go({ name: 'a.tar.gz', files: 'etc/passwd' })).result).toMatchObject({
      kind: 'failed',
      failure: { kind: 'said-no', reason: 'no file of the workspace is like etc/passwd' },
    })
    expect((await go({ name: 'p', files: 'p', format: 'file' })).result).toMatchObject({
      failure: { kind: 'said-no', reason: 'expected a regular file to keep, found p' },
    })
    expect((await go({ name: 'a.tar.gz', files: 'x', cwd: 'etc' })).result).toMatchObject({
      failure: { kind: 'cannot-start', reason: 'there is no directory "etc" in the workspace' },
    })
  })

  test.each(['a/b', '..', 'a b', ''])('the name %j', async (name) => {
    put({ a: 'a' })
    const { result } = await go({ name, files: 'a', format: 'file' })
    expect(result).toMatchObject({ kind: 'failed', failure: { kind: 'cannot-start' } })
  })

  test('nothing that was found, and several where one is wanted', async () => {
    put({ 'a.js': 'a', 'b.js': 'b' })
    expect((await go({ name: 'x', files: '*.css' })).result).toMatchObject({ failure: { kind: 'said-no' } })
    expect((await go({ name: 'x', files: '*.js', format: 'file' })).result).toMatchObject({
      failure: { reason: 'expected one file to keep as it is, found a.js, b.js' },
    })
  })
})
