import { CHROOT } from '../steps/image/builders.ts'
import type { ImageBuilder } from '../steps/step.ts'

export type FoundBuilder = Omit<ImageBuilder, 'env'>

/** How an engine runs containers here: a {@link ContainerEngine} of capabilities.ts. */
interface Engine {
  readonly kind: 'podman' | 'docker'
  readonly program: string
  readonly options: readonly string[]
  readonly runOptions: readonly string[]
  readonly limits: boolean
}

/** Of what running a container needs, the limits of processes are for building, too. */
export function builderOf({ kind, program, options, runOptions, limits }: Engine): FoundBuilder {
  const ulimits = runOptions.filter((word) => word.startsWith('--ulimit='))
  const isolation = kind === 'podman' && !limits ? [CHROOT] : []
  return { kind, program, options, buildOptions: [...ulimits, ...isolation] }
}

/** Where no container runs: by the rights of its own process (buildah-build(1)). */
export const aloneBuilder = (kind: 'buildah' | 'podman', program: string): FoundBuilder => ({
  kind,
  program,
  options: [],
  buildOptions: [CHROOT],
})
