import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { TAG } from './environment.ts'
import { isDirectory } from './find-program.ts'
import type { ExitStatus, LaunchAnswer, Launcher, LaunchRequest } from './launch.ts'
import { groupMembers, signal, taggedProcesses } from './processes.ts'

/**
 * Node forks itself: for machines without Perl. Processes that left the group are found by their environment, on Linux;
 * elsewhere, or when they were started with another environment, they are not.
 */
export function directLauncher(): Launcher {
  const running = new Map<number, Promise<ExitStatus>>()
  return {
    name: 'direct',
    adopts: false,
    async launch(request) {
      if (!isDirectory(request.cwd)) return { kind: 'refused', what: 'cwd', code: 'ENOENT' }
      const answer = await start(request)
      if (answer.kind === 'started') {
        running.set(answer.pid, answer.ended)
        void answer.ended.then(() => running.delete(answer.pid))
      }
      return answer
    },
    async close() {
      for (const pid of running.keys()) signal(-pid, 'SIGKILL')
      await Promise.all(running.values())
    },
  }
}

async function start(request: LaunchRequest): Promise<LaunchAnswer> {
  const opened: number[] = []
  const open = (path: string, flags: string): number => {
    const fd = openSync(path, flags, 0o600)
    opened.push(fd)
    return fd
  }
  try {
    const stdout = open(request.stdout, 'a')
    const stderr = request.stderr === request.stdout ? stdout : open(request.stderr, 'a')
    const [program, ...args] = request.argv
    const child = spawn(program, args, {
      cwd: request.cwd,
      env: request.env,
      detached: true,
      stdio: [open(request.stdin, 'r'), stdout, stderr],
    })
    const pid = child.pid ?? 0
    let gentle = false
    // From then on its number may be another's.
    let over = false
    const ended = new Promise<ExitStatus>((resolve) => {
      child.once('exit', (code, name) => {
        const status: ExitStatus =
          name === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal: name }
        void endGroup(pid, () => gentle)
          .then(() => endEscaped(request))
          .then(() => {
            over = true
            resolve(status)
          })
      })
    })
    const terminate = (): void => {
      if (over) return
      gentle = true
      signal(-pid, 'SIGTERM')
      signal(-pid, 'SIGCONT')
    }
    const kill = (): void => {
      if (over) return
      gentle = false
      signal(-pid, 'SIGKILL')
    }
    return await new Promise<LaunchAnswer>((resolve) => {
      child.once('spawn', () => resolve({ kind: 'started', pid, ended, isOver: () => over, terminate, kill }))
      child.once('error', (error: NodeJS.ErrnoException) =>
        resolve({ kind: 'refused', what: 'exec', code: error.code ?? 'EIO' }),
      )
    })
  } catch (error) {
    return { kind: 'refused', what: 'other', code: (error as NodeJS.ErrnoException).code ?? 'EIO' }
  } finally {
    for (const fd of opened) closeSync(fd)
  }
}

/** The kernel tells nobody when a stranger's child is gone, so it is asked for. */
async function endGroup(group: number, gentle: () => boolean): Promise<void> {
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    if (!signal(-group, gentle() ? 0 : 'SIGKILL')) return
    // Zombies count for the kernel as members, and nobody reaps them in a container whose first process does not.
    if (groupMembers(group).length === 0) return
    await delay(pauseMs)
  }
}

/** Kills what has left the group, as far as its environment tells. */
export async function endEscaped(request: LaunchRequest): Promise<void> {
  const tag = request.env[TAG]
  if (tag === undefined) return
  const tags = new Set([`${TAG}=${tag}`])
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    const escaped = taggedProcesses(tags)
    if (escaped.length === 0) return
    for (const { pid } of escaped) signal(pid, 'SIGKILL')
    await delay(pauseMs)
  }
}
