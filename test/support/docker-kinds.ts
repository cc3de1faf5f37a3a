import { afterAll, beforeAll, test, vi } from 'vitest'
import { DockerEngine } from './docker-engine.ts'

/**
 * Docker beside the other programs that a test file goes through, with an engine of its own that lives as long as the
 * tests of the file. Call it once, outside of any `describe`. Where no such engine runs, that is the name of a test that
 * is skipped.
 */
export async function withDocker<Kind extends string>(
  ...others: readonly Kind[]
): Promise<{
  /** For `describe.each`. */
  readonly kinds: readonly (Kind | 'docker')[]
  /** Call it first in the `describe` of a kind: DOCKER_HOST leads to the engine until its tests are over. */
  readonly reach: (kind: Kind | 'docker') => void
}> {
  const docker = await DockerEngine.open()
  if ('refusal' in docker) {
    test.skip(`by docker: ${docker.refusal}`, () => {})
    return { kinds: others, reach: () => {} }
  }
  afterAll(() => docker[Symbol.asyncDispose]())
  return {
    kinds: [...others, 'docker'],
    reach: (kind) => {
      if (kind !== 'docker') return
      beforeAll(() => void vi.stubEnv('DOCKER_HOST', docker.host))
      afterAll(() => void vi.unstubAllEnvs())
    },
  }
}
