import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { waitUntil } from './wait-until.ts'

/** A real registry of images (Debian's docker-registry) on loopback, which lets in one user. */
export class ImageRegistry implements AsyncDisposable {
  /** What names of its images begin with. */
  readonly host: string
  readonly user = 'ci'
  readonly #password: string
  readonly #process: ChildProcess

  private constructor(host: string, password: string, process: ChildProcess) {
    this.host = host
    this.#password = password
    this.#process = process
  }

  /** @param directory of the caller, who removes it. */
  static async open(directory: string, password: string): Promise<ImageRegistry> {
    mkdirSync(directory, { recursive: true })
    const port = await freePort()
    const users = join(directory, 'users')
    // By bcrypt, the only one that it reads.
    const hashed = `print crypt(<STDIN>, '$2b$04$${'abcdefghijklmnopqrstuu'}')`
    const hash = execFileSync('perl', ['-e', hashed], { input: password, encoding: 'utf8' })
    writeFileSync(users, `ci:${hash}\n`)
    const config = join(directory, 'config.yml')
    const settings = {
      version: '0.1',
      log: { level: 'warn', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(directory, 'images') } },
      http: { addr: `127.0.0.1:${port}` },
      auth: { htpasswd: { realm: 'images', path: users } },
    }
    // JSON is YAML.
    writeFileSync(config, JSON.stringify(settings))
    const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' })
    const registry = new ImageRegistry(`127.0.0.1:${port}`, password, child)
    let failed: Error | undefined
    child.once('error', () => (failed = new Error('these tests need a registry: apt-get install docker-registry')))
    child.once('exit', (code) => (failed ??= new Error(`docker-registry ended with ${code}`)))
    await waitUntil(async () => {
      if (failed !== undefined) throw failed
      return (await registry.get('').catch(() => undefined))?.ok === true
    })
    return registry
  }

  get(path: string, accept = '*/*'): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`${this.user}:${this.#password}`).toString('base64')}`
    return fetch(`http://${this.host}/v2/${path}`, { headers: { authorization, accept } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }
}
