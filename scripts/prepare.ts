// What `npm ci` ends with: the page is built, so that `npm start` opens onto it. An install without development packages
// has nothing to build with, and a server without its page is still a server: it says so when it starts.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const manifest = found('vite/package.json')
if (manifest === undefined) {
  console.log('The page is not built: Vite is not installed (npm ci without development packages).')
} else {
  const vite = join(dirname(manifest), 'bin/vite.js')
  const args = [vite, 'build', 'web', '--logLevel', 'warn']
  // Vite would build the slow React of development for whoever has set it otherwise, as tests do.
  const env = { ...process.env, NODE_ENV: 'production' }
  const { status } = spawnSync(process.execPath, args, { cwd: join(import.meta.dirname, '..'), env, stdio: 'inherit' })
  process.exitCode = status ?? 1
}

function found(path: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(path)
  } catch {
    return undefined
  }
}
