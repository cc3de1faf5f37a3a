import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import type { ContainerExecutor, Volume } from '../../model/executor.ts'
import { CannotStart } from '../../steps/step.ts'
import type { ContainerEngine } from '../capabilities.ts'
import type { ExitStatus } from '../launch.ts'
import type { Outcome, Place, Prepared, Program } from './place.ts'

export interface ContainerSetting {
  readonly engine: ContainerEngine
  /** For the engine's own process: where its files and its server are. */
  readonly engineEnv: Readonly<Record<string, string>>
  /** Whose containers they are, so that the next runner there finds what a killed one left. */
  readonly dataDirectory: string
  /** Of the attempt: `<run>/<node>/<attempt>`. */
  readonly attempt: string
  readonly workspace: string
  readonly scratch: string
  /** Mounted at their own paths. */
  readonly writable: readonly string[]
  /** Directories of the machine that volumes may name, with all in them. */
  readonly allowedPaths: readonly string[]
}

/** In every container of ours; its value tells which data directory it belongs to. */
const LABEL = 'millrace.data'

const IMAGE = /^[A-Za-z0-9][A-Za-z0-9_./:@-]{0,511}$/

/** How long a word to the engine may take: on a machine under load it takes seconds. */
const ENGINE_MS = 60_000

/**
 * One container for each program, by the command line of Podman or Docker, attached: its output goes straight into the
 * log, its end is the end of the command. TERM is handed on to the program by the engine.
 */
export function containerPlace(executor: ContainerExecutor, setting: ContainerSetting): Place {
  const { engine, attempt } = setting
  if (!IMAGE.test(executor.image)) {
    throw new CannotStart(`expected the name of an image, found ${JSON.stringify(executor.image.slice(0, 200))}`)
  }
  if (!engine.limits && (executor.memoryBytes !== null || executor.cpus !== null)) {
    throw new CannotStart('this runner cannot limit the memory and the processors of a container: it has no cgroups')
  }
  const fixed = [
    ...engine.options,
    'run',
    ...engine.runOptions,
    `--label=${LABEL}=${dataLabel(setting.dataDirectory)}`,
    '--init',
    '--log-driver=none',
    '--security-opt=no-new-privileges',
    `--network=${executor.network}`,
    ...(executor.user === null ? [] : [`--user=${executor.user}`]),
    ...(executor.memoryBytes === null ? [] : [`--memory=${executor.memoryBytes}`]),
    ...(executor.cpus === null ? [] : [`--cpus=${executor.cpus}`]),
    ...(engine.limits ? [`--pids-limit=${executor.pidsMax}`] : []),
    ...volumesOf(executor, setting).map((volume) => `--volume=${volume}`),
  ]
  const names: string[] = []
  return {
    limitBytes: executor.memoryBytes,
    async prepare(program) {
      if (executor.user !== null) await handOver(executor.user, executor.image, setting)
      const name = `millrace-${attempt.replaceAll('/', '-')}-${names.length + 1}`
      names.push(name)
      return prepare(name, program, fixed, executor, setting)
    },
    async close() {
      if (names.length > 0) await tell(setting, [...remove(engine), ...names])
    },
  }
}

function prepare(
  name: string,
  { argv: [program, ...rest], env, cwd, hasInput }: Program,
  fixed: readonly string[],
  executor: ContainerExecutor,
  setting: ContainerSetting,
): Prepared {
  const { engine } = setting
  const given = environment(env, join(setting.scratch, `environment-${name}`), setting)
  const argv = [
    engine.program,
    ...fixed,
    `--name=${name}`,
    `--workdir=${cwd}`,
    ...(hasInput ? ['--interactive'] : []),
    ...given.words,
    `--entrypoint=${program}`,
    executor.image,
    ...rest,
  ] as const
  return {
    argv,
    env: given.env,
    outcome: (status) => outcomeOf(name, status, program, executor.image, setting),
    kill: () => void tell(setting, ['kill', name]),
  }
}

/**
 * 125 is the engine's own failure, 126 and 127 are its word for a program that cannot be run; but the program may end with
 * these as well: then the container was started. What is not in the image is found out by the init of the container,
 * which says so with 1 (catatonit) or 127 (tini): so for these the image is looked into.
 */
