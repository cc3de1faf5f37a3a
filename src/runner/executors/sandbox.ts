import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { SandboxExecutor } from '../../model/executor.ts'
import { findProgram, isExecutable } from '../find-program.ts'
import { ended, type Outcome, type Place, type Program } from './place.ts'

export interface SandboxSetting {
  /** Absolute path of bubblewrap. */
  readonly program: string
  /** Where everything of the server is: hidden, with its store and its keys. */
  readonly dataDirectory: string
  /** What may be seen of it, and written to. */
  readonly writable: readonly string[]
}

/**
 * A cancel is to reach the program and not bubblewrap, which would take all with it at once: so bubblewrap ignores TERM,
 * and what it starts does not. Signals that are ignored stay so over exec(2), hence the second half.
 */
const DEAF = ['perl', '-e', '$SIG{TERM} = "IGNORE"; exec { $ARGV[0] } @ARGV; exit 126'] as const
const HEARING = ['perl', '-e', '$SIG{TERM} = "DEFAULT"; exec { $ARGV[0] } @ARGV; exit 126'] as const

/** Everything but files in a namespace of its own, no rights over the machine, and an end with the runner. */
const ALONE = ['--unshare-all', '--die-with-parent', '--cap-drop', 'ALL'] as const

/** Where names are looked up when there is a network; `/run` is hidden, and on many machines the file is a link into it. */
const RESOLVERS = ['/run/systemd/resolve', '/run/resolvconf', '/run/NetworkManager'] as const

/**
 * The machine read-only, in bubblewrap: its own /tmp, /run (where sockets of daemons are) and /dev, no data directory but
 * what is the attempt's, no processes of others, and no network unless it is asked for.
 */
export function sandboxPlace(executor: SandboxExecutor, setting: SandboxSetting): Place {
  const { program, dataDirectory, writable } = setting
  const mounts = [
    ...'--ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --tmpfs /var/tmp --tmpfs /run'.split(' '),
    ...(executor.network ? RESOLVERS.flatMap((path) => ['--ro-bind-try', path, path]) : []),
    '--tmpfs',
    dataDirectory,
    ...writable.flatMap((path) => ['--bind', path, path]),
  ]
  const network = executor.network ? ['--share-net'] : []
  return {
    limitBytes: null,
    prepare({ argv, env, cwd }) {
      const perl = findProgram('perl', env['PATH'] ?? '') !== undefined
      return Promise.resolve({
        argv: [
          ...(perl ? DEAF : []),
          program,
          ...ALONE,
          ...network,
          ...mounts,
          '--chdir',
          cwd,
          '--',
          ...(perl ? HEARING : []),
          ...argv,
        ] as unknown as readonly [string, ...string[]],
        env,
        outcome: isThere({ argv, env, cwd, hasInput: false })
          ? ended
          : (): Promise<Outcome> => Promise.resolve({ kind: 'not-found' }),
        // It dies with its parent, and all in its process namespace with it.
        kill: () => {},
      })
    },
    close: () => Promise.resolve(),
  }
}

/** The files are the same inside and outside, so this can be said before. */
function isThere({ argv: [name], env, cwd }: Program): boolean {
  if (!name.includes('/')) return findProgram(name, env['PATH'] ?? '') !== undefined
  const path = isAbsolute(name) ? name : join(cwd, name)
  // One that is there and cannot be executed is another kind of failure.
  return isExecutable(path) || existsSync(path)
}
