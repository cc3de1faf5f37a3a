import { execFile } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { TOOLS, type Capability, type ContainerChoice } from '../model/executor.ts'
import { findProgram, isExecutable } from './find-program.ts'
import { aloneBuilder, builderOf, type FoundBuilder } from './image-builder.ts'
import { removeTree } from './remove-tree.ts'

/** How containers are run here; found by running one. */
export interface ContainerEngine {
  readonly kind: 'podman' | 'docker'
  /** Absolute path of its command line. */
  readonly program: string
  /** Words before `run` that it needs here. */
  readonly options: readonly string[]
  /** Words after `run` that it needs here. */
  readonly runOptions: readonly string[]
  /** Whether memory, processors and processes can be limited; not without cgroups. */
  readonly limits: boolean
}

/** What a runner can do besides running processes. */
export interface Executors {
  readonly containers: ContainerEngine | null
  /** Absolute path of bubblewrap. */
  readonly bubblewrap: string | null
  /** What builds images. */
  readonly imageBuilder: FoundBuilder | null
  /** Why something that is installed does not serve, one sentence each. */
  readonly notices: readonly string[]
}

export const NO_EXECUTORS: Executors = { containers: null, bubblewrap: null, imageBuilder: null, notices: [] }

/** A machine under load takes seconds for a container; one that takes longer serves nobody. */
const TRIAL_MS = 60_000

/** The labels of what is in PATH and of the executors, in the words that steps and tasks ask for. */
export function capabilityLabels(
  path: string,
  { containers, bubblewrap, imageBuilder }: Executors,
): readonly Capability[] {
  const tools = TOOLS.filter((tool) => findProgram(tool, path) !== undefined)
  return [
    ...tools.map((tool) => `tool:${tool}` as const),
    ...(hasCompose(path) ? (['tool:compose'] as const) : []),
    ...(imageBuilder === null ? [] : (['tool:image-builder'] as const)),
    ...(containers === null ? [] : (['executor:container'] as const)),
    ...(bubblewrap === null ? [] : (['executor:sandbox'] as const)),
  ]
}

/**
 * Tries what is installed: runs a program in a container and in a sandbox. Takes some tenths of a second; does not
 * reject.
 * @param path the PATH that tasks get.
 * @param signal ends the trials: then nothing works.
 */
export async function detectExecutors(path: string, choice: ContainerChoice, signal?: AbortSignal): Promise<Executors> {
  const [containers, sandbox] = await Promise.all([
    detectContainers(path, choice, signal),
    detectBubblewrap(path, signal),
  ])
  const builder = choice === 'off' ? { found: null, notices: [] } : await detectBuilder(path, containers.found, signal)
  return {
    containers: containers.found,
    bubblewrap: sandbox.found,
    imageBuilder: builder.found,
    notices: [...containers.notices, ...sandbox.notices, ...builder.notices],
  }
}

interface Detected<Thing> {
  readonly found: Thing | null
  readonly notices: readonly string[]
}

async function detectContainers(
  path: string,
  choice: ContainerChoice,
  signal?: AbortSignal,
): Promise<Detected<ContainerEngine>> {
  const notices: string[] = []
  const kinds = choice === 'auto' ? (['podman', 'docker'] as const) : choice === 'off' ? [] : [choice]
  for (const kind of kinds) {
    const program = findProgram(kind, path)
    if (program === undefined) {
      if (choice !== 'auto') notices.push(`Containers were to be run by ${kind}, which is not in PATH.`)
      continue
    }
    const tried = kind === 'podman' ? await tryPodman(program, path, signal) : await tryDocker(program, signal)
    if (typeof tried !== 'string') return { found: tried, notices: [] }
    notices.push(`${kind} cannot run containers here: ${tried}.`)
  }
  return { found: null, notices }
}

/** An engine that runs containers builds images, too. Without one, Buildah and Podman can by their own rights, if at all. */
async function detectBuilder(
  path: string,
  engine: ContainerEngine | null,
  signal?: AbortSignal,
): Promise<Detected<FoundBuilder>> {
  const notices: string[] = []
  if (engine?.kind === 'podman') return { found: builderOf(engine), notices }
  if (engine !== null) {
    // Since Docker 23 its client needs a plugin for it, and without cannot even show the help.
    const tried = await trial(engine.program, ['build', '--help'], signal, { DOCKER_BUILDKIT: '1' })
    if (tried.ok) return { found: builderOf(engine), notices }
    notices.push('docker cannot build images here: its buildx plugin is not there.')
  }
  for (const kind of ['buildah', 'podman'] as const) {
    const program = findProgram(kind, path)
    // What asks for the images that there are opens their storage.
    if (program !== undefined && (await trial(program, ['images', '--quiet'], signal)).ok)
      return { found: aloneBuilder(kind, program), notices }
  }
  return { found: null, notices }
}

/** Its server runs them, as root: when it answers, it can. */
async function tryDocker(program: string, signal?: AbortSignal): Promise<ContainerEngine | string> {
  const tried = await trial(program, ['version', '--format', '{{.Server.Os}}'], signal)
  return tried.ok ? { kind: 'docker', program, options: [], runOptions: [], limits: true } : tried.why
}

