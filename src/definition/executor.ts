import {
  CONTAINER_NETWORKS,
  type ContainerExecutor,
  type Executor,
  type SandboxExecutor,
  type Volume,
} from '../model/executor.ts'
import { CPUS_MAX, IMAGE_MAX, MEMORY_MAX_BYTES, MEMORY_MIN_BYTES, PIDS_MAX, VOLUMES_MAX } from './limits.ts'
import { byKind, choice, flag, listOf, mapped, number, readTemplate, record, type Shape, text } from './shape.ts'
import type { MapTree, Path } from './tree.ts'
import type { Problems } from './problems.ts'

/** `container` and `sandbox` of a task: where its programs run. */

/** It becomes a word of a command line: an option is none, and there is no blank in one. */
const imageText = text({
  min: 1,
  max: IMAGE_MAX,
  pattern: /^(?!-)(?:\$\{\{[^}]{0,256}\}\}|[A-Za-z0-9_./:@-])+$/,
  expected: 'the name of an image such as docker.io/library/node:22',
})

const image: Shape<string> = {
  schema: imageText.schema,
  read(tree, path, reader) {
    if (tree.kind === 'scalar') readTemplate(tree, path, reader)
    return imageText.read(tree, path, reader)
  },
}

const user = text({
  min: 1,
  max: 128,
  pattern: /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/,
  expected: 'a user: name, uid or uid:gid',
})

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }
const MEMORY = /^(\d{1,15})([kmgt]?)$/i

const memory: Shape<number> = byKind<number>({
  expected: 'an amount of memory such as 512m or 2g',
  scalar: {
    schema: {
      anyOf: [
        { type: 'integer', minimum: MEMORY_MIN_BYTES, maximum: MEMORY_MAX_BYTES },
        { type: 'string', pattern: '^\\d{1,15}[kmgtKMGT]?$' },
      ],
    },
    read(tree, path, reader) {
      const [, digits = '', unit = ''] = MEMORY.exec(tree.kind === 'scalar' ? tree.written : '') ?? []
      const bytes = digits === '' ? Number.NaN : Number(digits) * UNITS[unit.toLowerCase()]!
      if (bytes >= MEMORY_MIN_BYTES && bytes <= MEMORY_MAX_BYTES) return bytes
      const found = tree.kind === 'scalar' ? JSON.stringify(tree.written.slice(0, 40)) : 'none'
      reader.problems.add(
        tree.at,
        path,
        `expected an amount of memory such as 512m or 2g, from 6m to 16t, found ${found}`,
      )
      return undefined
    },
  },
})

const VOLUME = /^([^\s:,]{1,512}):(\/[^\s:,]{0,511})(?::(ro|rw))?$/

const volume: Shape<Volume> = mapped(
  text({
    min: 1,
    max: 1_030,
    pattern: VOLUME,
    expected: 'source:/target or source:/target:ro, the source relative to the workspace or absolute',
  }),
  (written) => {
    const [, source = '', target = '', mode] = VOLUME.exec(written) ?? []
    return { source, target, readOnly: mode === 'ro' }
  },
)

const plain = (name: string): ContainerExecutor => ({
  kind: 'container',
  image: name,
  user: null,
  network: 'none',
  memoryBytes: null,
  cpus: null,
  pidsMax: PIDS_DEFAULT,
  volumes: [],
})

/** Enough for a build with all its compilers, and no fork bomb. */
const PIDS_DEFAULT = 4_096

export const container: Shape<ContainerExecutor> = byKind<ContainerExecutor>({
  expected: 'the name of an image, or a mapping with image, user, network, memory, cpus, pids and volumes',
  scalar: mapped(image, plain),
  map: mapped(
    record('a container', {
      image: { shape: image, doc: 'As Podman and Docker name it; may hold ${{ ... }}.', required: true },
      user: { shape: user, doc: 'name, uid or uid:gid. Default: as the image says.' },
      network: { shape: choice(CONTAINER_NETWORKS), doc: 'none, bridge (its own) or host. Default none.' },
      memory: { shape: memory, doc: 'Most memory, such as 512m or 2g. Default: no limit of its own.' },
      cpus: { shape: number(0.01, CPUS_MAX, { whole: false }), doc: 'Most processors. Default: all.' },
      pids: { shape: number(1, PIDS_MAX, { whole: true }), doc: `Most processes. Default ${PIDS_DEFAULT}.` },
      volumes: {
        shape: listOf(volume, { max: VOLUMES_MAX }),
        doc: 'source:/target or source:/target:ro. A source in the workspace, or one that the runner allows.',
      },
    }),
    (values) => {
      if (values.image === undefined) return undefined
      const base = plain(values.image)
      return {
        ...base,
        user: values.user ?? base.user,
        network: values.network ?? base.network,
        memoryBytes: values.memory ?? base.memoryBytes,
        cpus: values.cpus ?? base.cpus,
        pidsMax: values.pids ?? base.pidsMax,
        volumes: values.volumes ?? base.volumes,
      }
    },
  ),
})

/** undefined for `false`: as without it. */
export const sandbox: Shape<SandboxExecutor | { readonly kind: 'host' }> = byKind<
  SandboxExecutor | { readonly kind: 'host' }
>({
  expected: 'true, or a mapping with network',
  scalar: mapped(flag, (wanted) => (wanted ? { kind: 'sandbox', network: false } : { kind: 'host' })),
  map: mapped(
    record('a sandbox', {
      network: { shape: flag, doc: 'Whether it may use the network. Default false.' },
    }),
    ({ network = false }) => ({ kind: 'sandbox', network }),
  ),
})

/** What a task says of it. undefined: the host, as without a word. */
export function executorOf(values: {
  readonly container?: ContainerExecutor | undefined
  readonly sandbox?: SandboxExecutor | { readonly kind: 'host' } | undefined
}): Executor | undefined {
  const executor = values.container ?? values.sandbox
  return executor === undefined || executor.kind === 'host' ? undefined : executor
}

/** One of the two, and only for what a runner does; caches, too. */
export function checkExecutor(tree: MapTree, path: Path, isRunners: boolean, problems: Problems): void {
  const cache = tree.entries.get('cache')
  if (cache !== undefined && !isRunners) {
    const message = 'expected `cache` only for work of a runner: the server does this itself'
    problems.add(cache.keyAt, [...path, 'cache'], message)
  }
  const [first, second] = (['container', 'sandbox'] as const).filter((word) => tree.entries.has(word))
  if (second !== undefined) {
    const { keyAt } = tree.entries.get(second)!
    problems.add(keyAt, [...path, second], 'expected either `container` or `sandbox`, found both')
  } else if (first !== undefined && !isRunners) {
    const { keyAt } = tree.entries.get(first)!
    problems.add(
      keyAt,
      [...path, first],
      `expected \`${first}\` only for work of a runner: the server does this itself`,
    )
  }
}
