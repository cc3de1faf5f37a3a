import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { build, type Plugin } from 'rolldown'

const ROOT = resolve(import.meta.dirname, '../..')
const CACHE = join(ROOT, 'node_modules/.cache/crash')
/** What a process or a thread is started with. */
const ENTRIES = ['scripts/crash/child.ts', 'scripts/crash/points.ts', 'src/store/sqlite/worker.ts']

/**
 * The process that is killed, with each of its threads as one file without types: nothing strips types again or looks
 * for a thousand files, and as one life ends by itself, there is compiled code for those that are killed.
 * @returns the directory of `child.js` and `points.js`, inside node_modules so that packages are found; kept for the
 *   next call
 */
export async function buildChild(): Promise<string> {
  const files = globSync('{src,scripts/crash}/**/*.ts', { cwd: ROOT }).toSorted()
  const hash = createHash('sha256')
    .update(process.version)
    .update(readFileSync(join(ROOT, 'package-lock.json')))
  for (const file of files) hash.update(file).update(readFileSync(join(ROOT, file)))
  const built = join(CACHE, hash.digest('hex').slice(0, 16))
  if (existsSync(built)) return built
  mkdirSync(CACHE, { recursive: true })
  const made = mkdtempSync(join(CACHE, 'new-'))
  await build({
    input: ENTRIES.map((entry) => join(ROOT, entry)),
    platform: 'node',
    // Its queries are watched: it has to be the same in the child and in its points.
    external: ['pg'],
    plugins: [placesOfSources],
    output: { dir: made, format: 'esm' },
    logLevel: 'warn',
  })
  writeFileSync(join(made, 'package.json'), '{"type":"module"}')
  rename(made, built)
  liveOnce(built)
  return built
}

/** Migrations are read where they are; the store's thread begins in the file that was made for it. */
const placesOfSources: Plugin = {
  name: 'places of sources',
  transform: (text, id) =>
    text
      .replaceAll('import.meta.dirname', JSON.stringify(dirname(id)))
      .replaceAll("new URL('./worker.ts', import.meta.url)", "new URL('./worker.js', import.meta.url)"),
}

/** Another process may have made the same one meanwhile. */
function rename(made: string, built: string): void {
  try {
    renameSync(made, built)
  } catch (error) {
    if (!existsSync(built)) throw error
    rmSync(made, { recursive: true })
  }
}

/** A process that is killed writes nothing into the cache of compiled code: one that ends by itself does. */
function liveOnce(built: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
  const life = JSON.stringify({ directory, databaseUrl: null, life: 'first', seed: 1, again: [], finish: true })
  const { status, stderr } = spawnSync(process.execPath, [join(built, 'child.js'), life], {
    env: { ...process.env, NODE_OPTIONS: `--import ${join(built, 'points.js')}` },
    encoding: 'utf8',
  })
  rmSync(directory, { recursive: true })
  if (status !== 0) throw new Error(`a life that is not killed ended with code ${status}: ${stderr}`)
}
