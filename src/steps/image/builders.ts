import type { ImageBuilder, ImageBuilderKind } from '../step.ts'

/** What is asked of a builder, its words checked. */
export interface Build {
  /** `name:tag`, at least one. */
  readonly names: readonly string[]
  readonly directory: string
  readonly file: string
  readonly args: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Id to the path of a file. */
  readonly secrets: Readonly<Record<string, string>>
  readonly target: string | undefined
  readonly platform: string | undefined
  readonly network: 'default' | 'host' | 'none'
  readonly pull: 'missing' | 'always'
  readonly cache: boolean
  readonly format: 'oci' | 'docker'
  readonly insecure: boolean
  /** Where its id is to be written to. */
  readonly idFile: string
  /** A directory with `config.json`, as `docker login` writes it. */
  readonly authDirectory: string | undefined
}

type Words = readonly [string, ...string[]]

/** The command lines of one builder. What is given is in no argument when it is secret. */
interface Manner {
  build(build: Build): readonly string[]
  push(name: string, digestFile: string, build: Build): readonly string[]
  /** Prints the digest of the image's manifest, where the builder knows one. */
  digest(id: string): readonly string[]
  save(id: string, name: string, format: 'docker-archive' | 'oci-archive', path: string): readonly string[]
  remove(names: readonly string[]): readonly string[]
}

const pairs = (option: string, entries: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(entries).map(([name, value]) => `--${option}=${name}=${value}`)

const common = (build: Build): readonly string[] => [
  `--iidfile=${build.idFile}`,
  `--file=${build.file}`,
  ...build.names.map((name) => `--tag=${name}`),
  ...pairs('build-arg', build.args),
  ...pairs('label', build.labels),
  ...Object.entries(build.secrets).map(([id, path]) => `--secret=id=${id},src=${path}`),
  ...(build.target === undefined ? [] : [`--target=${build.target}`]),
  ...(build.platform === undefined ? [] : [`--platform=${build.platform}`]),
  ...(build.network === 'default' ? [] : [`--network=${build.network}`]),
  ...(build.cache ? [] : ['--no-cache']),
]

const authFile = ({ authDirectory, insecure }: Build): readonly string[] => [
  ...(authDirectory === undefined ? [] : [`--authfile=${authDirectory}/config.json`]),
  ...(insecure ? ['--tls-verify=false'] : []),
]

const containersBuild = (build: Build): readonly string[] => [
  'build',
  ...common(build),
  ...authFile(build),
  ...(build.cache ? ['--layers'] : []),
  ...(build.pull === 'always' ? ['--pull=always'] : []),
  `--format=${build.format}`,
  build.directory,
]

const containersPush = (name: string, digestFile: string, build: Build): readonly string[] => [
  'push',
  `--digestfile=${digestFile}`,
  ...authFile(build),
  name,
  `docker://${name}`,
]

const manners = {
  podman: {
    build: containersBuild,
    push: containersPush,
    digest: (id) => ['image', 'inspect', '--format', '{{.Digest}}', id],
    save: (_, name, format, path) => ['save', '--quiet', `--format=${format}`, `--output=${path}`, name],
    remove: (names) => ['rmi', ...names],
  },
  buildah: {
    build: containersBuild,
    push: containersPush,
    digest: (id) => ['inspect', '--type', 'image', '--format', '{{.FromImageDigest}}', id],
    save: (id, name, format, path) => ['push', '--quiet', id, `${format}:${path}:${name}`],
    remove: (names) => ['rmi', ...names],
  },
  // Its server keeps no list of insecure registries that a client could add to, and its own formats.
  docker: {
    build: (build) => [
      ...dockerConfig(build),
      'build',
      '--progress=plain',
      ...common(build),
      ...(build.pull === 'always' ? ['--pull'] : []),
      build.directory,
    ],
    push: (name, _, build) => [...dockerConfig(build), 'push', name],
    digest: (id) => ['image', 'inspect', '--format', '{{range .RepoDigests}}{{println .}}{{end}}', id],
    save: (_, name, _format, path) => ['save', `--output=${path}`, name],
    remove: (names) => ['rmi', ...names],
  },
} as const satisfies Record<ImageBuilderKind, Manner>

const dockerConfig = ({ authDirectory }: Build): readonly string[] =>
  authDirectory === undefined ? [] : [`--config=${authDirectory}`]

/** Without namespaces (buildah-build(1)): what is built has the network of the machine. */
export const CHROOT = '--isolation=chroot'

/** The whole command lines for one builder. */
export function commandsOf({ kind, program, options, buildOptions, env }: ImageBuilder) {
  const manner: Manner = manners[kind]
  const whole = (words: readonly string[]): Words => [program, ...options, ...words]
  return {
    /** For each of them. Secrets need BuildKit, which Docker before 23 has and must be told to use. */
    env: kind === 'docker' ? { ...env, DOCKER_BUILDKIT: '1' } : env,
    build(build: Build): Words {
      const words = manner.build(build)
      const at = words.indexOf('build') + 1
      return whole([...words.slice(0, at), ...buildOptions, ...words.slice(at)])
    },
    push: (name: string, digestFile: string, build: Build): Words => whole(manner.push(name, digestFile, build)),
    digest: (id: string): Words => whole(manner.digest(id)),
    save: (id: string, name: string, format: 'docker-archive' | 'oci-archive', path: string): Words =>
      whole(manner.save(id, name, format, path)),
    remove: (names: readonly string[]): Words => whole(manner.remove(names)),
  }
}
