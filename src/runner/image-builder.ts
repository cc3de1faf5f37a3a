import type { ImageBuilder } from '../steps/step.ts'
import type { Executors } from './capabilities.ts'
import { findProgram } from './find-program.ts'

/**
 * What builds images here: the engine that was seen to run containers, else Buildah or Podman without any, by the
 * rights of their own process (buildah-build(1), --isolation).
 * @param path the PATH that tasks get.
 */
export function imageBuilder(
  path: string,
  { containers }: Executors,
  engineEnv: Readonly<Record<string, string>>,
): ImageBuilder | null {
  if (containers !== null) {
    const { kind, program, options, runOptions, limits } = containers
    // Of what running needs, the limits of processes are for building, too.
    const ulimits = runOptions.filter((word) => word.startsWith('--ulimit='))
    const isolation = kind === 'podman' && !limits ? ['--isolation=chroot'] : []
    return { kind, program, options, buildOptions: [...ulimits, ...isolation], env: engineEnv }
  }
  for (const kind of ['buildah', 'podman'] as const) {
    const program = findProgram(kind, path)
    if (program !== undefined) {
      return { kind, program, options: [], buildOptions: ['--isolation=chroot'], env: engineEnv }
    }
  }
  return null
}
