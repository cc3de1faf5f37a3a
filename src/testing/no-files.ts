import type { HostOptions } from '../host/host.ts'
import type { PipelineDefinition } from '../model/definition.ts'
import { runnerPaths } from '../runner/paths.ts'

/** What a host is told where attempts leave nothing behind, and definitions are the JSON of themselves. */
export const NO_FILES = {
  sealKey: new Uint8Array(32),
  check: (text) => ({ ok: true, definition: JSON.parse(text) as PipelineDefinition }),
  verbatim: () => [],
  reports: { list: () => Promise.resolve([]), read: () => Promise.resolve(undefined) },
  openArtifact: () => Promise.resolve(undefined),
  attemptFiles: runnerPaths('no-runner-is-on-another-machine'),
  openLog: () => {
    throw new Error('no attempt here has a log')
  },
} as const satisfies Partial<HostOptions>
