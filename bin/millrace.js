#!/usr/bin/env node
// The launcher. Millrace is TypeScript that Node runs as it is, and Node strips types by itself from 24.12 on.
// An older `node` on the PATH hands over to the one that was installed beside us, so `millrace` works from any shell.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Says that this process was started by an older Node, so a broken install cannot start itself for ever. */
const handedOver = 'MILLRACE_NODE_HANDED_OVER'

if (stripsTypes(process.versions.node)) {
  delete process.env[handedOver] // not for the processes that we start
  const { enableCompileCache } = await import('node:module') // an older Node lacks it
  // Halves the time to start. Beside the packages, where nobody else can put anything; without a right to write, none.
  enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/millrace', import.meta.url)))
  await import('../src/main.ts')
} else if (process.env[handedOver] !== undefined) {
  refuse(`the installed node package is also too old (${process.versions.node})`)
} else {
  handOver(installedNode() ?? refuse('the node package is not installed; run `npm ci`'))
}

/** @param {string} version */
function stripsTypes(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 12)
}

/** @returns {string | undefined} the binary of the `node` package, wherever npm has put it */
function installedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json')
    const binary = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

/** @param {string} binary */
function handOver(binary) {
  const script = fileURLToPath(import.meta.url)
  const child = spawn(binary, [...process.execArgv, script, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, [handedOver]: '1' },
  })
  // A supervisor knows only this process: pass its signals on, and end the way the child ends.
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) {
    process.on(signal, () => {
      // A terminal has already sent Ctrl-C to both of us, and a second one would read as "now, not gracefully".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('error', (error) => refuse(error.message))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/**
 * @param {string} reason
 * @returns {never}
 */
function refuse(reason) {
  process.stderr.write(`millrace needs Node 24.12 or newer, and this is ${process.versions.node}: ${reason}\n`)
  process.exit(1)
}
