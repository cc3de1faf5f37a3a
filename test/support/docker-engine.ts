import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeTree } from '../../src/runner/remove-tree.ts'
import { waitUntil } from './wait-until.ts'

/**
 * A real Docker engine (Debian's docker.io) with a socket and a directory of its own. Its containers have no network but
 * that of the machine, so it leaves the machine's firewall as it is. Needs root, and a kernel that lets it mount: where
 * it has none, `refusal` says so, and tests of it are skipped by that name.
 */
export class DockerEngine implements AsyncDisposable {
  /** What `DOCKER_HOST` must say. */
  readonly host: string
  readonly #directory: string
  readonly #process: ChildProcess

  private constructor(host: string, directory: string, process: ChildProcess) {
    this.host = host
    this.#directory = directory
    this.#process = process
  }

  /** @param storage `vfs` needs nothing of the kernel and copies all files for every layer: `overlay2` is for large images. */
  static async open(storage: 'vfs' | 'overlay2' = 'vfs'): Promise<DockerEngine | { readonly refusal: string }> {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-docker-'))
    const host = `unix://${directory}/socket`
    const log = openSync(join(directory, 'log'), 'w')
    const words = [
      `--host=${host}`,
      `--data-root=${directory}/data`,
      `--exec-root=${directory}/exec`,
      `--pidfile=${directory}/pid`,
      `--storage-driver=${storage}`,
      '--bridge=none',
      '--iptables=false',
      '--ip6tables=false',
    ]
    const child = spawn('dockerd', words, { stdio: ['ignore', log, log] })
    closeSync(log)
    const engine = new DockerEngine(host, directory, child)
    const said = (): string => readFileSync(join(directory, 'log'), 'utf8')
    let missing = false
    let hasEnded = false
    child.once('error', () => (missing = true))
    child.once('exit', () => (hasEnded = true))
    await waitUntil(() => missing || hasEnded || said().includes('API listen on'), 60_000)
    if (missing) throw new Error('these tests need dockerd: apt-get install docker.io')
    if (hasEnded) {
      const refusal = `dockerd does not run here: ${said().trim().split('\n').at(-1)?.slice(0, 300)}`
      await engine.#remove()
      return { refusal }
    }
    return engine
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    // It ends what it has begun, its containerd too.
    this.#process.kill('SIGTERM')
    await ended
    await this.#remove()
  }

  async #remove(): Promise<void> {
    for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
      const [, path = ''] = line.split(' ')
      if (path.startsWith(`${this.#directory}/`)) execFileSync('umount', ['--lazy', path])
    }
    await removeTree(this.#directory)
  }
}
