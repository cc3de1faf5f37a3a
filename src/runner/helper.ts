import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { getSystemErrorName } from 'node:util'
import { fileURLToPath } from 'node:url'
import type { ExitStatus, LaunchAnswer, Launcher, LaunchRequest } from './launch.ts'
import { endEscaped } from './direct.ts'
import { signal } from './processes.ts'

/**
 * Programs are forked by small long-lived helpers, one per program that runs at the same time, and not by Node:
 *
 * - It is faster: the helper does in one fork and one exec what Node does with pipes and an event loop
 *   (bench/launch.ts compares them), and no fork ever copies the page tables of a server.
 * - Linux lets it adopt its orphans (PR_SET_CHILD_SUBREAPER), which Node cannot ask for. So a task that forks twice and
 *   calls setsid is found whatever it did to its environment, and the helper knows when the last one is gone.
 * - The kernel ends it, and it ends the program, when the runner dies without a word (PR_SET_PDEATHSIG).
 *
 * It is Perl because that is on every Debian (perl-base is essential), gives the true wait status and takes argv,
 * environment and files without a shell. A `/bin/sh` helper was tried: it needs setsid(1), sh and env(1) for each
 * program (slower than Node's own spawn), and its `$?` does not tell `exit 137` from a KILL. Without Perl the runner
 * uses direct.ts.
 */
const SCRIPT = fileURLToPath(new URL('./fork-helper.pl', import.meta.url))

interface SystemCalls {
  readonly prctl: number
  readonly setsid: number
  readonly setitimer: number
  /** 0: its arguments come in another order there. */
  readonly clone: number
}

/** Their numbers by `process.arch`, from the kernel's syscall tables. Elsewhere the helper does without. */
const SYSTEM_CALLS: Readonly<Partial<Record<NodeJS.Architecture, SystemCalls>>> = {
  x64: { prctl: 157, setsid: 112, setitimer: 38, clone: 56 },
  arm64: { prctl: 167, setsid: 157, setitimer: 103, clone: 220 },
  riscv64: { prctl: 167, setsid: 157, setitimer: 103, clone: 220 },
  loong64: { prctl: 167, setsid: 157, setitimer: 103, clone: 220 },
  arm: { prctl: 172, setsid: 66, setitimer: 104, clone: 120 },
  ia32: { prctl: 172, setsid: 66, setitimer: 104, clone: 120 },
  ppc64: { prctl: 171, setsid: 66, setitimer: 104, clone: 120 },
  s390x: { prctl: 172, setsid: 66, setitimer: 104, clone: 0 },
}

/** Else the linker looks up what leads to exec(2) once more in each child, as the helper itself never calls it. */
const OWN_ENVIRONMENT = { LD_BIND_NOW: '1' } as const

type Line =
  | { readonly word: 'ready'; readonly adopts: boolean }
  | { readonly word: 'started'; readonly pid: number }
  | { readonly word: 'ended'; readonly status: number }
  | { readonly word: 'refused'; readonly what: string; readonly errno: number }

/** What a helper that is gone says. */
const GONE = { word: 'gone' } as const

/** One helper process. It does one thing at a time, so its lines answer what was asked, in order. */
class Helper {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  #text = ''
  readonly #lines: Line[] = []
  #waiting: ((line: Line | typeof GONE) => void) | undefined
  #gone = false
  #closing = false
  #running: number | undefined
  #environment: LaunchRequest['env'] = OWN_ENVIRONMENT
  readonly closed: Promise<void>

