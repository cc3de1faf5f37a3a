import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import yauzl from 'yauzl'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
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
  const attempt = runner.start('package', input, { runId })
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

/** What a package is made of, as another program reads it. */
const unpacked = (artifact: Artifact): string => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-unpacked-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  execFileSync('tar', ['-xzf', pathOf(artifact), '-C', directory])
  return directory
}
const unzipped = async (artifact: Artifact): Promise<Readonly<Record<string, string>>> => {
  const zip = await yauzl.openPromise(pathOf(artifact), { lazyEntries: true })
  const files: Record<string, string> = {}
  for await (const entry of zip.eachEntry()) {
    const parts: Buffer[] = []
    if (!entry.fileName.endsWith('/')) {
      for await (const part of await zip.openReadStreamPromise(entry)) parts.push(part as Buffer)
    }
    const mode = (entry.externalFileAttributes >>> 16).toString(8)
    files[entry.fileName] = `${mode} ${Buffer.concat(parts).toString()}`
  }
  return files
}

describe('the same files', () => {
  const fill = (mtime: number): void => {
    put({ 'dist/run.sh': 'x', 'dist/a.js': 'a', 'dist/sub/b.js': 'b', [`dist/${'long'.repeat(40)}/ü.txt`]: 'u' })
    chmodSync(inWorkspace('dist/run.sh'), mtime === 1 ? 0o755 : 0o700)
    chmodSync(inWorkspace('dist/a.js'), mtime === 1 ? 0o644 : 0o600)
    utimesSync(inWorkspace('dist/a.js'), mtime, mtime)
    symlinkSync('sub/b.js', inWorkspace('dist/latest'))
  }

  test.each(['web.tar.gz', 'web.zip'])(
    'give the same bytes of %s, whenever and by whomever they were made',
    async (name) => {
      fill(1)
      const first = await go({ name, files: 'dist' })
      runId = asId(`0293a1b2c3d4e5f60718293c${runs.toString(16).padStart(8, '0')}`)
      mkdirSync(runner.paths.workspace(runId), { recursive: true })
      fill(1_700_000_000)
      const second = await go({ name, files: ['dist/**', 'dist'] })
      expect(first.kept[0]?.sha256).toMatch(/^[0-9a-f]{64}$/)
      expect(second.kept[0]?.sha256).toBe(first.kept[0]?.sha256)
    },
  )

  test('come out as they went in', async () => {
    fill(1)
    linkSync(inWorkspace('dist/a.js'), inWorkspace('dist/hard.js'))
    const tar = await go({ name: 'web.tar.gz', files: 'dist' })
    const directory = unpacked(tar.kept[0]!)
    expect(readFileSync(join(directory, 'dist/latest'), 'utf8')).toBe('b')
    expect(readFileSync(join(directory, 'dist/hard.js'), 'utf8')).toBe('a')
    const listing = execFileSync('tar', ['-tvzf', pathOf(tar.kept[0]!)], { encoding: 'utf8', env: { TZ: 'UTC' } })
    expect(listing).toMatch(/-rwxr-xr-x 0\/0 +1 1970-01-01 00:00 dist\/run.sh/)
    expect(listing).toMatch(/-rw-r--r-- 0\/0 +1 1970-01-01 00:00 dist\/hard.js/)
    const zip = await go({ name: 'web.zip', files: 'dist' })
    const files = await unzipped(zip.kept[0]!)
    expect(files).toMatchObject({
      'dist/': '40755 ',
      'dist/run.sh': '100755 x',
      'dist/a.js': '100644 a',
      'dist/latest': '120777 sub/b.js',
    })
  })

  test('that are many or large are packed whole', async () => {
    put(Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`many/${n}.txt`, String(n)])))
    writeFileSync(inWorkspace('many/large.bin'), Buffer.alloc(4_000_000, 'millrace'))
    const { kept } = await go({ name: 'many.zip', files: 'many' })
    const files = await unzipped(kept[0]!)
    expect(Object.keys(files)).toHaveLength(502)
    expect(files['many/large.bin']).toHaveLength(4_000_000 + '100644 '.length)
  })
})

describe('crafted', () => {
  test.each(['/etc/passwd', '../../secret', '../..', 'sub/../x', '.x/../y', '../a/..'])(
    'links out are refused: %s',
    async (target) => {
      put({ 'dist/a': 'a' })
      symlinkSync(target, inWorkspace('dist/link'))
      expect((await go({ name: 'a.tar.gz', files: 'dist' })).result).toMatchObject({
        failure: { kind: 'said-no', reason: expect.stringContaining('the link "dist/link" leads out of the package') },
      })
    },
  )

  test('pipes are refused, and nothing waits for them', async () => {
    put({ 'dist/a': 'a' })
    execFileSync('mkfifo', [inWorkspace('dist/pipe')])
    for (const name of ['a.tar.gz', 'a.zip']) {
      expect((await go({ name, files: 'dist' })).result).toMatchObject({
        failure: {
          kind: 'said-no',
          reason: 'expected files, directories and links, found something else: "dist/pipe"',
        },
      })
    }
  })

  test.each(['CON', 'aux.c', 'a/NUL.txt', 'b\\..\\c', 'C:x', 'two\nlines', 'dot.', 'com1.log'])(
    'a ZIP holds no %j, which another system would take for something else',
    async (file) => {
      put({ [`dist/${file}`]: 'x' })
      expect((await go({ name: 'a.zip', files: 'dist' })).result).toMatchObject({ failure: { kind: 'said-no' } })
      expect((await go({ name: 'a.tar.gz', files: 'dist' })).result.kind).toBe('succeeded')
    },
  )

  test('a giant is refused before it is read', async () => {
    put({ 'dist/giant': '' })
    truncateSync(inWorkspace('dist/giant'), 17 * 1024 ** 3)
    expect((await go({ name: 'a.tar.gz', files: 'dist' })).result).toMatchObject({
      failure: { kind: 'said-no', reason: 'expected files of at most 17179869184 bytes in all, found more' },
    })
  })

  test('whatever a tree looks like, a package is refused or holds just that tree', async () => {
    const part = fc.constantFrom('a', 'b', '-x', ' ', 'é', '..a', 'a\nb', '%2e', 'con')
    const node = fc.record({
      path: fc.array(part, { minLength: 1, maxLength: 3 }),
      link: fc.option(fc.constantFrom('a', '../b', '../../..', '/etc', '.', 'missing')),
      content: fc.string({ maxLength: 20 }),
    })
    let tree = 0
    await fc.assert(
      fc.asyncProperty(fc.array(node, { minLength: 1, maxLength: 8 }), async (nodes) => {
        tree += 1
        const root = `tree-${tree}`
        mkdirSync(inWorkspace(root))
        for (const { path, link, content } of nodes) {
          const place = inWorkspace(`${root}/${path.join('/')}`)
          try {
            mkdirSync(dirname(place), { recursive: true })
            if (link === null) writeFileSync(place, content, { flag: 'wx' })
            else symlinkSync(link, place)
          } catch {
            // A name that is taken, or behind a link: the tree is what the others make.
          }
        }
        const { result, kept } = await go({ name: 'tree.tar.gz', files: root })
        if (result.kind === 'failed') {
          expect(result.failure).toMatchObject({ kind: 'said-no', reason: expect.stringMatching(/leads out/) })
          return
        }
        expect(
          execFileSync('diff', ['--no-dereference', '-r', inWorkspace(root), join(unpacked(kept[0]!), root)], {
            encoding: 'utf8',
          }),
        ).toBe('')
      }),
      { numRuns: 40 },
    )
  })
})
