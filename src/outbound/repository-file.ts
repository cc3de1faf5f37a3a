import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RepositoryRead, RepositoryRequest } from '../host/notifications/outbound.ts'
import type { Guard } from '../steps/kit/guard.ts'
import { keyText, refusalSentence, sshCommand, sshRefusal, type SshSetting } from '../steps/kit/ssh.ts'

const FILE_MAX_BYTES = 1024 * 1024
const OUTPUT_MAX_BYTES = 64 * 1024

/**
 * Reads one file of a repository at a commit: one commit deep, without blobs that are not asked for, into a directory that
 * is gone afterwards. Nothing of the machine's git configuration is read, no hook runs, no question is asked.
 * @param protocols that git may speak: `https:ssh`, joined by colons
 */
export function repositoryReader(
  allowed: Guard,
  protocols: string,
): (request: RepositoryRequest) => Promise<RepositoryRead> {
  return async (request) => {
    const scratch = await mkdtemp(join(tmpdir(), 'millrace-source-'))
    const signal = AbortSignal.timeout(request.timeoutMs)
    try {
      return await read(request, scratch, allowed, protocols, signal)
    } catch (error) {
      const isLate = signal.aborted
      return no(isLate ? `not read within ${request.timeoutMs / 1_000} s` : (error as Error).message)
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }
}

const no = (reason: string): RepositoryRead => ({ ok: false, reason })

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
const REF = /^refs\/[A-Za-z0-9][A-Za-z0-9._/+@-]*$/

async function read(
  { url: text, path, revision, credentials, knownHosts }: RepositoryRequest,
  scratch: string,
  allowed: Guard,
  protocols: string,
  signal: AbortSignal,
): Promise<RepositoryRead> {
  const url = URL.parse(text)
  if (url === null || !protocols.split(':').includes(url.protocol.slice(0, -1)) || url.username.startsWith('-')) {
    return no(`expected an address of ${protocols.replaceAll(':', ', ')}`)
  }
  if (url.hostname.startsWith('-')) return no('it is no address')
  if ((!COMMIT.test(revision) && !REF.test(revision)) || revision.includes('..')) return no('it is no commit')
  const lines = [
    '[core]',
    '\thooksPath = /dev/null',
    '[http]',
    '\tfollowRedirects = false',
    '[safe]',
    '\tdirectory = *',
  ]
  const ssh = new Ssh(scratch)
  if (url.protocol !== 'file:') {
    const port = Number(url.port) || { 'https:': 443, 'http:': 80, 'ssh:': 22 }[url.protocol] || 0
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const address = await checked(allowed, host, port)
    // The connection goes to the address that was checked.
    lines.push('[http]', `\tcurloptResolve = ${host}:${port}:${address}`)
    if (url.protocol === 'ssh:') {
      const alias = port === 22 ? host : `[${host}]:${port}`
      await ssh.open({ address, alias }, credentials, knownHosts)
    }
  }
  if (credentials !== undefined && url.protocol.startsWith('http')) {
    const basic = credentials.includes(':') ? credentials : `x-access-token:${credentials}`
    const header = `Authorization: Basic ${Buffer.from(basic).toString('base64')}`
    lines.push(`[http "${url.origin}/"]`, `\textraHeader = "${header}"`)
  }
  const config = join(scratch, 'config')
  await writeFile(config, `${lines.join('\n')}\n`, { mode: 0o600 })
  const git = (...args: readonly string[]): Promise<Done> => run(args, scratch, config, protocols, ssh.command, signal)
  await need(git('init', '--quiet', '--bare', '--template=', 'repository'), 'make a place for it')
  const fetch = ['fetch', '--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head']
  const inside = ['--git-dir=repository']
  const fetching = git(...inside, ...fetch, '--', url.href, `${revision}:refs/millrace/read`)
  await need(fetching, `fetch ${revision}`, () => ssh.refusal())
  const object = `refs/millrace/read:${path}`
  const kind = await git(...inside, 'cat-file', '-t', object)
  if (kind.code !== 0 || kind.out.trim() !== 'blob') return no(`there is no file ${path} at ${revision}`)
  const size = Number((await need(git(...inside, 'cat-file', '-s', object), 'measure it')).trim())
  if (size > FILE_MAX_BYTES) return no(`${path} has ${size} bytes, at most ${FILE_MAX_BYTES} are read`)
  return { ok: true, text: await need(git(...inside, 'cat-file', 'blob', object), 'read it') }
}

interface Done {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** What is needed to speak ssh, in files of the scratch directory. */
class Ssh {
  readonly #scratch: string
  readonly #log: string
  command = 'false'

  constructor(scratch: string) {
    this.#scratch = scratch
    this.#log = join(scratch, 'ssh-log')
  }

  /** @param key without one, those of the user are tried; hosts are those that are given, or known to the user. */
  async open(via: SshSetting['via'], key: string | undefined, knownHosts: string | undefined): Promise<void> {
    this.command = sshCommand({
      keyFile: key === undefined ? undefined : await this.#written('key', keyText(key)),
      knownHostsFile: knownHosts === undefined ? undefined : await this.#written('known-hosts', `${knownHosts}\n`),
      firstUse: false,
      ...(via === undefined ? undefined : { via }),
      logFile: this.#log,
    })
  }

  async refusal(): Promise<string | undefined> {
    const refusal = sshRefusal(await readFile(this.#log, 'utf8').catch(() => ''))
    return refusal === undefined ? undefined : refusalSentence[refusal]
  }

  async #written(name: string, text: string): Promise<string> {
    const path = join(this.#scratch, name)
    await writeFile(path, text, { mode: 0o600 })
    return path
  }
}

async function need(
  running: Promise<Done>,
  purpose: string,
  why: () => Promise<string | undefined> = () => Promise.resolve(undefined),
): Promise<string> {
  const { code, out, err } = await running
  if (code === 0) return out
  const known = await why()
  if (known !== undefined) throw new Error(`git could not ${purpose}: ${known}`)
  throw new Error(`git could not ${purpose}: ${err.trim().split('\n').at(-1)?.slice(0, 300) ?? ''}`)
}

function checked(allowed: Guard, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    allowed.lookup(port)(host, {}, (error, address) => {
      const found = Array.isArray(address) ? address[0]?.address : address
      if (error !== null || found === undefined) return reject(error ?? new Error(`${host} has no address`))
      const refusal = allowed.refusal(found, port, host)
      if (refusal === undefined) resolve(found)
      else reject(new Error(refusal))
    })
  })
}

function run(
  args: readonly string[],
  cwd: string,
  config: string,
  protocols: string,
  sshWords: string,
  signal: AbortSignal,
): Promise<Done> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      cwd,
      // What git starts to speak to a server does not end with it: they are a group, and end together.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
        HOME: cwd,
        LC_ALL: 'C.UTF-8',
        GIT_CONFIG_GLOBAL: config,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_ALLOW_PROTOCOL: protocols,
        GIT_TERMINAL_PROMPT: '0',
        GIT_ASKPASS: 'true',
        SSH_ASKPASS: 'true',
        GIT_SSH_COMMAND: sshWords,
      },
    })
    const parts: Buffer[] = []
    let [size, err] = [0, '']
    child.stdout.on('data', (part: Buffer) => {
      size += part.length
      if (size <= FILE_MAX_BYTES + OUTPUT_MAX_BYTES) parts.push(part)
    })
    child.stderr.on('data', (part: Buffer) => (err = (err + part.toString('utf8')).slice(-OUTPUT_MAX_BYTES)))
    const stop = (): void => {
      if (child.pid !== undefined) endGroup(child.pid)
      reject(signal.reason as Error)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    child.once('error', reject)
    child.once('close', () => signal.removeEventListener('abort', stop))
    child.once('close', (code) => resolve({ code: code ?? 1, out: Buffer.concat(parts).toString('utf8'), err }))
  })
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
