import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { waitUntil } from './wait-until.ts'

/** git-daemon(1) on loopback: everybody may read what is below its base. */
export class GitDaemon implements AsyncDisposable {
  readonly #port: number
  readonly #process: ChildProcess

  private constructor(port: number, process: ChildProcess) {
    this.#port = port
    this.#process = process
  }

  static async open(base: string): Promise<GitDaemon> {
    const port = await freePort()
    const args = ['--export-all', `--base-path=${base}`, '--listen=127.0.0.1', `--port=${port}`, '--verbose']
    // Not `git daemon`, which starts it as a child of its own: killed, that would leave the server behind.
    const child = spawn(join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-daemon'), args, {
      env: { PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1', HOME: base },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (text: Buffer) => (said += text.toString()))
    await waitUntil(() => said.includes('Ready to rumble'))
    return new GitDaemon(port, child)
  }

  address(name: string): string {
    return `git://127.0.0.1:${this.#port}/${name}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }
}
