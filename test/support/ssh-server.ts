import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { userInfo } from 'node:os'
import { freePort } from './free-port.ts'
import { waitUntil } from './wait-until.ts'

/** OpenSSH's own server on loopback, in a directory of its own; one key is let in, as the user who runs the tests. */
export class SshServer implements AsyncDisposable {
  readonly port: number
  /** The private key that is let in, and one that is not. */
  readonly key: string
  readonly strangersKey: string
  /** Its host key, as a line of known_hosts. */
  readonly knownHosts: string
  readonly #process: ChildProcess

  private constructor(directory: string, port: number, process: ChildProcess) {
    this.port = port
    this.#process = process
    this.key = readFileSync(join(directory, 'user'), 'utf8')
    this.strangersKey = readFileSync(join(directory, 'stranger'), 'utf8')
    const [kind, host] = readFileSync(join(directory, 'host.pub'), 'utf8').split(' ')
    this.knownHosts = `[127.0.0.1]:${port} ${kind} ${host}`
  }

  /** @param directory empty; of the caller, who removes it. */
  static async open(directory: string): Promise<SshServer> {
    const program = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path))
    if (program === undefined) throw new Error('these tests need OpenSSH: apt-get install openssh-server')
    mkdirSync(directory, { recursive: true })
    for (const name of ['host', 'user', 'stranger']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(directory, name)])
    }
    writeFileSync(join(directory, 'authorized'), readFileSync(join(directory, 'user.pub')), { mode: 0o600 })
    // Where sshd of root leaves its rights.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
    const port = await freePort()
    const config = join(directory, 'config')
    writeFileSync(
      config,
      [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${join(directory, 'host')}`,
        `AuthorizedKeysFile ${join(directory, 'authorized')}`,
        `PidFile none`,
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        'PermitRootLogin prohibit-password',
        'MaxStartups 100',
        '',
      ].join('\n'),
    )
    const child = spawn(program, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (text: Buffer) => (said += text.toString()))
    await waitUntil(() => {
      if (child.exitCode !== null) throw new Error(`sshd ended: ${said}`)
      return said.includes('Server listening')
    })
    return new SshServer(directory, port, child)
  }

  address(path: string): string {
    return `ssh://${userInfo().username}@127.0.0.1:${this.port}${path}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }
}
