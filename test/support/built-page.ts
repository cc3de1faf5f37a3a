import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Builds the page when its sources are newer than the last build: a test must not look at an old one. */
export function buildPage(): void {
  const built = modified(join(root, 'dist/web/index.html'))
  const sources = ['web', 'src/client', 'src/graph', 'src/model'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(root, folder, name)),
  )
  if (built > Math.max(...[...sources, join(root, 'package-lock.json')].map(modified))) return
  execFileSync(process.execPath, [join(root, 'scripts/prepare.ts')], { stdio: 'pipe' })
}

const modified = (path: string): number => (existsSync(path) ? statSync(path).mtimeMs : 0)
