import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { buildPage } from '../support/built-page.ts'

const dist = join(import.meta.dirname, '../../dist/web')
const read = (path: string): string => readFileSync(join(dist, path), 'utf8')
beforeAll(buildPage, 120_000)

/** Of a script, those that are loaded with it. */
function withImports(paths: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    const text = read(path)
    for (const [, name] of text.matchAll(/(?:import|from)\s*"\.\/([\w.-]+\.js)"/g)) visit(`assets/${name}`)
  }
  for (const path of paths) visit(path)
  return seen
}

const kib = (paths: Iterable<string>): number =>
  [...paths].reduce((sum, path) => sum + gzipSync(read(path)).length, 0) / 1_024

/** The chunk that a lazily loaded module became. */
const chunk = (name: string): string => {
  const [, file] = new RegExp(`["\`]\\./(${name}-[\\w-]+\\.js)["\`]`).exec(entryText()) ?? []
  if (file === undefined) throw new Error(`no chunk of ${name}`)
  return `assets/${file}`
}
const entries = (): readonly string[] =>
  [...read('index.html').matchAll(/"\/(assets\/[\w.-]+\.js)"/g)].map(([, path = '']) => path)
const entryText = (): string => entries().map(read).join('\n')

test('what Home needs is at most 250 KiB of compressed script', () => {
  const first = withImports([...entries(), chunk('home'), chunk('en')])
  expect(first.size).toBeGreaterThan(3)
  const size = kib(first)
  expect(size).toBeGreaterThan(100)
  expect(size).toBeLessThanOrEqual(250)
})

test('the editor, the graph and the timeline are not among it', () => {
  const first = [...withImports([...entries(), chunk('home')])].map(read).join('\n')
  const all = readdirSync(join(dist, 'assets'))
    .filter((name) => name.endsWith('.js'))
    .map((name) => read(`assets/${name}`))
    .join('\n')
  for (const sign of ['cm-content', 'run.graph.zoomOut', 'run.timeline.label']) {
    expect(all).toContain(sign)
    expect(first).not.toContain(sign)
  }
})