  constructor(program: string, leasePath: string | null) {
    const calls = process.platform === 'linux' ? SYSTEM_CALLS[process.arch] : undefined
    const numbers = [calls?.prctl, calls?.setsid, calls?.setitimer, calls?.clone].map((number) => String(number ?? 0))
    this.#process = spawn(program, [SCRIPT, ...numbers, ...(leasePath === null ? [] : [leasePath])], {
      env: OWN_ENVIRONMENT,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#process.stdout.setEncoding('latin1').on('data', (text: string) => this.#read(text))
    // A write to a helper that died fails; that it died is told by `close`.
    this.#process.stdin.on('error', () => {})
    this.closed = new Promise((resolve) => {
      const gone = (): void => {
        this.#gone = true
        // Its program has lost its watcher.
        if (this.#running !== undefined) signal(-this.#running, 'SIGKILL')
        this.#waiting?.(GONE)
        resolve()
      }
      this.#process.once('error', gone).once('close', gone)
    })
  }

  get gone(): boolean {
    return this.#gone
  }

  /** Whether it can do its work here; a helper that cannot is gone. */
  async ready(): Promise<{ readonly adopts: boolean } | undefined> {
    const line = await this.#next()
    return line.word === 'ready' ? line : undefined
  }

  async launch(request: LaunchRequest, onFree: () => void): Promise<LaunchAnswer> {
    this.#process.stdin.write(this.#orderOf(request))
    const line = await this.#next()
    if (line.word === 'started') {
      const { pid } = line
      this.#running = pid
      if (this.#closing) this.#insist(pid, 'SIGTERM')
      return {
        kind: 'started',
        pid,
        // A short one has ended in the same breath: its last line lies there already.
        isOver: () => this.#running !== pid || this.#lines.length > 0,
        ended: this.#end().finally(onFree),
        terminate: () => this.#terminate(pid),
        kill: () => this.#insist(pid, 'SIGUSR2'),
      }
    }
    onFree()
    if (line.word !== 'refused') return { kind: 'refused', what: 'other', code: 'EPIPE' }
    const what = line.what === 'exec' || line.what === 'cwd' ? line.what : 'other'
    return { kind: 'refused', what, code: getSystemErrorName(-line.errno) }
  }

  /** Of the environment only what differs from the program before: the helper still has that. */
  #orderOf({ cwd, stdin, stdout, stderr, env, argv }: LaunchRequest): string {
    const before = this.#environment
    const changed: string[] = []
    for (const name in env) if (before[name] !== env[name]) changed.push(`${name}=${env[name]}`)
    const gone = Object.keys(before).filter((name) => !Object.hasOwn(env, name))
    this.#environment = env
    const counts = [String(changed.length), String(gone.length)]
    const order = [cwd, stdin, stdout, stderr, ...counts, ...changed, ...gone, ...argv].join('\0')
    return `${Buffer.byteLength(order)}\n${order}`
  }

  /** Ends its program and itself. */
  async close(): Promise<void> {
    this.#process.stdin.end()
    this.#closing = true
    if (this.#running !== undefined) this.#insist(this.#running, 'SIGTERM')
    await this.closed
  }

  /** The helper must know first: it kills what is left in the group as soon as its leader is gone. */
  #terminate(pid: number): void {
    if (this.#running !== pid) return
    this.#process.kill('SIGUSR1')
    signal(-pid, 'SIGTERM')
    // What is stopped hears TERM only when it goes on.
    signal(-pid, 'SIGCONT')
  }

  /** Until the program is gone, and no later: the next one is not meant. */
  #insist(pid: number, name: 'SIGUSR2' | 'SIGTERM'): void {
    const again = (): void => {
      if (this.#running !== pid || this.#gone) clearInterval(timer)
      else this.#process.kill(name)
    }
    const timer = setInterval(again, 100)
    again()
  }

  async #end(): Promise<ExitStatus> {
    const line = await this.#next()
    this.#running = undefined
    return line.word === 'ended' ? exitStatus(line.status) : { kind: 'unknown' }
  }

  #next(): Promise<Line | typeof GONE> {
    const line = this.#lines.shift()
    if (line !== undefined) return Promise.resolve(line)
    if (this.#gone) return Promise.resolve(GONE)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  #read(text: string): void {
    this.#text += text
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
      const line = parseLine(this.#text.slice(0, end))
      this.#text = this.#text.slice(end + 1)
      const waiting = this.#waiting
      this.#waiting = undefined
      if (waiting === undefined) this.#lines.push(line)
      else waiting(line)
    }
  }
}

function parseLine(text: string): Line {
  const [word = '', first = '', second = ''] = text.split(' ')
  if (word === 'ready') return { word, adopts: first === '1' }
  if (word === 'started') return { word, pid: Number(first) }
  if (word === 'ended') return { word, status: Number(first) }
  return { word: 'refused', what: first, errno: Number(second) }
}

/** The status of waitpid(2): the signal in the low 7 bits, the exit code in the next 8. */
function exitStatus(status: number): ExitStatus {
  const number = status & 0x7f
  if (number === 0) return { kind: 'exited', code: (status >> 8) & 0xff }
  return { kind: 'signalled', signal: signalName(number) }
}

export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number)
  return found?.[0] ?? `SIG${number}`
}

/**
 * @param program where Perl is; looked up in PATH.
 * @param leasePath what tells how long programs may go on (lease-file.ts); null: as long as the runner lives.
 * @returns undefined when there is no Perl that works: then use the direct launcher.
 */
export async function helperLauncher(program = 'perl', leasePath: string | null = null): Promise<Launcher | undefined> {
  const first = new Helper(program, leasePath)
  const ready = await first.ready()
  if (ready === undefined) return undefined
  const idle: Helper[] = [first]
  const all = new Set([first])
  let closed = false

  const open = async (): Promise<Helper | undefined> => {
    const helper = new Helper(program, leasePath)
    all.add(helper)
    void helper.closed.then(() => all.delete(helper))
    return (await helper.ready()) === undefined ? undefined : helper
  }
  void first.closed.then(() => all.delete(first))

  return {
    name: 'helper',
    adopts: ready.adopts,
    async launch(request) {
      let helper = idle.pop()
      while (helper?.gone) helper = idle.pop()
      helper ??= closed ? undefined : await open()
      if (helper === undefined) return { kind: 'refused', what: 'other', code: closed ? 'ECANCELED' : 'EAGAIN' }
      const taken = helper
      const answer = await taken.launch(request, () => {
        if (!taken.gone) idle.push(taken)
      })
      if (answer.kind === 'refused' || ready.adopts) return answer
      return { ...answer, ended: endAll(answer.ended, request) }
    },
    async close() {
      closed = true
      await Promise.all([...all].map((helper) => helper.close()))
    },
  }
}

/** Where the kernel does not hand its orphans to the helper. */
async function endAll(ended: Promise<ExitStatus>, request: LaunchRequest): Promise<ExitStatus> {
  const status = await ended
  await endEscaped(request)
  return status
}
