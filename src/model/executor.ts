/** Where the programs of a task run. Left out in a task or job: as processes of the runner's machine, with its rights. */
export type Executor = HostExecutor | ContainerExecutor | SandboxExecutor

export interface HostExecutor {
  readonly kind: 'host'
}

/** A container of Podman or Docker, one for each program; the workspace is at the same path inside. */
export interface ContainerExecutor {
  readonly kind: 'container'
  /** As the engine names images; may hold `${{ ... }}`. */
  readonly image: string
  /** `name`, `uid` or `uid:gid`; null: as the image says. */
  readonly user: string | null
  readonly network: ContainerNetwork
  /** null: no limit of its own. */
  readonly memoryBytes: number | null
  readonly cpus: number | null
  /** Most processes in it. */
  readonly pidsMax: number
  readonly volumes: readonly Volume[]
}

export const CONTAINER_NETWORKS = ['none', 'host', 'bridge'] as const
export type ContainerNetwork = (typeof CONTAINER_NETWORKS)[number]

export interface Volume {
  /** Relative to the workspace, or absolute: then the runner must allow it. */
  readonly source: string
  /** Absolute, in the container. */
  readonly target: string
  readonly readOnly: boolean
}

/** A process of the runner's machine that sees all of it and can write to the workspace only (bubblewrap). */
export interface SandboxExecutor {
  readonly kind: 'sandbox'
  readonly network: boolean
}

/** What runs containers: `auto` is the one that works. */
export const CONTAINER_CHOICES = ['auto', 'podman', 'docker', 'off'] as const
export type ContainerChoice = (typeof CONTAINER_CHOICES)[number]

/** Programs that steps look for in the runner's PATH. */
export const TOOLS = [
  'bash',
  'buildah',
  'cosign',
  'curl',
  'docker',
  'git',
  'git-lfs',
  'helm',
  'kubectl',
  'make',
  'node',
  'perl',
  'podman',
  'python3',
  'rsync',
  'skopeo',
  'ssh',
  'svn',
  'tar',
  'trivy',
  'unzip',
  'zip',
] as const
export type Tool = (typeof TOOLS)[number]

/**
 * What a runner has found that it can do, as labels: runner/capabilities.ts tries it at its start. `tool:compose` is any
 * of the compose commands, `tool:image-builder` Buildah, Podman, or a Docker that answers.
 */
export type Capability =
  | 'executor:container'
  | 'executor:sandbox'
  | `tool:${Tool}`
  | 'tool:compose'
  | 'tool:image-builder'
  /** A step type of a third party (steps/outside.ts). */
  | `step:${string}`

/** The label that a runner must have for it. */
export const executorLabels = {
  host: [],
  container: ['executor:container'],
  sandbox: ['executor:sandbox'],
} as const satisfies Record<Executor['kind'], readonly Capability[]>
