import { jobName, type Job } from '../../model/job.ts'
import { CannotStart } from '../../steps/step.ts'
import type { Executors } from '../capabilities.ts'
import { containerPlace } from './container.ts'
import { HOST, type Place } from './place.ts'
import { sandboxPlace } from './sandbox.ts'

export interface PlaceSetting {
  readonly executors: Executors
  /** For the processes of container engines. */
  readonly engineEnv: Readonly<Record<string, string>>
  /** Directories of the machine that volumes of containers may name. */
  readonly containerPaths: readonly string[]
  readonly dataDirectory: string
}

/** Of the attempt. */
interface Directories {
  readonly workspace: string
  readonly home: string
  readonly scratch: string
}

/** Where a job's programs run. @throws CannotStart when this runner cannot do that, or the job asks for what it may not. */
export function placeOf(job: Job, directories: Directories, setting: PlaceSetting | undefined): Place {
  const executor = job.executor ?? { kind: 'host' }
  const { workspace, home, scratch } = directories
  const writable = [workspace, home, scratch]
  switch (executor.kind) {
    case 'host':
      return HOST
    case 'sandbox': {
      const program = setting?.executors.bubblewrap ?? null
      if (setting === undefined || program === null) throw new CannotStart('this runner has no sandbox')
      return sandboxPlace(executor, { program, dataDirectory: setting.dataDirectory, writable })
    }
    case 'container': {
      const engine = setting?.executors.containers ?? null
      if (setting === undefined || engine === null) throw new CannotStart('this runner has no containers')
      return containerPlace(executor, {
        engine,
        engineEnv: setting.engineEnv,
        dataDirectory: setting.dataDirectory,
        attempt: jobName(job),
        workspace,
        scratch,
        writable,
        allowedPaths: setting.containerPaths,
      })
    }
  }
}