/** Whatever the machine's processes may have open, containers may, too: more cannot be given without CAP_SYS_RESOURCE. */
const OWN_LIMITS = ['--ulimit=nofile=1024:4096', '--ulimit=nproc=1024:4096'] as const

/**
 * What some machines need: rootful Podman raises limits that a process in a container of its own may not raise, crun
 * refuses the hybrid of cgroups 1 and 2 that runc takes, and where there are no cgroups to write to, it must do without.
 */
const PODMAN_WAYS: readonly Pick<ContainerEngine, 'options' | 'runOptions' | 'limits'>[] = [
  { options: [], runOptions: [], limits: true },
  { options: [], runOptions: OWN_LIMITS, limits: true },
  { options: ['--runtime=runc'], runOptions: [], limits: true },
  { options: ['--runtime=runc'], runOptions: OWN_LIMITS, limits: true },
  { options: [], runOptions: ['--cgroups=disabled'], limits: false },
  { options: [], runOptions: ['--cgroups=disabled', ...OWN_LIMITS], limits: false },
]

async function tryPodman(program: string, path: string, signal?: AbortSignal): Promise<ContainerEngine | string> {
  await removeOldTrials(tmpdir()).catch(() => undefined)
  const root = mkdtempSync(join(tmpdir(), TRIAL))
  const reasons: string[] = []
  try {
    const system = hostSystem(root)
    const command = findProgram('true', path) ?? '/bin/true'
    for (const way of PODMAN_WAYS) {
      const limits = way.limits ? ['--memory=64m', '--pids-limit=64'] : []
      const words = [
        ...way.options,
        'run',
        '--rm',
        '--init',
        '--network=none',
        ...way.runOptions,
        ...limits,
        ...system,
        '--rootfs',
        root,
        command,
      ]
      const tried = await trial(program, words, signal)
      if (tried.ok) return { kind: 'podman', program, ...way }
      reasons.push(tried.why)
    }
    return reasons[0] ?? 'it was not tried'
  } finally {
    await removeTree(root).catch(() => undefined)
  }
}

const TRIAL = 'millrace-trial-'
/** No trial takes longer, whatever its ways: six of {@link TRIAL_MS}. */
const OLD_MS = 3_600_000

/** What servers that were killed in the middle of a trial have left: our user's, and none that may still be at it. */
async function removeOldTrials(directory: string): Promise<void> {
  for (const name of readdirSync(directory).filter((one) => one.startsWith(TRIAL))) {
    const path = join(directory, name)
    const found = lstatSync(path, { throwIfNoEntry: false })
    const isOurs = found?.isDirectory() === true && found.uid === process.getuid?.()
    if (isOurs && Date.now() - found.mtimeMs > OLD_MS) await removeTree(path).catch(() => undefined)
  }
}

/** The machine's own programs in a container without an image, for no image can be expected to be there. */
function hostSystem(root: string): readonly string[] {
  return ['bin', 'lib', 'lib32', 'lib64', 'sbin', 'usr'].flatMap((name) => {
    const stat = lstatSync(`/${name}`, { throwIfNoEntry: false })
    if (stat === undefined) return []
    if (stat.isSymbolicLink()) {
      symlinkSync(readlinkSync(`/${name}`), join(root, name))
      return []
    }
    mkdirSync(join(root, name))
    return [`--volume=/${name}:/${name}:ro`]
  })
}

async function detectBubblewrap(path: string, signal?: AbortSignal): Promise<Detected<string>> {
  const program = findProgram('bwrap', path)
  if (program === undefined) return { found: null, notices: [] }
  const tried = await trial(program, [...SANDBOX_TRIAL, findProgram('true', path) ?? '/bin/true'], signal)
  if (tried.ok) return { found: program, notices: [] }
  return { found: null, notices: [`bubblewrap cannot make a sandbox here: ${tried.why}.`] }
}

const SANDBOX_TRIAL =
  '--ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --unshare-all --die-with-parent --new-session'.split(' ')

type Trial = { readonly ok: true } | { readonly ok: false; readonly why: string }

function trial(
  program: string,
  words: readonly string[],
  signal?: AbortSignal,
  env: Readonly<Record<string, string>> = {},
): Promise<Trial> {
  return new Promise((resolve) => {
    const options = { timeout: TRIAL_MS, killSignal: 'SIGKILL', signal, env: { ...process.env, ...env } } as const
    execFile(program, words, options, (error, _, stderr) => {
      if (error === null) return resolve({ ok: true })
      const said = stderr.trim().split('\n').at(-1)?.slice(0, 300)
      const why = error.killed ? `it took longer than ${TRIAL_MS / 1_000} s` : (said ?? '') || error.message
      resolve({ ok: false, why: why.replace(/\.$/, '') })
    })
  })
}

/** A command of its own, or a plugin of Docker's. */
const COMPOSE_PLUGINS = [
  join(homedir(), '.docker/cli-plugins/docker-compose'),
  '/usr/local/lib/docker/cli-plugins/docker-compose',
  '/usr/local/libexec/docker/cli-plugins/docker-compose',
  '/usr/lib/docker/cli-plugins/docker-compose',
  '/usr/libexec/docker/cli-plugins/docker-compose',
] as const

const hasCompose = (path: string): boolean =>
  ['docker-compose', 'podman-compose'].some((name) => findProgram(name, path) !== undefined) ||
  COMPOSE_PLUGINS.some(isExecutable)