async function outcomeOf(
  name: string,
  status: ExitStatus,
  program: string,
  image: string,
  setting: ContainerSetting,
): Promise<Outcome> {
  const code = status.kind === 'exited' ? status.code : 0
  if (code === 1 || code === 127) {
    if (!(await isInImage(program, image, setting))) return { kind: 'not-found' }
  } else if (code === 125 || code === 126 || code === 137) {
    const { started, oomKilled } = await stateOf(name, setting)
    if (code === 137 || started) return { kind: 'ended', status, oomKilled }
    const { kind } = setting.engine
    return { kind: 'cannot-start', reason: `${kind} could not run the container, its words are above in the log` }
  }
  return { kind: 'ended', status, oomKilled: false }
}

const SHELL = /(?:^|\/)(?:ba|da|a|k|z)?sh$/

/** A shell is asked for itself, anything else is looked for by one; where there is none, nobody knows, and it counts as there. */
async function isInImage(program: string, image: string, setting: ContainerSetting): Promise<boolean> {
  const isShell = SHELL.test(program)
  const [entry, ...rest] = isShell ? [program, '-c', ':'] : ['sh', '-c', 'command -v "$0" || exit 44', program]
  const words = ['run', '--rm', ...setting.engine.runOptions, '--network=none', `--entrypoint=${entry}`, image, ...rest]
  const { code } = await ask(setting, words)
  return code !== (isShell ? 127 : 44)
}

interface State {
  readonly started: boolean
  readonly oomKilled: boolean
}

/** One that was never made was never started. */
async function stateOf(name: string, setting: ContainerSetting): Promise<State> {
  const said = await tell(setting, ['inspect', '--format', '{{.State.StartedAt}} {{.State.OOMKilled}}', name])
  const [, oomKilled] = /(true|false)\s*$/.exec(said) ?? []
  return { started: said !== '' && !said.startsWith('0001-01-01'), oomKilled: oomKilled === 'true' }
}

type Asked = Pick<ContainerSetting, 'engine' | 'engineEnv'>

/** A word to the engine. `code` is null when it could not be said, or took too long. */
function ask(
  { engine, engineEnv }: Asked,
  words: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const options = { env: engineEnv, timeout: ENGINE_MS, killSignal: 'SIGKILL' } as const
    execFile(engine.program, [...engine.options, ...words], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code
      resolve({
        code: typeof code === 'number' ? code : null,
        stdout,
        stderr: stderr === '' ? (error?.message ?? '') : stderr,
      })
    })
  })
}

/** @returns what it said; empty when it refused. */
async function tell(setting: Asked, words: readonly string[]): Promise<string> {
  const { code, stdout } = await ask(setting, words)
  return code === 0 ? stdout : ''
}

/**
 * What a killed runner has left on this data directory.
 * @returns how many there were.
 */
export async function removeContainers(
  setting: Pick<ContainerSetting, 'engine' | 'engineEnv' | 'dataDirectory'>,
): Promise<number> {
  const filter = `label=${LABEL}=${dataLabel(setting.dataDirectory)}`
  const found = await tell(setting, ['ps', '--all', '--quiet', '--no-trunc', '--filter', filter])
  const ids = found.split('\n').filter((id) => /^[0-9a-f]{12,64}$/.test(id))
  if (ids.length > 0) await tell(setting, [...remove(setting.engine), ...ids])
  return ids.length
}

/** By KILL: Podman would ask them first, and wait. */
const remove = ({ kind }: ContainerEngine): readonly string[] =>
  kind === 'podman' ? ['rm', '--force', '--time=0', '--volumes'] : ['rm', '--force', '--volumes']

const dataLabel = (dataDirectory: string): string =>
  createHash('sha256').update(dataDirectory).digest('hex').slice(0, 32)

// --- Volumes --------------------------------------------------------------------------------------------------------

/**
 * The files of the run become those of the container's user. Podman does so itself; with Docker the image's own `chown`
 * does, in a container, where a link leads to nothing of the machine, and where the image's names of users are known.
 */
async function handOver(user: string, image: string, setting: ContainerSetting): Promise<void> {
  const { engine, writable } = setting
  if (engine.kind === 'podman') return
  const own = process.getuid?.() ?? 0
  if (own !== 0) {
    // What another user owns, this process could not read or remove; root may read what this one owns.
    if (['0', 'root', String(own)].includes(user.split(':')[0] ?? '')) return
    throw new CannotStart(
      `by Docker, a runner that is not root runs containers as its own user ${own}, as root or as the image says: expected one of these, found user ${user}`,
    )
  }
  const mounts = writable.map((path) => `--volume=${plainPath(path)}:${plainPath(path)}`)
  const words = ['run', '--rm', '--network=none', '--user=0:0', ...mounts, '--entrypoint=chown', image]
  const asked = await ask(setting, [...words, '-Rh', '--', user, ...writable])
  if (asked.code === 0) return
  const why = asked.stderr.trim().slice(-500)
  throw new CannotStart(`the files of the run could not be handed to the user ${user} of the image: ${why}`)
}

