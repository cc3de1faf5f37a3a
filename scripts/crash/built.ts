import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')
const CACHE = join(ROOT, 'node_modules/.cache/crash')

/**
 * The sources with their types stripped once and for all: the same statements at the same places. A process of three
 * threads is then up in a third of the time: none of them strips types again, and as one life ends by itself, there is
 * compiled code for those that are killed.
 * @returns the copy's directory, inside node_modules so that packages are found; kept for the next call
 */
export function stripSources(): string {
  const files = globSync('{src,scripts/crash}/**/*.{ts,sql}', { cwd: ROOT }).filter(
    (file) => !file.endsWith('.test.ts'),
  )
  const texts = files.toSorted().map((file) => [file, readFileSync(join(ROOT, file), 'utf8')] as const)
  const hash = createHash('sha256').update(process.version).update(JSON.stringify(texts)).digest('hex')
  const copy = join(CACHE, hash.slice(0, 16))
  if (existsSync(copy)) return copy
  mkdirSync(CACHE, { recursive: true })
  const made = mkdtempSync(join(CACHE, 'new-'))
  writeFileSync(join(made, 'package.json'), '{"type":"module"}')
  for (const [file, text] of texts) {
    const target = join(made, file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, file.endsWith('.sql') ? text : stripped(text))
  }
  rename(made, copy)
  liveOnce(copy)
  return copy
}

const stripped = (text: string): string =>
  stripTypeScriptTypes(text).replace(/(['"])(\.\.?\/[^'"\n]+)\.ts\1/g, '$1$2.js$1')

/** Another process may have made the same one meanwhile. */
function rename(made: string, copy: string): void {
  try {
    renameSync(made, copy)
  } catch (error) {
    if (!existsSync(copy)) throw error
    rmSync(made, { recursive: true })
  }
}

/** A process that is killed writes nothing into the cache of compiled code: one that ends by itself does. */
function liveOnce(copy: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
  const life = JSON.stringify({ directory, databaseUrl: null, life: 'first', seed: 1, again: [], finish: true })
  const { status, stderr } = spawnSync(process.execPath, [join(copy, 'scripts/crash/child.js'), life], {
    env: { ...process.env, NODE_OPTIONS: `--import ${join(copy, 'scripts/crash/points.js')}` },
    encoding: 'utf8',
  })
  rmSync(directory, { recursive: true })
  if (status !== 0) throw new Error(`a life that is not killed ended with code ${status}: ${stderr}`)
}