function volumesOf(executor: ContainerExecutor, setting: ContainerSetting): readonly string[] {
  // Podman hands the files to the user of the container; with Docker see handOver.
  const own = executor.user !== null && setting.engine.kind === 'podman' ? ':U' : ''
  return [
    ...setting.writable.map((path) => `${plainPath(path)}:${plainPath(path)}${own}`),
    ...executor.volumes.map((volume) => {
      const source = isAbsolute(volume.source) ? allowed(volume, setting) : inWorkspace(volume, setting)
      return `${plainPath(source)}:${plainPath(volume.target)}${volume.readOnly ? ':ro' : ''}`
    }),
  ]
}

/** Colons and commas have a meaning in the words of the engines. */
function plainPath(path: string): string {
  if (/[:,\0]/.test(path))
    throw new CannotStart(`${JSON.stringify(path)} cannot be a volume: it has a colon or a comma`)
  return path
}

function inWorkspace({ source }: Volume, { workspace }: ContainerSetting): string {
  const path = join(workspace, source)
  // Before anything is made: a name may lead out of it, and afterwards, for it may be a link.
  if (!isInside(workspace, path)) throw new CannotStart(`the volume ${JSON.stringify(source)} is not in the workspace`)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const real = realpathSync(path)
  if (isInside(realpathSync(workspace), real)) return real
  throw new CannotStart(`the volume ${JSON.stringify(source)} is not in the workspace`)
}

function allowed({ source }: Volume, { allowedPaths }: ContainerSetting): string {
  const real = realPath(source)
  if (real === undefined) throw new CannotStart(`there is no ${source} on this runner`)
  if (allowedPaths.some((path) => isInside(realPath(path) ?? path, real))) return real
  throw new CannotStart(
    `this runner does not allow the volume ${source}: its setting MILLRACE_CONTAINER_PATHS says which`,
  )
}

function realPath(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : realpathSync(path)
}

function isInside(directory: string, path: string): boolean {
  const way = relative(directory, path)
  return way === '' || (way.split('/')[0] !== '..' && !isAbsolute(way))
}

// --- The environment ------------------------------------------------------------------------------------------------

/** What the engines themselves read, or what changes how any program runs. */
const READ_BY_ENGINES =
  /^(?:PATH|HOME|TMPDIR|IFS|ENV|BASH_ENV|.*_proxy|(?:LD|DYLD|XDG|DOCKER|CONTAINER|CONTAINERS|_CONTAINERS|PODMAN|BUILDAH|STORAGE|REGISTRY|SSL|GO|DBUS|NOTIFY|LISTEN|SYSTEMD|CONMON|CRUN|RUNC|OTEL|PERL|PYTHON|NODE)[A-Z]*(?:_.*)?)$/i

interface GivenEnvironment {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/**
 * By name, so that no value is in the list of processes; what the engine would read itself goes through a file. PATH is
 * the image's: that of the runner means nothing in it.
 */
function environment(
  program: Readonly<Record<string, string>>,
  file: string,
  { engineEnv }: ContainerSetting,
): GivenEnvironment {
  const entries = Object.entries(program).filter(([name]) => name !== 'PATH')
  const inFile = entries.filter(([name]) => READ_BY_ENGINES.test(name) || name in engineEnv)
  const byName = entries.filter((entry) => !inFile.includes(entry))
  for (const [name, value] of inFile) {
    if (/[\r\n]/.test(value) || value !== value.trim()) {
      throw new CannotStart(
        `the variable ${name} cannot be given to a container: its value has lines or blanks around it`,
      )
    }
  }
  for (const [name] of entries) {
    if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) {
      throw new CannotStart(`${JSON.stringify(name.slice(0, 80))} cannot be the name of a variable in a container`)
    }
  }
  if (inFile.length > 0) {
    writeFileSync(file, inFile.map(([name, value]) => `${name}=${value}\n`).join(''), { mode: 0o600 })
  }
  return {
    words: [...(inFile.length > 0 ? [`--env-file=${file}`] : []), ...byName.map(([name]) => `--env=${name}`)],
    env: { ...Object.fromEntries(byName), ...engineEnv },
  }
}
